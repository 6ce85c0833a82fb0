"""The program: facts move the member's membership, and benefits follow from it at any moment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from loyalty_core import (
    Activity,
    Effect,
    GrantedBenefit,
    Json,
    MemberView,
    Order,
    Outcome,
    ProgramConfig,
)
from loyalty_paid import billing, fees, memory, shown, wishes
from loyalty_paid.config import PaidConfig
from loyalty_paid.course import GIVING, status
from loyalty_paid.facts import FAILED, PENDING
from loyalty_paid.plans import Plans
from loyalty_paid.quotas import left_of, use
from loyalty_paid.savings import save
from loyalty_paid.turn import CHARGE, GIVEN, LOOK, REFUND, UNGIVEN, Turn, said

SOURCE = "paid.membership"
MOVES: Mapping[str, Callable[[Turn], None]] = {
    **wishes.COMMANDS,
    LOOK: billing.look,
    CHARGE: billing.charge,
    REFUND: billing.refund,
    FAILED: billing.failed,
    PENDING: billing.pending,
    GIVEN: fees.receive,
    UNGIVEN: fees.lose,
}


class PaidProgram:
    """Follows facts, since only then it is known which fees were given back. Pure."""

    def __init__(self, config: PaidConfig, program: ProgramConfig) -> None:
        self._plans = Plans.of(config, program)
        self._program = program

    def follow(self, outcome: Outcome, member: MemberView) -> Sequence[Effect]:
        """What a fact does to the membership: fees, commands, time, and what orders saved."""
        turn = Turn.of(self._plans, outcome, member)
        fact = outcome.fact
        if isinstance(fact, Order):
            save(turn, fact, self._program)
            fees.pay(turn, fact)
        elif fact.kind in MOVES:
            if fact.kind in wishes.COMMANDS:
                turn.others["command"] = said(fact)
            MOVES[fact.kind](turn)
        fees_in = isinstance(fact, Order) and turn.plans.fees(fact)
        if fees_in or (isinstance(fact, Activity) and fact.kind in MOVES):
            turn.others[memory.MOVED] = turn.at.isoformat()
        use(turn, SOURCE)
        return turn.done()

    def show(self, member: MemberView, at: datetime) -> Mapping[str, Json]:
        """The membership as the member is shown it."""
        return shown.show(self._plans, member, at)

    def merge_states(
        self, kept: Mapping[str, Json], other: Mapping[str, Json]
    ) -> Mapping[str, Json]:
        """Two members' memberships as one person's: the longer one goes on, no time is lost."""
        return memory.united(kept, other)


class MembershipBenefits:
    """``loyalty_core.BenefitSource``: what the plan gives while the membership is active."""

    id = SOURCE

    def __init__(self, config: PaidConfig, program: ProgramConfig) -> None:
        self._plans = Plans.of(config, program)

    def benefits(self, member: MemberView, at: datetime) -> Sequence[GrantedBenefit]:
        """Those of the plan that is paid for at a moment, a grace included."""
        membership, at = memory.load(member.state), memory.present(member.state, at)
        if membership is None or status(membership, self._plans, at) not in GIVING:
            return ()
        span = membership.span(at) or membership.last(at)
        plan = self._plans.get(span.plan) if span else None
        if span is None or plan is None:
            return ()
        until = None if membership.renews(at) else span.ends
        return [
            GrantedBenefit(
                benefit=benefit,
                source=SOURCE,
                why=plan.name or plan.plan,
                until=until,
                left=left_of(benefit, member.state, span, self._plans.day(at)),
            )
            for benefit in plan.benefits
        ]
