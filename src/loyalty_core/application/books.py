"""The members' books in one unit of work: loaded once, posted to, and flushed once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from loyalty_core.application.ids import new_id
from loyalty_core.application.rules import Rules
from loyalty_core.domain.adjustments import ExpiresAt
from loyalty_core.domain.events import Event, EventId
from loyalty_core.domain.facts import FactId, Json
from loyalty_core.domain.ledger import (
    Entry,
    Lot,
    LotId,
    Transaction,
    TransactionId,
    TransactionKind,
    WalletBook,
    with_issuer,
)
from loyalty_core.domain.members import MemberId
from loyalty_core.domain.programs import Wallet
from loyalty_core.ports.records import Award, Changes
from loyalty_core.ports.store import UnitOfWork

_EVENTS = {
    TransactionKind.ACCRUAL: "points_credited",
    TransactionKind.REVERSAL: "points_reversed",
    TransactionKind.REDEMPTION: "points_redeemed",
    TransactionKind.ADJUSTMENT: "points_adjusted",
    TransactionKind.EXPIRY: "points_expired",
}
_TOTALS = {
    TransactionKind.ACCRUAL: ("earned", 1),
    TransactionKind.REVERSAL: ("earned", 1),
    TransactionKind.REDEMPTION: ("redeemed", -1),
    TransactionKind.EXPIRY: ("expired", -1),
    TransactionKind.ADJUSTMENT: ("adjusted", 1),
}


class CaughtUp(NamedTuple):
    """What catching one wallet up did: lots activated and expired, points expired."""

    activated: int
    expired: int
    points: int
    lapsed: bool


def _ended(book: WalletBook, now: datetime) -> list[tuple[datetime, Lot]]:
    """The lots that have ended by ``now``, by their own date or the wallet's inactivity."""
    ended = []
    for lot in book.lots.values():
        moments = [moment for moment in (lot.expires_at, book.lapses_at) if moment is not None]
        if lot.remaining and moments and min(moments) <= now:
            ended.append((min(moments), lot))
    return ended


