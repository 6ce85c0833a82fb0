"""The Django shop over real HTTP, in processes of its own: Django's settings are global."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.embedding.loading import EXAMPLES

PROJECT = EXAMPLES / "django_project"
START_SECONDS = 30


class Shop:
    """The project with databases of its own."""

    def __init__(self, folder: Path, loyalty_database: str) -> None:
        self.folder = folder
        self.loyalty_database = loyalty_database
        self.url = ""

    def _environment(self) -> dict[str, str]:
        return os.environ | {
            "SHOP_DATABASE": str(self.folder / "shop.sqlite3"),
            "LOYALTY_DATABASE": self.loyalty_database,
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def manage(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=PROJECT,
            env=self._environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    @contextmanager
    def serving(self) -> Iterator[None]:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        with (self.folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "manage.py", "runserver", "--noreload", f"127.0.0.1:{port}"],
                cwd=PROJECT,
                env=self._environment(),
                stdout=log,
                stderr=log,
            )
            try:
                self.url = f"http://127.0.0.1:{port}"
                self._wait(process, port)
                yield
            finally:
                process.terminate()
                process.wait()

    def _wait(self, process: subprocess.Popen[bytes], port: int) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return
            except OSError:
                assert process.poll() is None, (self.folder / "log").read_text()
                assert time.monotonic() < deadline, (self.folder / "log").read_text()
                time.sleep(0.05)

    def ask(self, path: str, body: Any = None) -> tuple[int, Any]:
        data = None if body is None else json.dumps(body).encode()
        try:
            with urllib.request.urlopen(f"{self.url}/{path}", data=data, timeout=30) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def checkout(self, number: str, amount: str, card: str = "4242") -> int:
        basket = {"number": number, "email": "ada@example.org", "amount": amount, "card": card}
        return self.ask("checkout", basket)[0]

    @property
    def points(self) -> int:
        status, answer = self.ask("points/ada@example.org")
        assert status == 200
        return int(answer["available"])


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a shop that has its tables."""
    folder = tmp_path_factory.mktemp("migrated")
    Shop(folder, f"sqlite:///{folder / 'loyalty.db'}").manage("migrate", "--verbosity", "0")
    return folder


@pytest.fixture
def shop(migrated: Path, tmp_path: Path) -> Shop:
    folder = Path(shutil.copytree(migrated, tmp_path / "shop"))
    return Shop(folder, f"sqlite:///{folder / 'loyalty.db'}")


def test_points_follow_the_commit(shop: Shop) -> None:
    with shop.serving():
        assert shop.points == 0
        assert shop.checkout("1", "80.50") == 200
        assert shop.points == 80
        assert shop.checkout("2", "20.00", card="declined") == 402
        assert shop.points == 80
    assert shop.manage("record_orders") == "0 of 0 recorded"


def test_orders_that_were_not_recorded_are_sent_again(shop: Shop) -> None:
    right = shop.loyalty_database
    shop.loyalty_database = f"sqlite:///{shop.folder / 'not there' / 'loyalty.db'}"
    with shop.serving():
        assert shop.checkout("1", "80.00") == 200  # the shop sells whether we are there or not
    assert shop.manage("record_orders") == "0 of 1 recorded"

    shop.loyalty_database = right
    assert shop.manage("record_orders") == "1 of 1 recorded"
    with shop.serving():
        assert shop.points == 80
        assert shop.checkout("2", "5.00") == 200
        assert shop.points == 85


def test_an_acknowledgement_that_was_lost_does_no_harm(shop: Shop) -> None:
    with shop.serving():
        shop.checkout("1", "80.00")
        forget = "from shop.models import Order; Order.objects.update(recorded_at=None)"
        shop.manage("shell", "--no-imports", "-c", forget)
        assert shop.manage("record_orders") == "1 of 1 recorded"
        assert shop.points == 80


def test_the_models_and_the_migration_agree(shop: Shop) -> None:
    assert shop.manage("makemigrations", "--check", "--dry-run") == "No changes detected"
