"""The course of a membership: how fees, commands and time move it. Exact, in whole days."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from loyalty_core import add_months
from loyalty_paid.config import Plan
from loyalty_paid.memory import Membership, Span
from loyalty_paid.plans import LIFETIME, Plans, after


class Status(StrEnum):
    """Where a membership stands; in ``grace`` and on ``trial`` it is active too."""

    NONE = "none"
    UNPAID = "unpaid"
    TRIAL = "trial"
    ACTIVE = "active"
    GRACE = "grace"
    PAUSED = "paused"
    ENDED = "ended"


GIVING = frozenset({Status.TRIAL, Status.ACTIVE, Status.GRACE})
"""Where benefits are given."""


def grace_end(membership: Membership, plans: Plans, at: datetime) -> datetime | None:
    """Until when benefits go on though the renewal is not paid; None where none is wanted."""
    last, plan = membership.last(at), plans.get(membership.plan)
    if last is None or last.ends is None or plan is None or not membership.renews(at):
        return None
    return plans.start(plans.day(last.ends) + timedelta(days=plan.grace_days))


def status(membership: Membership | None, plans: Plans, at: datetime) -> Status:
    """Where a membership stands at a moment."""
    if membership is None:
        return Status.NONE
    if membership.paused(at):
        return Status.PAUSED
    span = membership.span(at)
    if span is not None:
        return Status.TRIAL if span.trial else Status.ACTIVE
    if not membership.spans:
        return Status.UNPAID
    grace = grace_end(membership, plans, at)
    return Status.GRACE if grace is not None and at < grace else Status.ENDED


def over(membership: Membership | None, plans: Plans, at: datetime) -> bool:
    """Whether there is nothing that another fee could lengthen."""
    return status(membership, plans, at) in (Status.NONE, Status.UNPAID, Status.ENDED)


def begin(membership: Membership, plan: Plan, plans: Plans, at: datetime, fee: Span) -> None:
    """Begins with the day of ``at``, which counts as the first day."""
    membership.plan, membership.then = plan.plan, ""
    membership.anchor, membership.done = plans.day(at), 0
    membership.paused_at = membership.paused_until = None
    membership.spans.append(replace(fee, begins=at, ends=None))
    _settle(membership, plan, plans)


def extend(membership: Membership, plan: Plan, plans: Plans, at: datetime, fee: Span) -> None:
    """Adds one period after all that is paid for: paid early or late, it is as long as any."""
    last = membership.last(at)
    assert last is not None
    assert last.ends is not None
    membership.plan = plan.plan
    membership.then = "" if membership.then == plan.plan else membership.then
    _count_from(membership, plans.day(last.ends))
    membership.spans.append(replace(fee, begins=last.ends, ends=None))
    _settle(membership, plan, plans)


def _count_from(membership: Membership, first: date) -> None:
    """Counts the next period from a day: an earlier one, if what followed it was given back."""
    counted = range(membership.done, -1, -1)
    done = next((one for one in counted if add_months(membership.anchor, one) == first), None)
    membership.anchor, membership.done = (first, 0) if done is None else (membership.anchor, done)


def _settle(membership: Membership, plan: Plan, plans: Plans) -> None:
    """Ends the newest period where the plan says, and keeps count."""
    if plan.period != LIFETIME:
        end, membership.anchor, membership.done = after(plan, membership.anchor, membership.done)
        membership.spans[-1].ends = plans.start(end)
    membership.due = membership.changing = None


def try_out(membership: Membership, plan: Plan, plans: Plans, at: datetime) -> None:
    """Begins with days that cost nothing; the first paid period is counted from their end."""
    membership.anchor = plans.day(at) + timedelta(days=plan.trial_days)
    ends = plans.start(membership.anchor)
    membership.spans.append(Span(plan.plan, begins=at, ends=ends, trial=True))


def unused(membership: Membership, plans: Plans, at: datetime) -> int:
    """What of the fees paid is for days from that of ``at`` on, rounded down once per fee."""
    today, credit = plans.day(at), membership.credit
    for span in membership.spans:
        if span.ends is None or span.ends <= at or span.gone(at):
            continue
        left = plans.day(span.ends) - max(plans.day(span.begins), today)
        credit += span.worth * left.days // _whole(span, plans)
    return credit


def _whole(span: Span, plans: Plans) -> int:
    """How many days the fee of a span has paid for, those before a pause included."""
    assert span.ends is not None
    return span.days or (plans.day(span.ends) - plans.day(span.begins)).days


def cut(membership: Membership, at: datetime) -> list[Span]:
    """Ends all that is paid for at a moment; what was cut, as it was before."""
    before = [replace(one) for one in membership.spans if one.ends is None or one.ends > at]
    before = [one for one in before if not one.gone(at)]
    kept = [one for one in membership.spans if one.begins < at]
    for span in kept:
        span.ends = at if span.ends is None else min(span.ends, at)
    membership.spans = kept
    membership.paused_at = membership.paused_until = None
    membership.due = membership.changing = None
    return before


def switch(membership: Membership, plan: Plan, plans: Plans, at: datetime, fee: Span) -> None:
    """Begins another plan at once; what was not used of the former is kept as credit."""
    rest = unused(membership, plans, at)
    cut(membership, at)
    membership.credit = rest
    begin(membership, plan, plans, at, fee)


def pause(membership: Membership, plans: Plans, at: datetime, days: int) -> None:
    """Stands still from now on for so many days at most; the day of the pause is used up."""
    today = plans.day(at)
    span = membership.span(at)
    assert span is not None
    assert span.ends is not None
    left = (plans.day(span.ends) - _unbegun(plans, at)).days
    rest = replace(span, fee=0, saved=0, days=_whole(span, plans))
    span.ends = at
    _move(membership, plans, rest, today + timedelta(days=days), left)
    membership.paused_at, membership.paused_until = at, plans.start(today + timedelta(days=days))


def resume(membership: Membership, plans: Plans, at: datetime) -> None:
    """Goes on before its time, with all the days that were left."""
    assert membership.paused_at is not None
    assert membership.paused_until is not None
    waiting = [one for one in membership.spans if one.begins == membership.paused_until]
    rest = min(waiting, key=lambda one: one.ends or at)  # nothing is left of a last day
    membership.spans.remove(rest)
    assert rest.ends is not None
    left = (plans.day(rest.ends) - plans.day(rest.begins)).days
    first = max(plans.day(at), _unbegun(plans, membership.paused_at))
    _move(membership, plans, rest, first, left)
    rest.begins = at
    membership.paused_until = at


def _unbegun(plans: Plans, at: datetime) -> date:
    """The first day of which nothing has passed by a moment."""
    today = plans.day(at)
    return today if at <= plans.start(today) else today + timedelta(days=1)


def _move(membership: Membership, plans: Plans, rest: Span, first: date, left: int) -> None:
    """Puts the rest of a paused period where it goes on, and what was paid ahead after that."""
    before = rest.ends
    rest.begins = plans.start(first)
    rest.ends = plans.start(first + timedelta(days=left))
    assert before is not None
    shift = plans.day(rest.ends) - plans.day(before)
    for span in membership.spans:
        if span.begins >= before and span.ends is not None:
            span.begins = plans.start(plans.day(span.begins) + shift)
            span.ends = plans.start(plans.day(span.ends) + shift)
    membership.spans.append(rest)
    membership.spans.sort(key=lambda span: span.begins)
    latest = max(span.ends for span in membership.spans if span.ends is not None)
    membership.anchor, membership.done = plans.day(latest), 0
    membership.due = membership.changing = None
