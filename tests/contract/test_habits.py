"""What members usually do: exact sums of what was kept, over the window asked for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from loyalty_core import (
    FactError,
    Habits,
    Loyalty,
    MemberNotFound,
    Money,
    Purchases,
    UsualItem,
    UsualOrder,
    UsualStore,
)
from tests.contract.conftest import Shop
from tests.contract.test_questions import statements_of
from tests.toy import START, activity, order, refund

DAY = timedelta(days=1)


def bought(number: str, day: int, *skus: str, **more: Any) -> dict[str, Any]:
    """An order of 2.00 for each SKU."""
    lines = [{"id": f"{number}{sku}", "sku": sku, "amount": "2.00"} for sku in skus]
    return order(number, at=START + day * DAY, lines=lines, **more)


def who(loyalty: Loyalty, name: str = "ada") -> str:
    found = loyalty.find({"email": f"{name}@example.org"})
    assert found is not None
    return found.id


def usd(orders: int, cents: int) -> tuple[Purchases, ...]:
    return (Purchases(orders, Money(cents, "USD")),)


def test_all_that_is_asked(shop: Shop) -> None:
    loyalty = shop.open()
    shop.clock.set(START + 12 * DAY)
    loyalty.record_many(
        [
            bought("1", 0, "tea", "cake", store="Mill Lane"),
            bought("2", 3, "tea"),
            bought("3", 4, "cake", "tea", store="Pier"),
            bought("4", 10, "tea", store="Mill Lane"),
            bought("5", 11, "pie", currency="EUR", status="pending"),
            bought("6", 11, "pie", test=True),
            order("7", "9.01", at=START + 12 * DAY, store="Pier"),
            order("8", "5.00", at=START + 12 * DAY, currency="EUR"),
            bought("9", 12, "tea", email="bob@example.org"),
            activity("10"),
        ]
    )
    ada = who(loyalty)
    sums = (Purchases(1, Money(500, "EUR")), Purchases(5, Money(2101, "USD")))
    with statements_of(loyalty) as seen:
        found = loyalty.habits(ada)
    assert len(seen) == 3  # whose, their orders, and all they ever bought
    assert found == Habits(
        member_id=found.member_id,
        since=START.replace(hour=0) - 352 * DAY,
        lifetime=sums,
        recent=sums,
        usual_order=UsualOrder((UsualItem("tea", 1),), 2, START + 10 * DAY),
        usual_stores=(
            UsualStore("Pier", 2, START + 12 * DAY),
            UsualStore("Mill Lane", 2, START + 10 * DAY),
        ),
        days_between=2,  # 12 days in 5 steps
    )
    assert [str(one.average) for one in found.recent] == ["5.00 EUR", "4.20 USD"]


def test_the_lifetime_is_of_all_and_the_rest_of_the_days_asked_for(shop: Shop) -> None:
    loyalty = shop.open()
    shop.clock.set(START + 9 * DAY)
    loyalty.record_many([bought("1", 0, "a"), bought("2", 1, "b"), bought("3", 9, "c")])
    found = loyalty.habits(who(loyalty), days=9)
    assert (found.lifetime, found.recent) == (usd(3, 600), usd(2, 400))
    assert found.since == START.replace(hour=0) + DAY
    assert loyalty.habits(who(loyalty), days=8).recent == usd(1, 200)
    shop.clock.set(START + 90 * DAY)
    nothing = loyalty.habits(who(loyalty), days=1)
    assert (nothing.recent, nothing.usual_order, nothing.usual_stores) == ((), None, ())
    assert (nothing.lifetime, nothing.days_between) == (usd(3, 600), None)


@pytest.mark.parametrize("turned", [False, True])
def test_what_was_given_back_is_no_habit(shop: Shop, turned: bool) -> None:
    loyalty = shop.open()
    two = [{"id": "a", "sku": "a", "amount": "6.00", "quantity": 3}]
    facts = [
        order("1", lines=[*two, {"id": "b", "sku": "b", "amount": "4.00"}]),
        refund("r1", "1", lines=[{"line": "a", "quantity": 2}]),
        refund("r2", "1", lines=[{"line": "b"}]),
        bought("2", 0, "b"),
        refund("r3", "2"),
        bought("3", 0, "c"),
        refund("r4", "3", kind="goodwill", amount="2.00"),
    ]
    loyalty.record_many(facts[::-1] if turned else facts)
    found = loyalty.habits(who(loyalty))
    assert found.recent == found.lifetime == usd(2, 400)
    assert found.usual_order == UsualOrder((UsualItem("c", 1),), 1, START)
    assert loyalty.record(refund("r5", "3")).error is None
    found = loyalty.habits(who(loyalty))
    assert found.usual_order == UsualOrder((UsualItem("a", 1),), 1, START)
    assert found.recent == usd(1, 200)


def test_who_was_merged_is_counted_in_and_who_was_erased_is_gone(shop: Shop) -> None:
    loyalty = shop.open()
    loyalty.record_many([bought("1", 0, "a"), bought("2", 0, "a", email="bob@example.org")])
    ada, bob = who(loyalty), who(loyalty, "bob")
    loyalty.merge(ada, bob, key="m")
    both = loyalty.habits(ada)
    assert (both.lifetime, both.recent) == (usd(2, 400), usd(2, 400))
    assert loyalty.habits(bob) == both
    loyalty.unmerge(bob, key="u")
    assert loyalty.habits(bob).lifetime == usd(1, 200)
    loyalty.erase(ada, reason="asked", actor="ops", key="e")
    gone = loyalty.habits(ada)
    assert (gone.lifetime, gone.recent, gone.usual_order) == ((), (), None)


def test_other_programs_and_strangers_are_not_looked_at(shop: Shop) -> None:
    loyalty, other = shop.open(), shop.open(program="other")
    ada = loyalty.record(bought("1", 0, "a")).member_id or ""
    with pytest.raises(MemberNotFound):
        other.habits(ada)
    for days in (0, 3661):
        with pytest.raises(FactError) as raised:
            loyalty.habits(ada, days=days)
        assert raised.value.where == "days"
