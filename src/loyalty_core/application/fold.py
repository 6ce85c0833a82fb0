"""Deciding a member's facts in the order they happened, whatever the order they arrive in.

A member's awards are a fold over their facts by time: each fact is decided on the history and
the plugins' states that the facts before it left behind. A fact that arrives in order costs one
step; one that arrives late, or changes, starts the fold again from its own place, using the
state kept with the next fact, and stops as soon as nothing differs any more.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from operator import itemgetter
from typing import NamedTuple, cast

from loyalty_core.application.claiming import Claiming, Stock
from loyalty_core.application.following import outcome_of
from loyalty_core.application.gifts import gifts_after
from loyalty_core.application.histories import dump_history, load_history
from loyalty_core.application.own_rows import Putting
from loyalty_core.application.rules import Rules, ask, ask_follower
from loyalty_core.application.standing import Person, stood
from loyalty_core.application.structure import converter
from loyalty_core.application.taken import Emitted, Taken
from loyalty_core.domain.effects import Cause
from loyalty_core.domain.facts import Activity, Decidable, FactId, Json, LineKind, Order
from loyalty_core.domain.members import History, MemberStatus, MemberView, Profile
from loyalty_core.domain.orders import earns, is_purchase, order_total
from loyalty_core.domain.programs import JoinPolicy
from loyalty_core.errors import PluginFailed
from loyalty_core.ports.records import Award, FactRecord, FactStatus, MemberRecord, Merge, Position

FIRST_RETRY = timedelta(minutes=1)
LONGEST_RETRY = timedelta(days=1)

State = Mapping[str, Mapping[str, Json]]
Known = Sequence[tuple[Position, Mapping[str, Json]]]
"""What was before each event that was decided, by where the event stood then."""
_plain = converter(0)
NOTHING = Profile()
ACTIVE = MemberStatus.ACTIVE


NOT_YET = (FactStatus.SCHEDULED, FactStatus.WITHDRAWN)
"""What a fact that others caused may be while nobody decides it."""


class Causing(NamedTuple):
    """What a fact causes now; what plugins that are ``silent`` caused stays."""

    record: FactRecord
    caused: Sequence[tuple[str, Cause]] = ()
    silent: frozenset[str] = frozenset()


@dataclass(slots=True)
class Running:
    """What the facts folded so far have left behind."""

    history: History
    state: dict[str, Mapping[str, Json]]

    def snapshot(self, profile: Profile) -> Mapping[str, Json]:
        """All that the next fact will be decided on, as it is kept with that fact."""
        kept = {
            "history": dump_history(self.history),
            "state": dict(self.state),
            "profile": _plain.unstructure(replace(profile, name="")) if profile != NOTHING else {},
        }
        return cast(Mapping[str, Json], {name: value for name, value in kept.items() if value})

    def absorb(self, merge: Merge, rules: Rules, *, strictly: bool = False) -> frozenset[str]:
        """Adds what another member brought, as each plugin unites its states.

        A plugin that fails is refused ``strictly`` (``PluginFailed``), or it is in the answer.
        """
        failed: set[str] = set()
        self.history = _together(self.history, merge.history)
        uniting = rules.uniting
        for plugin, theirs in merge.state.items():
            ours = self.state.get(plugin, {})
            try:
                program = uniting.get(plugin)
                made = rules.states.united(plugin, program, ours, theirs, rules.quarantine)
                self.state[plugin] = made
            except PluginFailed:
                if strictly:
                    raise
                failed.add(plugin)
        return frozenset(failed)

    @staticmethod
    def resume(before: Mapping[str, Json]) -> Running:
        """The running state that a snapshot was taken of."""
        history = load_history(cast(Mapping[str, Json], before.get("history", {})))
        return Running(history, dict(cast(State, before.get("state", {}))))


@dataclass(slots=True)
class Folded:
    """What a fold came to: the facts it decided or that fell out of it, and what to emit.

    ``causing`` are those that cause other facts, or did before.
    ``emitted`` is all that is emitted, told or not; ``fresh`` are facts decided for the first time.
    ``putting`` says what each touched fact brings to plugins' own tables.
    ``redated`` are awards whose lot is booked already, with other moments than they have now.
    """

    touched: list[FactRecord] = field(default_factory=list)
    redated: list[tuple[FactRecord, Award]] = field(default_factory=list)
    emitted: list[Emitted] = field(default_factory=list)
    fresh: list[FactId] = field(default_factory=list)
    causing: list[Causing] = field(default_factory=list)
    putting: list[Putting] = field(default_factory=list)


def decidable(record: FactRecord, member: MemberRecord) -> Decidable | None:
    """What programs are asked about in a fact now; None while it earns nothing."""
    if member.status is MemberStatus.CLOSED or record.status in NOT_YET:
        return None
    if isinstance(record.document, Activity):
        return record.document
    body = record.document.body
    return body if body is not None and earns(body) else None


def fold_start(changed: Iterable[FactRecord]) -> Position:
    """The earliest place that the changed facts stand at, or stood at before."""
    return min(place for record in changed for place in (record.position, record.was_at) if place)


def fold(
    member: MemberRecord,
    changed: Sequence[FactRecord],
    later: Iterable[FactRecord],
    rules: Rules,
    rules_at: Callable[[int], Rules],
    now: datetime,
    stock: Stock,
    undone: Merge | None = None,
) -> Folded:
    """Decides the changed facts, and those after them that it makes a difference to.

    ``later`` are the member's other facts from ``fold_start`` on; ``changed`` come as they are now.
    ``undone`` is a merge taken back: what came after it is decided without it. The records and the
    member are updated, and ``stock`` where plugins claim.
    """
    ordered, known, last = _stage(member, changed, later, undone)
    running = _start(member, known)
    unseen = {record.id for record in changed}
    result = Folded()
    if rules.config.program.join is JoinPolicy.ON_FIRST_FACT:
        moments = [one.occurred_at for one in ordered if isinstance(one, FactRecord)]
        joined_at = min([member.heard_of_at or member.joined_at, member.joined_at, *moments])
        if joined_at != member.joined_at:  # views tell it, so every later fact is decided again
            last = max(last, ordered[-1].position)
            member.joined_at, member.changed = joined_at, True
    for record in ordered:
        if isinstance(record, Merge):
            before = running.snapshot(NOTHING)
            if record.position > last and rules.states.alike(record.before, before):
                return result  # from here on everything is as it was
            record.before, member.changed = before, True
            silent = running.absorb(record, rules).union(_off(record, rules))
            running.state |= _left_at(record.position, silent, known, member)
            continue
        fact = decidable(record, member)
        if fact is not None:
            fresh = record.config_version == 0
            profile = member.seen if fresh else _seen(record)
            before = running.snapshot(profile)
            if record.position > last and rules.states.alike(record.before, before):
                return result
            record.before = before
            used = rules if fresh else rules_at(record.config_version)
            _take(record, fact, member, profile, running, used, now, stock, result)
            running.state |= _left_at(record.position, used.gone, known, member)
        elif record.id in unseen:
            _withdraw(record, stock, result)
    member.history, member.state, member.changed = running.history, running.state, True
    return result


def _stage(
    member: MemberRecord,
    changed: Sequence[FactRecord],
    later: Iterable[FactRecord],
    undone: Merge | None,
) -> tuple[list[FactRecord | Merge], Known, Position]:
    """What is to be folded in its order, what was known of it, and the last place that changed."""
    places = [place for one in changed for place in (one.position, one.was_at) if place]
    places += [undone.position] if undone else []
    facts = {record.id: record for record in (*later, *changed)}
    merges = [merge for merge in member.merges if merge.position >= min(places)]
    events: list[FactRecord | Merge] = [*facts.values(), *merges]
    ordered = sorted(events, key=lambda one: one.position)
    return ordered, _known([*ordered, undone] if undone else ordered), max(places)


def _take(
    record: FactRecord,
    fact: Decidable,
    member: MemberRecord,
    profile: Profile,
    running: Running,
    rules: Rules,
    now: datetime,
    stock: Stock,
    result: Folded,
) -> None:
    """Decides one fact and notes what came of it."""
    if record.config_version == 0:
        result.fresh.append(record.id)
    dates = {award.name: award.moments for award in record.awards if award.lot_id}
    taken = _decide(record, fact, member, profile, running, rules, now, stock)
    moved = [one for one in record.awards if dates.get(one.name, one.moments) != one.moments]
    result.redated += [(record, award) for award in moved]
    result.emitted += taken.emitted
    if taken.caused or record.causes:
        result.causing.append(Causing(record, taken.caused, taken.silent))
    result.touched.append(record)
    result.putting.append(Putting(record, taken.rows, taken.silent))
    member.decided_to = max(member.decided_to or record.position, record.position)


def _known(events: Iterable[FactRecord | Merge]) -> Known:
    """What was before each of these events that was decided, in the order they stood in then."""
    stood = [(one.position if isinstance(one, Merge) else one.was_at, one) for one in events]
    known = [(place, one.before) for place, one in stood if place]
    return sorted(known, key=itemgetter(0))


def _start(member: MemberRecord, known: Known) -> Running:
    """The state before the first of the events: the member's own if none was decided yet."""
    if known:
        return Running.resume(known[0][1])
    return Running(member.history, dict(member.state))


