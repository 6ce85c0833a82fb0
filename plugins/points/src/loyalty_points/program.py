"""The points program: which rules apply to a fact, in which order, and what they give together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta

from loyalty_core import (
    Activity,
    Cause,
    Credit,
    Decidable,
    Effect,
    Emit,
    Grant,
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
from loyalty_points.caps import Caps, gives_points
from loyalty_points.conditions import holds, inactive
from loyalty_points.config import ActivityRule, EarnRule, MomentRule, PointsConfig
from loyalty_points.memory import Memory, united, window_of

BY_BENEFIT = "~benefit"
"""The rule under which is credited what a member's benefits multiply."""
LAPSED = "points.lapsed"
"""The activity that an order causes for when its member may have bought nothing since."""
OURS = "~points"
"""The source of the facts that this plugin causes; nobody else can use it."""


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
        self._granting = [rule for rule in rules if rule.reward]
        givers = (rule for rule in rules if rule.multiply is None and not rule.reward)
        self._givers = list(_units(givers))
        self._multipliers = list(_units(rule for rule in rules if rule.multiply is not None))
        self._activities = sorted(config.activity, key=lambda rule: rule.priority)
        self._lapses = {rule.rule: rule for rule in config.lapse}

    def decide(self, fact: Decidable, member: MemberView) -> Sequence[Effect]:
        """What every rule that applies gives, and the new state if a limit counted something.

        Credits for orders are split over the lines that earned them; those for activities are
        not. Refunds are no business of rules: the core takes back by those lines.
        """
        memory = Memory(member.state, day_of(fact.occurred_at, self._time_zone))
        caps = Caps(self._config.caps, self._scales, memory)
        if isinstance(fact, Order):
            effects = [
                *self._order_credits(fact, member, caps),
                *self._order_grants(fact, member, caps),
                *self._lapsing(fact),
            ]
        elif fact.kind == LAPSED:
            effects = list(self._lapsed(fact, member, caps)) if fact.source == OURS else []
        else:
            effects = list(self._activity_effects(fact, member, memory, caps))
        return [*effects, KeepState(memory.document())] if memory.changed else effects

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

    def _order_grants(self, order: Order, member: MemberView, caps: Caps) -> Iterator[Effect]:
        """The rewards that orders bring by themselves."""
        for rule in self._granting:
            fits = holds(rule.when, order, member, self._time_zone)
            if fits and scope_of(rule, order) is not None and caps.open(rule):
                caps.count(rule, 0)
                yield Grant(reward=rule.reward, rule=rule.rule)

    def _lapsing(self, order: Order) -> Iterator[Effect]:
        """A moment for each lapse: when nothing was bought since, if nothing is."""
        day = day_of(order.occurred_at, self._time_zone)
        for rule in self._lapses.values():
            at = start_of(day + timedelta(days=rule.after_days), self._time_zone)
            yield Cause(kind=LAPSED, rule=rule.rule, at=at, data={"rule": rule.rule})

    def _lapsed(self, fact: Activity, member: MemberView, caps: Caps) -> Iterator[Effect]:
        """What the rule gives whose days have passed, unless something was bought meanwhile."""
        rule = self._lapses.get(str(fact.data.get("rule")))
        if (
            rule is not None
            and inactive(rule.after_days, fact, member, self._time_zone)
            and holds(rule.when, fact, member, self._time_zone)
        ):
            amount = self._allowed(rule, caps)
            if amount is not None:
                yield from self._given(rule, fact, amount)
                data: Mapping[str, Json] = {"rule": rule.rule, "days": rule.after_days}
                yield Emit(type="points.member_lapsed", data=data)

    def _activity_effects(
        self, fact: Activity, member: MemberView, memory: Memory, caps: Caps
    ) -> Iterator[Effect]:
        for rule in self._activities:
            if rule.kind == fact.kind and holds(rule.when, fact, member, self._time_zone):
                amount = self._activity_award(rule, fact, memory, caps)
                if amount is not None:
                    yield from self._given(rule, fact, amount)

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

    def _activity_award(
        self, rule: ActivityRule, fact: Activity, memory: Memory, caps: Caps
    ) -> int | None:
        """The points of the award that the activity makes, in smallest units; None without one.

        An activity that a cap leaves nothing for is not counted: the next one has its chance.
        """
        values = [fact.data.get(key) for key in rule.once_per]
        seen_in = window_of(rule.once_within, memory.day, rule.when)
        if None in values or (values and memory.has_seen(rule.rule, seen_in, values)):
            return None
        counted_in = window_of(rule.needs_within, memory.day, rule.when)
        done = memory.progress(rule.rule, counted_in) if rule.needs > 1 else 0
        count = (done % rule.needs if rule.repeat else done) + 1
        if count > rule.needs:
            return None
        amount = None
        if count == rule.needs:
            amount = self._allowed(rule, caps)
            if amount is None:
                return None
        if values:
            memory.see(rule.rule, seen_in, values)
        if rule.needs > 1:
            start_again = rule.repeat and count == rule.needs
            memory.advance(rule.rule, counted_in, 0 if start_again else count)
        return amount

    def _allowed(self, rule: MomentRule, caps: Caps) -> int | None:
        """The points of an award that the limits leave, which is counted; None if they do not."""
        if not gives_points(rule):
            if not caps.open(rule):
                return None
            caps.count(rule, 0)
            return 0
        assert rule.points is not None
        amount = caps.allowed(rule, smallest_units(rule.points, self._scales[rule.wallet]))
        if not amount:
            return None
        caps.count(rule, amount)
        return amount

    def _given(self, rule: MomentRule, fact: Activity, amount: int) -> Iterator[Effect]:
        if amount:
            yield self._credit(rule, fact, amount, {})
        if rule.reward:
            yield Grant(reward=rule.reward, rule=rule.rule)

    def _credit(
        self, rule: EarnRule | MomentRule, fact: Decidable, amount: int, lines: Mapping[str, int]
    ) -> Credit:
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
