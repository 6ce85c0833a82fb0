"""Points given by one member to another, with the dates they have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, cast

from loyalty_core.application.automatic import buy_what_is_due
from loyalty_core.application.books import Books
from loyalty_core.application.enrol import locked_members, stored_receipt
from loyalty_core.application.forms import read_text
from loyalty_core.application.ids import input_hash, new_id
from loyalty_core.application.rules import Rules
from loyalty_core.application.structure import converter
from loyalty_core.domain.amounts import LARGEST_AMOUNT, format_scaled
from loyalty_core.domain.clock import Clock, day_of, start_of
from loyalty_core.domain.facts import Json
from loyalty_core.domain.ledger import Entry, Lot, TransactionKind, WalletBook
from loyalty_core.domain.members import MemberId, MemberStatus
from loyalty_core.domain.programs import Wallet
from loyalty_core.domain.receipts import TransferReceipt
from loyalty_core.errors import (
    FactError,
    InsufficientPoints,
    MemberInactive,
    TransferRefused,
    WalletUnknown,
)
from loyalty_core.ports.records import MemberRecord, StoredReceipt
from loyalty_core.ports.store import Store, UnitOfWork


class Note(NamedTuple):
    """What a transaction between members says beside its amount."""

    at: datetime
    reason: str
    actor: str


class Side(NamedTuple):
    """One member's part of a transaction between two: their wallet, entries and detail."""

    book: WalletBook
    entries: list[Entry]
    detail: Mapping[str, Json]


def post_pair(
    books: Books, one: Side, other: Side, note: Note, *, told: bool = True
) -> tuple[str, str]:
    """The ids of two transactions that balance each other, each naming the other."""
    ids = new_id(), new_id()
    for side, mine, theirs in zip((one, other), ids, reversed(ids), strict=True):
        books.post(
            side.book,
            TransactionKind.TRANSFER,
            side.entries,
            note.at,
            actor=note.actor,
            reason=note.reason,
            detail={**side.detail, "transaction": theirs},
            id=mine,
            told=told,
        )
    return ids


def move_points(
    books: Books,
    wallets: tuple[WalletBook, WalletBook],
    lots: Sequence[Lot],
    debt: int,
    details: tuple[Mapping[str, Json], Mapping[str, Json]],
    note: Note,
) -> int:
    """Hands lots and debt over; the points that moved. What is active pays what is owed."""
    source, target = wallets
    before = source.balance
    gave, got = source.hand_over(lots, debt, target)
    books.touch(source)
    books.touch(target)
    if gave:
        sides = (Side(source, gave, details[0]), Side(target, got, details[1]))
        post_pair(books, *sides, note, told=False)
    for lot in lots:
        del source.lots[lot.id]
    for book in wallets:
        books.post(book, TransactionKind.REPAYMENT, book.repay(note.at), note.at)
    return before - source.balance


