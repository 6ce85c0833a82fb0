"""Commands to memberships, as activities, and fees, as orders: recorded like all facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from loyalty_core import Activity, ActivityKind, Line, LineKind, Minor, Money, Order, Scalar, doc

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


@dataclass(frozen=True, kw_only=True)
class Planned:
    """What the activities ``paid.subscribe`` and ``paid.change`` hold."""

    plan: str = field(metadata=doc("The plan."))


@dataclass(frozen=True, kw_only=True)
class Given(Planned):
    """What the activity ``paid.gift`` holds."""

    code: str = field(metadata=doc("The public code of whom it is for."))


@dataclass(frozen=True, kw_only=True)
class Cancelled:
    """What the activity ``paid.cancel`` holds."""

    when: Literal["period_end", "now"] = field(
        default="period_end", metadata=doc("Whether it runs out or ends at once.")
    )


@dataclass(frozen=True, kw_only=True)
class Paused:
    """What the activity ``paid.pause`` holds."""

    days: int | None = field(
        default=None, metadata=doc("For how many days; without, as many as the plan allows.")
    )


@dataclass(frozen=True, kw_only=True)
class Resumed:
    """The activity ``paid.resume`` holds nothing."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a fee was asked for as."""

    charge: str = field(default="", metadata=doc("The fee; without, the latest one due."))
    attempt: int = field(default=0, metadata=doc("Which attempt at it, from 1 up."))


@dataclass(frozen=True, kw_only=True)
class Failed(Asked):
    """What the activity ``paid.payment_failed`` holds."""

    reason: str = field(default="", metadata=doc("Why, such as declined."))


@dataclass(frozen=True, kw_only=True)
class Pending(Asked):
    """What the activity ``paid.payment_pending`` holds."""

    pay_url: str = field(metadata=doc("The page where the customer pays."))


KINDS: tuple[ActivityKind[object], ...] = (
    ActivityKind(SUBSCRIBE, Planned, "A member comes to a plan."),
    ActivityKind(CANCEL, Cancelled, "A membership is not renewed, or ends."),
    ActivityKind(PAUSE, Paused, "A membership stands still."),
    ActivityKind(RESUME, Resumed, "A pause ends early, or a cancellation is taken back."),
    ActivityKind(CHANGE, Planned, "A membership goes on with another plan."),
    ActivityKind(GIFT, Given, "A member pays a period for somebody else."),
    ActivityKind(FAILED, Failed, "A fee could not be had."),
    ActivityKind(PENDING, Pending, "A fee waits for its customer to pay it."),
)
"""What is taken from outside. What the plugin tells itself has kinds that nobody else may send."""


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
