"""Spending a partner's points here: held, captured, released and given back in the partner's books.

One transaction over both programs' rows, so that points never go without what is owed for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple, cast

from loyalty_core.application.abroad import entry_of, key_of, settle_return
from loyalty_core.application.books import Books
from loyalty_core.application.enrol import locked_member, stored_receipt
from loyalty_core.application.forms import is_count
from loyalty_core.application.ids import is_id, new_id
from loyalty_core.application.partners import agreed, linked, lock_across, rules_of
from loyalty_core.application.redeem import Asked
from loyalty_core.application.redemptions import (
    checked,
    existing,
    lock,
    order_of,
    receipt_of,
    refuse_ended,
    refuse_short,
    refused,
)
from loyalty_core.application.returns import Orders, goodwill_of
from loyalty_core.application.rules import Rules, RulesAt
from loyalty_core.application.structure import converter
from loyalty_core.domain.clock import Clock, day_of, period_start, start_of
from loyalty_core.domain.facts import FactKey, Json
from loyalty_core.domain.members import MemberId, MemberStatus, MemberView
from loyalty_core.domain.partners import (
    PartnerPoints,
    PartnerRedemption,
    SettlementKind,
)
from loyalty_core.domain.programs import Paid
from loyalty_core.domain.receipts import RedemptionReceipt
from loyalty_core.domain.redemptions import PARTNER, Redemption, RedemptionId, RedemptionState
from loyalty_core.domain.rewards import SpendRequest
from loyalty_core.errors import FactError, MemberInactive, RedemptionRefused
from loyalty_core.ports.records import MemberRecord, StoredReceipt
from loyalty_core.ports.store import Reader, Store, UnitOfWork


class Abroad(NamedTuple):
    """A redemption with the books it is in, which are the partner's, and where it was made."""

    made: PartnerRedemption
    books: Books
    redemption: Redemption
    orders: Orders

    @property
    def receipt(self) -> RedemptionReceipt:
        """It as this program sees it."""
        return receipt_here(self.made, self.redemption, self.books.now)


def receipt_here(made: PartnerRedemption, one: Redemption, now: datetime) -> RedemptionReceipt:
    """A redemption of a partner's points as the program sees it where it was made."""
    wallet = f"{made.issuer}.{made.wallet}"
    return replace(
        receipt_of(one, now),
        member_id=made.member_id,
        reward=f"{PARTNER}{wallet}",
        wallet=wallet,
        source=made.source,
        order_id=made.order_id,
    )


