"""Redemptions in a replay: held, captured, released and given back, where that is possible."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from loyalty_core.application.automatic import within_limit
from loyalty_core.application.backtest.case import Case
from loyalty_core.application.backtest.levels import LAST
from loyalty_core.application.backtest.step import Step
from loyalty_core.application.backtest.terms import Terms
from loyalty_core.application.books import Books
from loyalty_core.application.catalogue import CATALOGUE, CatalogueReward
from loyalty_core.application.claiming import AMPLE
from loyalty_core.application.grants import buy_grant
from loyalty_core.application.household_spending import Spender
from loyalty_core.application.offers import buyer, priced
from loyalty_core.domain.clock import Booked
from loyalty_core.domain.facts import FactId, FactKey, Order
from loyalty_core.domain.grants import GrantRecord, Revocation
from loyalty_core.domain.ledger import Transaction, TransactionKind
from loyalty_core.domain.members import MemberId
from loyalty_core.domain.orders import OrderDocument
from loyalty_core.domain.redemptions import Redemption, RedemptionState
from loyalty_core.domain.rewards import SpendRequest
from loyalty_core.errors import InsufficientPoints, LoyaltyError, RedemptionRefused

SPENT = (RedemptionState.CAPTURED, RedemptionState.CANCELLED)
Refuse = Callable[[str, str, str, int, datetime, str], None]


@dataclass(slots=True)
class Spends:
    """The redemptions of one case, done again."""

    books: Books
    case: Case
    terms: Terms
    refuse: Refuse
    note: Callable[[datetime | None], None]
    holder: Callable[[str | None], MemberId]
    made: dict[str, Redemption] = field(default_factory=dict)
    _returned: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def steps(self) -> Iterator[Step]:
        """Every redemption's steps; what is bought by itself is bought by itself again."""
        known: dict[str, Redemption] = {one.id: one for one in self.case.redemptions}
        booked: dict[str, int] = {one.id: one.config_version for one in self.case.transactions}
        for one in known.values():
            version = booked.get(one.transaction_id or "", 0)
            if one.reward in self.terms.rules(one.created_at, version).automatic:
                yield from self._uses(one, version)
                continue
            at = one.created_at
            yield Step(Booked(at, one.id), at, partial(self._hold, one), version)
            ended = Booked(one.ended_at or at, one.ended_id or one.id + LAST)
            if one.state in SPENT:
                yield Step(ended, at, partial(self._capture, one), version)
            elif one.state is RedemptionState.RELEASED:
                yield Step(ended, at, partial(self._release, one), version)
        for made in self.case.transactions:
            bought = known.get(str(made.detail.get("redemption", "")))
            gave = made.kind is TransactionKind.REDEMPTION
            if bought is not None and gave and made.id != bought.transaction_id:
                act = partial(self._give_back, bought, made)
                back = Booked(made.booked_at, made.id)
                yield Step(back, made.occurred_at, act, made.config_version)

    def _uses(self, one: Redemption, version: int) -> Iterator[Step]:
        """The use of what was bought by itself: of what is bought by itself now in its place."""
        for grant in self.case.grants:
            if grant.redemption_id == one.id and grant.used_at is not None:
                at = grant.used_at
                act = partial(self._use, one, grant)
                yield Step(Booked(at, grant.id + LAST), at, act, version)

    def _use(self, one: Redemption, used: GrantRecord) -> None:
        before = [each for each in self.case.grants if each.reward == used.reward]
        mine = [
            each
            for each in self.books.changes.grants.values()
            if each.reward == used.reward and each.member_id == used.member_id
        ]
        place = before.index(used)
        usable = [each for each in (*mine[place : place + 1], *mine) if _usable(each)]
        if usable:
            usable[0].use(self.books.now, used.saved)
            usable[0].source, usable[0].order_id = used.source, used.order_id
            return
        why = "the member would not have had it"
        self.refuse("grant", used.member_id, one.wallet, one.points, self.books.now, why)

    def _hold(self, one: Redemption) -> None:
        holder = self.holder(self.case.maker(one))
        held = sum(one.lots.values()) or one.points
        again = replace(
            one,
            member_id=holder,
            came_from=None,
            state=RedemptionState.HELD,
            points=held,
            lots={},
            returned=0,
            came_back={},
            transaction_id=None,
            ended_at=None,
            ended_id=None,
            attempts=0,
            retry_at=None,
            account_lot=None,
            grant=None,
            fresh=True,
        )
        try:
            stock = AMPLE if self.terms.sold_alike(one) else self._price(again, one)
            self._reserve(again, stock)
        except LoyaltyError as error:
            self.refuse("redemption", holder, one.wallet, held, one.created_at, error.message)
            return
        self.made[one.id] = again
        self.note(again.expires_at)

    def _reserve(self, again: Redemption, stock: int) -> None:
        """Holds the points of a redemption, and claims one of its item if that is limited."""
        books = self.books
        self._available(again)
        if again.item and not books.uow.claim_stock(again.item, stock):
            raise RedemptionRefused("there is none left")
        try:
            books.hold(again)
        except InsufficientPoints:
            if again.item:
                books.uow.unclaim_stock(again.item)
            raise

    def _available(self, again: Redemption) -> int:
        """What whoever spends can spend now; raises ``HouseholdRefused`` beyond a day's points."""
        book = self.books.wallet(again.member_id, again.wallet)
        if again.spender is None:
            return book.available(self.books.now)
        people = self.case.decided_members
        owner, member = people[MemberId(again.member_id)], people[MemberId(again.spender)]
        return Spender(owner, member).available(self.books, book, again.points)

    def _price(self, again: Redemption, one: Redemption) -> int:
        """Gives a redemption the price and worth of now; how many there are of its item.

        Raises ``RedemptionRefused``, ``InsufficientPoints``, ``PluginFailed``.
        """
        books = self.books
        owned = books.rules.rewards.get(one.reward)
        if owned is None:
            raise RedemptionRefused("the reward is not there")
        book = books.wallet(again.member_id, owned.item.wallet)
        sliding = owned.plugin != CATALOGUE or self._slides(one.reward)
        request = SpendRequest(
            wallet=book.wallet,
            available=max(self._available(again), 0),
            points=again.points if sliding else None,
            order=self._order(one),
            at=books.now,
        )
        if sliding and again.points > request.available:
            raise InsufficientPoints(f"{again.points} needed, {request.available} available")
        member = self.case.decided_members.get(MemberId(again.spender or again.member_id))
        view = buyer(member, books.rules, books.now).view(owned.plugin)
        offer = priced(owned, request, view, books.rules)
        if offer.refusal or offer.points <= 0:
            raise RedemptionRefused(offer.refusal or "there is nothing to spend points on")
        again.wallet, again.points, again.worth = offer.wallet, offer.points, offer.worth
        again.lines, again.account = dict(offer.lines), offer.account
        if isinstance(owned.item, CatalogueReward) and not within_limit(
            books, again.member_id, owned.item
        ):
            raise RedemptionRefused("the member has bought as many as one may")
        again.item = offer.item if offer.stock is not None else ""
        return AMPLE if offer.stock is None else offer.stock

    def _slides(self, reward: str) -> bool:
        return self.books.rules.config.rewards[reward].rate is not None

    def _order(self, one: Redemption) -> Order | None:
        record = self.case.decided.get(FactKey(one.source, "order", one.order_id or ""))
        document = record.document if record is not None else None
        return document.body if isinstance(document, OrderDocument) else None

    def _capture(self, one: Redemption) -> None:
        again = self.made.get(one.id)
        if again is None or again.state is not RedemptionState.HELD:
            return
        held = sum(one.lots.values()) or one.points
        alike = again.points == held
        self.books.capture(again, one.points if alike else again.points * one.points // held)
        if alike and self.terms.sold_alike(one):
            again.worth, again.lines = one.worth, one.lines
        self.note(self.books.now)
        if again.plugin == CATALOGUE:
            self._own(one, again)

    def _own(self, one: Redemption, again: Redemption) -> None:
        """Gives the member what it bought: what it was, if it is still sold like that."""
        bought = next((each for each in self.case.grants if each.redemption_id == one.id), None)
        if bought is not None and self.terms.sold_alike(one):
            again.grant = copied(bought)
            self.books.changes.grants[bought.id] = again.grant
            return
        buy_grant(self.books, again, strictly=False)
        if bought is not None and again.grant is not None:
            _follow(again.grant, bought)

    def _release(self, one: Redemption) -> None:
        again = self.made.get(one.id)
        if again is not None and again.state is RedemptionState.HELD:
            self.books.release(again, RedemptionState.RELEASED, self.books.now)
            self.note(self.books.now)

    def _give_back(self, one: Redemption, made: Transaction) -> None:
        again = self.made.get(one.id)
        if again is None or again.state is not RedemptionState.CAPTURED:
            return
        self._returned[one.id] += made.amount
        back = self._returned[one.id]
        due = back if again.points == one.points else again.points * back // one.points
        fact_id = FactId(made.fact_id) if made.fact_id else None
        self.books.give_back(again, due, made.occurred_at, fact_id)
        if one.state is RedemptionState.CANCELLED and due == again.points:
            again.state = RedemptionState.CANCELLED
            if again.item:
                self.books.uow.unclaim_stock(again.item)


def _follow(grant: GrantRecord, bought: GrantRecord) -> None:
    """Lets a grant that is bought on other terms be used, and taken back, as the real one was."""
    if bought.used_at is not None:
        grant.use(bought.used_at, bought.saved)
        grant.source, grant.order_id = bought.source, bought.order_id
    if bought.revoked_at is not None:
        grant.revoke(bought.revoked_at, Revocation(bought.revoked_for))


def _usable(grant: GrantRecord) -> bool:
    return grant.used_at is None and grant.revoked_at is None


def copied(grant: GrantRecord) -> GrantRecord:
    """The same grant for the scratch database, without its code: nobody can use it there."""
    return replace(grant, code=None, fresh=True)
