"""Forgetting a person: the books keep their totals, and nothing says any more whose they were."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from typing import cast

from loyalty_core.application.books import Books
from loyalty_core.application.departing import depart_wholly
from loyalty_core.application.enrol import locked_members, stored_receipt
from loyalty_core.application.forms import read_text
from loyalty_core.application.identities import read_identities
from loyalty_core.application.ids import input_hash
from loyalty_core.application.personal import forget_messages
from loyalty_core.application.rules import Rules
from loyalty_core.application.structure import converter
from loyalty_core.domain.amounts import Minor
from loyalty_core.domain.clock import Clock
from loyalty_core.domain.facts import Activity, Json, Line, Refund
from loyalty_core.domain.ledger import TransactionKind
from loyalty_core.domain.members import History, Identity, MemberStatus, Profile
from loyalty_core.domain.orders import OrderDocument
from loyalty_core.domain.receipts import ErasureReceipt, GuestErasureReceipt
from loyalty_core.domain.redemptions import RedemptionState
from loyalty_core.errors import IdentityConflict, IdentityInvalid, LedgerFault
from loyalty_core.ports.records import FactRecord, FactStatus, MemberRecord, StoredReceipt
from loyalty_core.ports.store import Store, UnitOfWork

REASON = "erased"
"""The reason in the books of what ends the balance of a person who was erased."""


class Erasing:
    """Erases people under the current rules."""

    def __init__(self, store: Store, rules: Rules, clock: Clock) -> None:
        self._store = store
        self._rules = rules
        self._clock = clock

    def erase(self, member_id: str, reason: str, actor: str, key: str) -> ErasureReceipt:
        """The receipt of a person's erasure, the same however often it is asked for."""
        now = self._clock()
        for name, text in (("reason", reason), ("actor", actor), ("key", key)):
            read_text(name, text)
        given = input_hash("erase", {"member": member_id, "reason": reason, "actor": actor})

        def work(uow: UnitOfWork) -> ErasureReceipt:
            member = locked_members(uow, [member_id], erased=True)[0]
            stored = stored_receipt(uow, key, given)
            if member.status is MemberStatus.ERASED:
                stored = uow.receipt(_done(member.id))
            if stored is not None:
                return converter(0).structure(stored.receipt, ErasureReceipt)
            depart_wholly(uow, self._rules, member, now)
            books = Books(uow, self._rules, now)
            receipt = ErasureReceipt(
                member_id=member.id,
                erased_at=now,
                points=_close(books, member, actor),
                reason=reason,
                actor=actor,
            )
            self._forget(uow, member, books)
            document = cast(Mapping[str, Json], converter(0).unstructure(receipt))
            books.changes.receipts += [
                StoredReceipt(key, given, member.id, document, now),
                StoredReceipt(_done(member.id), given, member.id, document, now),
            ]
            books.flush()
            return receipt

        return self._store.write(work)

    def erase_guest(
        self, identities: Mapping[str, str], source: str, reason: str, actor: str, key: str
    ) -> GuestErasureReceipt:
        """The receipt of the erasure of somebody who never became a member.

        Of no identity it is that of nobody: the key is used, and cannot erase somebody later.

        Raises ``IdentityInvalid``, ``IdentityConflict`` where they are a member's, ``FactError``,
        ``IdempotencyConflict``.
        """
        country = self._rules.config.program.default_country
        wanted = read_identities(identities, source=source, country=country)

        def work(uow: UnitOfWork) -> GuestErasureReceipt:
            if uow.lock_owners(wanted, ()):
                message = "a member is known by one of these identities"
                raise IdentityConflict(message, where="identities", remedy="Erase the member.")
            return self._erase_unowned(uow, wanted, None, (reason, actor, key))

        return self._write_guest(reason, actor, key, work)

    def erase_guests_of(
        self, source: str, reason: str, actor: str, key: str
    ) -> GuestErasureReceipt:
        """The receipt of the erasure of all guests that one source told of."""
        return self._write_guest(
            reason,
            actor,
            key,
            lambda uow: self._erase_unowned(uow, (), source, (reason, actor, key)),
        )

    def _write_guest(
        self, reason: str, actor: str, key: str, work: Callable[[UnitOfWork], GuestErasureReceipt]
    ) -> GuestErasureReceipt:
        for name, text in (("reason", reason), ("actor", actor), ("key", key)):
            read_text(name, text)
        return self._store.write(work)

    def _erase_unowned(
        self,
        uow: UnitOfWork,
        wanted: Collection[Identity],
        source: str | None,
        asked: tuple[str, str, str],
    ) -> GuestErasureReceipt:
        reason, actor, key = asked
        now = self._clock()
        digests = uow.identity_digests(wanted)
        said = {"of": digests, "source": source, "reason": reason, "actor": actor}
        given = input_hash("erase_guest", said)
        if stored := stored_receipt(uow, key, given):
            return converter(0).structure(stored.receipt, GuestErasureReceipt)
        known, facts = set(wanted), list[FactRecord]()
        if source is not None:  # who was a guest elsewhere, too, is not forgotten there
            facts = uow.facts_of_guests_from(source)
        for fact, identities in self._unowned(uow, wanted):
            known |= identities
            facts.append(fact)
        for fact in facts:
            fact.status = FactStatus.LAPSED
        known -= uow.lock_owners(known, ()).keys()
        forget_messages(uow, known)
        books = Books(uow, self._rules, now)
        uow.forget([], sorted(known), [fact.id for fact in facts], now)
        books.changes.facts = {fact.id: strip(fact) for fact in facts}
        receipt = GuestErasureReceipt(erased_at=now, facts=len(facts), reason=reason, actor=actor)
        document = cast(Mapping[str, Json], converter(0).unstructure(receipt))
        books.changes.receipts.append(StoredReceipt(key, given, None, document, now))
        books.flush()
        return receipt

    def _forget(self, uow: UnitOfWork, member: MemberRecord, books: Books) -> None:
        """Empties the member's rows; those of tables that ``save`` does not write at once."""
        people = uow.lock_members(uow.merged_into(member.id)) | {member.id: member}
        known = set(uow.identities_of(list(people)))
        facts = uow.facts_of(list(people))
        for fact, identities in self._unowned(uow, frozenset(known)):
            known |= identities
            fact.member_id, fact.status = member.id, FactStatus.LAPSED
            facts.append(fact)
        uow.forget_standings(people)
        uow.forget_segments(people)
        uow.forget_actions(list(people))
        forget_messages(uow, known)
        uow.forget_scores(people)
        uow.forget_rows(people)
        uow.forget(list(people), sorted(known), [fact.id for fact in facts], books.now)
        books.changes.facts = {fact.id: strip(fact) for fact in facts}
        for one in people.values():
            one.status, one.profile, one.said = MemberStatus.ERASED, Profile(), {}
            one.history, one.state, one.decided_to = History(), {}, None
            one.merged_into, one.merges = None, []
            one.segments = {}  # `contributions` and `absences` stay: ids, whose points these were
            books.changes.members[one.id] = one
        books.changes.events.clear()  # of points, to people who are told below to forget the person
        books.tell("member_erased", member.id, books.now, {})

    def _unowned(
        self, uow: UnitOfWork, known: Collection[Identity]
    ) -> Iterator[tuple[FactRecord, set[Identity]]]:
        """Facts of nobody that are of this person, each with all by whom it names the person.

        One that names somebody else by now was corrected, or is read otherwise than it was, as
        under another ``default_country``: it is forgotten, and the somebody is not.
        """
        country = self._rules.config.program.default_country
        for fact in uow.facts_of_guests(known):
            document, named = fact.document, set[Identity]()
            body = document if isinstance(document, Activity) else document.body
            with contextlib.suppress(IdentityInvalid):  # it can be so under another country
                given = body.identities if body else {}
                named = set(read_identities(given, source=fact.key.source, country=country))
            yield fact, set() if named.isdisjoint(known) else named