class PartnerRedeeming:
    """Redemptions of partners' points under the current rules."""

    def __init__(self, store: Store, rules: Rules, rules_at: RulesAt, clock: Clock) -> None:
        self._store = store
        self._rules_at = rules_at
        self._rules = rules
        self._clock = clock

    def one(self, redemption_id: str) -> RedemptionReceipt | None:
        """A redemption of a partner's points as it stands now; None if it is not one."""
        if not self._rules.coalition:
            return None

        def look(reader: Reader) -> RedemptionReceipt | None:
            made = reader.partner_redemption(checked(redemption_id))
            if made is None:
                return None
            (redemption,) = reader.redemptions_with([made.redemption_id])
            return receipt_here(made, redemption, self._clock())

        return self._store.read(look)

    def redeem(self, asked: Asked) -> RedemptionReceipt:
        """The redemption: held for ``asked.minutes``, or captured."""
        return self._store.write(lambda uow: self._start(uow, asked))

    def capture(
        self, redemption_id: str, points: int | None, order: tuple[str, str | None]
    ) -> RedemptionReceipt:
        """Held points spent, all or some of them; the rest is released."""
        named = order_of(order)
        return self._store.write(lambda uow: self._capture(uow, redemption_id, points, named))

    def release(self, redemption_id: str) -> RedemptionReceipt:
        """Held points set free; nothing happens to those that are free already."""

        def work(uow: UnitOfWork) -> RedemptionReceipt:
            found = self._open(uow, redemption_id)
            if found.redemption.state is RedemptionState.CAPTURED:
                refuse_ended(found.redemption)
            if found.redemption.state is RedemptionState.HELD:
                found.books.release(found.redemption, RedemptionState.RELEASED, found.books.now)
            found.books.flush()
            return found.receipt

        return self._store.write(work)

    # -- the first step -----------------------------------------------------------------------

    def _start(self, uow: UnitOfWork, asked: Asked) -> RedemptionReceipt:
        if stored := stored_receipt(uow, asked.key, asked.given):
            return converter(0).structure(stored.receipt, RedemptionReceipt)
        reward = cast(PartnerPoints, asked.owned.item)
        their, theirs = uow.neighbour(reward.partner), rules_of(uow, reward.partner)
        price, paid = agreed(self._rules.config, theirs.config, reward.accepted_wallet)
        member, giver, orders = self._people(uow, their, asked, reward.partner)
        if stored := stored_receipt(uow, asked.key, asked.given):  # again: now under lock
            return converter(0).structure(stored.receipt, RedemptionReceipt)
        now = self._clock()
        books = Books(their, theirs, now)
        books.load([giver.id], open_of=[giver.id])
        redemption = self._hold(books, giver, asked, reward)
        self._refuse_beyond(uow, books, redemption, paid)
        made = PartnerRedemption(
            redemption_id=redemption.id,
            program=self._rules.config.program.id,
            issuer=reward.partner,
            wallet=reward.accepted_wallet,
            member_id=member.id,
            source=asked.source,
            order_id=asked.order_id,
            price=price,
            created_at=now,
        )
        uow.save_partner_redemption(made)
        found = Abroad(made, books, redemption, orders)
        own = Books(uow, self._rules, now)
        if asked.minutes is None:
            self._spend(uow, found, redemption.points, own, member.id)
        else:
            books.tell("points_held", giver.id, now, _told(redemption))
        document = cast(Mapping[str, Json], converter(0).unstructure(found.receipt))
        own.changes.receipts.append(StoredReceipt(asked.key, asked.given, member.id, document, now))
        books.flush()
        own.flush()
        return found.receipt

    def _people(
        self, uow: UnitOfWork, their: UnitOfWork, asked: Asked, partner: str
    ) -> tuple[MemberRecord, MemberRecord, Orders]:
        """The member, the same person at the partner, and the order paid for; all locked."""
        if not is_id(asked.member_id) or not uow.links_of(asked.member_id, partner):
            locked_member(uow, asked.member_id)  # raises, if there is no such member
        link = linked(uow, asked.member_id, partner)
        mine = _owners(uow, asked.source, asked.order_id) | {MemberId(link.member_id)}
        lock_across({uow: mine, their: [MemberId(link.partner_member)]})
        member, orders = lock(uow, asked.member_id, asked.source, asked.order_id)
        if linked(uow, asked.member_id, partner) != link:  # changed before it was locked
            return self._people(uow, their, asked, partner)
        giver = locked_member(their, link.partner_member)
        for person in (member, giver):
            if person.status is not MemberStatus.ACTIVE:
                message = f"the member {person.id} is {person.status}"
                raise MemberInactive(message, member_id=person.id)
        return member, giver, orders

    def _hold(
        self, books: Books, giver: MemberRecord, asked: Asked, reward: PartnerPoints
    ) -> Redemption:
        book, now = books.wallet(giver.id, reward.accepted_wallet), books.now
        available = book.available(now)
        if asked.points is not None and asked.points > available:
            definition = books.rules.config.wallets[book.wallet]
            refuse_short(asked.points, available, reward.wallet, definition)
        request = SpendRequest(
            wallet=reward.wallet,
            available=max(available, 0),
            points=asked.points,
            order=asked.order,
        )
        offer = reward.offer(request, MemberView())
        if offer.refusal:
            raise refused(offer.refusal, offer, available, reward.id)
        redemption = Redemption(
            id=RedemptionId(new_id()),
            member_id=giver.id,
            wallet=book.wallet,
            plugin="",
            reward=f"{PARTNER}{self._rules.config.program.id}",
            state=RedemptionState.HELD,
            points=offer.points,
            worth=offer.worth,
            lines=dict(offer.lines),
            created_at=now,
            expires_at=now + timedelta(minutes=asked.minutes) if asked.minutes else None,
            fresh=True,
        )
        books.hold(redemption)
        return redemption

    def _refuse_beyond(
        self, uow: UnitOfWork, books: Books, redemption: Redemption, paid: Paid
    ) -> None:
        """Refuses more points than the partner lets be spent here in a month of its own."""
        if paid.most_per_month is None:
            return
        us, theirs = self._rules.config.program.id, books.rules.config
        uow.lock_pair(theirs.program.id)
        zone = theirs.program.time_zone
        month = start_of(period_start(day_of(books.now, zone), "month"), zone)
        spent = books.uow.spent_at(us, redemption.wallet, month, books.now)
        most = paid.most_per_month * 10 ** theirs.wallets[redemption.wallet].scale
        if spent + redemption.points > most:
            raise RedemptionRefused(
                f"{theirs.program.id!r} lets no more of its points be spent here this month",
                where=f"partners.{us}.pays.{redemption.wallet}.most_per_month",
                most=most,
                spent=spent,
            )

    # -- the second step ----------------------------------------------------------------------

    def _capture(
        self,
        uow: UnitOfWork,
        redemption_id: str,
        points: int | None,
        order: tuple[str, str | None],
    ) -> RedemptionReceipt:
        found = self._open(uow, redemption_id, order)
        made, redemption = found.made, found.redemption
        same = points in (None, redemption.points) and order[1] in (None, made.order_id)
        if redemption.state is RedemptionState.CAPTURED and same:
            return found.receipt
        refuse_ended(redemption)
        if points is not None and not is_count(points, redemption.points):
            held = f"{redemption.points} are held"
            raise FactError(f"{points!r} points cannot be captured, {held}", where="points")
        member = locked_member(uow, made.member_id)
        if order[1] is not None:
            made = replace(made, source=order[0], order_id=order[1])
            found = found._replace(made=made)
            uow.save_partner_redemption(made)
        own = Books(uow, self._rules, found.books.now)
        wanted = redemption.points if points is None else points
        self._spend(uow, found, wanted, own, member.id)
        found.books.flush()
        own.flush()
        return found.receipt

    def _spend(
        self, uow: UnitOfWork, found: Abroad, points: int, own: Books, member: MemberId
    ) -> None:
        """Captures: the points go, what is owed for them is noted, and it is told here, too."""
        made, books, redemption, orders = found
        books.capture(redemption, points)
        kind, paid_by = SettlementKind.REDEEMED, redemption.transaction_id
        uow.add_settlements([entry_of(made, kind, redemption.points, paid_by, books.now)])
        data = {**_told(redemption), "partner": made.issuer, "reward": found.receipt.reward}
        own.tell("points_accepted", member, books.now, data)
        if (record := orders.get(key_of(made))) is not None:
            goodwill = goodwill_of(record, self._rules, partial(self._rules_at, uow))
            settle_return(uow, books, made, redemption, record, goodwill)

    def _open(
        self, uow: UnitOfWork, redemption_id: str, order: tuple[str, str | None] = ("", None)
    ) -> Abroad:
        """A redemption in the partner's books, caught up; its member and the order are locked."""
        made = existing_here(uow, redemption_id)
        source, order_id = order if order[1] is not None else (made.source, made.order_id)
        their, theirs = uow.neighbour(made.issuer), rules_of(uow, made.issuer)
        known = existing(their.redemption(made.redemption_id), redemption_id)
        mine = _owners(uow, source, order_id) | {MemberId(made.member_id)}
        lock_across({uow: mine, their: [MemberId(known.member_id)]})
        giver = locked_member(their, known.member_id)
        books = Books(their, theirs, self._clock())
        books.load([giver.id], open_of=[giver.id])
        current = books.held(redemption_id) or their.redemption(made.redemption_id)
        redemption = existing(current, redemption_id)
        if redemption.member_id != giver.id:  # a merge was taken back meanwhile
            return self._open(uow, redemption_id, order)
        key = FactKey(source, "order", order_id or "")
        orders = uow.known([key])[0] if order_id is not None else {}
        return Abroad(existing_here(uow, redemption_id), books, redemption, orders)


def existing_here(uow: UnitOfWork, redemption_id: str) -> PartnerRedemption:
    """Where a redemption was made; raises ``RedemptionNotFound`` unless it was here."""
    return existing(uow.partner_redemption(checked(redemption_id)), redemption_id)


def _told(redemption: Redemption) -> dict[str, Json]:
    return {
        "wallet": redemption.wallet,
        "amount": redemption.points,
        "reward": redemption.reward,
        "redemption": redemption.id,
    }


def _owners(uow: UnitOfWork, source: str, order_id: str | None) -> set[MemberId]:
    """Whose order it is, if it is known."""
    known = uow.known([FactKey(source, "order", order_id)])[0] if order_id is not None else {}
    return {record.member_id for record in known.values() if record.member_id}
