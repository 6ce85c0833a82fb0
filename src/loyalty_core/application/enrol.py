"""Enrolling members, linking identities to them, and finding them again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from loyalty_core.application.books import Books
from loyalty_core.application.forms import read_profile, read_text
from loyalty_core.application.identify import GONE, Overtaken, identify
from loyalty_core.application.identities import read_identities
from loyalty_core.application.ids import input_hash, is_id
from loyalty_core.application.profiles import heard, written
from loyalty_core.application.record import Recorder
from loyalty_core.application.rules import Rules
from loyalty_core.application.scoring import keep_scores
from loyalty_core.application.structure import converter
from loyalty_core.domain.clock import Clock
from loyalty_core.domain.connectors import Customer
from loyalty_core.domain.members import Identity, Member, MemberId, MemberStatus, Profile
from loyalty_core.errors import (
    CustomerMissing,
    FactError,
    HouseholdRefused,
    IdempotencyConflict,
    IdentityConflict,
    LoyaltyError,
    MemberErased,
    MemberNotFound,
)
from loyalty_core.ports.records import MemberRecord, StoredReceipt
from loyalty_core.ports.store import Reader, Store, UnitOfWork

Change = Callable[[MemberRecord], None]
"""What a command makes of a member."""


def member_of(record: MemberRecord, identities: tuple[Identity, ...]) -> Member:
    """A member as the outside sees one."""
    return Member(
        id=record.id,
        status=record.status,
        joined_at=record.joined_at,
        profile=record.profile,
        identities=identities,
        segments=dict(record.segments),
    )


class Members:
    """The members of a program."""

    def __init__(self, store: Store, rules: Rules, recorder: Recorder, clock: Clock) -> None:
        self._store = store
        self._rules = rules
        self._recorder = recorder
        self._clock = clock

    def enrol(
        self,
        identities: Mapping[str, str],
        source: str,
        profile: Profile | None,
        key: str | None,
    ) -> Member:
        """The member with these identities, enrolled or updated; waiting facts are booked."""
        wanted = self._read(identities, source)
        profile = read_profile(profile) if profile else None
        if key is not None:
            read_text("key", key)
        given = {
            "identities": [str(one) for one in wanted],
            "profile": converter(0).unstructure(profile) if profile else None,
        }
        change = partial(written, profile=profile) if profile is not None else None
        return self._changed(wanted, change, key, input_hash("enrol", given))

    def hear(self, one: Customer) -> Member:
        """The member that a shop's customer is, enrolled or updated by what the shop says."""
        told = replace(one, profile=read_profile(one.profile))
        return self._changed(self._read(one.identities, one.source), partial(heard, one=told))

    def _changed(
        self,
        wanted: tuple[Identity, ...],
        change: Change | None,
        key: str | None = None,
        hashed: str = "",
    ) -> Member:
        if not wanted:
            raise CustomerMissing("a member needs at least one identity", where="identities")
        while True:
            try:
                member_id = self._store.write(
                    lambda uow: self._enrol(uow, wanted, change, key, hashed)
                )
                return self.member(member_id)
            except Overtaken:
                continue

    def _enrol(
        self,
        uow: UnitOfWork,
        wanted: tuple[Identity, ...],
        change: Change | None,
        key: str | None,
        given: str,
    ) -> MemberId:
        if key is not None and (stored := stored_receipt(uow, key, given)):
            assert stored.member_id is not None  # that of an enrolment
            return MemberId(stored.member_id)
        now = self._clock()
        program = self._rules.config.program
        found = identify(uow, [wanted], [now], program, enrol=True)
        owner = found.owner[0]
        if isinstance(owner, LoyaltyError):
            raise owner
        assert owner is not None
        books = Books(uow, self._rules, now)
        if owner in found.enrolled:
            if change is not None:
                change(found.enrolled[owner])
            books.enrol(found.enrolled[owner], found.kinds()[owner])
        else:
            record = uow.lock_members([owner])[owner]
            if record.status in GONE:
                raise Overtaken
            before = record.profile, record.said
            if change is not None:
                change(record)
            if (record.profile, record.said) != before:
                books.changes.members[owner] = record
                keep_scores(books, [record])
        if key is not None:
            books.changes.receipts.append(StoredReceipt(key, given, owner, {}, now))
        books.flush()
        waited = uow.take_waiting(wanted, now)
        if waited:
            self._recorder.redecide_in(uow, waited, owner, now)
        return owner

    def update(
        self, member_id: str, status: MemberStatus | None, profile: Profile | None
    ) -> Member:
        """The member with another status or profile."""
        if status in GONE:
            raise FactError(f"a status of {status} is not given by hand", where="status")

        def work(uow: UnitOfWork) -> None:
            record = locked_member(uow, member_id)
            record.status = status or record.status
            if profile:
                written(record, read_profile(profile))
            books = Books(uow, self._rules, self._clock())
            books.changes.members[record.id] = record
            keep_scores(books, [record])
            books.flush()

        self._store.write(work)
        return self.member(member_id)

    def find(self, identities: Mapping[str, str], source: str) -> Member | None:
        """The member that any of the identities belongs to, or None."""
        wanted = self._read(identities, source)

        def look(reader: Reader) -> Member | None:
            owners = set(reader.owners(wanted).values())
            if len(owners) > 1:
                raise IdentityConflict(f"the identities belong to {len(owners)} members")
            found = reader.members(owners)
            return next((member_of(*pair) for pair in found.values()), None)

        return self._store.read(look)

    def member(self, member_id: str) -> Member:
        """The member with this id."""
        found = self.members([member_id])
        if member_id not in found:
            raise MemberNotFound(f"there is no member {member_id!r}", member_id=member_id)
        return found[member_id]

    def members(self, ids: list[str]) -> dict[str, Member]:
        """The members with these ids, those not found left out."""
        found = self._store.read(lambda reader: found_members(reader, ids))
        return {key: member_of(*pair) for key, pair in found.items()}

    def _read(self, identities: Mapping[str, str], source: str) -> tuple[Identity, ...]:
        if source:
            read_text("source", source)
        country = self._rules.config.program.default_country
        return read_identities(identities, source=source, country=country)


