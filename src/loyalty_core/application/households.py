"""Households: made, joined and left by members, who share points in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple, cast

from loyalty_core.application.automatic import buy_what_is_due
from loyalty_core.application.books import Books
from loyalty_core.application.departing import (
    contribute,
    depart,
    end_contribution,
    points_moved,
)
from loyalty_core.application.enrol import locked_members, stored_receipt
from loyalty_core.application.forms import read_text
from loyalty_core.application.ids import input_hash, is_id, new_id
from loyalty_core.application.rules import Rules
from loyalty_core.application.structure import converter
from loyalty_core.domain.clock import Clock
from loyalty_core.domain.facts import Json
from loyalty_core.domain.household_views import HouseholdReceipt
from loyalty_core.domain.households import (
    FINEST_SHARE,
    HouseholdMember,
    HouseholdRole,
    HouseholdRules,
    HouseholdState,
)
from loyalty_core.domain.members import MemberId, MemberStatus
from loyalty_core.errors import FactError, HouseholdNotFound, HouseholdRefused, MemberInactive
from loyalty_core.ports.records import MemberRecord, StoredReceipt
from loyalty_core.ports.store import Store, UnitOfWork

HEAD, MEMBER = HouseholdRole.HEAD, HouseholdRole.MEMBER


class Asked(NamedTuple):
    """A command: its name, the people it is about and whoever asks, and what it was given."""

    name: str
    people: tuple[str, ...]
    key: str
    given: Mapping[str, object]


class Household(NamedTuple):
    """A household under lock, with all who are, were or may come to be in it."""

    record: MemberRecord
    members: dict[str, HouseholdMember]

    @property
    def places(self) -> list[HouseholdMember]:
        """Those who take a place in it."""
        return [one for one in self.members.values() if one.counts]


class Households:
    """Commands on households under the current rules."""

    def __init__(self, store: Store, rules: Rules, clock: Clock) -> None:
        self._store = store
        self._rules = rules
        self._clock = clock

    # -- making and joining -------------------------------------------------------------------

    def create(self, head: str, share: Decimal | None, key: str) -> HouseholdReceipt:
        """A new household, with one member, its head."""
        percent = self._share(share)

        def work(books: Books, people: list[MemberRecord]) -> HouseholdMember:
            founder = people[0]
            self._refuse_elsewhere(founder, books.now)
            record = MemberRecord(
                id=MemberId(new_id()), joined_at=books.now, household=True, fresh=True
            )
            books.changes.members_added.append(record)
            place = _place(record.id, founder.id, percent, role=HEAD)
            self._enter(books, founder, place)
            books.tell("household_created", founder.id, books.now, {"household": record.id})
            return place

        return self._do(Asked("create", (head,), key, {"share": percent}), work)

    def invite(
        self, household_id: str, member_id: str, share: Decimal | None, by: str, key: str
    ) -> HouseholdReceipt:
        """A member invited to join; inviting again changes what share is agreed on."""
        percent = self._share(share)

        def work(books: Books, people: list[MemberRecord]) -> HouseholdMember:
            invited, head = people
            household = self._open(books.uow, household_id)
            _refuse_others(household, head, "invites")
            known = household.members.get(invited.id)
            if known is not None and known.active:
                raise _refused("they are in the household already", invited)
            taken = [one for one in household.places if one is not known]
            self._refuse_full(len(taken))
            place = _place(household.record.id, invited.id, percent)
            place.state, place.invited_by, place.invited_at = (
                HouseholdState.INVITED,
                head.id,
                books.now,
            )
            books.uow.save_household_members([place])
            _tell(books, "household_member_invited", place)
            return place

        given = {"household": household_id, "share": percent}
        return self._do(Asked("invite", (member_id, by), key, given), work)

    def join(self, household_id: str, member_id: str, key: str) -> HouseholdReceipt:
        """An invitation accepted."""

        def work(books: Books, people: list[MemberRecord]) -> HouseholdMember:
            member = people[0]
            household = self._open(books.uow, household_id)
            place = _invited(household, member)
            self._refuse_elsewhere(member, books.now)
            self._refuse_full(sum(one.active for one in household.places))
            self._enter(books, member, place)
            _tell(books, "household_member_joined", place)
            return place

        return self._do(Asked("join", (member_id,), key, {"household": household_id}), work)

    def decline(self, household_id: str, member_id: str, key: str) -> HouseholdReceipt:
        """An invitation that is over: declined, or withdrawn."""

        def work(books: Books, people: list[MemberRecord]) -> HouseholdMember:
            place = _invited(self._open(books.uow, household_id), people[0])
            place.state, place.left_at = HouseholdState.DECLINED, books.now
            books.uow.save_household_members([place])
            _tell(books, "household_invitation_ended", place)
            return place

        return self._do(Asked("decline", (member_id,), key, {"household": household_id}), work)

    # -- leaving ------------------------------------------------------------------------------

    def leave(self, member_id: str, key: str) -> HouseholdReceipt:
        """A member out of the household they are in."""

        def work(books: Books, people: list[MemberRecord]) -> HouseholdMember:
            member = people[0]
            household = self._open(books.uow, _home(member))
            return depart(books, member, household.record, "left")

        return self._do(Asked("leave", (member_id,), key, {}), work)

    def remove(self, household_id: str, member_id: str, by: str, key: str) -> HouseholdReceipt:
        """A member out of the household, by its head."""

        def work(books: Books, people: list[MemberRecord]) -> HouseholdMember:
            member, head = people
            household = self._open(books.uow, household_id)
            _refuse_others(household, head, "removes members")
            if member.id == head.id:
                remedy = "The head leaves; another member becomes the head."
                raise _refused("the head removes others", member, remedy)
            _refuse_stranger(household, member)
            return depart(books, member, household.record, "removed")

        given = {"household": household_id}
        return self._do(Asked("remove", (member_id, by), key, given), work)

    # -- changing -----------------------------------------------------------------------------

    def change_share(self, member_id: str, share: Decimal, key: str) -> HouseholdReceipt:
        """Another share of what a member earns from now on."""
        percent = self._share(share)

        def work(books: Books, people: list[MemberRecord]) -> HouseholdMember:
            member = people[0]
            household = self._open(books.uow, _home(member))
            place = household.members[member.id]
            place.share = percent
            end_contribution(books, member)
            contribute(books, member, place)
            books.uow.save_household_members([place])
            _tell(books, "household_share_changed", place, share=str(percent))
            return place

        return self._do(Asked("share", (member_id,), key, {"share": percent}), work)

    def change_head(self, household_id: str, member_id: str, by: str, key: str) -> HouseholdReceipt:
        """Another member as its head."""

        def work(books: Books, people: list[MemberRecord]) -> HouseholdMember:
            heir, head = people
            household = self._open(books.uow, household_id)
            _refuse_others(household, head, "names another head")
            _refuse_stranger(household, heir)
            before, place = household.members[head.id], household.members[heir.id]
            before.role = MEMBER
            place.role = HEAD
            books.uow.save_household_members([before, place])
            _tell(books, "household_head_changed", place)
            return place

        given = {"household": household_id}
        return self._do(Asked("head", (member_id, by), key, given), work)

    # -- how ----------------------------------------------------------------------------------

    def _do(
        self, asked: Asked, work: Callable[[Books, list[MemberRecord]], HouseholdMember]
    ) -> HouseholdReceipt:
        read_text("key", asked.key)
        now = self._clock()
        given = input_hash(f"household.{asked.name}", {"people": asked.people, **asked.given})

        def once(uow: UnitOfWork) -> HouseholdReceipt:
            people = locked_members(uow, asked.people)
            if stored := stored_receipt(uow, asked.key, given):
                return converter(0).structure(stored.receipt, HouseholdReceipt)
            books = Books(uow, self._rules, now)
            place = work(books, people)
            receipt = HouseholdReceipt(
                household_id=place.household_id,
                member_id=place.member_id,
                role=place.role,
                state=place.state,
                share=place.share,
                at=now,
                points=points_moved(books, place.member_id),
            )
            document = cast(Mapping[str, Json], converter(0).unstructure(receipt))
            kept = StoredReceipt(asked.key, given, place.member_id, document, now)
            books.changes.receipts.append(kept)
            books.flush()
            if receipt.points:
                buy_what_is_due(uow, self._rules, [place.member_id], now)
            return receipt

        return self._store.write(once)

    def _enter(self, books: Books, member: MemberRecord, place: HouseholdMember) -> None:
        place.state, place.joined_at, place.left_at = HouseholdState.ACTIVE, books.now, None
        contribute(books, member, place)
        books.uow.save_household_members([place])

    @property
    def _allowed(self) -> HouseholdRules:
        """What holds for households; raises ``HouseholdRefused`` if the program has none."""
        rules = self._rules.config.household
        if rules is None:
            remedy = "Add [household] to the configuration if members may share points."
            raise HouseholdRefused(
                "the program has no households", where="household", remedy=remedy
            )
        return rules

    def _share(self, share: Decimal | None) -> Decimal:
        """The percent asked for, or the program's; raises ``FactError`` beyond the limits."""
        percent = self._allowed.share if share is None else share
        least, most = self._allowed.limits
        if type(percent) is not Decimal or not percent.is_finite():
            raise FactError(f"{share!r} is not a decimal percentage", where="share")
        if not least <= percent <= most:
            raise FactError(f"{percent} percent is not from {least} to {most}", where="share")
        plain = format(percent + 0, "f")  # never 1E+1, nor -0
        if len(plain.partition(".")[2]) > FINEST_SHARE:
            raise FactError(f"{percent} percent has more than {FINEST_SHARE} digits", where="share")
        return Decimal(plain)

    def _open(self, uow: UnitOfWork, household_id: str) -> Household:
        """The household under lock; raises ``HouseholdNotFound``."""
        wanted = [MemberId(household_id)] if is_id(household_id) else []
        record = uow.lock_members(wanted).get(MemberId(household_id))
        if record is None or not record.household or record.status is not MemberStatus.ACTIVE:
            message = f"there is no household {household_id!r}"
            raise HouseholdNotFound(message, household_id=household_id)
        members = uow.household_members(record.id)
        return Household(record, {one.member_id: one for one in members})

    def _refuse_elsewhere(self, member: MemberRecord, now: datetime) -> None:
        """Refuses whoever is in a household, or has left one too recently."""
        rules = self._allowed
        if member.status is not MemberStatus.ACTIVE:
            raise MemberInactive(f"the member is {member.status}", member_id=member.id)
        if member.belongs_to is not None:
            raise _refused(
                "they are in a household already", member, "They have to leave it first."
            )
        last = member.contributions[-1] if member.contributions else None
        if last is None or last.until is None or not rules.days_between:
            return
        free_at = last.until + timedelta(days=rules.days_between)
        if free_at > now:
            message = f"they left a household less than {rules.days_between} days ago"
            raise _refused(message, member, f"They can be in one again from {free_at:%Y-%m-%d}.")

    def _refuse_full(self, taken: int) -> None:
        most = self._allowed.most_members
        if taken >= most:
            message = f"a household has {most} members at most, invited ones included"
            raise HouseholdRefused(message, where="household.most_members", limit=most)


