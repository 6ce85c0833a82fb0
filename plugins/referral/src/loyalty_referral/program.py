"""The referral program: facts go to the side of a referral, or of a group, that they are about.

What one member's facts mean for another goes there as a fact that is caused: asked by the friend,
answered by the referrer, and due later. So each side knows its own facts alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial

from loyalty_core import (
    Activity,
    Decidable,
    Effect,
    Json,
    MemberView,
    Order,
    Outcome,
    ProgramConfig,
)
from loyalty_referral import facts
from loyalty_referral.config import ReferralConfig
from loyalty_referral.fraud import Checks
from loyalty_referral.friend import Friends
from loyalty_referral.groups import Groups
from loyalty_referral.merging import merged
from loyalty_referral.prints import Fingerprints, added
from loyalty_referral.referrer import Referrers
from loyalty_referral.showing import Showing
from loyalty_referral.turn import Turn

OURS = "~referral"
"""The source of the facts that this plugin causes; nobody else can use it."""


class ReferralProgram:
    """Referrals and group buying. Pure."""

    def __init__(self, config: ReferralConfig, program: ProgramConfig) -> None:
        self._program = program
        self._prints = Fingerprints(config.checks, config.secret)
        checks = Checks(config)
        self._friends = friends = Friends(config, program, self._prints)
        self._groups = groups = Groups(config, program, self._prints.digest)
        referrers = Referrers(config, program, checks)
        self._showing = Showing(config, checks)
        self._said: Mapping[str, Callable[[Turn], None]] = {
            facts.TOUCHED: friends.touched,
            facts.JOINED: friends.joined,
            facts.SEEN: lambda turn: None,
            facts.GROUP_OPENED: groups.opened,
            facts.GROUP_JOINED: groups.joined,
            facts.GROUP_LEFT: groups.left,
        }
        self._caused: Mapping[str, Callable[[Turn], None]] = {
            "referral.invited": referrers.invited,
            "referral.answered": friends.answered,
            "referral.elsewhere": referrers.elsewhere,
            "referral.bought": referrers.bought,
            "referral.due": referrers.due,
            "referral.counted": referrers.counted,
            "referral.place": groups.place,
            "referral.placed": groups.placed,
            "referral.place_left": groups.place_left,
            "referral.group_closing": groups.closing,
            "referral.group_won": partial(groups.ended, won=True),
            "referral.group_lost": partial(groups.ended, won=False),
        }

    def decide(self, fact: Decidable, member: MemberView) -> Sequence[Effect]:
        """What comes of an activity; nothing for orders."""
        if not isinstance(fact, Activity):
            return []
        turn = Turn(fact, member, self._program)
        if fact.source == OURS:
            self._caused[fact.kind](turn)
            return turn.done()
        said = self._said.get(fact.kind)
        self._recognise(turn, ours=said is not None)
        if said is not None:
            said(turn)
        return turn.done()

    def follow(self, outcome: Outcome, member: MemberView) -> Sequence[Effect]:
        """What comes of an order with what its refunds have left of it; nothing for activities."""
        if not isinstance(outcome.fact, Order):
            return []
        turn = Turn(outcome.fact, member, self._program)
        self._recognise(turn, ours=False)
        self._friends.ordered(turn, outcome)
        self._groups.ordered(turn, outcome)
        return turn.done()

    def show(self, member: MemberView, at: datetime) -> Mapping[str, Json]:
        """Who invited the member, whom they invited, and how far milestones and groups are."""
        return self._showing.of(member, at)

    def merge_states(
        self, kept: Mapping[str, Json], other: Mapping[str, Json]
    ) -> Mapping[str, Json]:
        """What is remembered of two members who are one person."""
        return merged(kept, other)

    def _recognise(self, turn: Turn, *, ours: bool) -> None:
        """Remembers the fingerprints of whoever the fact is of."""
        known = turn.table("prints")
        now = added(known, self._prints.of(turn.fact, ours=ours))
        if now is not known:
            turn.state["prints"] = now
