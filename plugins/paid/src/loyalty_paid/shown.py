"""What a member is shown of their membership, as JSON; money in minor units."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import cast

from loyalty_core import Json, MemberView
from loyalty_paid.config import Plan
from loyalty_paid.course import grace_end, status
from loyalty_paid.memory import Due, Membership, Span, load, present
from loyalty_paid.plans import Plans
from loyalty_paid.savings import earned_back_at


def show(plans: Plans, member: MemberView, at: datetime) -> Mapping[str, Json]:
    """Where the membership stands at a moment, what comes next, and what it has saved."""
    membership, at = load(member.state), present(member.state, at)
    made: dict[str, Json] = {
        "status": status(membership, plans, at).value,
        "currency": plans.currency,
        "command": member.state.get("command"),
    }
    if membership is not None:
        span = membership.span(at) or membership.last(at)
        plan = plans.get(span.plan if span else membership.plan)
        made |= _times(membership, plans, span, at)
        made |= _money(membership, plans, span, plan, at)
        made["plan"] = span.plan if span else membership.plan
        made["name"] = (plan.name if plan else "") or made["plan"]
    return made


def _times(
    membership: Membership, plans: Plans, span: Span | None, at: datetime
) -> dict[str, Json]:
    last = membership.last(at)
    ends = last.ends if last else None
    renews = membership.renews(at)
    grace = grace_end(membership, plans, at)
    pausing = membership.paused(at)
    return {
        "since": _text(membership.spans[0].begins if membership.spans else None),
        "period_began": _text(span.begins if span else None),
        "paid_until": _text(ends),
        "renews_at": _text(ends if renews and not (ends and ends <= at) else None),
        "grace_until": _text(grace if renews and ends and ends <= at else None),
        "cancelled_at": _text(membership.cancelled_at),
        "paused_until": _text(membership.paused_until if pausing else None),
    }


def _money(
    membership: Membership, plans: Plans, span: Span | None, plan: Plan | None, at: datetime
) -> dict[str, Json]:
    following = plans.get(membership.then or membership.plan)
    fees = [one.fee for one in membership.spans if not one.gone(at)]
    parts = membership.parts(span) if span else []
    made: dict[str, Json] = {
        "next_plan": membership.then or None,
        "next_fee": max(plans.fee(following) - membership.credit, 0)
        if following and membership.renews(at)
        else None,
        "credit": membership.credit,
        "due": _due(membership.changing or membership.due),
        "fees": membership.fees + sum(fees),
        "saved": sum(one.saved for one in parts),
        "saved_in_all": membership.saved + sum(one.saved for one in membership.spans),
    }
    fee = sum(one.fee for one in parts) or (plans.fee(plan) if plan else 0)
    made["fee"] = fee
    made["earned_back_at"] = earned_back_at(plan, fee) if plan else None
    missing = max(fee - cast(int, made["saved"]), 0)
    made["still_to_spend"] = earned_back_at(plan, missing) if plan else None
    return made


def _due(due: Due | None) -> Json:
    if due is None:
        return None
    return {
        "charge": due.charge,
        "plan": due.plan,
        "amount": due.amount,
        "at": due.at.isoformat(),
        "attempts": due.attempts,
        "reason": due.reason,
        "pay_url": due.pay_url or None,
    }


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