def _left_at(
    place: Position, silent: Collection[str], known: Known, member: MemberRecord
) -> dict[str, Mapping[str, Json]]:
    """The states that plugins left at a place of which they cannot say any more what they make.

    It is what the next of the events that were decided before had before it; or the member's own.
    """
    if not silent:
        return {}
    following = bisect_right(known, place, key=itemgetter(0))
    left = known[following][1].get("state", {}) if following < len(known) else member.state
    states = cast(State, left)
    return {plugin: states[plugin] for plugin in silent if plugin in states}


def _off(merge: Merge, rules: Rules) -> Collection[str]:
    """The plugins of a merge that are off by now: they cannot unite their states once more."""
    return merge.state.keys() - rules.config.plugins.keys()


def _seen(record: FactRecord) -> Profile:
    """The profile a fact was first decided on: a later change of tier does not change the past."""
    return _plain.structure(record.before.get("profile", {}), Profile)


def _decide(
    record: FactRecord,
    fact: Decidable,
    member: MemberRecord,
    profile: Profile,
    running: Running,
    rules: Rules,
    now: datetime,
    stock: Stock,
) -> Taken:
    """Sets what the fact is awarded, and moves the running state past it."""
    person = Person(
        member_id=member.id,
        status=ACTIVE if member.merged_into else member.status,
        profile=profile,
        history=running.history,
        state=running.state,
        joined_at=member.joined_at,
        states=rules.states,
    )
    seen = stood(rules, person, fact.occurred_at)
    taken = Taken(record, member, rules, running.state, list(seen.failed))
    claiming = Claiming(record, stock)
    earns = rules.config.program.earns(fact.occurred_at)
    for owned in rules.programs if earns else ():
        with taken.of(owned.plugin):
            view = _view(seen.person, owned.plugin, claiming, rules)
            effects = ask(owned, fact, view, rules)
            taken.take(owned.plugin, effects, follows=False)
    if rules.followers and earns:
        goodwill = rules.config.program.goodwill
        outcome = outcome_of(fact, record.document, taken.credits, taken.measures, goodwill)
        for follower in rules.followers:
            with taken.of(follower.plugin):
                view = _view(seen.person, follower.plugin, claiming, rules)
                effects = ask_follower(follower, outcome, view, rules)
                taken.take(follower.plugin, effects, follows=True)
    record.gifts = gifts_after(record, taken.granted, taken.silent)
    record.measures = taken.measured()
    claiming.end(taken.silent)
    _settle(record, taken.awards(), taken.failed, rules.config.version, now)
    if isinstance(fact, Order):
        running.history = _bought(running.history, fact)
    return taken


