"""Leaving a household: what goes along, who becomes its head, and what ends with the last one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from loyalty_core.application.books import Books
from loyalty_core.application.ids import new_id
from loyalty_core.application.rules import Rules
from loyalty_core.application.transfer import Note, Side, move_points, post_pair
from loyalty_core.domain.clock import Booked
from loyalty_core.domain.households import (
    Contribution,
    HouseholdMember,
    HouseholdRole,
    HouseholdRules,
    HouseholdState,
    LeavingPolicy,
)
from loyalty_core.domain.ledger import Lot, TransactionKind, WalletBook
from loyalty_core.domain.members import MemberId, MemberStatus
from loyalty_core.ports.records import MemberRecord
from loyalty_core.ports.store import UnitOfWork

EARLIEST_LATER = timedelta.resolution


def rules_of(rules: Rules) -> HouseholdRules:
    """What holds for households; the defaults where the program has none any more."""
    return rules.config.household or HouseholdRules()


def depart(
    books: Books, member: MemberRecord, household: MemberRecord, why: str
) -> HouseholdMember:
    """Takes a member out of a household; both are locked. Their place as it is now.

    What goes along is in ``books``, not written yet.
    """
    uow, now = books.uow, books.now
    everybody = uow.household_members(household.id)
    mine = next(one for one in everybody if one.member_id == member.id)
    others = [one for one in everybody if one.active and one is not mine]
    books.load([member.id, household.id], open_of=[member.id, household.id])
    left = Booked(now, new_id())
    returns = rules_of(books.rules).on_leaving is LeavingPolicy.RETURN
    changed = [mine]
    if not others:
        changed += _dissolve(books, member, household, everybody)
    elif returns:
        give_back(books, member.id, household.id, {member.id, *uow.merged_into(member.id)})
    if others and mine.role is HouseholdRole.HEAD:
        changed += [_succeed(books, household, others)]
    mine.state, mine.role, mine.left_at = HouseholdState.LEFT, HouseholdRole.MEMBER, now
    end_contribution(books, member, left)
    if returns:
        _mark_returned(books, member, household.id)
    uow.save_household_members(changed)
    data = {"household": household.id, "reason": why}
    books.tell("household_member_left", member.id, now, dict(data))
    return mine


def contribute(books: Books, member: MemberRecord, place: HouseholdMember) -> None:
    """Lets the member share what happens from now on, as their place in the household says."""
    since = _turn(member, books.now)
    made = Contribution(household=place.household_id, since=since, share=place.share)
    lasted = [
        one for one in member.contributions if one.left or not one.until or one.until > one.since
    ]
    member.contributions = [*lasted, made]
    books.changes.members[member.id] = member


def end_contribution(books: Books, member: MemberRecord, left: Booked | None = None) -> None:
    """Lets the member share nothing of what happens from now on; if they leave, says so."""
    until = _turn(member, books.now)
    member.contributions[-1] = replace(member.contributions[-1], until=until, left=left)
    books.changes.members[member.id] = member


def _turn(member: MemberRecord, now: datetime) -> datetime:
    """The present, or if facts are decided that are said to happen later, just after them.

    So a decided fact is shared as it was, if it is decided again.
    """
    last = member.decided_to
    return now if last is None or last.occurred_at < now else last.occurred_at + EARLIEST_LATER


def depart_wholly(uow: UnitOfWork, rules: Rules, member: MemberRecord, now: datetime) -> None:
    """Takes a member who is to be erased out of their household, and ends their invitations."""
    invited = uow.invitations(member.id)
    for one in invited:
        one.state, one.left_at = HouseholdState.DECLINED, now
    uow.save_household_members(invited)
    if member.belongs_to is None:
        return
    books = Books(uow, rules, now)
    household = uow.lock_members([member.belongs_to])[member.belongs_to]
    depart(books, member, household, "erased")
    books.flush()


def _succeed(
    books: Books, household: MemberRecord, others: Sequence[HouseholdMember]
) -> HouseholdMember:
    """Whoever has been in it for longest is its head from now on."""
    heir = min(others, key=lambda one: (one.joined_at or books.now, one.member_id))
    heir.role = HouseholdRole.HEAD
    data = {"household": household.id}
    books.tell("household_head_changed", heir.member_id, books.now, dict(data))
    return heir


# -- points -----------------------------------------------------------------------------------


def _dissolve(
    books: Books,
    member: MemberRecord,
    household: MemberRecord,
    everybody: Sequence[HouseholdMember],
) -> list[HouseholdMember]:
    """Gives the last one all that is left, debt as well; the invitations that ended."""
    hand_over(books, member.id, household.id)
    books.uow.take_over(household.id, member.id)
    for redemption in books.changes.redemptions.values():
        if redemption.member_id == household.id:
            redemption.member_id = member.id
    household.status = MemberStatus.CLOSED
    books.changes.members[household.id] = household
    books.tell("household_dissolved", member.id, books.now, {"household": household.id})
    ended = [one for one in everybody if one.state is HouseholdState.INVITED]
    for one in ended:
        one.state, one.left_at = HouseholdState.DECLINED, books.now
    return ended


def hand_over(books: Books, member: MemberId, household: MemberId) -> None:
    """Moves all that a household has to its last member: points, debt, and lots that are empty."""
    note = Note(books.now, "", "")
    for source in [book for book in books.wallets.values() if book.member_id == household]:
        target = books.wallet(member, source.wallet)
        lots = [lot for lot in source.lots.values() if lot.remaining]
        for lot in lots:
            lot.came_from = None
        moments = [at for at in (source.lapses_at, target.lapses_at) if at]
        target.lapses_at, source.lapses_at = max(moments, default=None), None
        move_points(books, (source, target), lots, source.debt, _details(member, household), note)
        for lot in source.lots.values():  # such as those that ended just now
            lot.member_id, lot.came_from, target.lots[lot.id] = member, None, lot
        source.lots.clear()


def give_back(
    books: Books, member: MemberId, household: MemberId, mine: Collection[MemberId]
) -> None:
    """Moves what is unspent, and not held, of what the member and those merged into it gave."""
    note = Note(books.now, "", "")
    for source in [book for book in books.wallets.values() if book.member_id == household]:
        lots = [lot for lot in source.lots.values() if lot.free and lot.came_from in mine]
        if not lots:
            continue
        target = books.wallet(member, source.wallet)
        if target.lapses_at is None:  # points that would lapse do not stop to when they move
            target.lapses_at = source.lapses_at
        for lot in (lot for lot in lots if lot.held):
            _give_back_free(books, lot, source, target, _details(member, household))
        whole = [lot for lot in lots if not lot.held]
        for lot in whole:
            lot.came_from = None if lot.came_from == member else lot.came_from
        move_points(books, (source, target), whole, 0, _details(member, household), note)


def _mark_returned(books: Books, member: MemberRecord, household: MemberId) -> None:
    """Lets what is booked late of what was contributed be the member's own."""
    merged = books.uow.lock_members(books.uow.merged_into(member.id))
    for one in (member, *merged.values()):
        one.contributions = [
            replace(each, returned=True) if each.household == household else each
            for each in one.contributions
        ]
        books.changes.members[one.id] = one


def _give_back_free(
    books: Books,
    lot: Lot,
    source: WalletBook,
    target: WalletBook,
    details: tuple[dict[str, str], dict[str, str]],
) -> None:
    """Moves what is not held of a lot into one like it; the lot stays for what is held."""
    free, copy = lot.free, books.copy_lot(lot, target.member_id)
    gave, _ = source.take_back(lot, free)
    got = target.credit(copy, free, books.now)
    sides = (Side(source, gave, dict(details[0])), Side(target, got, dict(details[1])))
    post_pair(books, *sides, Note(books.now, "", ""), told=False)


def _details(member: MemberId, household: MemberId) -> tuple[dict[str, str], dict[str, str]]:
    return {"returned_to": member}, {"returned_from": household}


def points_moved(books: Books, member: MemberId) -> dict[str, int]:
    """What came to a member by the transfers in these books, by wallet."""
    moved: dict[str, int] = {}
    for made in books.changes.transactions:
        if made.member_id == member and made.kind is TransactionKind.TRANSFER:
            moved[made.wallet] = moved.get(made.wallet, 0) + made.amount
    return moved
