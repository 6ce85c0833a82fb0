"""What a fee that was paid does: it begins, lengthens or changes a membership, or is a gift."""

from __future__ import annotations

from datetime import UTC, datetime

from loyalty_core import Cause, Line, Order
from loyalty_paid.config import Plan
from loyalty_paid.course import begin, extend, over, switch
from loyalty_paid.facts import GIFT_TAG
from loyalty_paid.memory import Membership, Span
from loyalty_paid.turn import GIVEN, UNGIVEN, Turn


def pay(turn: Turn, order: Order) -> None:
    """Takes every fee of a paid order, as far as its refunds known have left it."""
    for line, plan in turn.plans.fees(order):
        taken = next((one.at for one in turn.outcome.returned if line.id in one.gone), None)
        taken = taken.astimezone(UTC) if taken else None
        code = next((tag for tag in line.tags if tag.startswith(GIFT_TAG)), "")
        if code:
            _gift(turn, line, plan, code.removeprefix(GIFT_TAG), taken)
        else:
            fee = _fee(turn, order, line, plan, taken)
            take(turn, plan, fee)


def _fee(turn: Turn, order: Order, line: Line, plan: Plan, taken: datetime | None) -> Span:
    ours = order.currency == turn.plans.currency
    return Span(
        plan.plan,
        begins=turn.at,
        ends=None,
        charge=line.id if asked_for(turn, line) else f"{turn.key}:{line.id}",
        fee=line.net if ours else 0,
        source=order.source,
        order=order.id,
        line=line.id,
        paid_at=turn.at,
        taken=taken,
    )


def asked_for(turn: Turn, line: Line) -> bool:
    """Whether a line says by its id that it pays what this membership asked for."""
    return turn.membership is not None and line.id.startswith(f"{turn.membership.id}:")


def take(turn: Turn, plan: Plan, fee: Span) -> None:
    """Gives the time that a fee pays for."""
    membership, plans, at = turn.membership, turn.plans, turn.at
    if membership is not None and fee.charge in {one.charge for one in membership.spans}:
        return _twice(turn, fee)
    asked = membership is not None and fee.charge.startswith(f"{membership.id}:")
    if membership is not None and asked and not _wanted(membership, fee, at):
        return None if fee.taken else turn.give_back(fee, "unwanted")
    credited = max(plans.fee(plan) - fee.fee, 0) if asked else 0
    fee.worth = fee.fee + credited
    if over(membership, plans, at):
        if membership is None or not asked:
            membership = _fresh(turn, plan)
        begin(membership, plan, plans, at, fee)
        turn.tell("started", plan=plan.plan, charge=fee.charge)
    else:
        assert membership is not None
        if not _add(turn, membership, plan, fee):
            return _twice(turn, fee)
    membership.credit = max(membership.credit - credited, 0)
    if plan.renewal == "provider" and fee.order and not membership.renews(at):
        membership.auto = at
    turn.membership = membership
    turn.others["joined"] = True
    return None


def _add(turn: Turn, membership: Membership, plan: Plan, fee: Span) -> bool:
    """A fee while something is still paid for, or its renewal waited for; whether it buys time."""
    plans, at = turn.plans, turn.at
    last = membership.last(at)
    assert last is not None
    current = plans.get(last.plan)
    if current is not None and plan.plan != current.plan and plans.dearer(plan, current):
        switch(membership, plan, plans, at, fee)
        turn.tell("changed", plan=plan.plan, charge=fee.charge)
        return True
    if last.ends is None:
        return False
    extend(membership, plan, plans, at, fee)
    turn.tell("renewed", plan=plan.plan, charge=fee.charge)
    return True


def _wanted(membership: Membership, fee: Span, at: datetime) -> bool:
    """Whether a fee that was asked for by its name is still wanted when it is paid.

    It was cancelled before, or the change of plan withdrawn: in time, or by a fact that came after
    the money had moved. The fee of a period is wanted as well while any other one will be.
    """
    if any(due and due.charge == fee.charge for due in (membership.due, membership.changing)):
        return True
    of_period = ":" not in fee.charge.removeprefix(f"{membership.id}:")
    return not fee.fee or (of_period and membership.renews(at))


def _twice(turn: Turn, fee: Span) -> None:
    turn.tell("paid_twice", charge=fee.charge, source=fee.source, order=fee.order)


def _fresh(turn: Turn, plan: Plan) -> Membership:
    """Another membership; what is not used of the one before is not lost."""
    made = Membership(id=turn.key, plan=plan.plan, anchor=turn.plans.day(turn.at))
    if turn.membership is not None:
        made.credit = turn.membership.credit
    return made


def _gift(turn: Turn, line: Line, plan: Plan, code: str, taken: datetime | None) -> None:
    """Somebody else's time: it begins with them, and ends if the giver has the fee back."""
    gift = f"{turn.key}:{line.id}"
    data = {"plan": plan.plan, "gift": gift}
    turn.effects.append(Cause(kind=GIVEN, rule=f"given:{line.id}"[:100], code=code, data=data))
    if taken is not None:
        back = Cause(
            kind=UNGIVEN, rule=f"ungiven:{line.id}"[:100], code=code, at=taken, data={"gift": gift}
        )
        turn.effects.append(back)


def receive(turn: Turn) -> None:
    """A period that somebody else has paid for; it is not renewed."""
    plan = turn.plans.get(str(turn.datum("plan")))
    if plan is not None:
        charge = f"gift:{turn.datum('gift')}"
        take(turn, plan, Span(plan.plan, begins=turn.at, ends=None, charge=charge))


def lose(turn: Turn) -> None:
    """The giver has the fee back: what is left of the gift ends."""
    for span in turn.membership.spans if turn.membership else ():
        if span.charge == f"gift:{turn.datum('gift')}" and span.taken is None:
            span.taken = turn.at
