"""The example of an outside plugin: packed, installed in an environment of its own, and good."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.architecture.tree import ROOT, project_files
from tests.outside.conftest import Outside

pytestmark = pytest.mark.timeout(3600)

EXAMPLE = ROOT / "examples" / "third_party_plugin"
CONFIG = """
[program]
id = "book-shop"
currency = "EUR"

[wallets.points]

[plugins.book_club]
points = 10

[plugins.book_club.evening]
points = 10
worth = "15.00"
"""
READ = {
    "type": "activity",
    "source": "app",
    "id": "1",
    "kind": "book_club.finished",
    "identities": {"email": "ada@example.org"},
    "occurred_at": "2026-06-18T20:00:00Z",
    "data": {"isbn": "9780141439587", "pages": 448, "stars": 5},
}


@pytest.fixture(scope="module")
def plugin(outside: Outside, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the example's folder, outside of this tree, whose wheel is installed."""
    folder = tmp_path_factory.mktemp("third") / "loyalty-book-club"
    for path in project_files():
        if path.is_relative_to(EXAMPLE):
            copy = folder / path.relative_to(EXAMPLE)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
    wheel = outside.wheel(folder)
    assert "loyalty_book_club/py.typed" in zipfile.ZipFile(wheel).namelist()
    outside.install(f"{wheel}[dev]")
    return folder


@pytest.fixture
def shop(plugin: Path, tmp_path: Path) -> Path:
    """A folder with a program that has the plugin on."""
    (tmp_path / "loyalty.toml").write_text(CONFIG)
    return tmp_path


def document(outside: Outside, shop: Path, *command: str) -> Any:
    """The JSON document that a command prints."""
    return json.loads(outside.run("loyalty", *command, "--json", cwd=shop))


def test_its_own_tests_pass(outside: Outside, plugin: Path) -> None:
    told = outside.run("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=plugin)
    assert " passed" in told.splitlines()[-1]
    assert "failed" not in told


def test_it_is_typed_and_clean(outside: Outside, plugin: Path) -> None:
    outside.run("mypy", cwd=plugin)
    outside.run("ruff", "check", ".", cwd=plugin)
    outside.run("ruff", "format", "--check", ".", cwd=plugin)


def test_it_is_gold(outside: Outside, plugin: Path) -> None:
    told = document(outside, plugin, "plugin", "check", ".")
    assert [(one["plugin"], one["grade"]) for one in told["plugins"]] == [("book_club", "gold")]


def test_its_kind_of_fact_is_known(outside: Outside, shop: Path) -> None:
    (kind,) = document(outside, shop, "activities")["activities"]
    assert kind["kind"] == "book_club.finished"
    assert kind["data"]["required"] == ["isbn", "pages"]
    (shop / "read.jsonl").write_text(json.dumps(READ))
    told = document(outside, shop, "import", "facts", "read.jsonl")
    assert told["counts"]["booked"] == 1
    wrong = READ | {"id": "2", "data": {"isbn": "1", "pages": 448}}
    (shop / "read.jsonl").write_text(json.dumps(wrong))
    done = outside.tried("loyalty", "import", "facts", "read.jsonl", "--json", cwd=shop)
    assert done.returncode == 1
    assert "'1' is no ISBN" in done.stdout


def test_its_reward_is_bought_and_its_command_asks_its_table(outside: Outside, shop: Path) -> None:
    (shop / "read.jsonl").write_text(json.dumps(READ))
    document(outside, shop, "import", "facts", "read.jsonl")
    assert document(outside, shop, "book_club", "most-read") == {
        "books": [{"isbn": "9780141439587", "readers": 1, "stars": 5, "rated": 1}]
    }
    bought = document(outside, shop, "redeem", "email:ada@example.org", "--key", "1")
    assert bought["worth"] == {"amount": "15.00", "currency": "EUR"}
    assert document(outside, shop, "verify")["problems"] == []


def test_nothing_of_the_tree_is_needed(outside: Outside, plugin: Path) -> None:
    where = "import loyalty_book_club as it; print(it.__file__)"
    there = outside.run("python", "-c", where, cwd=plugin).strip()
    assert Path(there).is_relative_to(outside.home)
    text = "\n".join(path.read_text() for path in plugin.rglob("*.py"))
    assert "examples" not in text
    assert "tests." not in text
