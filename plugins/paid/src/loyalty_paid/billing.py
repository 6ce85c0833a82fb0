"""What time and payment providers bring about: fees that are due, tried again, or given up."""

from __future__ import annotations

from datetime import timedelta

from loyalty_core import Json
from loyalty_paid.course import Status, status
from loyalty_paid.facts import GIFT_TAG
from loyalty_paid.turn import Turn
from loyalty_paid.wishes import ask_for_period

CHARGE_DUE = "paid.charge_due"
REFUND_DUE = "paid.refund_due"


def look(turn: Turn) -> None:
    """Sees whether a fee is due now, or the membership is over."""
    membership, plans, at = turn.membership, turn.plans, turn.at
    last = membership.last(at) if membership else None
    if membership is None or last is None or last.ends is None or last.ends > at:
        return
    where = status(membership, plans, at)
    if where is Status.ENDED and not membership.renews(at):
        turn.tell("ended", plan=membership.plan, why="not_renewed")
        return
    plan = plans.get(membership.then or membership.plan)
    if plan is None or plan.renewal != "program":
        if where is Status.ENDED:
            turn.tell("ended", plan=membership.plan, why="unpaid")
        return
    charge = f"{membership.id}:{plans.day(last.ends).isoformat()}"
    if membership.due is None or membership.due.charge != charge:
        ask_for_period(turn, membership, plan)
    if status(membership, plans, at) is Status.ENDED and at > last.ends:
        turn.tell("ended", plan=membership.plan, why="unpaid")


def charge(turn: Turn) -> None:
    """Tells the payment provider of a fee, if it is still wanted."""
    name, code = turn.datum("charge"), turn.datum("code")
    membership = turn.membership
    dues = [membership.due, membership.changing] if membership else []
    wanted = next((due for due in dues if due and due.charge == name), None)
    if wanted is None and not code:
        return
    plan = turn.plans.get(str(turn.datum("plan")))
    attempt = turn.datum("attempt")
    data: dict[str, Json] = {
        "charge": name,
        "key": f"{name}/{attempt}",
        "attempt": attempt,
        "plan": turn.datum("plan"),
        "name": (plan.name if plan else "") or turn.datum("plan"),
        "amount": turn.datum("amount"),
        "currency": turn.plans.currency,
    }
    if code:
        data["tag"] = f"{GIFT_TAG}{code}"
    turn.tell("charge_due", **data)


def failed(turn: Turn) -> None:
    """A fee could not be had: it is tried again while the plan says so.

    An attempt that fails counts once: its answer may say so, and a webhook of the provider as well.
    """
    membership, plans = turn.membership, turn.plans
    reason = str(turn.datum("reason") or "")
    name, attempt = turn.datum("charge"), turn.datum("attempt")
    due = membership.due if membership else None
    if due and due.charge == name and isinstance(attempt, int) and 0 < attempt <= due.attempts:
        return
    turn.tell("payment_failed", charge=name, reason=reason)
    if membership is None:
        return
    if membership.changing and membership.changing.charge == name:
        membership.changing = None
        return
    if due is None or name not in (None, due.charge):
        return
    due.attempts = max(due.attempts + 1, attempt if isinstance(attempt, int) else 0)
    due.reason, due.pay_url = reason, ""
    plan = plans.get(due.plan)
    days = plan.retry_after_days if plan else ()
    if membership.spans and due.attempts <= len(days):
        again = plans.start(plans.day(due.at) + timedelta(days=days[due.attempts - 1]))
        turn.ask(due, at=again)


def pending(turn: Turn) -> None:
    """The member has to pay somewhere by themselves, and is told where as long as it is wanted."""
    membership = turn.membership
    for due in (membership.due, membership.changing) if membership else ():
        if due is not None and due.charge == turn.datum("charge"):
            due.pay_url = str(turn.datum("pay_url") or "")
            data: dict[str, Json] = {"plan": due.plan, "amount": due.amount}
            data |= {"currency": turn.plans.currency, "pay_url": due.pay_url}
            turn.tell("payment_pending", charge=due.charge, **data)


def refund(turn: Turn) -> None:
    """Tells the payment provider of a fee that is to be given back, and whoever else asks."""
    data: dict[str, Json] = {
        name: turn.datum(name) for name in ("why", "source", "order", "line", "amount")
    }
    turn.tell("refund_due", **data, currency=turn.plans.currency)
