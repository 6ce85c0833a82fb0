"""Whose facts are these: finding members by identities, enrolling and linking, for many at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from loyalty_core.application.identities import read_identities
from loyalty_core.application.ids import is_id, new_id
from loyalty_core.domain.facts import Fact, FactKey
from loyalty_core.domain.members import Identity, MemberId, MemberStatus
from loyalty_core.domain.orders import NEVER
from loyalty_core.domain.programs import JoinPolicy, Program
from loyalty_core.errors import IdentityConflict, LoyaltyError, MemberErased, MemberNotFound
from loyalty_core.ports.records import MemberRecord
from loyalty_core.ports.store import UnitOfWork

ERASED = "the person was erased after this happened"


GONE = (MemberStatus.ERASED, MemberStatus.MERGED)
"""The statuses of members whom nobody is any more: their identities have left them."""


class Overtaken(Exception):
    """A member was erased or merged between being found and being locked: begin again."""


@dataclass(slots=True)
class Identified:
    """Who each fact belongs to: a member, nobody yet (None), or an error; by place in the input."""

    owner: list[MemberId | LoyaltyError | None]
    identities: list[tuple[Identity, ...]]
    enrolled: dict[MemberId, MemberRecord] = field(default_factory=dict)
    claimed: set[Identity] = field(default_factory=set)

    def known(self) -> set[MemberId]:
        """The members that were found, those enrolled just now left out."""
        return {one for one in self.owner if isinstance(one, str) and one not in self.enrolled}

    def refuse_erased(
        self,
        uow: UnitOfWork,
        moments: Iterable[datetime | None],
        members: Mapping[MemberId, MemberRecord],
    ) -> None:
        """Makes ``MemberErased`` the owner of what happened to members before they joined again.

        Costs a look at those facts only that happened before their member joined.
        """
        early: dict[int, datetime] = {}
        for place, (owner, moment) in enumerate(zip(self.owner, moments, strict=True)):
            member = members.get(owner) if isinstance(owner, str) else None
            if member and moment and not member.fresh and moment < member.joined_at:
                early[place] = moment
        erased = erased_at(uow, [self.identities[place] for place in early])
        for place, moment in early.items():
            if moment <= erased.get(self.identities[place], NEVER):
                self.owner[place] = MemberErased(ERASED)

    def kinds(self) -> Mapping[MemberId, set[str]]:
        """The kinds of identities that each member was known by here."""
        kinds: dict[MemberId, set[str]] = defaultdict(set)
        for owner, known in zip(self.owner, self.identities, strict=True):
            if isinstance(owner, str):
                kinds[owner].update(item.kind.value for item in known)
        return kinds


BY_ID = "member_id"
"""Under this name, among its identities, a fact may name its member by id: nobody is enrolled."""


def identities_of(fact: Fact, program: Program) -> tuple[Identity, ...]:
    """The normalised identities a fact gives, its member's id left out.

    Raises ``IdentityInvalid``.
    """
    given = {kind: value for kind, value in fact.identities.items() if kind != BY_ID}
    return read_identities(given, source=fact.source, country=program.default_country)


def identify(
    uow: UnitOfWork,
    given: Sequence[tuple[Identity, ...] | LoyaltyError],
    joined_at: Sequence[datetime],
    program: Program,
    *,
    enrol: bool | None = None,
    keys: Iterable[FactKey] = (),
    named: Mapping[int, str] = MappingProxyType({}),
) -> Identified:
    """Finds the owner of each tuple of identities; strangers join if the policy lets them.

    Identities not known yet are linked to the member that the others beside them belong to. All
    owners are locked, and those of the facts with these keys, so that one statement locks them
    in id order. What happened to a stranger before they were erased belongs to nobody:
    ``MemberErased``. ``named`` are the members that are named by id, by place in the input.
    """
    lists = [() if isinstance(one, LoyaltyError) else one for one in given]
    known = uow.lock_owners((identity for one in lists for identity in one), keys)
    by_id = _by_id(uow, named.values()) if named else {}
    joins = program.join is JoinPolicy.ON_FIRST_FACT if enrol is None else enrol
    strangers = [] if enrol else [one for one in lists if known.keys().isdisjoint(one)]
    erased = erased_at(uow, strangers)
    result = Identified([], lists)
    claims: dict[Identity, MemberId] = {}
    for place, (one, identities, moment) in enumerate(zip(given, lists, joined_at, strict=True)):
        owner = one if isinstance(one, LoyaltyError) else owner_of(identities, known, claims)
        if place in named and not isinstance(owner, LoyaltyError):
            owner = _agreed(owner, by_id[named[place]])
        if isinstance(owner, str | None) and moment <= erased.get(identities, NEVER):
            owner = MemberErased(ERASED)
        if owner is None and identities and joins and (enrol or program.earns(moment)):
            owner = MemberId(new_id())
            result.enrolled[owner] = MemberRecord(id=owner, joined_at=moment, fresh=True)
        if isinstance(owner, str):
            claims.update({item: owner for item in identities if item not in known})
        result.owner.append(owner)
    result.claimed = set(claims)
    if claims:
        _settle_claims(uow, claims, result)
    return result


def erased_at(
    uow: UnitOfWork, people: Sequence[tuple[Identity, ...]]
) -> Mapping[tuple[Identity, ...], datetime]:
    """When those people were erased who were, by the identities of each: the last time."""
    wanted = {identity for identities in people for identity in identities}
    moments = uow.erased(wanted) if wanted else {}
    if not moments:
        return {}
    return {
        identities: max(moments[identity] for identity in identities if identity in moments)
        for identities in people
        if not moments.keys().isdisjoint(identities)
    }


def owner_of(
    identities: tuple[Identity, ...],
    known: Mapping[Identity, MemberId],
    claims: Mapping[Identity, MemberId],
) -> MemberId | LoyaltyError | None:
    """The one member that identities belong to or are claimed for, None, or the conflict."""
    owners = {known.get(item) or claims.get(item) for item in identities} - {None}
    if len(owners) > 1:
        kinds = ", ".join(f"{item.kind} {item.value!r}" for item in identities)
        return IdentityConflict(f"{kinds} belong to {len(owners)} members", where="$.identities")
    return next(iter(owners), None)


def _by_id(uow: UnitOfWork, ids: Iterable[str]) -> dict[str, MemberId | LoyaltyError]:
    """Who answers for each of these ids, locked; an error where nobody does any more."""
    wanted = set(ids)
    found = uow.lock_members(MemberId(one) for one in wanted if is_id(one))
    found |= uow.lock_members({record.holder for record in found.values()} - found.keys())
    owners: dict[str, MemberId | LoyaltyError] = {}
    for one in wanted:
        record = found.get(MemberId(one))
        if record is None or record.household:
            owners[one] = MemberNotFound(f"there is no member {one[:60]!r}", member_id=one)
        elif record.status is MemberStatus.ERASED:
            owners[one] = MemberErased(f"the member {one!r} was erased", member_id=one)
        else:
            owners[one] = record.holder
    return owners


def _agreed(
    owner: MemberId | None, by_id: MemberId | LoyaltyError
) -> MemberId | LoyaltyError | None:
    if owner in (None, by_id) or isinstance(by_id, LoyaltyError):
        return by_id
    return IdentityConflict("the identities are not the named member's", where="$.identities")


def _settle_claims(
    uow: UnitOfWork, claims: Mapping[Identity, MemberId], result: Identified
) -> None:
    """Writes the new identities; where somebody was faster, their member is taken instead."""
    owners = uow.claim(claims)
    lost: dict[MemberId, set[Identity]] = defaultdict(set)
    for item, ours in claims.items():
        if owners[item] != ours:
            lost[ours].add(item)
    for ours, items in lost.items():
        theirs = {owners[item] for item in items}
        if ours in result.enrolled and len(theirs) == 1:  # the same person, a moment before us
            del result.enrolled[ours]
            mine = [item for item in claims if claims[item] == ours and owners[item] == ours]
            taken = theirs.pop()
            uow.reassign(mine, taken)
            result.owner = [taken if owner == ours else owner for owner in result.owner]
        else:
            conflict = IdentityConflict("an identity was just given to another member")
            result.owner = [
                conflict if owner == ours and items & set(identities) else owner
                for owner, identities in zip(result.owner, result.identities, strict=True)
            ]
