"""Questions and commands about spending: ``quote`` books nothing, ``redeem`` and ``adjust`` do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import cast

from loyalty_core.application.available import available_now
from loyalty_core.application.catalogue import shown
from loyalty_core.application.enrol import found_members
from loyalty_core.application.following import outcome_of
from loyalty_core.application.forms import asked_moment, read_cart
from loyalty_core.application.offers import priced
from loyalty_core.application.partners import partner_rewards
from loyalty_core.application.rules import Rules, RulesAhead, RulesAt, ask, ask_follower
from loyalty_core.application.standing import STRANGER, Person, person_of, priced_order, stood
from loyalty_core.application.suggest import suggested_lines
from loyalty_core.application.taken import award_of
from loyalty_core.domain.clock import Clock
from loyalty_core.domain.effects import Credit, Measure
from loyalty_core.domain.facts import Json, Order
from loyalty_core.domain.members import MemberView
from loyalty_core.domain.orders import OrderDocument
from loyalty_core.domain.partners import PartnerPoints
from loyalty_core.domain.rewards import SpendOffer, SpendRequest
from loyalty_core.domain.statements import Cart, Earning, Quote
from loyalty_core.errors import (
    MemberNotFound,
    PluginFailed,
)
from loyalty_core.ports.records import MemberRecord
from loyalty_core.ports.store import Reader, Store

CartForm = Cart | Mapping[str, Json]


class Spending:
    """Quotes, redemptions and adjustments under the current rules."""

    def __init__(
        self, store: Store, rules: Rules, rules_at: RulesAt, ahead: RulesAhead, clock: Clock
    ) -> None:
        self._store = store
        self._rules = rules
        self._rules_at = rules_at
        self._ahead = ahead
        self._clock = clock

    # -- quote --------------------------------------------------------------------------------

    def quote(self, cart: CartForm, member_id: str | None, at: datetime | None) -> Quote:
        """What the cart would earn and what points could buy on it; nothing is booked."""
        now = self._clock()
        if at is None:
            return self._quoted(cart, member_id, now)
        at = asked_moment("at", at)
        rules = self._store.read(lambda reader: self._then(reader, at, now))
        then = Spending(self._store, rules, self._rules_at, self._ahead, self._clock)
        return then._quoted(cart, member_id, at)

    def _then(self, reader: Reader, at: datetime, now: datetime) -> Rules:
        """The rules that were in force at a moment, or are stated for one to come."""
        if at >= now:
            return self._ahead(reader, at) or self._rules
        return self._rules_at(reader, reader.version_at(at).version)

    def _quoted(self, cart: CartForm, member_id: str | None, now: datetime) -> Quote:
        record, available = self._holdings(member_id, now)
        seen = stood(self._rules, person_of(record, self._rules), now) if record else STRANGER
        order = read_cart(cart, now).as_order(now)
        order, pricing = priced_order(self._rules, seen.person, order)
        earnings, failed = self._earnings(order, seen.person)
        failed += seen.failed
        suggested = tuple(suggested_lines(self._rules, order, seen.person, failed))
        offers: dict[str, SpendOffer] = {}
        for name, owned in self._rules.rewards.items():
            request = SpendRequest(
                wallet=owned.item.wallet,
                available=available.get(owned.item.wallet, 0),
                order=order,
                at=now,
            )
            try:
                view = seen.person.view(owned.plugin)
                if shown(owned, view):
                    offers[name] = priced(owned, request, view, self._rules)
            except PluginFailed:
                failed.append(owned.plugin)
        if member_id is not None:
            offers |= self._abroad(order, member_id, now)
        return Quote(
            earnings=tuple(earnings),
            offers=offers,
            pricing=pricing,
            standings=seen.standings,
            suggested=suggested,
            failed=tuple(failed),
            config_version=self._rules.config.version,
        )

    def _holdings(
        self, member_id: str | None, now: datetime
    ) -> tuple[MemberRecord | None, Mapping[str, int]]:
        if member_id is None:
            return None, {}

        def look(reader: Reader) -> tuple[MemberRecord, Mapping[str, int]]:
            found = found_members(reader, [member_id])
            if member_id not in found:
                raise MemberNotFound(f"there is no member {member_id!r}", member_id=member_id)
            record = found[member_id][0]
            return record, available_now(reader, [record.id], now)[record.id]

        return self._store.read(look)

    def _abroad(self, order: Order, member_id: str, now: datetime) -> dict[str, SpendOffer]:
        """What points of partners could buy, where the member is linked."""
        rewards = partner_rewards(self._rules.config)

        def look(reader: Reader) -> dict[str, tuple[PartnerPoints, int]]:
            others = {one.partner: one.partner_member for one in reader.links_of(member_id)[::-1]}
            available = available_now(reader, [*others.values()], now)
            found = {}
            for name, owned in rewards.items():
                reward = cast(PartnerPoints, owned.item)
                if other := others.get(reward.partner):
                    found[name] = reward, available[other].get(reward.accepted_wallet, 0)
            return found

        return {
            name: reward.offer(
                SpendRequest(wallet=reward.wallet, available=available, order=order), MemberView()
            )
            for name, (reward, available) in (self._store.read(look) if rewards else {}).items()
        }

    def _earnings(self, order: Order, person: Person) -> tuple[list[Earning], list[str]]:
        earnings: list[Earning] = []
        failed: list[str] = []
        credits: list[Credit] = []
        measures: dict[str, int] = {}
        if not self._rules.config.program.earns(order.occurred_at):
            return earnings, failed
        for owned in self._rules.programs:
            try:
                effects = ask(owned, order, person.view(owned.plugin), self._rules)
            except PluginFailed:
                failed.append(owned.plugin)
                continue
            given = [effect for effect in effects if isinstance(effect, Credit)]
            credits += given
            earnings += self._earned(owned.plugin, order, given)
            for effect in effects:
                if isinstance(effect, Measure):
                    measures[effect.metric] = measures.get(effect.metric, 0) + effect.amount
        goodwill = self._rules.config.program.goodwill
        for follower in self._rules.followers:
            outcome = outcome_of(order, OrderDocument.of(order), credits, measures, goodwill)
            try:
                view = person.view(follower.plugin)
                effects = ask_follower(follower, outcome, view, self._rules)
            except PluginFailed:
                failed.append(follower.plugin)
                continue
            given = [effect for effect in effects if isinstance(effect, Credit)]
            earnings += self._earned(follower.plugin, order, given)
        return earnings, failed

    def _earned(self, plugin: str, order: Order, credits: Iterable[Credit]) -> Iterator[Earning]:
        for credit in credits:
            if credit.amount:
                award = award_of(credit, plugin, order.occurred_at, self._rules)
                yield Earning(
                    plugin=award.plugin,
                    rule=award.rule,
                    wallet=award.wallet,
                    amount=award.amount,
                    lines=award.lines,
                    activates_at=award.activates_at,
                    expires_at=award.expires_at,
                )
