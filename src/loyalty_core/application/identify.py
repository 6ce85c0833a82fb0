"""Whose facts are these: finding members by identities, enrolling and linking, for many at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from loyalty_core.application.identities import read_identities
from loyalty_core.application.ids import new_id
from loyalty_core.domain.facts import Fact, Json
from loyalty_core.domain.members import Identity, MemberId, Profile
from loyalty_core.domain.programs import JoinPolicy, Program
from loyalty_core.errors import IdentityConflict, LoyaltyError
from loyalty_core.ports.records import MemberRecord
from loyalty_core.ports.store import UnitOfWork


@dataclass(slots=True)
class Identified:
    """Who each fact belongs to: a member, nobody yet (None), or an error; by place in the input."""

    owner: list[MemberId | LoyaltyError | None]
    identities: list[tuple[Identity, ...]]
    enrolled: dict[MemberId, MemberRecord] = field(default_factory=dict)
    claimed: set[Identity] = field(default_factory=set)

    def kinds_of(self, member_id: MemberId) -> Mapping[str, Json]:
        """The kinds of identities that a member was known by here, as an event tells them."""
        named = zip(self.owner, self.identities, strict=True)
        kinds = {item.kind.value for owner, known in named if owner == member_id for item in known}
        return {"kinds": [*sorted(kinds)]}


def identities_of(fact: Fact, program: Program) -> tuple[Identity, ...]:
    """The normalised identities a fact gives; raises ``IdentityInvalid``."""
    return read_identities(fact.identities, source=fact.source, country=program.default_country)


def identify(
    uow: UnitOfWork,
    given: Sequence[tuple[Identity, ...] | LoyaltyError],
    joined_at: Sequence[datetime],
    program: Program,
    *,
    profile: Profile | None = None,
    enrol: bool | None = None,
) -> Identified:
    """Finds the owner of each tuple of identities; strangers join if the policy lets them.

    Identities not known yet are linked to the member that the others beside them belong to.
    """
    lists = [() if isinstance(one, LoyaltyError) else one for one in given]
    known = uow.owners(identity for one in lists for identity in one)
    joins = program.join is JoinPolicy.ON_FIRST_FACT if enrol is None else enrol
    result = Identified([], lists)
    claims: dict[Identity, MemberId] = {}
    for one, identities, moment in zip(given, lists, joined_at, strict=True):
        owner = one if isinstance(one, LoyaltyError) else owner_of(identities, known, claims)
        if owner is None and identities and joins:
            owner = MemberId(new_id())
            result.enrolled[owner] = MemberRecord(
                id=owner, joined_at=moment, profile=profile or Profile(), fresh=True
            )
        if isinstance(owner, str):
            claims.update({item: owner for item in identities if item not in known})
        result.owner.append(owner)
    result.claimed = set(claims)
    if claims:
        _settle_claims(uow, claims, result)
    return result


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
