"""A board is a sort over plain history, whatever came when and whenever it is counted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from loyalty_core import Loyalty
from loyalty_core.storage import boards as storage
from plugins.gamification.tests.build import Clock, moment
from plugins.gamification.tests.test_boards import BOARD, opened
from tests.properties.engines import engine, examples

__all__ = ["engine"]

HISTORY = st.lists(
    st.tuples(
        st.integers(0, 11),
        st.integers(0, 100),
        st.integers(1, 5),
        st.sampled_from(["kept", "kept", "part", "back"]),
    ),
    min_size=1,
    max_size=40,
)


@pytest.fixture(autouse=True, scope="module")
def _few() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(storage, "FEW", 2)  # many fences among few members
        yield


@examples(30, 300)
@given(history=HISTORY, seed=st.integers(0, 1000))
def test_a_board_is_a_sort_over_plain_history(
    engine: Engine, history: list[Any], seed: int
) -> None:
    random, clock = Random(seed), Clock()
    loyalty = opened(engine, clock, [{**BOARD, "per": "month", "settles_after_days": 366}])
    start = moment("2026-01-01")
    totals: dict[tuple[str, int], tuple[int, Any]] = {}
    facts = []
    for number, (who, day, units, fate) in enumerate(history):
        at = start + timedelta(days=day, seconds=number)
        amount = 100 * units
        refunds: list[Any] = []
        if fate == "back":
            refunds, left = [{"id": "r", "occurred_at": at.isoformat()}], 0
        elif fate == "part":
            part = {"line": "1", "amount": "0.40"}
            refunds, left = (
                [{"id": "r", "occurred_at": at.isoformat(), "lines": [part]}],
                amount - 40,
            )
        else:
            left = amount
        order = {"type": "order", "source": "web", "id": str(number), "currency": "USD"}
        known = {"identities": {"customer_id": str(who)}, "occurred_at": at.isoformat()}
        lines = [{"id": "1", "amount": f"{units}.00"}]
        facts.append({**order, **known, "lines": lines})
        for refund in refunds:
            fact = {"type": "refund", "source": "web", "order_id": str(number), "currency": "USD"}
            facts.append({**fact, "refund": refund})
        if left:
            total, since = totals.get((str(who), at.month), (0, at))
            totals[str(who), at.month] = total + left, max(since, at)
    clock.now = start + timedelta(days=110)
    facts += random.sample(facts, len(facts) // 2)
    for fact in random.sample(facts, len(facts)):
        assert loyalty.record(fact).error is None
        if random.random() < 0.3:
            loyalty.tick()
    agrees(loyalty, totals)
    assert loyalty.verify().problems == ()
    loyalty.close()


def member_id(loyalty: Loyalty, who: str) -> str:
    found = loyalty.find({"customer_id": who}, source="web")
    assert found is not None
    return found.id


def agrees(loyalty: Loyalty, totals: dict[tuple[str, int], tuple[int, Any]]) -> None:
    """Fails where the boards of the months are not the members sorted by what they spent."""
    for month in range(1, 5):
        plain = {who: value for (who, in_month), value in totals.items() if in_month == month}
        ordered = sorted(plain, key=lambda who: (-plain[who][0], plain[who][1]))
        page = loyalty.board("friends", day=date(2026, month, 1))
        assert page.ranked == len(ordered)
        ids = [member_id(loyalty, who) for who in ordered]
        assert [one.member_id for one in page.places] == ids
        for rank, member in enumerate(ids, 1):
            around = loyalty.board_around("friends", member, day=date(2026, month, 1))
            assert around.place is not None
            assert around.place.rank == rank
