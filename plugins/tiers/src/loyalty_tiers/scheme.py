"""A scheme as the core asks it: where a member stands, and the benefits that come with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, cast

from loyalty_core import (
    Benefit,
    BenefitKind,
    Goal,
    GrantedBenefit,
    Json,
    MemberView,
    ProgramConfig,
    Progress,
    Standing,
    Tier,
    day_of,
    period_start,
    start_of,
)
from loyalty_tiers.climb import Climb
from loyalty_tiers.config import Need, SchemeRules, TierRule
from loyalty_tiers.ladder import Ladder, stay_terms, terms_on
from loyalty_tiers.memory import load
from loyalty_tiers.periods import Calendar, Period


class Scheme:
    """``loyalty_core.TierScheme``: everything follows from the member's state and the moment."""

    def __init__(self, rules: SchemeRules, program: ProgramConfig) -> None:
        self.rules = rules
        self.ladder = Ladder(rules, program)

    @property
    def id(self) -> str:
        """The scheme's name, below the plugin's."""
        return f"tiers.{self.rules.scheme}"

    @property
    def scheme(self) -> str:
        """The scheme's own name."""
        return self.rules.scheme

    @property
    def tiers(self) -> Sequence[Tier]:
        """The rungs, the lowest first."""
        found = [self.ladder.shown(rule.tier) for rule in self.rules.tier]
        return tuple(tier for tier in found if tier is not None)

    def climb(self, member: MemberView, at: datetime) -> Climb:
        """The member's way up to a moment; a copy that may be walked on."""
        joined = member.joined_at or at
        calendar = Calendar(self.rules, day_of(joined, self.ladder.zone))
        kept = cast(Mapping[str, Any], member.state.get("schemes", {})).get(self.rules.scheme)
        if kept is None:
            climb = Climb.fresh(self.ladder, calendar, min(joined, at))
        else:
            climb = load(kept, self.ladder, calendar)
        climb.walk(at)
        return climb

    def standing(self, member: MemberView, at: datetime) -> Standing:
        """Where the member stands at a moment."""
        climb = self.climb(member, at)
        changes = climb.history
        return Standing(
            scheme=self.rules.scheme,
            tier=self.ladder.shown(climb.shown),
            since=changes[-1].at if changes else climb.since,
            until=self._until(climb),
            grace=climb.judged is not None,
            stay=None if climb.fixed else self._stay(climb),
            next=self._next(climb, day_of(at, self.ladder.zone)),
            changes_at=climb.next_change(),
            history=tuple(changes),
        )

    def benefits(self, member: MemberView, at: datetime) -> Sequence[GrantedBenefit]:
        """The benefits of the tier held, and those for a lifetime of tiers held before."""
        climb = self.climb(member, at)
        until, day = self._until(climb), day_of(at, self.ladder.zone)
        granted: dict[str, GrantedBenefit] = {}
        for rule in self._holding(climb):
            for benefit in rule.benefits:
                held = rule.tier == climb.shown
                if held or benefit.lifetime:
                    made = GrantedBenefit(
                        benefit=benefit,
                        source=self.id,
                        why=rule.name or rule.tier,
                        until=None if benefit.lifetime else until,
                        left=left_of(benefit, member.state, day),
                    )
                    granted.setdefault(benefit.benefit, made)
        return tuple(granted.values())

    def _holding(self, climb: Climb) -> Iterator[TierRule]:
        """The tier held, and then those that were, the highest first."""
        held = self.ladder.rule(climb.shown)
        if held is not None:
            yield held
        yield from (
            rule for rule in reversed(self.rules.tier) if rule.tier in climb.won and rule != held
        )

    def _until(self, climb: Climb) -> datetime | None:
        if climb.fixed:
            return climb.fixed.until
        if climb.safe:
            return None
        period = climb.judged or climb.period
        if climb.judged is None and climb.keeps(period):
            period = climb.calendar.after(period)
        return self._end(period)

    def _end(self, period: Period) -> datetime | None:
        return start_of(period.end, self.ladder.zone) if period.end else None

    def _stay(self, climb: Climb) -> Goal | None:
        """What keeps the tier in the period it is judged by; None if it cannot be lost."""
        rule = self.ladder.rule(climb.held)
        tier = self.ladder.shown(climb.held)
        if rule is None or tier is None or climb.safe:
            return None
        period = climb.judged or climb.period
        any_of, all_of = stay_terms(terms_on(rule, period.first))
        return Goal(
            tier=tier,
            any_of=self._progress(any_of, climb, period),
            all_of=self._progress(all_of, climb, period),
            by=self._end(period),
        )

    def _next(self, climb: Climb, day: date) -> Goal | None:
        """What reaches the next tier above that a member may work for and know of."""
        rank = self.ladder.rank(climb.shown)
        for rule in self.rules.tier[rank + 1 :]:
            tier = self.ladder.shown(rule.tier)
            if tier is not None and tier.visible and not rule.invitation:
                period = climb.calendar.counted(day)
                terms = terms_on(rule, day)
                yearly = self.rules.window in ("calendar_year", "anniversary")
                return Goal(
                    tier=tier,
                    any_of=self._progress(terms.any_of, climb, period),
                    all_of=self._progress(terms.all_of, climb, period),
                    by=self._end(period) if yearly else None,
                )
        return None

    def _progress(
        self, needs: Sequence[Need], climb: Climb, period: Period
    ) -> tuple[Progress, ...]:
        return tuple(
            self.ladder.progress(need, lambda metric: climb.sum_in(metric, period))
            for need in needs
        )


def quota_period(benefit: Benefit, day: date) -> str:
    """The name of the period of a quota that a day lies in."""
    if benefit.per == "lifetime" or benefit.per == "paid_period":
        return ""
    return period_start(day, benefit.per).isoformat()


def used_of(benefit: Benefit, state: Mapping[str, Json], day: date) -> int:
    """How often a quota was used in the period of a day."""
    used = cast(Mapping[str, Any], state.get("used", {})).get(benefit.benefit)
    return int(used[1]) if used and used[0] == quota_period(benefit, day) else 0


def left_of(benefit: Benefit, state: Mapping[str, Json], day: date) -> int | None:
    """How often a quota can still be used in the period of a day; None for other benefits."""
    if benefit.kind is not BenefitKind.QUOTA:
        return None
    return max((benefit.count or 0) - used_of(benefit, state, day), 0)
