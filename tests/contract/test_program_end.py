"""A program that has ended gives nothing any more, anywhere."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from loyalty_core import ConfigError, Loyalty, RecordStatus, RedemptionRefused
from tests.contract.catalogue import sound
from tests.contract.conftest import Shop
from tests.toy import config_of, order, points, refund

LAST = datetime(2026, 6, 30, 23, 59, tzinfo=UTC)
OVER = datetime(2026, 7, 1, tzinfo=UTC)


def opened(shop: Shop, **more: Any) -> Loyalty:
    config = config_of(settings={"emits": True}, ends_on=date(2026, 6, 30), **more)
    config["rewards"] = {"tea": {"kind": "product", "points": 10, "auto_issue": False}}
    return shop.open(config=config)


@pytest.mark.hard_case("H47")
def test_nothing_is_earned_bought_or_joined_after_the_last_day(shop: Shop) -> None:
    loyalty = opened(shop)
    ada = loyalty.record(order()).member_id or ""
    shop.clock.set(LAST)
    assert loyalty.record(order("2", at=LAST)).changes == {"points": 60}
    shop.clock.set(OVER)
    late = loyalty.record(order("3", at=OVER))
    assert (late.status, late.changes) == (RecordStatus.BOOKED, {})
    quote = loyalty.quote({"currency": "USD", "lines": [{"id": "a", "amount": "60.00"}]}, ada)
    assert quote.earnings == ()
    assert {one.refusal for one in quote.offers.values()} == {"the program has ended"}
    for reward in ("tea", "toy.money"):
        with pytest.raises(RedemptionRefused, match="the program has ended"):
            loyalty.redeem(ada, reward=reward, key=f"k-{reward}")
    with pytest.raises(RedemptionRefused, match="the program has ended"):
        loyalty.hold(ada, points=10, reward="toy.money", key="h")
    assert [one.refusal for one in loyalty.rewards(ada)] == ["the program has ended"] * 2
    new = loyalty.record(order("4", email="new@example.org", at=OVER))
    assert (new.status, new.member_id) == (RecordStatus.WAITING, None)
    assert points(loyalty, ada)[0] == 120
    sound(loyalty)


def test_what_happened_before_is_still_taken_in_and_taken_back(shop: Shop) -> None:
    loyalty = opened(shop)
    shop.clock.set(OVER)
    receipt = loyalty.record(order("1", at=LAST))
    assert receipt.changes == {"points": 60}
    assert loyalty.record(refund("r", at=OVER)).changes == {"points": -60}
    sound(loyalty)


def test_points_may_be_spent_for_a_while_longer(shop: Shop) -> None:
    loyalty = opened(shop, spend_until=date(2026, 7, 31))
    ada = loyalty.record(order()).member_id or ""
    shop.clock.set(datetime(2026, 7, 31, 12, tzinfo=UTC))
    assert loyalty.redeem(ada, reward="tea", key="k").points == 10
    shop.clock.set(datetime(2026, 8, 1, tzinfo=UTC))
    with pytest.raises(RedemptionRefused, match="the program has ended"):
        loyalty.redeem(ada, reward="tea", key="l")


def test_spending_cannot_end_before_the_program(shop: Shop) -> None:
    for ends in ({"ends_on": date(2026, 7, 1)}, {}):
        with pytest.raises(ConfigError) as raised:
            shop.open(config=config_of(spend_until=date(2026, 6, 1), **ends))
        (problem,) = raised.value.problems
        assert problem.where == "program.spend_until"