def _view(person: Person, plugin: str, claiming: Claiming, rules: Rules) -> MemberView:
    """What a plugin decides on; raises ``PluginFailed`` when it cannot read what it kept."""
    try:
        return person.view(plugin, claiming.by(plugin))
    except PluginFailed:
        rules.quarantine.failed(plugin, "could not read what it kept")
        raise


def _settle(
    record: FactRecord, desired: list[Award], failed: list[str], version: int, now: datetime
) -> None:
    names = {award.name for award in desired}
    dropped = [award for award in record.awards if award.name not in names]
    for award in dropped:
        award.amount, award.lines = 0, {}
    stay = {award.name[:3] for award in desired if award.amount or award.lot_id}
    record.awards = [award for award in desired if award.name[:3] in stay] + dropped  # both parts
    record.config_version = record.config_version or version
    record.deferred = tuple(dict.fromkeys(failed))
    record.status = FactStatus.DEFERRED if failed else FactStatus.BOOKED
    record.attempts = record.attempts + 1 if failed else 0
    pause = min(FIRST_RETRY * 2 ** min(record.attempts, 12), LONGEST_RETRY)
    record.retry_at = now + pause if failed else None


def _withdraw(record: FactRecord, stock: Stock, result: Folded) -> None:
    """The fact earns nothing (any more): unpaid, cancelled, a test, or still without a body."""
    result.touched.append(record)
    result.putting.append(Putting(record))
    if record.causes:
        result.causing.append(Causing(record))
    for award in record.awards:
        award.amount, award.lines = 0, {}
    record.gifts = gifts_after(record, (), frozenset())
    record.measures = {}
    Claiming(record, stock).end()
    if record.status not in NOT_YET:
        record.status, record.retry_at = FactStatus.IDLE, None
    record.deferred = ()
    record.before = {name: kept for name, kept in record.before.items() if name == "profile"}


def _together(one: History, other: History) -> History:
    spend = dict(one.spend)
    for currency, amount in other.spend.items():
        spend[currency] = spend.get(currency, 0) + amount
    firsts = [at for at in (one.first_order_at, other.first_order_at) if at]
    lasts = [at for at in (one.last_order_at, other.last_order_at) if at]
    return History(
        orders=one.orders + other.orders,
        first_order_at=min(firsts, default=None),
        last_order_at=max(lasts, default=None),
        spend=spend,
    )


def _bought(history: History, order: Order) -> History:
    if not is_purchase(order):
        return history
    fees = sum(line.net for line in order.lines if line.kind is LineKind.MEMBERSHIP)
    spend = dict(history.spend)
    spend[order.currency] = spend.get(order.currency, 0) + order_total(order) - fees
    return History(
        orders=history.orders + 1,
        first_order_at=history.first_order_at or order.occurred_at,
        last_order_at=order.occurred_at,
        spend=spend,
    )