def _done(member_id: str) -> str:
    """The key under which a second erasure finds the receipt of the first."""
    return f"erased:{member_id}"


def _close(books: Books, member: MemberRecord, actor: str) -> dict[str, int]:
    """What ended in each wallet with the member, by a transaction that says why.

    What redemptions hold is set free first, and ends as free points do. What was never the
    member's to spend stays: an account of a charity must not lose what they gave.
    """
    books.load([member.id], open_of=[member.id])
    ended = {}
    wallets = books.rules.config.wallets
    kept = {name for name, definition in wallets.items() if not definition.spendable}
    for book in [book for book in books.wallets.values() if book.wallet not in kept]:
        for redemption in books.holding(book):
            books.release(redemption, RedemptionState.RELEASED, books.now)
        books.catch_up(book)
        ended[book.wallet] = book.balance
        entries = book.close()
        kind = TransactionKind.ADJUSTMENT
        books.post(book, kind, entries, books.now, actor=actor, reason=REASON)
        book.lapses_at = None
        if book.balance or book.debt or book.held:
            raise LedgerFault("a wallet was not emptied", where=book.wallet)
    return {wallet: points for wallet, points in sorted(ended.items()) if points}


def strip(fact: FactRecord) -> FactRecord:
    """The fact with amounts and moments alone: enough for its awards, nothing of a person."""
    document = fact.document
    if isinstance(document, Activity):
        bare = replace(document, kind="", identities={}, data={}, channel="", store="", tags=())
        fact.document = bare
    else:
        fact.document = _bare(document)
    fact.before, fact.deferred, fact.attempts, fact.retry_at = {}, (), 0, None
    fact.sale, fact.measures = None, {}
    if fact.status is FactStatus.DEFERRED:
        fact.status = FactStatus.BOOKED
    return fact


def _bare(document: OrderDocument) -> OrderDocument:
    refunds = _bare_refunds(document.refunds)
    strays = {code: _bare_refunds(stray) for code, stray in document.strays.items()}
    document, body = replace(document, refunds=refunds, strays=strays), document.body
    if body is None:
        return document
    lines = tuple(_bare_line(line) for line in body.lines)
    bare = replace(body, identities={}, lines=lines, tenders=(), channel="", store="", tags=())
    return replace(document, body=bare)


def _bare_line(line: Line) -> Line:
    return replace(line, sku="", categories=(), tags=())


def _bare_refunds(refunds: Mapping[str, Refund]) -> dict[str, Refund]:
    """The refunds without what they were paid by, but for how much."""
    bare = {}
    for name, refund in refunds.items():
        paid = refund.paid_out
        amount = None if paid is None else Minor(paid)
        bare[name] = replace(refund, amount=amount, tenders=())
    return bare
