"""What happens between members, from the command line."""

import json

import pytest

from tests.unit.cli.shop import CONFIG, Shop, order, points

ADA, BOB = "email:ada@example.org", "email:bob@example.org"


@pytest.fixture
def people(shop: Shop) -> Shop:
    """Ada with 40.00 points, and Bob; they may give each other points."""
    allowed = CONFIG.replace("scale = 2", "scale = 2\ntransfer = { allowed = true }")
    shop.file("loyalty.toml", allowed)
    shop.record(order(1))
    shop.json("member", "enrol", "--email", "bob@example.org")
    return shop


def test_transfer(people: Shop) -> None:
    given = ("transfer", ADA, BOB, "--points", "15.50", "--key", "k")
    receipt = people.json(*given, "--reason", "gift")
    assert receipt["points"] == points(1550)
    assert people.json(*given, "--reason", "gift") == receipt
    statement = people.json("statement", BOB)["wallets"][0]
    assert (statement["balance"], statement["transferred"]) == (points(1550), points(1550))
    assert "transferred" in people.run("statement", ADA).stdout
    lines = people.run(*given, "--reason", "gift").stdout.splitlines()
    assert lines[0].split() == ["given", "15.50", "points"]
    refused = people.error("transfer", ADA, ADA, "--points", "1", "--key", "k2", code=6)
    assert refused["code"] == "transfer_refused"


def test_export_prints_everything_and_erase_ends_it(people: Shop) -> None:
    exported = people.run("export", ADA)
    assert exported.exit_code == 0
    document = json.loads(exported.stdout)
    assert document["format"] == "loyalty-export/1"
    assert document["data"]["identity"][0]["value"] == "ada@example.org"
    member = document["member_id"]
    asked = people.run("erase", ADA, "--reason", "asked", "--key", "e", stdin="n\n")
    assert asked.exit_code == 1
    assert people.json("member", "show", ADA)["status"] == "active"
    erased = ("erase", ADA, "--reason", "asked", "--actor", "eve", "--key", "e", "--yes")
    receipt = people.json(*erased)
    assert (receipt["member_id"], receipt["points"]) == (member, {"points": points(4000)})
    assert people.error(*erased, code=5)["code"] == "member_not_found"
    again = people.run("erase", member, "--reason", "asked", "--key", "e2", "--yes").stdout
    assert again.splitlines()[2].split() == ["points", "ended", "40.00"]
    assert people.error("redeem", member, "--key", "k", code=5)["code"] == "member_erased"
    assert people.json("record", stdin=json.dumps(order(1)))["receipts"][0]["status"] == "erased"


@pytest.mark.parametrize("whom", [(ADA,), ("email:gus@example.org", "--guest")])
def test_a_machine_that_forgets_says_that_it_is_sure(people: Shop, whom: tuple[str, ...]) -> None:
    """With ``--json`` there is one document, and no question that nobody would answer."""
    refused = people.error("erase", *whom, "--reason", "asked", "--key", "e", code=2)
    assert refused["code"] == "usage"
    assert "--yes" in refused["message"]
    assert people.json("member", "show", ADA)["status"] == "active"


def test_a_guest_is_forgotten(people: Shop) -> None:
    command = ("erase", "email:gus@example.org", "--guest", "--reason", "asked", "--key", "g")
    assert people.run(*command, stdin="n\n").exit_code == 1
    receipt = people.json(*command, "--yes")
    assert (receipt["facts"], receipt["reason"]) == (0, "asked")
    shown = people.run(*command, "--yes").stdout.splitlines()
    assert shown[0].split() == ["guest", "forgotten", "in", "0", "facts"]
    member = ("erase", ADA, "--guest", "--reason", "asked", "--key", "h", "--yes")
    assert people.error(*member, code=1)["code"] == "identity_conflict"


def test_merge_and_unmerge(people: Shop) -> None:
    ada, bob = (people.json("member", "show", who)["id"] for who in (ADA, BOB))
    merged = people.json("merge", BOB, ADA, "--key", "m")
    assert (merged["member_id"], merged["merged_member"]) == (bob, ada)
    assert merged["points"] == {"points": points(4000)}
    assert people.json("merge", bob, ada, "--key", "m") == merged
    assert people.json("member", "show", ADA)["id"] == bob
    parted = people.run("unmerge", ada, "--key", "u").stdout.splitlines()
    assert parted[2].split() == ["points", "moved", "40.00"]
    assert people.error("unmerge", ada, "--key", "u2", code=6)["code"] == "merge_refused"
    assert people.json("member", "show", ADA)["id"] == ada
