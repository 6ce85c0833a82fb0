"""Posting to wallets: the working copies of a unit of work, and all that it will write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from loyalty_core.application.ids import new_id
from loyalty_core.application.rules import Rules
from loyalty_core.domain.adjustments import ExpiresAt
from loyalty_core.domain.events import Event, EventId
from loyalty_core.domain.facts import FactId, Json
from loyalty_core.domain.ledger import (
    ISSUER,
    SETTLEMENT,
    TRANSFER,
    Entry,
    Lot,
    LotId,
    Transaction,
    TransactionId,
    TransactionKind,
    WalletBook,
    balanced,
)
from loyalty_core.domain.programs import Wallet
from loyalty_core.ports.records import Changes, MemberRecord
from loyalty_core.ports.store import UnitOfWork

_EVENTS = {
    TransactionKind.ACCRUAL: "points_credited",
    TransactionKind.REVERSAL: "points_reversed",
    TransactionKind.REDEMPTION: "points_redeemed",
    TransactionKind.ADJUSTMENT: "points_adjusted",
    TransactionKind.EXPIRY: "points_expired",
    TransactionKind.TRANSFER: "points_transferred",
    TransactionKind.DONATION: "points_donated",
}
_UNDONE = {
    TransactionKind.REDEMPTION: "points_returned",
    TransactionKind.EXPIRY: "points_reinstated",
    TransactionKind.DONATION: "points_reversed",
}
"""What is told of a transaction of this kind whose sign is not the usual: it corrects another."""
TOTALS = {
    TransactionKind.ACCRUAL: ("earned", 1),
    TransactionKind.REVERSAL: ("earned", 1),
    TransactionKind.DONATION: ("earned", 1),
    TransactionKind.REDEMPTION: ("redeemed", -1),
    TransactionKind.EXPIRY: ("expired", -1),
    TransactionKind.ADJUSTMENT: ("adjusted", 1),
    TransactionKind.TRANSFER: ("transferred", 1),
}
"""The total of a wallet that a kind of transaction moves, and the sign it moves it by."""


@dataclass(slots=True)
class Postings:
    """Working copies of wallets and lots, and everything that will be written with them."""

    uow: UnitOfWork
    rules: Rules
    now: datetime
    changes: Changes = field(default_factory=Changes)
    wallets: dict[tuple[str, str], WalletBook] = field(default_factory=dict)
    _touched_wallets: dict[tuple[str, str], WalletBook] = field(default_factory=dict)
    _touched_lots: dict[LotId, Lot] = field(default_factory=dict)
    _new_lots: set[LotId] = field(default_factory=set)

    def wallet(self, member_id: str, name: str) -> WalletBook:
        """A member's wallet, made if this is its first posting."""
        known = self.wallets.get((member_id, name))
        if known is None:
            known = self.wallets[member_id, name] = WalletBook(member_id, name)
        return known

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

    def copy_lot(self, lot: Lot, member_id: str) -> Lot:
        """A new empty lot of a member with the dates of ``lot``; it is of no fact."""
        moments = lot.created_at, lot.activates_at, lot.expires_at
        return self._add_lot(member_id, lot.wallet, None, *moments)

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
        return self.rules.config.wallets.get(wallet) or Wallet()

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
        id: str | None = None,
        told: bool = True,
        partner: str = "",
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
            id=TransactionId(id or new_id()),
            member_id=book.member_id,
            wallet=book.wallet,
            kind=kind,
            amount=amount,
            occurred_at=occurred_at,
            booked_at=self.now,
            entries=balanced(entries, _against(kind, partner)),
            fact_id=fact_id,
            config_version=self.rules.config.version,
            actor=actor,
            reason=reason,
            detail=detail or {},
        )
        self.changes.transactions.append(made)
        if kind in TOTALS:
            name, sign = TOTALS[kind]
            setattr(book, name, getattr(book, name) + sign * amount)
        self._move_lapse(book, kind, amount)
        if told:
            self._tell(made)
        return made.id

    def _move_lapse(self, book: WalletBook, kind: TransactionKind, amount: int = 0) -> None:
        days = self._definition(book.wallet).expiry.inactivity_days
        spends = kind is TransactionKind.REDEMPTION and amount <= 0
        active = kind is TransactionKind.ACCRUAL or spends
        starts = amount > 0 and book.lapses_at is None  # what came by itself lapses as well
        if days is not None and (active or starts):
            book.lapses_at = self.now + timedelta(days=days)

    def touch(self, book: WalletBook) -> None:
        """Marks a wallet as changed though nothing was posted to it."""
        self._touched_wallets[book.member_id, book.wallet] = book

    def _touch_lot(self, lot: Lot) -> None:
        self._touched_lots[lot.id] = lot

    # -- telling and writing ------------------------------------------------------------------

    def enrol(self, record: MemberRecord, kinds: Iterable[str]) -> None:
        """Adds a member, known by these kinds of identities."""
        self.changes.members_added.append(record)
        self.tell("member_enrolled", record.id, record.joined_at, {"kinds": [*sorted(kinds)]})

    def _tell(self, made: Transaction) -> None:
        if made.kind not in _EVENTS:
            return
        data: dict[str, Json] = {"wallet": made.wallet, "amount": abs(made.amount)}
        if made.fact_id:
            data["fact_id"] = made.fact_id
        if made.reason:
            data |= {"reason": made.reason, "actor": made.actor}
        data |= made.detail
        usual = made.kind is TransactionKind.DONATION
        undone = made.kind in _UNDONE and (made.amount > 0) is not usual
        told = _UNDONE[made.kind] if undone else _EVENTS[made.kind]
        self.tell(told, made.member_id, made.occurred_at, data, made.id)

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


def _against(kind: TransactionKind, partner: str) -> str:
    """The account that balances a transaction: points spent at a partner go to the settlement."""
    if partner:
        return f"{SETTLEMENT}{partner}"
    return TRANSFER if kind is TransactionKind.TRANSFER else ISSUER
