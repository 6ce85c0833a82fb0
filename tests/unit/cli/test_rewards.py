"""The catalogue and grants from the command line."""

from pathlib import Path

import pytest

from tests.unit.cli.shop import CONFIG, Shop, euros, order, points

ADA = "email:ada@example.org"
REWARDS = """
[rewards.card]
kind = "gift_card"
name = "A card"
points = 20
amount = "5.00"
code = { pool = "cards" }
"""


@pytest.fixture
def selling(tmp_path: Path) -> Shop:
    """A shop that sells gift cards, and a member with 40 points."""
    (tmp_path / "loyalty.toml").write_text(CONFIG + REWARDS, encoding="utf-8")
    shop = Shop(tmp_path)
    shop.record(order(1))
    return shop


def test_codes_are_imported_sold_and_used(selling: Shop) -> None:
    file = selling.file("codes.txt", "C-1\n\n C-2 \n")
    assert selling.json("import", "codes", "cards", file) == {
        "pool": "cards",
        "added": 2,
        "known": 0,
    }
    assert selling.json("import", "codes", "cards", "-", stdin="C-2\n")["added"] == 0
    card = selling.json("rewards", "--member", ADA)["rewards"][1]
    assert card == {
        "id": "card",
        "summary": "A card",
        "kind": "gift_card",
        "wallet": "points",
        "points": points(2000),
        "missing": points(0),
        "left": 2,
        "refusal": "",
    }
    bought = selling.json("redeem", ADA, "--reward", "card", "--key", "1")["grant"]
    assert (bought["state"], bought["worth"], bought["saved"]) == ("issued", euros("5.00"), None)
    assert selling.json("grants", ADA)["grants"] == [bought]
    used = selling.json("use", bought["code"], "--order", "7", "--source", "till", "--key", "2")
    assert (used["state"], used["saved"], used["order_id"]) == ("used", euros("5.00"), "7")
    again = selling.error("use", bought["code"], "--key", "3", code=6)
    assert again["code"] == "grant_refused"
    assert selling.error("use", "no-such", "--key", "4", code=5)["code"] == "grant_not_found"
    assert selling.json("grants", ADA, "--state", "issued")["grants"] == []


def test_people_see_them(selling: Shop) -> None:
    selling.json("import", "codes", "cards", "-", stdin="C-1\n")
    assert "A card" in selling.run("rewards").stdout
    assert "C-1" in selling.run("redeem", ADA, "--reward", "card", "--key", "1").stdout
    assert "C-1" in selling.run("grants", ADA).stdout
    assert "used" in selling.run("use", "C-1", "--key", "2").stdout


def test_a_file_that_is_no_text(selling: Shop) -> None:
    file = selling.file("codes.txt", b"\xff\xfe")
    assert selling.error("import", "codes", "cards", file, code=1)["code"] == "encoding_broken"
    assert selling.error("import", "codes", "other", "-", stdin="C", code=1)["where"] == "pool"
