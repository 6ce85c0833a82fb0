"""Facts that other facts cause: made, moved or withdrawn as their causes are decided again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from loyalty_core.application.batch import Batch
from loyalty_core.application.books import Books
from loyalty_core.application.fold import Causing
from loyalty_core.application.identities import comparable
from loyalty_core.application.ids import new_id
from loyalty_core.domain.effects import Cause
from loyalty_core.domain.facts import CAUSED, Activity, FactId, FactKey
from loyalty_core.domain.members import Identity, IdentityKind, MemberId, MemberStatus
from loyalty_core.ports.records import FactRecord, FactStatus
from loyalty_core.ports.store import UnitOfWork

RIGHT_AFTER = timedelta(microseconds=1)
"""How long after its cause a fact happens at the earliest: the finest that moments tell apart."""
MOST_ROUNDS = 32
"""How often facts may cause others that are decided in the same unit of work."""


def cause(
    uow: UnitOfWork, batch: Batch, books: Books, causing: Sequence[Causing]
) -> dict[MemberId, list[FactRecord]]:
    """The facts that have to be decided (again) because of what caused them, by member.

    The members that they belong to are locked.
    """
    wanted: dict[FactKey, tuple[FactRecord, Cause]] = {}
    gone: list[FactKey] = []
    for one in causing:
        made = {_key(one.record, plugin, effect): effect for plugin, effect in one.caused}
        stay = [key for key in one.record.causes if _plugin(key) in one.silent]
        gone += [key for key in one.record.causes if key not in made and key not in stay]
        wanted |= {key: (one.record, effect) for key, effect in made.items()}
        one.record.causes = (*made, *(key for key in stay if key not in made))
        books.changes.facts[one.record.id] = one.record
    owners = _owners(uow, wanted)
    _load(uow, batch, books, [*wanted, *gone], owners.values())
    changed = [
        record
        for key, (by, effect) in wanted.items()
        if (record := _made(batch, books, key, owners.get(key), by, effect))
    ]
    changed += [record for key in gone if (record := _withdrawn(batch, books, key))]
    by_member: dict[MemberId, list[FactRecord]] = defaultdict(list)
    for record in changed:
        if record.member_id is not None:
            by_member[record.member_id].append(record)
    return by_member


def ready(record: FactRecord, now: datetime) -> FactRecord:
    """The fact that has an owner now, to be decided when its time has come."""
    chain = RIGHT_AFTER * MOST_ROUNDS  # what happened now may have caused it
    later = record.key.source.startswith(CAUSED) and record.occurred_at > now + chain
    record.status = FactStatus.SCHEDULED if later else FactStatus.IDLE
    record.retry_at = record.occurred_at if later else None
    return record


def _key(record: FactRecord, plugin: str, effect: Cause) -> FactKey:
    """What makes it the same fact: the one that caused it, the rule, and whose it is.

    Hashed, so that a fact at the end of a long chain has no longer id than the first, and that
    facts of one moment stand in the same order in every database.
    """
    named = (
        record.key.source,
        record.key.type,
        record.key.id,
        effect.rule,
        effect.member or effect.code,
    )
    digest = sha256("\0".join(named).encode()).hexdigest()
    return FactKey(CAUSED + plugin, "activity", f"{effect.rule}:{digest[:32]}")


def _plugin(key: FactKey) -> str:
    return key.source.removeprefix(CAUSED)


def _owners(
    uow: UnitOfWork, wanted: Mapping[FactKey, tuple[FactRecord, Cause]]
) -> dict[FactKey, MemberId]:
    """Whose each fact is; codes that nobody has are left out."""
    codes = {
        key: Identity(IdentityKind.CODE, comparable(effect.code))
        for key, (_, effect) in wanted.items()
        if effect.code
    }
    known = uow.lock_owners(codes.values()) if codes else {}
    owners = {key: known[code] for key, code in codes.items() if code in known}
    for key, (by, effect) in wanted.items():
        if key not in codes:
            owner = effect.member or by.member_id
            assert owner is not None
            owners[key] = owner
    return owners


def _load(
    uow: UnitOfWork,
    batch: Batch,
    books: Books,
    keys: Iterable[FactKey],
    owners: Iterable[MemberId],
) -> None:
    """Loads facts not known here yet, and members with their wallets, as of the members' locks."""
    unknown = [key for key in keys if key not in batch.records]
    wanted = set(owners) - batch.members.keys()
    found: Mapping[FactKey, FactRecord] = {}
    while True:
        members = uow.lock_members(wanted)
        batch.members.update(members)
        if unknown or members:
            found, wallets = uow.known(unknown, members)
            books.keep(members, wallets)
        wanted = {one.member_id for one in found.values() if one.member_id} - batch.members.keys()
        if not wanted:
            break
    batch.records.update(found)
    batch.lock_holders(uow)


def _made(
    batch: Batch,
    books: Books,
    key: FactKey,
    owner: MemberId | None,
    by: FactRecord,
    effect: Cause,
) -> FactRecord | None:
    """The fact as it is caused now, if it has to be decided (again)."""
    record = batch.records.get(key)
    owner = record.member_id if record is not None and record.member_id else owner
    member = batch.members.get(owner) if owner else None
    if owner is not None and (member is None or member.status is MemberStatus.ERASED):
        return None  # there is nobody whom it could concern
    at = by.occurred_at + RIGHT_AFTER
    document = Activity(
        source=key.source,
        id=key.id,
        kind=effect.kind,
        occurred_at=max(at, effect.at) if effect.at else at,
        data=dict(effect.data),
    )
    if record is None:
        record = batch.records[key] = FactRecord(
            id=FactId(new_id()),
            key=key,
            member_id=member.holder if member else None,
            status=FactStatus.IDLE,
            occurred_at=document.occurred_at,
            received_at=books.now,
            document=document,
        )
    elif record.document == document and record.status is not FactStatus.WITHDRAWN:
        return None
    record.document, record.occurred_at = document, document.occurred_at
    books.changes.facts[record.id] = record
    if record.member_id is not None:
        ready(record, books.now)
        scheduled = record.status is FactStatus.SCHEDULED and record.was_at is None
        return None if scheduled else record
    record.status = FactStatus.WAITING
    until = books.now + timedelta(days=books.rules.config.program.join_wait_days)
    code = Identity(IdentityKind.CODE, comparable(effect.code))
    books.changes.waiting.append((code, record.id, until))
    return None


def _withdrawn(batch: Batch, books: Books, key: FactKey) -> FactRecord | None:
    """The fact that is not caused any more, if it had been decided."""
    record = batch.records.get(key)
    if record is None or record.status is FactStatus.WITHDRAWN:
        return None
    owner = batch.members.get(record.member_id) if record.member_id else None
    if owner is not None and owner.status is MemberStatus.ERASED:
        return None
    record.status, record.retry_at = FactStatus.WITHDRAWN, None
    books.changes.facts[record.id] = record
    return record if record.was_at is not None else None
