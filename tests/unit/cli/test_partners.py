"""Two shops on one database, from the command line."""

from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.shop import Shop, order

BAKERY = """\
[program]
id = "bakery"
currency = "EUR"

[wallets.points]
scale = 1

[[plugins.points.earn]]
rule = "bread"
rate = { EUR = "1" }

[partners.books.pays.points]
price = { points = 10, amount = "0.75" }
"""
BOOKS = """\
[program]
id = "books"
currency = "EUR"

[partners.bakery.accepts.points]
value = { points = 10, amount = "1.00" }
scale = 1
"""


@pytest.fixture
def shops(tmp_path: Path) -> tuple[Shop, Shop]:
    """The bakery, where Ada has 40.0 points, and the books, where she is linked."""

    class At(Shop):
        @property
        def options(self) -> list[str]:
            database = f"sqlite:///{tmp_path / 'books.db'}"
            return ["--config", str(self.folder / "loyalty.toml"), "--database", database]

    made = []
    for name, config in (("bakery", BAKERY), ("books", BOOKS)):
        (tmp_path / name).mkdir()
        made.append(At(tmp_path / name))
        made[-1].file("loyalty.toml", config)
    bakery, books = made
    (receipt,) = bakery.record(order(1))
    books.json("member", "enrol", "--email", "ada@example.org")
    linked = books.json(
        *("link", "email:ada@example.org", "bakery", receipt["member_id"]), "--key", "l"
    )
    assert linked["partner_member"] == receipt["member_id"]
    return bakery, books


def redeem(books: Shop) -> Any:
    wanted = ("--reward", "partner:bakery.points", "--points", "12.5", "--key", "k")
    return books.json("redeem", "email:ada@example.org", *wanted)


def test_redeeming_and_settling(shops: tuple[Shop, Shop]) -> None:
    bakery, books = shops
    assert "nothing was ever spent" in bakery.run("settlement").stdout
    receipt = redeem(books)
    assert receipt["points"] == {"units": 125, "decimal": "12.5"}
    assert receipt["worth"] == {"amount": "1.25", "currency": "EUR"}
    (found,) = bakery.json("settlement", "books")["settlements"]
    assert found["ours"]["points"]["points"]["redeemed"] == {"units": 125, "decimal": "12.5"}
    assert found["ours"]["owed"] == {"amount": "0.93", "currency": "EUR"}
    assert found["closing"] == {"amount": "-0.93", "currency": "EUR"}
    shown = books.run("settlement").stdout
    assert "12.5 spent at books, 0.0 returned" in shown
    assert "bakery owes books 0.93 EUR" in shown
    paid = ("settle", "books", "--reference", "wire 1", "--key", "p")
    part = bakery.json(*paid, "--amount", "0.50 EUR", "--actor", "eve")
    assert (part["debtor"], part["open"]) == ("bakery", {"amount": "0.43", "currency": "EUR"})
    wrong = ("settle", "books", "--reference", "wire 2", "--key", "q")
    assert bakery.error(*wrong, "--amount", "0.44 EUR", code=6)["code"] == "settlement_refused"
    assert bakery.error(*wrong, "--amount", "0.43", code=1)["where"] == "amount"
    assert bakery.run(*wrong).stdout.splitlines()[0].split() == ["paid", "0.43", "EUR"]
    assert "open" in books.run("settlement").stdout
    assert books.json("settlement")["settlements"][0]["closing"]["amount"] == "0.00"
    later = books.json(
        "settlement", "--from", "2999-01-01T00:00:00Z", "--until", "2999-02-01T00:00Z"
    )
    assert later["settlements"][0]["theirs"]["owed"]["amount"] == "0.00"


def test_unlinking(shops: tuple[Shop, Shop]) -> None:
    _, books = shops
    unlink = ("unlink", "email:ada@example.org", "bakery")
    assert books.json(*unlink) == {"partner": "bakery", "unlinked": True}
    assert books.run(*unlink).stdout == "was not linked\n"
    wanted = ("--reward", "partner:bakery.points", "--key", "k")
    refused = books.error("redeem", "email:ada@example.org", *wanted, code=6)
    assert refused["code"] == "link_refused"
