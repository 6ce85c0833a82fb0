"""Which rules were in force when: versions, what a quote and an explanation say of them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from loyalty_core import FactError, Loyalty, RulesChange
from loyalty_core.domain.versions import changes, rule_in
from tests.contract.catalogue import CARD
from tests.contract.conftest import Shop
from tests.toy import START, config_of, order

CART: dict[str, Any] = {"currency": "USD", "lines": [{"id": "a", "amount": "60.00"}]}


def paying(rate: str, **sections: Any) -> dict[str, Any]:
    earn = [{"rule": "purchases", "rate": {"USD": rate}}, {"rule": "twice", "multiply": "2"}]
    return {
        "program": {"id": "shop"},
        "wallets": {"points": {}},
        "plugins": {"points": {"earn": earn}},
        **sections,
    }


def test_a_quote_under_the_rules_of_then(shop: Shop) -> None:
    shop.open(settings={"per_unit": 1})
    shop.clock.advance(days=10)
    shop.open(settings={"per_unit": 2})
    shop.clock.advance(days=10)
    loyalty = shop.open(settings={"per_unit": 3})

    def quoted(at: datetime | None) -> tuple[int, int]:
        found = loyalty.quote(CART, at=at)
        return found.earned("points"), found.config_version

    assert quoted(None) == (180, 3)
    assert quoted(shop.clock()) == (180, 3)
    assert quoted(shop.clock() - timedelta(microseconds=1)) == (120, 2)
    assert quoted(START + timedelta(days=10)) == (120, 2)
    assert quoted(START) == (60, 1)
    assert quoted(START - timedelta(days=400)) == (60, 1)  # nothing is known of before
    assert quoted(shop.clock() + timedelta(days=400)) == (180, 3)
    with pytest.raises(FactError, match="no time zone"):
        loyalty.quote(CART, at=datetime(2026, 6, 1))  # noqa: DTZ001 - the fault
    assert [one.version for one in loyalty.versions()] == [3, 2, 1]  # a question makes none


def test_what_each_version_changed(shop: Shop) -> None:
    shop.open(config=paying("1"))
    shop.clock.advance(days=10)
    loyalty = shop.open(config=paying("3", rewards={"card": dict(CARD)}))
    latest, first = loyalty.versions()
    assert (first.version, first.in_force_from, first.changes) == (1, START, ())
    assert latest.in_force_from == START + timedelta(days=10)
    assert first.document["plugins"] == paying("1")["plugins"]
    changed = {one.path: (one.before, one.after) for one in latest.changes}
    assert changed["plugins.points.earn[purchases].rate.USD"] == ("1", "3")
    assert changed["rewards.card.points"] == (None, 100)
    assert [path for path in changed if not path.startswith(("plugins.", "rewards"))] == []


def test_an_explanation_shows_the_rule_as_it_was(shop: Shop) -> None:
    first = shop.open(config=paying("1", rewards={"card": dict(CARD)}))
    member = first.record(order("1", "150.00")).member_id or ""
    first.redeem(member, reward="card", key="k")
    shop.clock.advance(days=10)
    dearer = {"card": {**CARD, "points": 500}}
    loyalty = shop.open(config=paying("3", rewards=dearer))
    spent, *_, earned = [one.transaction.id for one in loyalty.history(member).items]
    why = loyalty.explain(earned)
    assert (why.config_version, why.in_force_from, why.reward) == (1, START, {})
    rules = {one.rule: one.settings for one in why.awards}
    assert rules["purchases"]["rate"] == {"USD": "1"}
    assert loyalty.explain(spent).reward["points"] == 100


def test_a_rule_that_has_no_settings_of_its_own(shop: Shop) -> None:
    loyalty: Loyalty = shop.open()
    receipt = loyalty.record(order())
    (award,) = loyalty.explain(receipt.transactions[0]).awards
    assert (award.rule, award.settings) == ("base", {})


def test_settings_are_told_apart() -> None:
    before = {"a": {"b": 1, "c": [1, 2]}, "gone": [{"rule": "x", "n": 1}, {"n": 2}], "same": 1}
    after = {"a": {"b": 2, "c": [1]}, "gone": [{"rule": "x", "n": 3}], "same": 1, "d": {}}
    assert changes(before, after) == (
        RulesChange("a.b", 1, 2),
        RulesChange("a.c", [1, 2], [1]),
        RulesChange("d", None, {}),
        RulesChange("gone[1].n", 2, None),
        RulesChange("gone[x].n", 1, 3),
    )
    assert rule_in({"list": [{"x": {"deep": 1}}, {"rule": "y", "n": 2}]}, "y")["n"] == 2
    assert rule_in({"missions": {"first": {"n": 1}}}, "first") == {"n": 1}
    assert rule_in(config_of(), "none") == {}
