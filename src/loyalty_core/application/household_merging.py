"""What becomes of places in households when two members become one, and when they part again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from loyalty_core.application.books import Books
from loyalty_core.application.departing import contribute, end_contribution
from loyalty_core.domain.households import (
    HouseholdMember,
    HouseholdRole,
    HouseholdState,
)
from loyalty_core.domain.members import MemberId
from loyalty_core.errors import MergeRefused
from loyalty_core.ports.records import MemberRecord


def take_place(books: Books, kept: MemberRecord, gone: MemberRecord) -> None:
    """Gives the place of a member in a household, and invitations, to the one they become.

    Raises ``MergeRefused`` where both are in households, and not in the same.
    """
    _take_invitations(books, kept, gone)
    if gone.belongs_to is None:
        return
    if kept.belongs_to not in (None, gone.belongs_to):
        raise MergeRefused(
            "the members are in two households",
            where="other",
            remedy="Let one of them leave their household first.",
        )
    places = _places(books, gone.belongs_to)
    theirs = places[gone.id]
    if kept.belongs_to is None:
        mine = replace(theirs, member_id=kept.id, came_from=gone.id)
        contribute(books, kept, mine)
    else:
        mine = places[kept.id]
        mine.role = HouseholdRole.HEAD if theirs.role is HouseholdRole.HEAD else mine.role
    _vacate(books, gone, theirs)
    books.uow.save_household_members([mine, theirs])


def give_place_back(books: Books, kept: MemberRecord, gone: MemberRecord) -> None:
    """Gives the place in a household back to the member it came from, if it is still held."""
    if kept.belongs_to is None:
        return
    places = _places(books, kept.belongs_to)
    mine = places[kept.id]
    if mine.came_from != gone.id:
        return
    before = places[gone.id]
    theirs = replace(mine, member_id=gone.id, came_from=before.came_from)
    contribute(books, gone, theirs)
    _vacate(books, kept, mine)
    books.uow.save_household_members([mine, theirs])


def _places(books: Books, household: MemberId) -> Mapping[str, HouseholdMember]:
    books.uow.lock_members([household])
    return {one.member_id: one for one in books.uow.household_members(household)}


def _vacate(books: Books, member: MemberRecord, place: HouseholdMember) -> None:
    place.state, place.role = HouseholdState.LEFT, HouseholdRole.MEMBER
    place.left_at = books.now
    end_contribution(books, member)


def _take_invitations(books: Books, kept: MemberRecord, gone: MemberRecord) -> None:
    changed = []
    for one in books.uow.invitations(gone.id):
        mine = _places(books, one.household_id).get(kept.id)
        if mine is None or not mine.counts:
            changed.append(replace(one, member_id=kept.id))
        one.state, one.left_at = HouseholdState.DECLINED, books.now
        changed.append(one)
    books.uow.save_household_members(changed)
