"""What happens between members, from the command line."""

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
