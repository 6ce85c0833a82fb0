"""Where members stand and what benefits they have; and telling others when a tier has changed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal, TypeVar

from loyalty_core.application.books import Books
from loyalty_core.application.kept_states import States
from loyalty_core.application.plain import is_json
from loyalty_core.application.rules import Rules, is_short_text
from loyalty_core.domain.benefits import Benefit, GrantedBenefit
from loyalty_core.domain.clock import day_of, is_moment
from loyalty_core.domain.facts import Json, Order
from loyalty_core.domain.limits import Claims
from loyalty_core.domain.members import History, MemberId, MemberStatus, MemberView, Profile
from loyalty_core.domain.pricing import Pricing, discounted, price
from loyalty_core.domain.tiers import Standing, Tier, TierChange
from loyalty_core.errors import PluginFailed
from loyalty_core.ports.program import BenefitSource, Owned, TierScheme
from loyalty_core.ports.records import MemberRecord
from loyalty_core.ports.standings import StandingRecord

T = TypeVar("T")
logger = logging.getLogger("loyalty_core")


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """All that views of a member are made of; ``state`` is by plugin and may still change.

    It is as it was kept: ``states`` reads it.
    """

    member_id: MemberId | None = None
    status: MemberStatus = MemberStatus.ACTIVE
    profile: Profile = Profile()
    history: History = History()
    state: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    joined_at: datetime | None = None
    benefits: tuple[GrantedBenefit, ...] = ()
    ranks: Mapping[str, int] = field(default_factory=dict)
    states: States = field(default_factory=States)

    def view(self, plugin: str, claims: Claims | None = None) -> MemberView:
        """What one plugin sees of the member, and how it claims what is limited.

        Raises ``PluginFailed`` when its release of now cannot read what it kept.
        """
        return MemberView(
            member_id=self.member_id,
            status=self.status,
            profile=self.profile,
            history=self.history,
            state=self.states.read(plugin, self.state.get(plugin, {})),
            joined_at=self.joined_at,
            benefits=self.benefits,
            ranks=self.ranks,
            claims=claims or Claims(),
        )


@dataclass(frozen=True, slots=True)
class Stood:
    """A member at a moment: with tiers and benefits, and the plugins that could not say."""

    person: Person
    standings: tuple[Standing, ...] = ()
    failed: tuple[str, ...] = ()


STRANGER = Stood(Person())


def person_of(record: MemberRecord, rules: Rules) -> Person:
    """A member as stored, for the plugins of these rules."""
    return Person(
        member_id=record.id,
        status=record.status,
        profile=record.seen,
        history=record.history,
        state=record.state,
        joined_at=record.joined_at,
        states=rules.states,
    )


def stood(rules: Rules, person: Person, at: datetime) -> Stood:
    """The member at a moment, with the tiers held and the benefits had then."""
    if not rules.sources or not rules.config.program.earns(at):
        return Stood(person)
    standings: list[Standing] = []
    benefits: list[GrantedBenefit] = []
    failed: list[str] = []
    for owned in rules.sources:
        try:
            view = person.view(owned.plugin)
            benefits += _benefits(rules, owned, view, at)
            if isinstance(owned.item, TierScheme):
                scheme = Owned(owned.plugin, owned.item)
                standings.append(_standing(rules, scheme, view, at))
        except PluginFailed:
            failed.append(owned.plugin)
    tiers = {one.scheme: one.held for one in standings if one.tier}
    profile = replace(person.profile, tiers={**person.profile.tiers, **tiers})
    return Stood(
        replace(person, profile=profile, benefits=tuple(benefits)),
        tuple(standings),
        tuple(dict.fromkeys(failed)),
    )


def priced_order(rules: Rules, person: Person, order: Order) -> tuple[Order, Pricing | None]:
    """The cart at the member price, and how that came about; as it is where nobody has benefits."""
    if not rules.sources:
        return order, None
    today = day_of(order.occurred_at, rules.config.program.time_zone)
    pricing = price(order, person.benefits, rules.config.checkout, today)
    return discounted(order, pricing), pricing


def tell_standings(books: Books, members: Iterable[MemberRecord]) -> None:
    """Tells others of the tiers that differ from what they were told, each change once.

    Nothing depends on it having run: where a member stands is computed whenever it is asked.
    """
    schemes = books.rules.schemes
    present = [one for one in members if one.merged_into is None] if schemes else []
    if not present:
        return
    known = books.uow.standings(one.id for one in present)
    told = {(one.member_id, one.scheme): one for one in known}
    version, names = books.rules.config.version, {owned.item.id for owned in schemes}
    for old in known:  # of a scheme that is gone: there is nothing to look at again
        if old.scheme not in names and (old.due_at or old.config_version < version):
            books.changes.standings.append(replace(old, due_at=None, config_version=version))
    for member in present:
        for owned in schemes:
            try:
                view = person_of(member, books.rules).view(owned.plugin)
                now = _standing(books.rules, owned, view, books.now)
            except PluginFailed:  # it is told with the member's next fact
                before = told.get((member.id, owned.item.id))
                if before and before.config_version < version:
                    books.changes.standings.append(replace(before, config_version=version))
                continue
            _tell(books, member, now, told.get((member.id, owned.item.id)), owned)


def _tell(
    books: Books,
    member: MemberRecord,
    now: Standing,
    told: StandingRecord | None,
    owned: Owned[TierScheme],
) -> None:
    before = told.tier if told else starts_with(books.rules, owned, member.joined_at, member.id)
    due_at, version = now.changes_at, books.rules.config.version
    same = told and (told.tier, told.since, told.due_at) == (now.held, now.since, due_at)
    if told and same and told.config_version >= version:
        return
    if before != now.held:
        data: Mapping[str, Json] = {
            "scheme": now.scheme,
            "tier": now.held or None,
            "previous": before or None,
            "why": now.history[-1].why if now.history else "",
        }
        books.tell("tier_changed", member.id, now.since or books.now, data)
    books.changes.standings.append(
        StandingRecord(
            member_id=member.id,
            scheme=owned.item.id,
            tier=now.held,
            since=now.since,
            due_at=due_at,
            config_version=version,
            stored=told is not None,
        )
    )


def starts_with(
    rules: Rules, owned: Owned[TierScheme], joined_at: datetime, member: MemberId | None = None
) -> str:
    """The tier that everybody has on joining; nobody is told of that."""
    fresh = MemberView(member_id=member, joined_at=joined_at)
    return _standing(rules, owned, fresh, joined_at).held


def _standing(rules: Rules, owned: Owned[TierScheme], view: MemberView, at: datetime) -> Standing:
    def ask(scheme: TierScheme) -> Standing:
        return _sensible(scheme.standing(view, at), at)

    return _asked(rules, owned, "standing", ask)


def _sensible(made: Standing, at: datetime) -> Standing:
    """The standing, if what is kept and told of it can be; raises ``ValueError``, ``TypeError``."""
    changes_at = _is(Standing, made).changes_at
    if made.tier is not None and not is_short_text(_is(Tier, made.tier).tier):
        raise ValueError("it names a tier that cannot be kept")
    changes = [_is(TierChange, one) for one in made.history]
    moments = (made.since, made.until, changes_at, *(one.at for one in changes))
    if not all(one is None or is_moment(one) for one in moments):
        raise ValueError("it has a moment that is none")
    if not is_json([made.scheme, *(one.why for one in changes)]):
        raise ValueError("it says what cannot be told")
    if changes_at is not None and changes_at <= at:
        raise ValueError("it says that its standing changes in the past")
    return made


def _benefits(
    rules: Rules, owned: Owned[BenefitSource], view: MemberView, at: datetime
) -> Sequence[GrantedBenefit]:
    """What a source gives the member: without what is for other members."""

    def ask(source: BenefitSource) -> list[GrantedBenefit]:
        given = map(_given, source.benefits(view, at))
        return [one for one in given if one.benefit.is_for(view.profile.tags)]

    return _asked(rules, owned, "benefits", ask)


def _given(made: GrantedBenefit) -> GrantedBenefit:
    _is(Benefit, _is(GrantedBenefit, made).benefit)
    return made


def _is(kind: type[T], made: T) -> T:
    """What was made, if it is of its kind; raises ``TypeError``."""
    if not isinstance(made, kind):
        raise TypeError(f"{made!r} is not a {kind.__name__}")
    return made


S = TypeVar("S", bound=BenefitSource)


def _asked(
    rules: Rules, owned: Owned[S], what: Literal["standing", "benefits"], call: Callable[[S], T]
) -> T:
    """What a source answers; raises ``PluginFailed`` when it raises, or is in quarantine."""
    with rules.quarantine.asking(owned.plugin, what, owned.item.id):
        try:
            return call(owned.item)
        except Exception as error:
            logger.exception("plugin %s failed to say the %s of a member", owned.plugin, what)
            message = f"raised {type(error).__name__} on {what} of {owned.item.id!r}"
            raise PluginFailed(f"plugin {owned.plugin!r} {message}", where=owned.plugin) from error
