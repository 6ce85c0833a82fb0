"""The list of books: from the table, the terminal and GraphQL."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from club import EMMA, NOW, PRIDE, changes, finished, member, opened
from loyalty_core import Loyalty
from loyalty_gateway import GatewaySettings, JwtSettings, create_app
from starlette.testclient import TestClient

from loyalty_book_club import Title, most_read, pages_of

KEY = "the operator's key"


def ran(*arguments: str) -> subprocess.CompletedProcess[str]:
    """What came of the `loyalty` command of this environment."""
    program = Path(sys.executable).parent / "loyalty"
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=False)


@pytest.fixture
def loyalty() -> Iterator[Loyalty]:
    """A shop where Ada has read two books and Bob one of them."""
    with opened() as shop:
        changes(
            shop,
            finished(EMMA, stars=5),
            finished(PRIDE, pages=300, at=NOW + timedelta(days=1)),
            finished(EMMA, "bob", stars=2),
        )
        yield shop


def test_the_books_that_most_have_read_come_first(loyalty: Loyalty) -> None:
    assert most_read(loyalty) == [
        Title(isbn=EMMA, readers=2, stars=7, rated=2),
        Title(isbn=PRIDE, readers=1, stars=0, rated=0),
    ]
    assert [one.isbn for one in most_read(loyalty, first=1)] == [EMMA]
    assert [one.isbn for one in most_read(loyalty, since=NOW + timedelta(hours=1))] == [PRIDE]


def test_pages_are_those_of_the_member(loyalty: Loyalty) -> None:
    assert (pages_of(loyalty, member(loyalty)), pages_of(loyalty, member(loyalty, "bob"))) == (
        400,
        100,
    )


def test_a_book_that_is_read_again_is_one_reader(loyalty: Loyalty) -> None:
    changes(loyalty, finished(EMMA, number="again", at=NOW + timedelta(days=2)))
    assert most_read(loyalty)[0].readers == 2


def test_who_is_forgotten_has_read_nothing(loyalty: Loyalty) -> None:
    loyalty.erase(member(loyalty), reason="asked", actor="sam", key="1")
    assert most_read(loyalty) == [Title(isbn=EMMA, readers=1, stars=2, rated=1)]


def test_the_terminal_shows_them(tmp_path: Path) -> None:
    config = tmp_path / "loyalty.toml"
    config.write_text('[program]\nid = "book-shop"\n[wallets.points]\n[plugins.book_club]\n')
    url = f"sqlite:///{tmp_path / 'books.db'}"
    with Loyalty.open(config, url) as shop:
        changes(shop, finished(EMMA, stars=5), finished(PRIDE), finished(EMMA, "bob"))
    where = ["--config", str(config), "--database", url]
    done = ran("book_club", "most-read", "--first", "1", "--json", *where)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == {
        "books": [{"isbn": EMMA, "readers": 2, "stars": 5, "rated": 1}]
    }
    assert ran("book_club", "most-read", "--first", "0", *where).returncode == 2


def test_the_gateway_shows_them(loyalty: Loyalty) -> None:
    settings = GatewaySettings(
        jwt=JwtSettings(secret="a secret of the tests, long enough for HS256", audience="shop"),
        admin_keys=(hashlib.sha256(KEY.encode()).hexdigest(),),
    )
    query = f"""{{
      bookClubMostRead(first: 1) {{ isbn readers stars rated }}
      member(id: "{member(loyalty)}") {{ reading {{ books pages latest }} }}
    }}"""
    with TestClient(create_app(loyalty, settings)) as client:
        answer: Any = client.post(
            "/admin/graphql", json={"query": query}, headers={"authorization": f"Bearer {KEY}"}
        ).json()
    assert answer == {
        "data": {
            "bookClubMostRead": [{"isbn": EMMA, "readers": 2, "stars": 7, "rated": 2}],
            "member": {"reading": {"books": 2, "pages": 400, "latest": PRIDE}},
        }
    }
