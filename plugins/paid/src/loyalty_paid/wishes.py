"""What members and operators ask of memberships, done as far as it can be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta

from loyalty_paid import course
from loyalty_paid.config import Plan
from loyalty_paid.course import Status, over, status
from loyalty_paid.facts import CANCEL, CHANGE, GIFT, PAUSE, RESUME, SUBSCRIBE
from loyalty_paid.memory import Due, Membership, Span
from loyalty_paid.plans import LIFETIME
from loyalty_paid.turn import Turn


def subscribe(turn: Turn) -> None:
    """Comes to a plan: with its trial, or as soon as its fee is paid."""
    plans, at, plan = turn.plans, turn.at, turn.plan(turn.datum("plan"))
    if plan is None:
        return turn.refuse("no_such_plan")
    if not over(turn.membership, plans, at):
        return turn.refuse("is_a_member")
    if plan.renewal == "provider":
        return turn.refuse("billed_by_provider")
    made = Membership(id=turn.key, plan=plan.plan, anchor=plans.day(at))
    made.credit = turn.membership.credit if turn.membership else 0
    made.auto = at if plan.renewal == "program" and plan.period != LIFETIME else None
    turn.membership = made
    if plan.trial_days and not turn.others.get("joined"):
        course.try_out(made, plan, plans, at)
        turn.tell("trial_started", plan=plan.plan)
    else:
        ask_for_period(turn, made, plan, begins=True)
    turn.others["joined"] = True
    return None


def ask_for_period(turn: Turn, membership: Membership, plan: Plan, *, begins: bool = False) -> None:
    """Has the fee of a period asked for; what costs nothing is given at once."""
    plans, at = turn.plans, turn.at
    last = membership.last(at)
    day = plans.day(last.ends if last is not None and last.ends and not begins else at)
    charge = f"{membership.id}:{day.isoformat()}"
    amount = plans.fee(plan) - membership.credit
    if amount > 0:
        membership.due = Due(charge, plan.plan, amount, plans.start(day) if not begins else at)
        turn.ask(membership.due)
        return
    membership.credit = -amount
    fee = Span(plan.plan, begins=at, ends=None, charge=charge, worth=plans.fee(plan))
    if begins:
        course.begin(membership, plan, plans, at, fee)
    else:
        course.extend(membership, plan, plans, at, fee)
    turn.tell("started" if begins else "renewed", plan=plan.plan, charge=charge)


def cancel(turn: Turn) -> None:
    """Is not renewed; or ends now, with the fee back inside its window."""
    membership, plans, at = turn.membership, turn.plans, turn.at
    if membership is None or over(membership, plans, at):
        if membership is None or membership.due is None:
            return turn.refuse("is_no_member")
        membership.due = membership.auto = None
        return turn.tell("cancelled", plan=membership.plan, when="now")
    now = turn.datum("when") == "now" or status(membership, plans, at) is Status.GRACE
    membership.auto, membership.cancelled_at, membership.then = None, at, ""
    membership.due = membership.changing = None
    turn.tell("cancelled", plan=membership.plan, when="now" if now else "period_end")
    if now:
        for span in course.cut(membership, at):
            if span.order and _in_window(turn, span):
                fee = span.fee or sum(one.fee for one in membership.parts(span))
                turn.give_back(replace(span, fee=fee), "cancelled")
                membership.credit += span.worth - fee  # what it was credited is not lost
    return None


def _in_window(turn: Turn, span: Span) -> bool:
    """Whether its fee is given back: in the days after it was paid, or nothing of it was used."""
    plan, plans = turn.plans.get(span.plan), turn.plans
    if plan is None or span.paid_at is None:
        return False
    last = plans.day(span.paid_at) + timedelta(days=plan.refund_days)
    unbegun = span.begins > turn.at and not span.days
    return plans.day(turn.at) <= last or unbegun


def pause(turn: Turn) -> None:
    """Stands still for some days."""
    membership, plans, at = turn.membership, turn.plans, turn.at
    where = status(membership, plans, at)
    plan = plans.get(membership.plan) if membership else None
    days = turn.datum("days")
    if membership is None or plan is None or where is not Status.ACTIVE:
        return turn.refuse("is_not_active")
    wanted = plan.pause_days if days is None else days
    span = membership.span(at)
    lasting = span is None or span.ends is None
    if lasting or type(wanted) is not int or not 1 <= wanted <= plan.pause_days:
        return turn.refuse("cannot_be_paused")
    course.pause(membership, plans, at, wanted)
    return turn.tell("paused", plan=plan.plan)


def resume(turn: Turn) -> None:
    """Goes on before a pause is over, or is renewed after all."""
    membership, plans, at = turn.membership, turn.plans, turn.at
    where = status(membership, plans, at)
    plan = plans.get(membership.plan) if membership else None
    if membership is None or plan is None:
        return turn.refuse("is_no_member")
    if where is Status.PAUSED:
        course.resume(membership, plans, at)
        return turn.tell("resumed", plan=plan.plan)
    last = membership.last(at)
    renewable = plan.renewal == "program" and last is not None and last.ends is not None
    if where not in (Status.ACTIVE, Status.TRIAL) or not renewable or membership.renews(at):
        return turn.refuse("nothing_to_resume")
    membership.auto, membership.cancelled_at = at, None
    return turn.tell("resumed", plan=plan.plan)


def change(turn: Turn) -> None:
    """Comes to another plan: a dearer one once the difference is paid, a cheaper one later."""
    membership, plans, at = turn.membership, turn.plans, turn.at
    plan = turn.plan(turn.datum("plan"))
    span = membership.span(at) if membership else None
    current = plans.get(span.plan) if span else None
    if plan is None:
        return turn.refuse("no_such_plan")
    if membership is None or span is None or current is None:
        return turn.refuse("is_not_active")
    if "provider" in (plan.renewal, current.renewal):
        return turn.refuse("billed_by_provider")
    membership.then, membership.changing = "", None
    if plan.plan == current.plan:
        return turn.tell("change_withdrawn", plan=plan.plan)
    if span.trial or not plans.dearer(plan, current):
        if not membership.renews(at):
            return turn.refuse("is_not_renewed")
        membership.then = plan.plan
        return turn.tell("change_scheduled", plan=plan.plan)
    charge = f"{membership.id}:{plan.plan}:{turn.key}"
    amount = plans.fee(plan) - course.unused(membership, plans, at)
    if amount > 0:
        membership.changing = Due(charge, plan.plan, amount, at)
        return turn.ask(membership.changing)
    fee = Span(plan.plan, begins=at, ends=None, charge=charge, worth=plans.fee(plan))
    course.switch(membership, plan, plans, at, fee)
    membership.credit -= plans.fee(plan)
    return turn.tell("changed", plan=plan.plan, charge=charge)


def give(turn: Turn) -> None:
    """Pays a period for somebody else."""
    plan, code = turn.plan(turn.datum("plan")), turn.datum("code")
    if plan is None or not isinstance(code, str) or not code:
        return turn.refuse("no_such_plan" if plan is None else "no_code")
    amount = turn.plans.fee(plan)
    if amount <= 0:
        return turn.refuse("cannot_be_given")
    return turn.ask(Due(f"gift:{turn.key}", plan.plan, amount, turn.at), code=code)


COMMANDS: Mapping[str, Callable[[Turn], None]] = {
    SUBSCRIBE: subscribe,
    CANCEL: cancel,
    PAUSE: pause,
    RESUME: resume,
    CHANGE: change,
    GIFT: give,
}