class Transfers:
    """Transfers under the current rules."""

    def __init__(self, store: Store, rules: Rules, clock: Clock) -> None:
        self._store = store
        self._rules = rules
        self._clock = clock

    def transfer(
        self,
        from_member: str,
        to_member: str,
        wallet: str,
        points: int,
        reason: str,
        actor: str,
        key: str,
    ) -> TransferReceipt:
        """Points given by one member to another."""
        now = self._clock()
        self._check(wallet, points)
        for name, text in (("reason", reason), ("actor", actor), ("key", key)):
            if text or name == "key":
                read_text(name, text)
        values = {"from": from_member, "to": to_member, "w": wallet, "p": points}
        given = input_hash("transfer", values | {"r": reason, "by": actor})

        def work(uow: UnitOfWork) -> TransferReceipt:
            people = locked_members(uow, (from_member, to_member))
            if stored := stored_receipt(uow, key, given):
                return converter(0).structure(stored.receipt, TransferReceipt)
            giver, receiver = people
            self._check_people(uow, giver, receiver, wallet, points, now)
            books = Books(uow, self._rules, now)
            ids = [giver.id, receiver.id]
            books.load(ids, open_of=ids)
            sides = [books.wallet(member, wallet) for member in ids]
            made, got = self._move(books, sides, points, Note(now, reason, actor))
            receipt = TransferReceipt(
                transaction_id=made,
                received_transaction_id=got,
                from_member=giver.id,
                to_member=receiver.id,
                wallet=wallet,
                points=points,
                occurred_at=now,
            )
            document = cast(Mapping[str, Json], converter(0).unstructure(receipt))
            books.changes.receipts.append(StoredReceipt(key, given, giver.id, document, now))
            books.flush()
            buy_what_is_due(uow, self._rules, [receiver.id], now)
            return receipt

        return self._store.write(work)

    def _move(
        self, books: Books, sides: Sequence[WalletBook], points: int, note: Note
    ) -> tuple[str, str]:
        giver, receiver = sides
        books.post(giver, TransactionKind.REPAYMENT, giver.repay(note.at), note.at)
        try:
            spent = giver.spend(points, note.at)
        except InsufficientPoints as short:
            unit, scale = self._wallet(giver.wallet).unit, self._wallet(giver.wallet).scale
            there = max(giver.available(note.at), 0)
            needed, available = format_scaled(points, scale), format_scaled(there, scale)
            short.message = f"{needed} {unit} needed, {available} available"
            raise
        got = []
        for lot_id, amount in ((entry.lot_id, entry.amount) for entry in spent if entry.lot_id):
            copy = books.copy_lot(giver.lots[lot_id], receiver.member_id)
            got += receiver.credit(copy, -amount, note.at)
        if receiver.lapses_at is None:  # points that would lapse do not stop to when they move
            receiver.lapses_at = giver.lapses_at
        return post_pair(
            books,
            Side(giver, spent, {"to": receiver.member_id}),
            Side(receiver, got, {"from": giver.member_id}),
            note,
        )

    # -- what is refused ----------------------------------------------------------------------

    def _check(self, wallet: str, points: int) -> None:
        if wallet not in self._rules.config.wallets:
            raise WalletUnknown(f"the program has no wallet {wallet!r}", where="wallet")
        if type(points) is not int or not 0 < points < LARGEST_AMOUNT:
            raise FactError(f"{points!r} points cannot be given", where="points")

    def _wallet(self, wallet: str) -> Wallet:
        return self._rules.config.wallets[wallet]

    def _check_people(
        self,
        uow: UnitOfWork,
        giver: MemberRecord,
        receiver: MemberRecord,
        wallet: str,
        points: int,
        now: datetime,
    ) -> None:
        rules, fine = self._wallet(wallet).transfer, 10 ** self._wallet(wallet).scale
        where = f"wallets.{wallet}.transfer"
        if not rules.allowed:
            remedy = "Set allowed = true if members may give each other points."
            raise TransferRefused("the wallet allows no transfers", where=where, remedy=remedy)
        if giver.id == receiver.id:
            raise TransferRefused("both are the same member", where="to_member")
        for member in (giver, receiver):
            if member.status is not MemberStatus.ACTIVE:
                message = f"the member {member.id} is {member.status}"
                raise MemberInactive(message, member_id=member.id)
        if rules.smallest is not None and points < rules.smallest * fine:
            raise self._beyond(f"at least {rules.smallest}", "at once", where, wallet)
        if rules.largest is not None and points > rules.largest * fine:
            raise self._beyond(f"at most {rules.largest}", "at once", where, wallet)
        if rules.per_day is not None:
            zone = self._rules.config.program.time_zone
            today = start_of(day_of(now, zone), zone)
            given = uow.given_away(MemberId(giver.id), wallet, today)
            if given + points > rules.per_day * fine:
                raise self._beyond(f"at most {rules.per_day}", "in a day", where, wallet)

    def _beyond(self, limit: str, span: str, where: str, wallet: str) -> TransferRefused:
        unit = self._wallet(wallet).unit
        return TransferRefused(f"{limit} {unit} can be given {span}", where=where, limit=limit)
