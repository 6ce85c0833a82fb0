"""The plain script, run as its users run it."""

import shutil
import subprocess
import sys
from pathlib import Path

from tests.embedding.loading import EXAMPLES

WRONG = (
    "$.lines[0].amount: 9.999 has more than 2 decimal digits (at $.lines[0].amount). "
    "Round it to 2 digits first: the sender knows how, we do not."
)


def run(folder: Path, *arguments: str) -> tuple[int, list[str]]:
    command = [sys.executable, "-W", "error", "script.py", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.returncode, done.stdout.splitlines()


def test_books_a_file_and_books_it_once(database_url: str) -> None:
    code, said = run(EXAMPLES, "orders.jsonl", database_url)
    assert code == 1
    assert said == [
        "booked: 3",
        "rejected: 1",
        f"line 4: amount_invalid: {WRONG}",
        "expired: 0 points",
        "issued: 93 points, outstanding: 93",
    ]
    code, said = run(EXAMPLES, "orders.jsonl", database_url)
    assert code == 1
    assert said[0] == "duplicate: 3"
    assert said[-1] == "issued: 93 points, outstanding: 93"


def test_without_a_url_the_books_are_beside_the_configuration(tmp_path: Path) -> None:
    for name in ("script.py", "loyalty.toml", "orders.jsonl"):
        shutil.copy(EXAMPLES / name, tmp_path)
    run(tmp_path, "orders.jsonl")
    assert (tmp_path / "shop.db").exists()
