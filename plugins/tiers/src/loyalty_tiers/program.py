"""The tiers program: what facts do to members' tiers, and what tiers give for facts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any, cast

from loyalty_core import (
    Activity,
    BenefitKind,
    Credit,
    Decidable,
    Effect,
    Emit,
    Json,
    KeepState,
    MemberView,
    Order,
    Outcome,
    ProgramConfig,
    day_of,
    is_purchase,
)
from loyalty_tiers.climb import Climb, Fixed
from loyalty_tiers.config import Points, TiersConfig
from loyalty_tiers.facts import CLEAR, INVITE, SET
from loyalty_tiers.memory import dump, united
from loyalty_tiers.scheme import Scheme, quota_period, used_of


class TiersProgram:
    """Follows facts: counts what they came to, and lets members climb. Pure, as programs are."""

    def __init__(self, config: TiersConfig, program: ProgramConfig) -> None:
        self.schemes = [Scheme(rules, program) for rules in config.scheme]
        self._program = program

    def follow(self, outcome: Outcome, member: MemberView) -> Sequence[Effect]:
        """The points that tiers give for the fact, and the new state of every scheme."""
        schemes: dict[str, Json] = dict(cast(Mapping[str, Json], member.state.get("schemes", {})))
        effects: list[Effect] = []
        for scheme in self.schemes:
            climb = scheme.climb(member, outcome.fact.occurred_at)
            effects += self._followed(scheme, climb, outcome, member)
            schemes[scheme.rules.scheme] = dump(climb)
        state: dict[str, Json] = {"schemes": schemes, "used": self._used(outcome.fact, member)}
        kept_state = {name: value for name, value in state.items() if value}
        return effects if kept_state == member.state else [*effects, KeepState(kept_state)]

    def merge_states(
        self, kept: Mapping[str, Json], other: Mapping[str, Json]
    ) -> Mapping[str, Json]:
        """Two members' tiers as those of one person: progress adds up, the better tier stays."""
        ours = cast(Mapping[str, Mapping[str, Any]], kept.get("schemes", {}))
        theirs = cast(Mapping[str, Mapping[str, Any]], other.get("schemes", {}))
        ladders = {scheme.rules.scheme: scheme.ladder for scheme in self.schemes}
        schemes: dict[str, Json] = {}
        for name in sorted({*ours, *theirs}):
            if name in ours and name in theirs and name in ladders:
                schemes[name] = united(ours[name], theirs[name], ladders[name])
            else:
                schemes[name] = cast(Json, ours.get(name) or theirs.get(name))
        used: dict[str, Json] = dict(cast(Mapping[str, Json], other.get("used", {})))
        for benefit, count in cast(Mapping[str, Any], kept.get("used", {})).items():
            same = cast(Any, used.get(benefit))
            if same and same[0] == count[0]:
                used[benefit] = [count[0], count[1] + same[1]]
            elif not same or same[0] < count[0]:
                used[benefit] = count
        state: dict[str, Json] = {"schemes": schemes, "used": used}
        return {name: value for name, value in state.items() if value}

    def _followed(
        self,
        scheme: Scheme,
        climb: Climb,
        outcome: Outcome,
        member: MemberView,
    ) -> Iterator[Effect]:
        """What a fact does to one way; its credits."""
        fact, held = outcome.fact, climb.shown
        lasting = climb
        if scheme.rules.refunds == "recount" and outcome.returned:
            lasting = scheme.climb(member, fact.occurred_at)
            self._count(scheme, lasting, outcome, kept_only=True)
            lasting.reach(fact.occurred_at)
        self._count(scheme, climb, outcome)
        climb.walk(fact.occurred_at)
        if isinstance(fact, Activity):
            yield from self._command(scheme, climb, fact)
        climb.reach(fact.occurred_at)
        for tier in (tier for tier in climb.reached if tier not in climb.rewarded):
            rule = scheme.ladder.rule(tier)
            if tier not in lasting.reached:
                continue  # what reached it was given back
            climb.rewarded.append(tier)
            if rule is not None and rule.entry:
                yield self._credit(rule.entry, f"{scheme.rules.scheme}.{tier}.entry")
        rule = scheme.ladder.rule(held)
        given_back = bool(outcome.returned) and outcome.returned[-1].whole
        bought = isinstance(fact, Order) and is_purchase(fact) and not given_back
        if bought and rule is not None and rule.every_order:
            yield self._credit(rule.every_order, f"{scheme.rules.scheme}.{held}.order")

    def _credit(self, points: Points, rule: str) -> Credit:
        scale = self._program.wallets[points.wallet].scale
        return Credit(wallet=points.wallet, amount=int(points.points.scaleb(scale)), rule=rule)

    def _count(
        self, scheme: Scheme, climb: Climb, outcome: Outcome, *, kept_only: bool = False
    ) -> None:
        """Adds what the fact came to, and what refunds take of it later.

        With ``kept_only`` what all its refunds leave counts from the first.
        """
        at = outcome.fact.occurred_at
        steps = self._amounts(scheme, outcome)
        for metric in sorted(scheme.ladder.metrics):
            amounts = [(when, sums.get(metric, 0)) for when, sums in steps]
            if kept_only:
                amounts = [(at, amounts[-1][1])]
            if amounts[0][1]:
                climb.add(metric, at, amounts[0][1])
            for (_, before), (when, left) in pairwise(amounts):
                if before != left:
                    climb.take_later(metric, at, when, before - left)

    def _amounts(
        self, scheme: Scheme, outcome: Outcome
    ) -> list[tuple[datetime, Mapping[str, int]]]:
        """How much of each metric the fact came to, and what was left after each refund."""
        fact, wallet = outcome.fact, scheme.rules.points_wallet
        points = sum(credit.amount for credit in outcome.credits if credit.wallet == wallet)
        first = {**outcome.measures, "points": points}
        steps: list[tuple[datetime, Mapping[str, int]]] = [(fact.occurred_at, first)]
        if isinstance(fact, Order):
            spends = fact.currency == self._program.program.currency
            first |= {"orders": int(is_purchase(fact)), "spend": outcome.value if spends else 0}
            for left in outcome.returned:
                sums = {} if left.whole else {**first, "spend": left.value if spends else 0}
                steps.append((left.at, {**sums, "points": left.points.get(wallet, 0)}))
        return steps

    def _command(self, scheme: Scheme, climb: Climb, fact: Activity) -> Iterator[Effect]:
        """Does what an operator asked for; what cannot be done is told."""
        if fact.kind not in (SET, CLEAR, INVITE) or fact.data.get("scheme") != scheme.rules.scheme:
            return
        tier, until = str(fact.data.get("tier", "")), fact.data.get("until")
        if fact.kind == CLEAR:
            climb.fix(None, fact.occurred_at)
            return
        end = _moment(until)
        if scheme.ladder.rank(tier) < 0 or (until and end is None):
            data: dict[str, Json] = {"scheme": scheme.rules.scheme, "tier": tier, "until": until}
            yield Emit(type="tiers.command_refused", data=data)
        elif fact.kind == INVITE:
            climb.invited = sorted({*climb.invited, tier})
            climb.reach(fact.occurred_at, "invited")
        else:
            climb.fix(Fixed(tier, end), fact.occurred_at)

    def _used(self, fact: Decidable, member: MemberView) -> dict[str, Json]:
        """The uses of quotas, this fact's included."""
        used: dict[str, Json] = dict(cast(Mapping[str, Json], member.state.get("used", {})))
        names = {fact.kind} if isinstance(fact, Activity) else set(fact.tags)
        day = day_of(fact.occurred_at, self._program.program.time_zone)
        for granted in member.benefits:
            benefit = granted.benefit
            ours = granted.source in {scheme.id for scheme in self.schemes}
            if ours and benefit.kind is BenefitKind.QUOTA and names & set(benefit.used_by):
                count = used_of(benefit, member.state, day) + 1
                used[benefit.benefit] = [quota_period(benefit, day), count]
        return used


def _moment(text: object) -> datetime | None:
    """The moment that an ISO 8601 text with an offset says."""
    try:
        made = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return made if made is not None and made.tzinfo is not None else None
