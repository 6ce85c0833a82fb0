"""Making two members one, and parting them again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import cast

from loyalty_core.application.automatic import buy_what_is_due
from loyalty_core.application.batch import Batch
from loyalty_core.application.books import Books
from loyalty_core.application.enrol import locked_members, stored_receipt
from loyalty_core.application.fold import NOTHING, Running
from loyalty_core.application.forms import read_text
from loyalty_core.application.household_merging import give_place_back, take_place
from loyalty_core.application.ids import input_hash, is_id, new_id
from loyalty_core.application.rules import Rules, RulesAt
from loyalty_core.application.scoring import keep_scores
from loyalty_core.application.settle import settle
from loyalty_core.application.standing import tell_standings
from loyalty_core.application.structure import converter
from loyalty_core.application.transfer import Note, move_points
from loyalty_core.domain.clock import Booked, Clock
from loyalty_core.domain.facts import Json
from loyalty_core.domain.ledger import Lot, WalletBook
from loyalty_core.domain.members import MemberId, MemberStatus
from loyalty_core.domain.receipts import MergeReceipt, UnmergeReceipt
from loyalty_core.errors import MemberNotFound, MergeRefused
from loyalty_core.ports.records import Absence, MemberRecord, Merge, StoredReceipt
from loyalty_core.ports.store import Store, UnitOfWork

TICK = timedelta(microseconds=1)


class Merging:
    """Merges members, and takes merges back, under the current rules."""

    def __init__(self, store: Store, rules: Rules, rules_at: RulesAt, clock: Clock) -> None:
        self._store = store
        self._rules = rules
        self._rules_at = rules_at
        self._clock = clock

    def merge(self, into: str, other: str, reason: str, actor: str, key: str) -> MergeReceipt:
        """The receipt of two members becoming one."""
        note, given = self._noted("merge", (into, other), reason, actor, key)

        def work(uow: UnitOfWork) -> MergeReceipt:
            kept, gone = locked_members(uow, (into, other))
            if stored := stored_receipt(uow, key, given):
                return converter(0).structure(stored.receipt, MergeReceipt)
            if into == other:
                raise MergeRefused("both are the same member", where="other")
            books = Books(uow, self._rules, note.at)
            known = next((one for one in kept.merges if one.member == other), None)
            if kept.id != gone.id:
                take_place(books, kept, gone)
                known = self._merge(uow, books, kept, gone, note)
            at = known.at if known else note.at
            receipt = MergeReceipt(
                member_id=kept.id,
                merged_member=gone.id if gone.id != kept.id else other,
                merged_at=at,
                points=known.points if known else {},
                unmerge_until=at + timedelta(days=self._rules.config.program.unmerge_days),
            )
            _keep_receipt(books, key, given, kept.id, receipt)
            books.flush()
            if known and kept.id != gone.id:
                _carry(uow, kept, gone, known)
                buy_what_is_due(uow, self._rules, [kept.id], note.at)
            return receipt

        return self._store.write(work)

    def unmerge(self, member_id: str, reason: str, actor: str, key: str) -> UnmergeReceipt:
        """The receipt of a merged member being there again."""
        note, given = self._noted("unmerge", (member_id,), reason, actor, key)

        def work(uow: UnitOfWork) -> UnmergeReceipt:
            found = uow.lock_members([MemberId(member_id)] if is_id(member_id) else [])
            if not found:
                raise MemberNotFound(f"there is no member {member_id!r}", member_id=member_id)
            gone = found[MemberId(member_id)]
            if stored := stored_receipt(uow, key, given):
                return converter(0).structure(stored.receipt, UnmergeReceipt)
            if gone.merged_into is None:
                raise MergeRefused("the member is not merged", where="member_id")
            kept = locked_members(uow, [gone.merged_into])[0]
            merge = self._undoable(kept, gone, note.at)
            books = Books(uow, self._rules, note.at)
            group = _with_theirs(gone, uow.lock_members(uow.merged_into(kept.id)))
            give_place_back(books, kept, gone)
            points = self._part(books, kept, gone, group, merge, note)
            receipt = UnmergeReceipt(
                member_id=gone.id, from_member=kept.id, unmerged_at=note.at, points=points
            )
            _keep_receipt(books, key, given, gone.id, receipt)
            books.flush()
            _carry_back(uow, kept, gone, group, merge)
            self._redecide(uow, kept, merge, note.at)
            buy_what_is_due(uow, self._rules, [kept.id, gone.id], note.at)
            return receipt

        return self._store.write(work)

    def _noted(
        self, command: str, members: tuple[str, ...], reason: str, actor: str, key: str
    ) -> tuple[Note, str]:
        for name, text in (("reason", reason), ("actor", actor), ("key", key)):
            if text or name == "key":
                read_text(name, text)
        given = input_hash(command, {"members": members, "reason": reason, "actor": actor})
        return Note(self._clock(), reason, actor), given

    # -- becoming one -------------------------------------------------------------------------

    def _merge(
        self, uow: UnitOfWork, books: Books, kept: MemberRecord, gone: MemberRecord, note: Note
    ) -> Merge:
        gone.absences.append(Absence(into=kept.id, since=Booked(note.at, new_id())))
        last = kept.decided_to.occurred_at if kept.decided_to else note.at
        running = Running(kept.history, dict(kept.state))
        points, debts = self._bring(books, kept, gone, note)
        merge = Merge(
            member=gone.id,
            at=note.at if last < note.at else last + TICK,
            history=gone.history,
            state=gone.state,
            before=running.snapshot(NOTHING),
            identities=tuple(uow.identities_of([gone.id])),
            points=points,
            debts=debts,
            status=gone.status,
        )
        running.absorb(merge, self._rules, strictly=True)
        kept.history, kept.state = running.history, running.state
        kept.merges.append(merge)
        gone.status, gone.merged_into, gone.segments = MemberStatus.MERGED, kept.id, {}
        books.changes.members |= {kept.id: kept, gone.id: gone}
        books.tell("member_merged", kept.id, note.at, {"merged": gone.id})
        uow.forget_standings([gone.id])
        uow.forget_segments([gone.id])
        tell_standings(books, [kept])
        keep_scores(books, [kept, gone])
        return merge

    def _bring(
        self, books: Books, kept: MemberRecord, gone: MemberRecord, note: Note
    ) -> tuple[dict[str, int], dict[str, int]]:
        """Moves all points and debt; what came of each, by wallet."""
        books.load([kept.id, gone.id], open_of=[kept.id, gone.id])
        points, debts = {}, {}
        for source in [book for book in books.wallets.values() if book.member_id == gone.id]:
            target = books.wallet(kept.id, source.wallet)
            lots = [lot for lot in source.lots.values() if lot.remaining]
            points[source.wallet], debts[source.wallet] = source.balance, source.debt
            for lot in lots:
                lot.came_from = lot.came_from or gone.id
            moments = [at for at in (source.lapses_at, target.lapses_at) if at]
            target.lapses_at = max(moments, default=None)
            source.lapses_at = None
            details = {"merged_into": kept.id}, {"merged_from": gone.id}
            move_points(books, (source, target), lots, source.debt, details, note)
        return points, debts

    # -- parting again ------------------------------------------------------------------------

    def _undoable(self, kept: MemberRecord, gone: MemberRecord, now: datetime) -> Merge:
        merge = next((one for one in kept.merges if one.member == gone.id), None)
        if merge is None:
            raise MergeRefused(
                "the member came with another one", remedy="Take that merge back first."
            )
        days = self._rules.config.program.unmerge_days
        if now > merge.at + timedelta(days=days):
            raise MergeRefused(f"the merge is more than {days} days old", where="member_id")
        return merge

    def _part(
        self,
        books: Books,
        kept: MemberRecord,
        gone: MemberRecord,
        group: Sequence[MemberId],
        merge: Merge,
        note: Note,
    ) -> dict[str, int]:
        """Gives back what is left of points and debt; how much, by wallet."""
        books.load([kept.id, gone.id], open_of=[kept.id, gone.id])
        over = Booked(note.at, new_id())
        gone.absences[-1] = replace(gone.absences[-1], until=over)
        points: dict[str, int] = {}
        for source in [book for book in books.wallets.values() if book.member_id == kept.id]:
            target = books.wallet(gone.id, source.wallet)
            lots = [lot for lot in source.lots.values() if lot.remaining and lot.came_from in group]
            _part_holds(books, source, lots, gone)
            for lot in lots:
                lot.came_from = None if lot.came_from == gone.id else lot.came_from
            debt = min(source.debt, merge.debts.get(source.wallet, 0))
            target.lapses_at = source.lapses_at
            details = {"unmerged_to": gone.id}, {"unmerged_from": kept.id}
            moved = move_points(books, (source, target), lots, debt, details, note)
            points |= {source.wallet: moved} if moved else {}
        kept.merges.remove(merge)
        gone.status, gone.merged_into = merge.status, None
        books.changes.members |= {kept.id: kept, gone.id: gone}
        books.tell("member_unmerged", kept.id, note.at, {"unmerged": gone.id})
        tell_standings(books, [gone])
        keep_scores(books, [gone])
        return points

    def _redecide(self, uow: UnitOfWork, kept: MemberRecord, merge: Merge, now: datetime) -> None:
        """Decides what came after the merge again, without it."""
        batch = Batch(members={kept.id: kept}, undone={kept.id: merge})
        books = Books(uow, self._rules, now)
        settle(uow, batch, books, self._rules_at)
        books.flush()


def _carry(uow: UnitOfWork, kept: MemberRecord, gone: MemberRecord, merge: Merge) -> None:
    """Moves what else the merged member has, in the database alone: after what was booked."""
    group = uow.lock(uow.merged_into(gone.id))
    uow.move_belongings(gone.id, kept.id, None)
    uow.move_rows(gone.id, kept.id, None)
    uow.answer_for(group, kept.id)
    uow.reassign(merge.identities, kept.id)


def _carry_back(
    uow: UnitOfWork,
    kept: MemberRecord,
    gone: MemberRecord,
    group: Sequence[MemberId],
    merge: Merge,
) -> None:
    """Moves back what came with the merged member, in the database alone."""
    uow.move_belongings(kept.id, gone.id, group)
    uow.move_rows(kept.id, gone.id, group)
    uow.answer_for([one for one in group if one != gone.id], gone.id)
    owners = uow.lock_owners(merge.identities)
    uow.reassign([one for one in merge.identities if owners.get(one) == kept.id], gone.id)


def _part_holds(books: Books, book: WalletBook, lots: list[Lot], gone: MemberRecord) -> None:
    """Lets the redemptions that hold points of these lots go along; those of both cannot."""
    leaving = {lot.id for lot in lots}
    for redemption in books.holding(book):
        if leaving.isdisjoint(redemption.lots):
            continue
        if not leaving.issuperset(redemption.lots):
            raise MergeRefused(
                f"the redemption {redemption.id} holds points of both members",
                where="member_id",
                remedy="Capture or release it first.",
            )
        redemption.member_id = gone.id
        redemption.came_from = None if redemption.came_from == gone.id else redemption.came_from
        books.changes.redemptions[redemption.id] = redemption


def _with_theirs(gone: MemberRecord, merged: Mapping[MemberId, MemberRecord]) -> list[MemberId]:
    """The member with all that had been merged into it, and into them."""
    group = [gone.id]
    for one in group:  # grows as it goes
        group += [MemberId(merge.member) for merge in merged[one].merges]
    return group


def _keep_receipt(
    books: Books, key: str, given: str, member: MemberId, receipt: MergeReceipt | UnmergeReceipt
) -> None:
    document = cast(Mapping[str, Json], converter(0).unstructure(receipt))
    books.changes.receipts.append(StoredReceipt(key, given, member, document, books.now))
