"""Segments in a replay: those of the books, and those that only the other configuration has."""

from __future__ import annotations

from typing import Any

from loyalty_core import Backtest, Figures, Loyalty
from tests.contract.backtests import SINCE
from tests.contract.conftest import Shop
from tests.contract.test_benefits import opened
from tests.toy import config_of, order


def document(per_unit: int = 1, tagged: int = 0, **segments: int) -> dict[str, Any]:
    """Segments of those who ordered at least so often."""
    return {
        **config_of(settings={"per_unit": per_unit, "tagged": tagged}),
        "segments": {
            name: {"all_of": [{"metric": "orders", "at_least": orders}]}
            for name, orders in segments.items()
        },
    }


def bought(shop: Shop, **segments: int) -> Loyalty:
    """Ada ordered twice and Bob once; the segments were counted before and after that."""
    loyalty = shop.open(config=document(**segments))
    loyalty.recount_segments()
    shop.clock.advance(days=20)
    for number in "12":
        loyalty.record(order(number, "10.00", at=shop.clock()))
    loyalty.record(order("3", "50.00", at=shop.clock(), email="bob@example.org"))
    loyalty.recount_segments()
    return loyalty


def by_segment(found: Backtest) -> list[tuple[str, Figures, Figures]]:
    return [(one.about, one.was, one.would) for one in found.segments]


def test_a_segment_that_only_the_new_configuration_has(shop: Shop) -> None:
    loyalty = bought(shop, buyers=1)
    found = loyalty.backtest(document(per_unit=2, buyers=1, regulars=2), since=SINCE)
    assert by_segment(found) == [
        ("buyers", Figures(earned=70, owed=70), Figures(earned=140, owed=140)),
        ("regulars", Figures(earned=20, owed=20), Figures(earned=40, owed=40)),
    ]
    assert found.uncounted == ("regulars",)


def test_a_segment_that_is_defined_otherwise(shop: Shop) -> None:
    loyalty = bought(shop, buyers=1)
    found = loyalty.backtest(document(buyers=2), since=SINCE)
    assert by_segment(found) == [
        ("buyers", Figures(earned=20, owed=20), Figures(earned=20, owed=20))
    ]
    assert (found.uncounted, found.differs) == (("buyers",), False)


def test_a_segment_that_is_made_of_one_defined_otherwise(shop: Shop) -> None:
    made = {"those": {"none_of": [{"segments": ["buyers"]}]}}
    loyalty = bought(shop, buyers=1)
    new = document(buyers=2)
    found = loyalty.backtest({**new, "segments": {**new["segments"], **made}}, since=SINCE)
    assert by_segment(found) == [
        ("buyers", Figures(earned=20, owed=20), Figures(earned=20, owed=20)),
        ("those", Figures(earned=50, owed=50), Figures(earned=50, owed=50)),
    ]
    assert found.uncounted == ("buyers", "those")


def test_the_segments_of_the_books_are_those_of_the_books(shop: Shop) -> None:
    loyalty = bought(shop, buyers=1)
    found = loyalty.backtest(document(buyers=1), since=SINCE)
    assert by_segment(found) == [
        ("buyers", Figures(earned=70, owed=70), Figures(earned=70, owed=70))
    ]
    assert (found.uncounted, found.differs) == ((), False)


def test_rules_see_nobody_in_a_new_segment(shop: Shop) -> None:
    """Who was in it on each day is not known, and the report names it: nothing is guessed."""
    loyalty = bought(shop)
    found = loyalty.backtest(document(tagged=100, vip=1), since=SINCE)
    assert by_segment(found) == [("vip", Figures(earned=70, owed=70), Figures(earned=70, owed=70))]
    assert (found.uncounted, found.differs) == (("vip",), False)


def test_a_segment_by_tier(shop: Shop) -> None:
    """Who bought in the last thirty days holds the tier; where all stand follows from the facts."""
    loyalty, _ = opened(shop)
    loyalty.record(order("1", "30.00", email="bob@example.org"))
    shop.clock.advance(days=40)
    loyalty.record(order("2", "20.00", at=shop.clock()))
    regulars = {"regulars": {"all_of": [{"tiers": ["old"]}]}}
    new = config_of(plugins={"toy": {"per_unit": 3}, "regulars": {}})
    found = loyalty.backtest({**new, "segments": regulars}, since=SINCE)
    assert by_segment(found) == [
        ("regulars", Figures(earned=22, owed=22), Figures(earned=62, owed=62))
    ]
