"""Activities that the core itself records, for members whom it knows by their ids."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from loyalty_core.application.batch import Batch
from loyalty_core.application.books import Books
from loyalty_core.application.ids import new_id
from loyalty_core.application.rules import Rules, RulesAt
from loyalty_core.application.settle import settle
from loyalty_core.domain.facts import Activity, FactId, key_of
from loyalty_core.domain.members import MemberId, MemberStatus
from loyalty_core.ports.records import FactRecord, FactStatus
from loyalty_core.ports.store import UnitOfWork


def record_own(
    uow: UnitOfWork,
    rules: Rules,
    rules_at: RulesAt,
    given: Iterable[tuple[MemberId, Activity]],
    now: datetime,
) -> int:
    """How many of these activities were recorded now, and decided; each is recorded once.

    Whoever was erased is left out; who was merged is another member by now.
    """
    batch = Batch()
    books = Books(uow, rules, now)
    wanted = {key_of(activity): (member, activity) for member, activity in given}
    batch.members = uow.lock_members(member for member, _ in wanted.values())
    batch.lock_holders(uow)
    known, wallets = uow.known(wanted, batch.members)
    books.keep(batch.members, wallets)
    for key in sorted(wanted.keys() - known.keys()):
        member, activity = wanted[key]
        holder = batch.members[batch.members[member].holder]
        if holder.status is MemberStatus.ERASED:
            continue
        record = FactRecord(
            id=FactId(new_id()),
            key=key,
            member_id=holder.id,
            status=FactStatus.IDLE,
            occurred_at=activity.occurred_at,
            received_at=now,
            document=activity,
        )
        books.changes.facts[record.id] = batch.records[key] = record
        if holder.status is not MemberStatus.CLOSED:
            batch.redecide[record.id] = batch.revalue[record.id] = record
    recorded = len(batch.records)  # before what comes later in their members' time is read
    settle(uow, batch, books, rules_at)
    books.flush()
    return recorded