def stored_receipt(uow: UnitOfWork, key: str, given: str) -> StoredReceipt | None:
    """What a command with this key answered before, if it was given the same.

    Raises ``IdempotencyConflict`` if it was given something else.
    """
    stored = uow.receipt(key)
    if stored is not None and stored.input_hash != given:
        raise IdempotencyConflict(
            f"the key {key!r} was used before for another input", where="key", key=key
        )
    return stored


def locked_member(uow: UnitOfWork, member_id: str, *, households: bool = False) -> MemberRecord:
    """The member, locked; raises ``MemberNotFound``, ``MemberErased``, ``HouseholdRefused``."""
    return locked_members(uow, [member_id], households=households)[0]


def locked_members(
    uow: UnitOfWork, member_ids: Sequence[str], *, erased: bool = False, households: bool = False
) -> list[MemberRecord]:
    """The members in the order asked for, locked in that of their ids.

    Raises ``MemberNotFound``, and ``MemberErased`` or ``HouseholdRefused`` unless ``erased`` ones
    or ``households`` are wanted too.
    """
    found = uow.lock_members(MemberId(one) for one in member_ids if is_id(one))
    if holders := {record.holder for record in found.values()} - found.keys():
        found |= uow.lock_members(holders)
    for asked in member_ids:
        if asked not in found:
            raise MemberNotFound(f"there is no member {asked!r}", member_id=asked)
        if found[MemberId(asked)].status is MemberStatus.ERASED and not erased:
            raise MemberErased(f"the member {asked!r} was erased", member_id=asked)
        if found[MemberId(asked)].household and not households:
            message = f"{asked!r} is a household, not a person"
            raise HouseholdRefused(message, where="member_id", household_id=asked)
    return [found[found[MemberId(asked)].holder] for asked in member_ids]


def found_members(
    reader: Reader, ids: Iterable[str]
) -> dict[str, tuple[MemberRecord, tuple[Identity, ...]]]:
    """The members by the ids asked for, those not found left out.

    Who was merged is answered for by the member they were merged into.
    """
    found = reader.members(one for one in ids if is_id(one))
    moved = {asked: record.holder for asked, (record, _) in found.items() if record.merged_into}
    if moved:
        holders = reader.members(moved.values())
        found |= {asked: holders[holder] for asked, holder in moved.items()}
    return found