@dataclass(slots=True)
class Books:
    """Working copies of wallets and lots, and everything that will be written with them."""

    uow: UnitOfWork
    rules: Rules
    now: datetime
    changes: Changes = field(default_factory=Changes)
    wallets: dict[tuple[str, str], WalletBook] = field(default_factory=dict)
    caught_up: list[tuple[WalletBook, CaughtUp]] = field(default_factory=list)
    _touched_wallets: dict[tuple[str, str], WalletBook] = field(default_factory=dict)
    _touched_lots: dict[LotId, Lot] = field(default_factory=dict)
    _new_lots: set[LotId] = field(default_factory=set)

    def load(
        self,
        members: Iterable[MemberId],
        *,
        lots: Iterable[LotId] = (),
        open_of: Iterable[MemberId] = (),
    ) -> None:
        """Loads wallets, and of their lots those named and all open ones of some members.

        Wallets whose open lots are loaded are caught up, so that no posting depends on whether
        the nightly jobs have run. A wallet in debt, or lapsed, always is.
        """
        loaded = self.uow.wallets(members)
        self.wallets.update(loaded)
        behind = {book.member_id for book in loaded.values() if book.debt or book.lapsed(self.now)}
        whole = {*open_of, *map(MemberId, behind)}
        for lot in self.uow.lots(lots, whole):
            self.wallet(lot.member_id, lot.wallet).lots[lot.id] = lot
        for book in [book for book in self.wallets.values() if book.member_id in whole]:
            if any(done := self.catch_up(book)):
                self.caught_up.append((book, done))

    def wallet(self, member_id: str, name: str) -> WalletBook:
        """A member's wallet, made if this is its first posting."""
        return self.wallets.setdefault((member_id, name), WalletBook(member_id, name))

    # -- postings -----------------------------------------------------------------------------

    def accrue(
        self, member_id: MemberId, fact_id: FactId, award: Award, amount: int, at: datetime
    ) -> str | None:
        """Books ``amount`` more of an award, into its lot; the transaction's id, if any."""
        book = self.wallet(member_id, award.wallet)
        lot = book.lots.get(award.lot_id) if award.lot_id else None
        if lot is None:
            lot = self._new_lot(member_id, award.wallet, fact_id, award)
            award.lot_id = lot.id
        lot.pending = lot.activates_at > self.now
        entries = book.credit(lot, amount, self.now)
        self._touch_lot(lot)
        award.net += amount
        detail: Mapping[str, Json] = {"plugin": award.plugin, "rule": award.rule}
        return self.post(book, TransactionKind.ACCRUAL, entries, at, fact_id=fact_id, detail=detail)

    def reverse(
        self, member_id: MemberId, fact_id: FactId, award: Award, amount: int, at: datetime
    ) -> str | None:
        """Takes ``amount`` of an award back, as the wallet's debt policy says."""
        book = self.wallet(member_id, award.wallet)
        policy = self._definition(award.wallet).debt
        if award.lot_id is None:
            return None
        lot = book.lots[award.lot_id]
        entries = book.claw_back(lot, amount, policy, self.now)
        self._touch_lot(lot)
        award.net -= amount
        detail: Mapping[str, Json] = {"plugin": award.plugin, "rule": award.rule}
        return self.post(
            book, TransactionKind.REVERSAL, entries, at, fact_id=fact_id, detail=detail
        )

    def redate(self, member_id: MemberId, award: Award) -> None:
        """Gives the lot of an award the moments that the award has now: its fact has moved."""
        lot = self.wallet(member_id, award.wallet).lots[LotId(award.lot_id or "")]
        lot.created_at, lot.activates_at = award.awarded_at, award.activates_at
        if not lot.reinstated:
            lot.expires_at = award.expires_at
        lot.pending = lot.activates_at > self.now
        self._touch_lot(lot)

    def new_lot(
        self,
        member_id: str,
        wallet: str,
        created_at: datetime,
        activates_at: datetime | None = None,
        expires_at: ExpiresAt = None,
    ) -> Lot:
        """A new empty lot for points from no fact; its expiry the wallet's if none is given."""
        activates = activates_at or created_at
        ends = self.expiry(wallet, created_at, activates, expires_at)
        return self._add_lot(member_id, wallet, None, created_at, activates, ends)

    def _new_lot(self, member_id: str, wallet: str, fact_id: FactId, award: Award) -> Lot:
        return self._add_lot(
            member_id, wallet, fact_id, award.awarded_at, award.activates_at, award.expires_at
        )

    def _add_lot(
        self,
        member_id: str,
        wallet: str,
        fact_id: FactId | None,
        created_at: datetime,
        activates_at: datetime,
        expires_at: datetime | None,
    ) -> Lot:
        lot = Lot(
            id=LotId(new_id()),
            member_id=member_id,
            wallet=wallet,
            fact_id=fact_id,
            created_at=created_at,
            activates_at=activates_at,
            expires_at=expires_at,
            remaining=0,
            pending=activates_at > self.now,
        )
        self._new_lots.add(lot.id)
        self.wallet(member_id, wallet).lots[lot.id] = lot
        return lot

    def _definition(self, wallet: str) -> Wallet:
        """What the configuration says of a wallet; the defaults if it has been taken out."""
        return self.rules.config.wallets.get(wallet, Wallet())

    def expiry(
        self, wallet: str, awarded: datetime, activates: datetime, given: ExpiresAt = None
    ) -> datetime | None:
        """When points expire: at the moment given, or else by the wallet's rule."""
        if given is not None:
            return None if given == "never" else given
        zone = self.rules.config.program.time_zone
        return self._definition(wallet).expiry.expires_at(awarded, activates, zone)

    def post(
        self,
        book: WalletBook,
        kind: TransactionKind,
        entries: list[Entry],
        occurred_at: datetime,
        *,
        fact_id: FactId | None = None,
        actor: str = "",
        reason: str = "",
        detail: Mapping[str, Json] | None = None,
    ) -> str | None:
        """Books one transaction of the member's entries; its id, or None if nothing moved."""
        self.touch(book)
        for entry in entries:
            if entry.lot_id is not None:
                self._touch_lot(book.lots[entry.lot_id])
        if not entries:
            return None
        amount = sum(entry.amount for entry in entries)
        made = Transaction(
            id=TransactionId(new_id()),
            member_id=book.member_id,
            wallet=book.wallet,
            kind=kind,
            amount=amount,
            occurred_at=occurred_at,
            booked_at=self.now,
            entries=with_issuer(entries),
            fact_id=fact_id,
            config_version=self.rules.config.version,
            actor=actor,
            reason=reason,
            detail=detail or {},
        )
        self.changes.transactions.append(made)
        if kind in _TOTALS:
            name, sign = _TOTALS[kind]
            setattr(book, name, getattr(book, name) + sign * amount)
        self._move_lapse(book, kind, amount)
        self._tell(made)
        return made.id

    def _move_lapse(self, book: WalletBook, kind: TransactionKind, amount: int) -> None:
        days = self._definition(book.wallet).expiry.inactivity_days
        active = kind in (TransactionKind.ACCRUAL, TransactionKind.REDEMPTION)
        starts = amount > 0 and book.lapses_at is None  # points nobody earned here lapse as well
        if days is not None and (active or starts):
            book.lapses_at = self.now + timedelta(days=days)

    def touch(self, book: WalletBook) -> None:
        """Marks a wallet as changed though nothing was posted to it."""
        self._touched_wallets[book.member_id, book.wallet] = book

    def _touch_lot(self, lot: Lot) -> None:
        self._touched_lots[lot.id] = lot

    def activate(self, lot: Lot) -> None:
        """Marks a lot whose time has come as no longer pending."""
        lot.pending = False
        self._touch_lot(lot)
        self.tell(
            "points_activated",
            lot.member_id,
            lot.activates_at,
            {"wallet": lot.wallet, "amount": lot.remaining},
        )

    def catch_up(self, book: WalletBook) -> CaughtUp:
        """Books what time alone has done to a wallet whose open lots are loaded.

        In the order it happened: pending points became active and paid debt, then points ended.
        """
        activated = expired = points = 0
        lots = sorted(book.lots.values(), key=lambda lot: (lot.activates_at, lot.id))
        for lot in lots:
            if lot.pending and lot.activates_at <= self.now:
                self.activate(lot)
                if lot.ever_active(book.lapses_at):
                    self._repay_from(book, lot, lot.activates_at)
                activated += 1
        for ends, lot in sorted(_ended(book, self.now), key=lambda pair: (pair[0], pair[1].id)):
            if lot.activates_at < ends:
                self._repay_from(book, lot, ends)
            if lot.remaining:
                points += lot.remaining
                self.post(book, TransactionKind.EXPIRY, book.expire(lot), ends)
            expired += 1
        lapsed = book.lapsed(self.now)
        if lapsed:
            book.lapses_at = None
            self.touch(book)
        return CaughtUp(activated, expired, points, lapsed)

    def _repay_from(self, book: WalletBook, lot: Lot, at: datetime) -> None:
        if book.debt and lot.remaining:
            self.post(book, TransactionKind.REPAYMENT, book.repay_from(lot), at)

    # -- telling and writing ------------------------------------------------------------------

    def _tell(self, made: Transaction) -> None:
        event = _EVENTS.get(made.kind)
        if event is None:
            return
        if made.kind is TransactionKind.EXPIRY and made.amount > 0:
            event = "points_reinstated"
        data: dict[str, Json] = {"wallet": made.wallet, "amount": abs(made.amount)}
        if made.fact_id:
            data["fact_id"] = made.fact_id
        if made.reason:
            data |= {"reason": made.reason, "actor": made.actor}
        data |= made.detail
        self.tell(event, made.member_id, made.occurred_at, data, made.id)

    def tell(
        self,
        event_type: str,
        member_id: str,
        occurred_at: datetime,
        data: Mapping[str, Json],
        transaction_id: str | None = None,
    ) -> None:
        """Publishes an event, if anybody subscribed to its type."""
        subscribers = self.rules.subscribers(event_type)
        if subscribers:
            event = Event(
                id=EventId(new_id()),
                type=event_type,
                member_id=member_id,
                occurred_at=occurred_at,
                transaction_id=transaction_id,
                data=data,
            )
            self.changes.events.append((event, subscribers))

    def flush(self) -> None:
        """Writes everything that changed, each table once."""
        lots = self._touched_lots.values()
        for lot in lots:  # an empty lot waits for nothing, until something is put into it
            lot.pending = lot.pending and lot.remaining > 0
        self.changes.lots_added = [lot for lot in lots if lot.id in self._new_lots]
        self.changes.lots = [lot for lot in lots if lot.id not in self._new_lots]
        self.changes.wallets = list(self._touched_wallets.values())
        self.uow.save(self.changes)
