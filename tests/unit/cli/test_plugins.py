"""Plugins from the command line: how they stand, and asking one again."""

import json
from typing import Any

import pytest

import loyalty_points.program as points_program
from loyalty_core.application.quarantine import MOST_FAILURES
from loyalty_core.cli.output import REJECTED
from tests.unit.cli.shop import Shop, order

CLASS = next(
    one for one in vars(points_program).values() if isinstance(one, type) and hasattr(one, "decide")
)


@pytest.fixture
def held(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A shop whose plugin for points has failed on ten orders."""

    def fail(self: Any, fact: Any, member: Any) -> Any:
        raise RuntimeError("no")

    monkeypatch.setattr(CLASS, "decide", fail)
    shop.record(*(order(number) for number in range(MOST_FAILURES)))
    return shop


def test_plugins_are_shown_with_what_they_have(shop: Shop) -> None:
    found = {one["id"]: one for one in shop.json("plugins")["plugins"]}
    points = found["points"]
    assert (points["state"], points["deferred_facts"], points["tables"]) == ("on", 0, [])
    assert points["hooks"] == ["loyalty_register_programs", "loyalty_register_rewards"]
    assert points["quarantine"] is None
    assert (found["tiers"]["state"], found["tiers"]["hooks"]) == ("off", [])
    assert points["version"] == found["tiers"]["version"]
    assert points["personal_data"][0]["where"] == "state"
    assert points["personal_data"][0]["why"] == "So that limits hold."
    assert found["tiers"]["personal_data"] == []  # it is off, and not imported for it
    text = shop.run("plugins").stdout
    assert "register_programs, register_rewards" in text
    assert "So that limits hold." in text


def test_a_quarantine_is_shown_with_how_to_lift_it(
    held: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = held.run("plugins", "--json")
    assert said.exit_code == REJECTED
    shown = held.run("plugins")
    assert shown.exit_code == REJECTED
    assert "as it raised RuntimeError time after time. It is not called to decide." in shown.stdout
    assert "Mend it, then run: loyalty plugins lift points" in shown.stdout
    status = held.run("status")
    assert status.exit_code == REJECTED
    assert "in quarantine" in status.stdout
    still = held.run("plugins", "lift", "points")
    assert still.exit_code == REJECTED
    assert "10 facts still wait for it" in still.stdout
    monkeypatch.undo()
    done = held.json("plugins", "lift", "points")
    assert done == {
        "plugin": "points",
        "lifted": True,
        "retried_facts": MOST_FAILURES,
        "deferred_facts": 0,
        "deliveries": 0,
    }
    assert held.json("status")["quarantined_plugins"] == []
    assert held.run("plugins").exit_code == 0


def test_a_plugin_that_is_not_on_is_not_lifted(shop: Shop) -> None:
    refused = shop.run("plugins", "lift", "tiers")
    assert refused.exit_code == 3
    assert "the plugin 'tiers' is not on" in refused.stderr


def test_a_trace_shows_each_decision(shop: Shop) -> None:
    fact = json.dumps(order(1))
    traced = shop.run("record", "--trace", stdin=fact)
    assert traced.exit_code == 0
    assert "points, asked to decide order A1 of web, by rules of version 1" in traced.stdout
    assert '→ Credit wallet="points"  amount=4000  rule="purchases"' in traced.stdout
    assert "ada@example.org" not in traced.stdout
    cart = json.dumps({"currency": "EUR", "lines": [{"id": "1", "amount": "9.00"}]})
    shown = shop.run("quote", "--trace", stdin=cart)
    assert "points, asked to decide order quote, by rules of version 1" in shown.stdout
    document = shop.json("quote", "--trace", "--member", "email:ada@example.org", stdin=cart)
    (decision,) = document["decisions"]
    assert (decision["plugin"], decision["asked"], decision["failure"]) == ("points", "decide", "")
    assert decision["effects"][0]["amount"] == 900
    assert decision["member"]["history"]["orders"] == 1
    assert "decisions" not in shop.json("quote", stdin=cart)
