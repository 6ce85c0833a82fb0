"""Invariant 7: any permutation, duplication or concurrent delivery ends in the same books."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from loyalty_core import Loyalty
from loyalty_core.testing import FrozenClock
from loyalty_core.testing.books import books_of
from tests.properties.engines import engine, examples, fresh_program
from tests.properties.histories import Document, deliveries, histories
from tests.toy import START, Toy, activity, config_of, order, points, refund

__all__ = ["engine"]

THREADS = 4
PROGRAMS: dict[str, Any] = {
    "plain": {},
    "history": {"first_order": 500, "activities": {"review": 40, "check_in": 5}},
    "state": {"daily_cap": 60, "activities": {"review": 40, "check_in": 5}},
    "everything": {
        "first_order": 30,
        "daily_cap": 70,
        "activities": {"review": 40, "check_in": 5},
        "pending_days": 25,
    },
}
WALLET = {"expiry": {"after_days": 400}}


def opened(engine: Engine, rules: str) -> Loyalty:
    config = config_of(fresh_program(), wallet=WALLET, settings=PROGRAMS[rules])
    return Loyalty.open(config, engine, plugins=[Toy()], clock=FrozenClock(START))


def recorded(engine: Engine, rules: str, batches: list[list[Document]]) -> Any:
    """The books after recording the batches one after the other; nothing may be rejected."""
    loyalty = opened(engine, rules)
    for batch in batches:
        summary = loyalty.record_many(batch)
        assert summary.rejected == ()
        assert summary.total == len(batch)
    return checked(loyalty)


def checked(loyalty: Loyalty) -> Any:
    assert loyalty.verify().problems == ()
    return books_of(loyalty)


def same(found: Any, expected: Any) -> None:
    for part in ("facts", "wallets", "lots", "members"):
        assert found[part] == expected[part], part


@pytest.mark.hard_case("H7")
@pytest.mark.parametrize("rules", PROGRAMS)
@examples(6, 400)
@given(data=st.data())
def test_any_order_of_delivery(engine: Engine, rules: str, data: st.DataObject) -> None:
    facts = data.draw(histories())
    expected = recorded(engine, rules, [[fact] for fact in facts])
    same(recorded(engine, rules, data.draw(deliveries(facts))), expected)


@pytest.mark.hard_case("H6", "H7")
@examples(6, 300)
@given(data=st.data())
def test_concurrent_delivery(engine: Engine, data: st.DataObject) -> None:
    facts = data.draw(histories())
    expected = recorded(engine, "everything", [[fact] for fact in facts])
    batches = data.draw(deliveries(facts))
    loyalty = opened(engine, "everything")
    with ThreadPoolExecutor(THREADS) as threads:
        for summary in threads.map(loyalty.record_many, batches):
            assert summary.rejected == ()
    same(checked(loyalty), expected)


# -- found by the tests above, and kept -----------------------------------------------------------

MAY = datetime(2026, 5, 1, 12, tzinfo=UTC)


def test_an_order_that_moves_takes_its_lot_along(engine: Engine) -> None:
    first = order(version=1, at=MAY)
    moved = order(version=2, at=MAY + timedelta(days=10), amount="50.00")
    expected = recorded(engine, "plain", [[moved]])
    same(recorded(engine, "plain", [[first], [moved]]), expected)
    assert [lot[5] for lot in expected["lots"]] == [datetime(2027, 6, 15, tzinfo=UTC)]


def test_an_order_that_moves_back_and_is_withdrawn_leaves_no_history(engine: Engine) -> None:
    paid = order(version=1, at=MAY + timedelta(days=10))
    pending = order(version=2, at=MAY, status="pending")
    between = activity("1", at=MAY + timedelta(days=5))
    expected = recorded(engine, "state", [[pending], [between]])
    same(recorded(engine, "state", [[paid], [between], [pending]]), expected)
    history, state = expected["members"]["email::ada@example.org"]
    assert history == {}
    assert state == {"toy": {"day": "2026-05-06", "points": 40}}


def test_versions_of_one_moment_converge_however_they_are_stored(engine: Engine) -> None:
    """A database may give the keys of a JSON object back in another order."""
    known = {"customer_id": "1", "email": "ada@example.org"}
    small = order(amount="10.00", updated_at=MAY.isoformat(), identities=known)
    large = order(amount="90.00", updated_at=MAY.isoformat(), identities=known)
    expected = recorded(engine, "plain", [[large], [small]])
    same(recorded(engine, "plain", [[small], [large]]), expected)


def test_refunds_and_their_order_all_at_once(engine: Engine) -> None:
    """Refunds that name nobody lock no member: none of them may be lost, nor the order."""
    loyalty = opened(engine, "plain")
    for round_ in range(6):
        number = f"o{round_}"
        facts = [
            refund(f"r{index}", number, lines=[{"line": "a", "amount": "1.00"}])
            for index in range(7)
        ]
        facts.append(order(number, "60.00"))
        with ThreadPoolExecutor(8) as threads:
            receipts = list(threads.map(loyalty.record, facts))
        member = receipts[-1].member_id
        assert member is not None
        assert points(loyalty, member) == (53 * (round_ + 1),) * 2 + (0, 0)
    assert loyalty.verify().problems == ()
