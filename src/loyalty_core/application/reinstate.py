"""Expired points given back: into the lots they expired from, which get another expiry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from loyalty_core.application.adjustment_forms import read_expires_at
from loyalty_core.application.automatic import buy_what_is_due
from loyalty_core.application.books import Books
from loyalty_core.application.enrol import locked_member, stored_receipt
from loyalty_core.application.forms import read_text
from loyalty_core.application.ids import input_hash, is_id
from loyalty_core.application.rules import Rules
from loyalty_core.application.structure import converter
from loyalty_core.domain.adjustments import ExpiresAt, ReinstatementReceipt
from loyalty_core.domain.amounts import format_scaled
from loyalty_core.domain.clock import Clock
from loyalty_core.domain.facts import Json
from loyalty_core.domain.ledger import MEMBER, Lot, Transaction, TransactionKind
from loyalty_core.domain.members import MemberId
from loyalty_core.domain.programs import Wallet
from loyalty_core.errors import (
    DateOutOfRange,
    FactError,
    LedgerFault,
    ReinstatementRefused,
    TransactionNotFound,
)
from loyalty_core.ports.records import StoredReceipt
from loyalty_core.ports.store import Store, UnitOfWork


class Reinstater:
    """Gives expired points back under the current rules."""

    def __init__(self, store: Store, rules: Rules, clock: Clock) -> None:
        self._store = store
        self._rules = rules
        self._clock = clock

    def reinstate(
        self,
        member_id: str,
        transaction_id: str,
        points: int | None,
        expires_at: ExpiresAt,
        reason: str,
        actor: str,
        key: str,
    ) -> ReinstatementReceipt:
        """Points of an expiry given back, all that is left of it or as many as asked for."""
        now = self._clock()
        for name, text in (("reason", reason), ("actor", actor), ("key", key)):
            read_text(name, text)
        if points is not None and (type(points) is not int or points <= 0):
            raise FactError(f"{points!r} points cannot be given back", where="points")
        ends = read_expires_at(expires_at)
        given = input_hash(
            "reinstate",
            {
                "member": member_id,
                "transaction": transaction_id,
                "points": points,
                "expires_at": ends,
                "reason": reason,
                "actor": actor,
            },
        )

        def work(uow: UnitOfWork) -> ReinstatementReceipt:
            member = locked_member(uow, member_id, households=True)
            if stored := stored_receipt(uow, key, given):
                return converter(0).structure(stored.receipt, ReinstatementReceipt)
            expiry = _expiry(uow, member.id, transaction_id)
            books = Books(uow, self._rules, now)
            receipt = _give_back(books, expiry, points, ends, reason, actor, member.id)
            document = cast(Mapping[str, Json], converter(0).unstructure(receipt))
            books.changes.receipts.append(StoredReceipt(key, given, member.id, document, now))
            books.flush()
            buy_what_is_due(uow, self._rules, [member.id], now)
            return receipt

        return self._store.write(work)


def _expiry(uow: UnitOfWork, member_id: MemberId, transaction_id: str) -> Transaction:
    """The member's expiry of this id; raises ``TransactionNotFound``, ``ReinstatementRefused``."""
    found = uow.transaction(transaction_id) if is_id(transaction_id) else None
    if found is None or found.member_id not in (member_id, *uow.merged_into(member_id)):
        raise TransactionNotFound(
            f"the member has no transaction {transaction_id!r}", transaction_id=transaction_id
        )
    if found.kind is not TransactionKind.EXPIRY or found.amount >= 0:
        raise ReinstatementRefused(
            f"no points expired with transaction {transaction_id!r}",
            where=transaction_id,
            remedy="Name a transaction of kind expiry that took points: the history lists them.",
        )
    return found


def _amount(books: Books, expiry: Transaction, lot: Lot, points: int | None) -> int:
    """How many points to give back: what has been refunded or given back meanwhile is not there.

    Raises ``ReinstatementRefused``.
    """
    left = -expiry.amount - books.uow.reinstated(expiry, MemberId(lot.member_id))
    left = min(left, lot.expired - lot.forgiven)
    wanted = left if points is None else points
    if not 0 < wanted <= left:
        wallet = books.rules.config.wallets.get(expiry.wallet, Wallet())
        asked, there = (format_scaled(one, wallet.scale) for one in (max(wanted, 0), left))
        raise ReinstatementRefused(
            f"{asked} {wallet.unit} asked for, {there} of this expiry can be given back",
            where=expiry.id,
            remedy="Ask for no more; what was given back or refunded since does not count again.",
            needed=wanted,
            available=left,
        )
    return wanted


def _lot_of(books: Books, expiry: Transaction, member_id: MemberId) -> Lot:
    """The one lot that an expiry ended, the member's wallets loaded; a merge may have moved it."""
    lot_ids = [entry.lot_id for entry in expiry.entries if entry.account == MEMBER and entry.lot_id]
    books.load([member_id], lots=lot_ids, open_of=[member_id])
    mine = books.wallet(member_id, expiry.wallet).lots
    for lot_id in lot_ids:
        if lot_id in mine:
            return mine[lot_id]
    raise ReinstatementRefused(
        f"what expired with transaction {expiry.id!r} is another member's since a merge",
        where=expiry.id,
        remedy="Give the points to the member who has them now.",
    )


def _give_back(
    books: Books,
    expiry: Transaction,
    points: int | None,
    expires_at: ExpiresAt,
    reason: str,
    actor: str,
    member_id: MemberId,
) -> ReinstatementReceipt:
    now = books.now
    lot = _lot_of(books, expiry, member_id)
    book = books.wallet(member_id, expiry.wallet)
    amount = _amount(books, expiry, lot, points)
    ends = books.expiry(book.wallet, now, max(now, lot.activates_at), expires_at)
    if ends is not None and ends <= max(now, lot.activates_at):
        raise DateOutOfRange(
            f"{ends} is past, or before the points become active",
            where="expires_at",
            remedy="Give a later moment, or none for the wallet's own rule.",
            value=ends,
        )
    entries = book.reinstate(lot, amount, ends)
    lot.pending = lot.activates_at > now
    new = lot.expires_at.isoformat().replace("+00:00", "Z") if lot.expires_at else None
    detail: Mapping[str, Json] = {"corrects": expiry.id, "expires_at": new}
    made = books.post(
        book, TransactionKind.EXPIRY, entries, now, actor=actor, reason=reason, detail=detail
    )
    if made is None:
        raise LedgerFault("a reinstatement moved nothing", where=expiry.id)
    if lot.active(now):
        books.post(book, TransactionKind.REPAYMENT, book.repay_from(lot), now)
    return ReinstatementReceipt(
        transaction_id=made,
        corrects=expiry.id,
        member_id=member_id,
        wallet=book.wallet,
        points=amount,
        reason=reason,
        actor=actor,
        occurred_at=now,
        expires_at=lot.expires_at,
    )