def _place(
    household: MemberId, member: MemberId, share: Decimal, role: HouseholdRole = MEMBER
) -> HouseholdMember:
    active = HouseholdState.ACTIVE
    return HouseholdMember(
        household_id=household, member_id=member, role=role, state=active, share=share
    )


def _home(member: MemberRecord) -> MemberId:
    if member.belongs_to is None:
        raise _refused("they are in no household", member)
    return member.belongs_to


def _invited(household: Household, member: MemberRecord) -> HouseholdMember:
    place = household.members.get(member.id)
    if place is None or place.state is not HouseholdState.INVITED:
        raise _refused("they are not invited", member, "The head of the household invites them.")
    return place


def _refuse_others(household: Household, head: MemberRecord, does: str) -> None:
    place = household.members.get(head.id)
    if place is None or not place.active or place.role is not HEAD:
        raise _refused(f"only the head of the household {does}", head)


def _refuse_stranger(household: Household, member: MemberRecord) -> None:
    place = household.members.get(member.id)
    if place is None or not place.active:
        raise _refused("they are not in the household", member)


def _refused(message: str, member: MemberRecord, remedy: str = "") -> HouseholdRefused:
    return HouseholdRefused(message, where="member_id", remedy=remedy, member_id=member.id)


def _tell(books: Books, event: str, place: HouseholdMember, **more: str) -> None:
    data: dict[str, Json] = {"household": place.household_id, **more}
    books.tell(event, place.member_id, books.now, data)
