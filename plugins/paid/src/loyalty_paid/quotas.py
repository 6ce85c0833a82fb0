"""Benefits that may be used a number of times: what was used, and what is left."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, cast

from loyalty_core import Activity, Benefit, BenefitKind, Json, period_start
from loyalty_paid.memory import Span, load
from loyalty_paid.turn import Turn


def left_of(
    benefit: Benefit, state: Mapping[str, Json], span: Span | None, day: date
) -> int | None:
    """How often a quota can still be used; None for other benefits."""
    if benefit.kind is not BenefitKind.QUOTA:
        return None
    return max((benefit.count or 0) - _used(benefit, state, _period(benefit, span, day)), 0)


def use(turn: Turn, source: str) -> None:
    """Counts what the fact uses of the quotas that the member has."""
    fact = turn.outcome.fact
    names = {fact.kind} if isinstance(fact, Activity) else set(fact.tags)
    used_now = [
        one.benefit
        for one in turn.member.benefits
        if one.source == source
        and one.benefit.kind is BenefitKind.QUOTA
        and names & set(one.benefit.used_by)
    ]
    if not used_now:
        return
    before = load(turn.member.state)
    span = (before.span(turn.at) or before.last(turn.at)) if before else None
    used = dict(cast(Mapping[str, Any], turn.member.state.get("used", {})))
    for benefit in used_now:
        period = _period(benefit, span, turn.plans.day(turn.at))
        used[benefit.benefit] = [period, _used(benefit, turn.member.state, period) + 1]
    turn.others["used"] = used


def _period(benefit: Benefit, span: Span | None, day: date) -> str:
    """The name of the period that a use counts in; that of the fee in ``paid_period``."""
    if benefit.per == "lifetime":
        return ""
    if benefit.per == "paid_period":
        return span.charge or "trial" if span else ""
    return period_start(day, benefit.per).isoformat()


def _used(benefit: Benefit, state: Mapping[str, Json], period: str) -> int:
    used = cast(Mapping[str, Any], state.get("used", {})).get(benefit.benefit)
    return int(used[1]) if used and used[0] == period else 0
