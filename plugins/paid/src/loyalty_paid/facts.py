"""Commands to memberships, as activities, and fees, as orders: recorded like all facts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from loyalty_core import Activity, Line, LineKind, Minor, Money, Order, Scalar

SUBSCRIBE = "paid.subscribe"
CANCEL = "paid.cancel"
PAUSE = "paid.pause"
RESUME = "paid.resume"
CHANGE = "paid.change"
GIFT = "paid.gift"
FAILED = "paid.payment_failed"
PENDING = "paid.payment_pending"

GIFT_TAG = "for:"
"""How a tag of a fee's line begins that says, by a public code, whom it is for."""


def subscription(plan: str, *, identities: Mapping[str, str], at: datetime, key: str) -> Activity:
    """An activity to record: the member comes to a plan, and pays its fee from now on.

    ``key`` is the activity's id: recorded twice, it counts once. So it is with all of these.
    """
    return _command(SUBSCRIBE, identities, at, key, {"plan": plan})


def cancellation(
    *,
    identities: Mapping[str, str],
    at: datetime,
    key: str,
    when: Literal["period_end", "now"] = "period_end",
) -> Activity:
    """An activity to record: it is not renewed, or ends at once, with a refund if in its window."""
    return _command(CANCEL, identities, at, key, {"when": when})


def pause(
    *, identities: Mapping[str, str], at: datetime, key: str, days: int | None = None
) -> Activity:
    """An activity to record: it stands still, for as many days as the plan allows or for fewer."""
    return _command(PAUSE, identities, at, key, {"days": days} if days else {})


def resumption(*, identities: Mapping[str, str], at: datetime, key: str) -> Activity:
    """An activity to record: a pause ends early, or a cancellation is taken back."""
    return _command(RESUME, identities, at, key, {})


def plan_change(plan: str, *, identities: Mapping[str, str], at: datetime, key: str) -> Activity:
    """An activity to record: to a dearer plan at once, to a cheaper one when the period ends."""
    return _command(CHANGE, identities, at, key, {"plan": plan})


def gift(
    plan: str, code: str, *, identities: Mapping[str, str], at: datetime, key: str
) -> Activity:
    """An activity to record: the member pays one period for whoever has the public code."""
    return _command(GIFT, identities, at, key, {"plan": plan, "code": code})


def fee_paid(
    plan: str,
    amount: Money,
    *,
    identities: Mapping[str, str],
    at: datetime,
    charge: str = "",
    order: str = "",
    source: str = "paid",
    code: str = "",
) -> Order:
    """An order to record: a fee that was paid, such as one that ``paid.manual`` asked for.

    ``charge`` is what was asked for. Without it, the fee of one period was paid unasked, and
    ``order`` is the number of the payment. ``code`` is whom it is for, if it is a gift.
    """
    return Order(
        source=source,
        id=order or charge,
        identities=identities,
        currency=amount.currency,
        occurred_at=at,
        version=1,
        lines=(fee_line(plan, amount, charge or "fee", code),),
    )


def fee_line(plan: str, amount: Money, charge: str, code: str = "") -> Line:
    """The line of an order that is a plan's fee; its id is what is paid by it."""
    return Line(
        id=charge,
        sku=plan,
        amount=Minor(amount.amount_minor),
        kind=LineKind.MEMBERSHIP,
        tags=(GIFT_TAG + code,) if code else (),
    )


def payment_failed(
    reason: str,
    *,
    identities: Mapping[str, str],
    at: datetime,
    key: str,
    charge: str = "",
    attempt: int = 0,
    source: str = "paid",
) -> Activity:
    """An activity to record: a fee could not be had; without ``charge``, the latest one due."""
    data: dict[str, Scalar] = {"reason": reason}
    if charge:
        data |= {"charge": charge, "attempt": attempt}
    return _command(FAILED, identities, at, key, data, source)


def _command(
    kind: str,
    identities: Mapping[str, str],
    at: datetime,
    key: str,
    data: Mapping[str, Scalar],
    source: str = "paid",
) -> Activity:
    return Activity(
        source=source, id=key, kind=kind, identities=identities, occurred_at=at, data=data
    )
