"""The points program: which rules apply to a fact, in which order, and what they give together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta

from loyalty_core import (
    Activity,
    Credit,
    Decidable,
    Effect,
    Json,
    KeepState,
    MemberView,
    Order,
    ProgramConfig,
    day_of,
    points_multiplier,
    start_of,
)
from loyalty_points.awards import Award, award_of, smallest_units
from loyalty_points.basis import scope_of
from loyalty_points.caps import Caps, Rule
from loyalty_points.conditions import holds
from loyalty_points.config import ActivityRule, EarnRule, PointsConfig
from loyalty_points.memory import Memory, united, window_of

BY_BENEFIT = "~benefit"
"""The rule under which is credited what a member's benefits multiply."""


class PointsProgram:
    """Points for orders and activities, as the configuration says; pure, as programs are.

    Rules go by priority. Those of a group exclude each other as the group says. Multipliers come
    last and multiply what was really given, after caps.
    """

    def __init__(self, config: PointsConfig, program: ProgramConfig) -> None:
        self._config = config
        self._time_zone = program.program.time_zone
        self._scales = {name: wallet.scale for name, wallet in program.wallets.items()}
        rules = sorted(config.earn, key=lambda rule: rule.priority)
        self._givers = list(_units(rule for rule in rules if rule.multiply is None))
        self._multipliers = list(_units(rule for rule in rules if rule.multiply is not None))
        self._activities = sorted(config.activity, key=lambda rule: rule.priority)

    def decide(self, fact: Decidable, member: MemberView) -> Sequence[Effect]:
        """The credits of every rule that applies, and the new state if a limit counted something.

        Credits for orders are split over the lines that earned them; those for activities are
        not. Refunds are no business of rules: the core takes back by those lines.
        """
        memory = Memory(member.state, day_of(fact.occurred_at, self._time_zone))
        caps = Caps(self._config.caps, self._scales, memory)
        if isinstance(fact, Order):
            credits = list(self._order_credits(fact, member, caps))
        else:
            credits = list(self._activity_credits(fact, member, memory, caps))
        return [*credits, KeepState(memory.document())] if memory.changed else credits

    def merge_states(
        self, kept: Mapping[str, Json], other: Mapping[str, Json]
    ) -> Mapping[str, Json]:
        """The counts of two members who are one person: a bonus given once is not given again."""
        return united(kept, other, {rule.rule: rule.needs for rule in self._activities})

    def _order_credits(self, order: Order, member: MemberView, caps: Caps) -> Iterator[Credit]:
        given: list[Award] = []
        for unit in self._givers:
            given += self._settled(unit, order, member, caps, ())
        base = tuple(given)
        for unit in [*self._multipliers, *self._by_benefits(order, member)]:
            given += self._settled(unit, order, member, caps, base)
        for award in given:
            yield self._credit(award.rule, order, award.amount, award.lines)

    def _by_benefits(self, order: Order, member: MemberView) -> Iterator[list[EarnRule]]:
        """The multipliers that the member has as benefits, of a tier for instance."""
        today = day_of(order.occurred_at, self._time_zone)
        for wallet in sorted({one.benefit.wallet for one in member.benefits}):
            multiply = points_multiplier(member.benefits, wallet, today)
            if multiply > 1:
                yield [EarnRule(rule=BY_BENEFIT, wallet=wallet, multiply=multiply)]

    def _activity_credits(
        self, fact: Activity, member: MemberView, memory: Memory, caps: Caps
    ) -> Iterator[Credit]:
        for rule in self._activities:
            if rule.kind == fact.kind and holds(rule.when, fact, member, self._time_zone):
                amount = self._activity_points(rule, fact, memory, caps)
                if amount:
                    yield self._credit(rule, fact, amount, {})

    def _settled(
        self,
        unit: Sequence[EarnRule],
        order: Order,
        member: MemberView,
        caps: Caps,
        base: Sequence[Award],
    ) -> Iterator[Award]:
        """What a rule, or a group of rules, really gives; counted against the caps."""
        found = [award for rule in unit if (award := self._award(rule, order, member, base))]
        combine = self._config.groups.get(unit[0].group, "sum")
        if combine != "sum":
            found = [award for award in found if caps.allowed(award.rule, award.amount)]
            if combine == "max":
                found.sort(key=lambda award: -caps.allowed(award.rule, award.amount))
            del found[1:]
        for award in found:
            if allowed := caps.allowed(award.rule, award.amount):
                caps.count(award.rule, allowed)
                yield award.cut(allowed)

    def _award(
        self, rule: EarnRule, order: Order, member: MemberView, base: Sequence[Award]
    ) -> Award | None:
        if not holds(rule.when, order, member, self._time_zone):
            return None
        scope = scope_of(rule, order)
        if scope is None:
            return None
        return award_of(rule, order, scope, self._scales[rule.wallet], base)

    def _activity_points(
        self, rule: ActivityRule, fact: Activity, memory: Memory, caps: Caps
    ) -> int:
        """What the activity earns under the rule, in smallest units.

        An activity that a cap leaves nothing for is not counted: the next one has its chance.
        """
        values = [fact.data.get(key) for key in rule.once_per]
        seen_in = window_of(rule.once_within, memory.day, rule.when)
        if None in values or (values and memory.has_seen(rule.rule, seen_in, values)):
            return 0
        counted_in = window_of(rule.needs_within, memory.day, rule.when)
        done = memory.progress(rule.rule, counted_in) if rule.needs > 1 else 0
        count = (done % rule.needs if rule.repeat else done) + 1
        if count > rule.needs:
            return 0
        amount = 0
        if count == rule.needs:
            points = smallest_units(rule.points, self._scales[rule.wallet])
            amount = caps.allowed(rule, points)
            if not amount:
                return 0
            caps.count(rule, amount)
        if values:
            memory.see(rule.rule, seen_in, values)
        if rule.needs > 1:
            start_again = rule.repeat and count == rule.needs
            memory.advance(rule.rule, counted_in, 0 if start_again else count)
        return amount

    def _credit(self, rule: Rule, fact: Decidable, amount: int, lines: Mapping[str, int]) -> Credit:
        activates_at = None
        if rule.pending_days:
            day = day_of(fact.occurred_at, self._time_zone) + timedelta(days=rule.pending_days)
            activates_at = start_of(day, self._time_zone)
        expires_at = None
        if rule.expiry is not None:
            activates = activates_at or fact.occurred_at
            expires_at = rule.expiry.expires_at(fact.occurred_at, activates, self._time_zone)
        return Credit(
            wallet=rule.wallet,
            amount=amount,
            rule=rule.rule,
            lines=lines,
            activates_at=activates_at,
            expires_at=expires_at,
        )


def _units(rules: Iterable[EarnRule]) -> Iterator[list[EarnRule]]:
    """The rules in their order, those of one group together where its first one stands."""
    units: dict[str, list[EarnRule]] = {}
    for rule in rules:
        key = f"group {rule.group}" if rule.group else f"rule {rule.rule}"
        units.setdefault(key, []).append(rule)
    yield from units.values()
