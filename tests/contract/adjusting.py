"""Adjustments as the tests write them, and what becomes of each."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from loyalty_core import Adjustment, AdjustmentOutcome, Loyalty
from tests.toy import START

DAY = timedelta(days=1)


def gift(key: str, amount: int = 10, email: str = "ada@example.org", **more: Any) -> Adjustment:
    return Adjustment(
        wallet="points",
        amount=amount,
        reason="gift",
        actor="eve",
        key=key,
        identities={"email": email},
        **more,
    )


def opening(
    key: str, amount: int, awarded: datetime = START - 100 * DAY, **more: Any
) -> Adjustment:
    return gift(key, amount, awarded_at=awarded, **more)


def outcomes(loyalty: Loyalty, rows: Any, **how: Any) -> list[AdjustmentOutcome]:
    told: dict[int, AdjustmentOutcome] = {}
    loyalty.adjust_many(rows, on_receipt=told.__setitem__, **how)
    return [told[place] for place in range(len(told))]


def owner(loyalty: Loyalty, email: str) -> str:
    found = loyalty.find({"email": email})
    assert found is not None
    return found.id


def named(key: str, member_id: str, amount: int = 10, **more: Any) -> Adjustment:
    return Adjustment(
        member_id=member_id,
        wallet="points",
        amount=amount,
        reason="gift",
        actor="eve",
        key=key,
        **more,
    )
