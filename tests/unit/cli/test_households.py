"""Households from the command line."""

import json
from datetime import UTC, datetime

import pytest

from tests.unit.cli.shop import CONFIG, Shop, order, points

ADA, BOB = "email:ada@example.org", "email:bob@example.org"
RULES = '\n[household]\nshare = 50\nleast_share = 10\non_leaving = "return"\n'


@pytest.fixture
def people(shop: Shop) -> Shop:
    """Ada and Bob, in a program where members share points."""
    shop.file("loyalty.toml", CONFIG + RULES + "[household.wallets.points]\n")
    for name in ("ada", "bob"):
        shop.json("member", "enrol", "--email", f"{name}@example.org")
    return shop


def test_a_household_from_its_making_to_its_end(people: Shop) -> None:
    made = people.json("household", "create", ADA, "--key", "c")
    home = made["household_id"]
    assert (made["role"], made["state"], made["share"]) == ("head", "active", "50")
    invited = people.json("household", "invite", home, BOB, "--by", ADA, "--key", "i")
    assert invited["state"] == "invited"
    joined = people.run("household", "join", home, BOB, "--key", "j").stdout.splitlines()
    assert joined[2].split() == ["is", "active", "as", "member"]
    assert people.json("household", "share", BOB, "20", "--key", "s")["share"] == "20"
    bought = order(1, identities={"email": "bob@example.org"})
    bought |= {"occurred_at": datetime.now(UTC).isoformat()}
    people.json("record", stdin=json.dumps(bought))
    spent = people.json("redeem", home, "--spender", ADA, "--points", "3", "--key", "r")
    shown = people.json("household", "show", home)
    ada = shown["members"][0]["member_id"]
    assert [spent[name] for name in ("member_id", "household", "spender")] == [home, home, ada]
    assert shown["wallets"][0]["balance"] == points(500)
    assert [(one["contributed"], one["spent"]) for one in shown["members"]] == [
        ({}, {"points": points(300)}),
        ({"points": points(800)}, {}),
    ]
    assert people.json("statement", BOB)["household_id"] == home
    assert "20%" in people.run("household", "show", home).stdout
    head = people.json("household", "head", home, BOB, "--by", ADA, "--key", "h")
    assert head["role"] == "head"
    people.json("household", "remove", home, ADA, "--by", BOB, "--key", "x")
    left = people.json("household", "leave", BOB, "--key", "l")
    assert left["points"] == {"points": points(500)}
    assert people.json("household", "show", home)["dissolved"]


def test_what_is_refused(people: Shop) -> None:
    home = people.json("household", "create", ADA, "--key", "c")["household_id"]
    refused = people.error("household", "join", home, BOB, "--key", "j", code=6)
    assert refused["code"] == "household_refused"
    missing = people.error("household", "show", "nowhere", code=5)
    assert missing["code"] == "household_not_found"
    assert people.run("household", "share", ADA, "half", "--key", "s").exit_code == 2
    people.json("household", "invite", home, BOB, "--by", ADA, "--key", "i")
    declined = people.json("household", "decline", home, BOB, "--key", "d")
    assert declined["state"] == "declined"
