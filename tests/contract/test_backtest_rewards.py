"""Rewards in a replay: at another price, fewer, gone, bought by themselves, given by rules."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from loyalty_core import (
    Figures,
    Loyalty,
)
from loyalty_core.testing import FrozenClock
from tests.contract.backtests import SINCE, member_of, replayed
from tests.contract.catalogue import CARD, Giver
from tests.contract.conftest import Shop
from tests.toy import Toy, activity, order


def catalogue(**reward: Any) -> dict[str, Any]:
    return {
        "program": {"id": "shop"},
        "wallets": {"points": {}},
        "rewards": {"card": {**CARD, **reward}} if reward or CARD else {},
        "plugins": {"toy": {}},
    }


def test_a_reward_at_another_price_or_gone(shop: Shop) -> None:
    loyalty = shop.open(config=catalogue())
    shop.clock.advance(days=20)
    loyalty.record(order("1", "250.00", at=shop.clock()))
    loyalty.redeem(member_of(loyalty), reward="card", key="k1")
    loyalty.redeem(member_of(loyalty), reward="card", key="k2")
    found, report = replayed(loyalty, catalogue(points=60))
    assert found["2026-06"][0] == Figures(earned=250, spent=200, owed=50)
    assert found["2026-06"][1] == Figures(earned=250, spent=120, owed=130)
    assert [(one.was, one.would) for one in report.grants] == [(2, 2)]
    dearer, report = replayed(loyalty, catalogue(points=200))
    assert dearer["2026-06"][1] == Figures(earned=250, spent=200, owed=50)
    assert [(one.was, one.would) for one in report.grants] == [(2, 1)]
    assert [one.what for one in report.impossible] == ["redemption"]
    gone = {**catalogue(), "rewards": {}}
    without, report = replayed(loyalty, gone)
    assert without["2026-06"][1] == Figures(earned=250, owed=250)
    assert [one.reason for one in report.impossible] == ["the reward is not there"] * 2


def bought_cards(shop: Shop, times: int, **reward: Any) -> Loyalty:
    """Books in which Ada, who has 250 points, bought gift cards for 100 points each."""
    loyalty = shop.open(config=catalogue(**reward))
    shop.clock.advance(days=20)
    loyalty.record(order("1", "250.00", at=shop.clock()))
    for number in range(times):
        loyalty.redeem(member_of(loyalty), reward="card", key=f"k{number}")
    return loyalty


@pytest.mark.parametrize("stock", [0, 1])
def test_a_reward_of_which_there_are_fewer(shop: Shop, stock: int) -> None:
    loyalty = bought_cards(shop, 2, stock=5)
    found, report = replayed(loyalty, catalogue(stock=stock))
    assert found["2026-06"][1] == Figures(earned=250, spent=stock * 100, owed=250 - stock * 100)
    assert [one.reason for one in report.impossible] == ["there is none left"] * (2 - stock)


def test_a_reward_that_each_may_buy_once(shop: Shop) -> None:
    loyalty = bought_cards(shop, 2)
    found, report = replayed(loyalty, catalogue(per_member={"limit": 1}))
    assert found["2026-06"][1] == Figures(earned=250, spent=100, owed=150)
    assert [(one.was, one.would) for one in report.grants] == [(2, 1)]
    reasons = [one.reason for one in report.impossible]
    assert reasons == ["the member has bought as many as one may"]


def test_what_was_bought_at_another_price_goes_back_with_its_points(shop: Shop) -> None:
    loyalty = bought_cards(shop, 1)
    (grant,) = loyalty.grants(member_of(loyalty))
    loyalty.revoke_grant(grant.grant_id, reason="r", actor="a", key="r")
    found, report = replayed(loyalty, catalogue(points=60))
    assert found["2026-06"][1] == found["2026-06"][0] == Figures(earned=250, owed=250)
    assert [(one.was, one.would) for one in report.grants] == []


def test_what_cannot_be_paid_takes_none_of_the_stock(shop: Shop, tmp_path: Path) -> None:
    sliding = {"kind": "gift_card", "rate": {"points": 10, "amount": "1.00"}}
    reviews = {"activities": {"review": 100}}
    config = {**catalogue(), "rewards": {"card": {**sliding, "stock": 5}}}
    loyalty = shop.open(config={**config, "plugins": {"toy": reviews}})
    shop.clock.advance(days=20)
    loyalty.record(activity("1", at=shop.clock(), email="bob@example.org"))
    loyalty.record(order("1", "100.00", at=shop.clock()))
    for email in ("bob@example.org", "ada@example.org"):
        found = loyalty.find({"email": email})
        assert found is not None
        loyalty.redeem(found.id, reward="card", points=100, key=email)
    new = {**config, "rewards": {"card": {**sliding, "stock": 4}}}
    new["plugins"] = {"toy": {**reviews, "per_unit": 0}}
    url = f"sqlite:///{tmp_path / 'scratch.db'}"
    report = loyalty.backtest(new, since=SINCE, into=url)
    assert [one.reason for one in report.impossible] == ["100 needed, 0 available"]
    with Loyalty.open(new, url, plugins=[Toy()], clock=FrozenClock(shop.clock())) as replay:
        assert replay.verify().problems == ()
        assert [one.left for one in replay.rewards() if one.left is not None] == [3]


def test_a_reward_that_is_bought_by_itself(shop: Shop) -> None:
    loyalty = shop.open(config=catalogue(auto_issue=True))
    shop.clock.advance(days=20)
    loyalty.record(order("1", "150.00", at=shop.clock()))
    more = catalogue(auto_issue=True)
    more["plugins"] = {"toy": {"per_unit": 2}}
    found, report = replayed(loyalty, more)
    assert found["2026-06"] == (
        Figures(earned=150, spent=100, owed=50),
        Figures(earned=300, spent=300),
    )
    assert [(one.reward, one.was, one.would) for one in report.grants] == [("card", 1, 3)]


def test_gifts_of_rules(shop: Shop) -> None:
    config = {
        "program": {"id": "shop"},
        "wallets": {"points": {}},
        "rewards": {"welcome": {"kind": "gift_card", "amount": "5.00"}},
        "plugins": {"giver": {}},
    }
    loyalty = shop.open(config=config, toys=(Giver(), Toy()))
    shop.clock.advance(days=20)
    loyalty.record(order("1", "10.00", at=shop.clock()))
    found, report = replayed(loyalty, {**config, "plugins": {"toy": {"per_unit": 2}}})
    assert found["2026-06"][1] == Figures(earned=20, owed=20)
    assert [(one.reward, one.was, one.would) for one in report.grants] == [("welcome", 1, 0)]
    again = shop.open(config={**config, "plugins": {"toy": {}}}, toys=(Giver(), Toy()))
    shop.clock.advance(days=1)
    again.record(order("2", "10.00", at=shop.clock(), email="bob@example.org"))
    _, report = replayed(again, config)
    assert [(one.reward, one.was, one.would) for one in report.grants] == [("welcome", 1, 2)]
    (bob,) = report.member_grants
    assert (bob.about, bob.was, bob.would) == (member_of(again, "bob@example.org"), 0, 1)


def test_grants_by_segment_and_who_only_spends_otherwise(shop: Shop) -> None:
    everybody = {"all_of": [{"metric": "orders", "at_least": 1}]}
    loyalty = shop.open(config={**catalogue(), "segments": {"buyers": everybody}})
    shop.clock.advance(days=20)
    loyalty.record(order("1", "250.00", at=shop.clock()))
    loyalty.record(order("2", "10.00", at=shop.clock(), email="bob@example.org"))
    loyalty.recount_segments()
    ada = member_of(loyalty)
    loyalty.redeem(ada, reward="card", key="k1")
    _, report = replayed(loyalty, {**catalogue(points=150), "segments": {"buyers": everybody}})
    assert [(one.about, one.was, one.would) for one in report.segment_grants] == [("buyers", 1, 1)]
    assert report.member_grants == ()
    assert [one.about for one in report.members] == [ada]
    dearer = {**catalogue(points=260), "segments": {"buyers": everybody}}
    _, report = replayed(loyalty, dearer)
    assert [(one.about, one.was, one.would) for one in report.segment_grants] == [("buyers", 1, 0)]
    assert [(one.about, one.was, one.would) for one in report.member_grants] == [(ada, 1, 0)]
    assert [one.about for one in report.members] == [ada]
