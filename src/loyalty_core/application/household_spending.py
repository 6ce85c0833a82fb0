"""Who may spend a household's points, and how many of them today."""

from __future__ import annotations

from dataclasses import dataclass

from loyalty_core.application.books import Books
from loyalty_core.application.departing import rules_of
from loyalty_core.application.enrol import locked_member
from loyalty_core.domain.amounts import format_scaled
from loyalty_core.domain.clock import day_of, start_of
from loyalty_core.domain.households import HouseholdRole, SharedWallet, Spenders
from loyalty_core.domain.ledger import WalletBook
from loyalty_core.domain.members import MemberStatus
from loyalty_core.errors import HouseholdRefused, MemberInactive
from loyalty_core.ports.records import MemberRecord


@dataclass(frozen=True, slots=True)
class Spender:
    """Who spends the points of ``owner``: the owner, or a member of the household that it is."""

    owner: MemberRecord
    member: MemberRecord

    @property
    def household(self) -> str | None:
        """The household whose points they are, if they are one's."""
        return self.owner.id if self.owner.household else None

    @property
    def named(self) -> str | None:
        """The member who spends, if the points are a household's."""
        return self.member.id if self.owner.household else None

    def available(self, books: Books, book: WalletBook, wanted: int | None) -> int:
        """What they can spend now; raises ``HouseholdRefused`` if they want more than a day's.

        Negative while there is debt.
        """
        available = book.available(books.now)
        if not self.owner.household:
            return available
        config = books.rules.config
        most = rules_of(books.rules).wallets.get(book.wallet, SharedWallet()).per_day
        if most is None:
            return available
        zone, scale = config.program.time_zone, config.wallets[book.wallet].scale
        today = start_of(day_of(books.now, zone), zone)
        spent = books.uow.spent_by(self.owner.id, self.member.id, book.wallet, today, books.now)
        fine: int = 10**scale
        left = max(most * fine - spent, 0)
        if left < (wanted or 1):
            unit = config.wallets[book.wallet].unit
            raise HouseholdRefused(
                f"a member can spend {most} {unit} in a day, {format_scaled(left, scale)} are left",
                where=f"household.wallets.{book.wallet}.per_day",
                remedy="Spend the rest tomorrow, or let another member spend it.",
                limit=most,
                left=left,
            )
        return min(available, left)


def spender_of(books: Books, owner: MemberRecord, spender_id: str | None) -> Spender:
    """Who spends the owner's points, a member who may; both are locked.

    Raises ``HouseholdRefused``, ``MemberInactive``, ``MemberNotFound``.
    """
    if not owner.household:
        if spender_id is not None:
            message = f"{owner.id!r} is no household"
            raise HouseholdRefused(message, where="member_id", remedy="Leave spender out.")
        spender = owner
    else:
        spender = _of_household(books, owner, spender_id)
    for one in (owner, spender):
        if one.status is not MemberStatus.ACTIVE:
            raise MemberInactive(f"the member is {one.status}", member_id=one.id)
    return Spender(owner, spender)


def _of_household(books: Books, owner: MemberRecord, spender_id: str | None) -> MemberRecord:
    if spender_id is None:
        remedy = "Name the member who spends as spender."
        raise HouseholdRefused("a household spends by a member", where="spender", remedy=remedy)
    spender = locked_member(books.uow, spender_id)
    if spender.belongs_to != owner.id:
        message = "they are not in the household"
        raise HouseholdRefused(message, where="spender", member_id=spender.id)
    if rules_of(books.rules).spenders is Spenders.HEAD:
        places = books.uow.household_members(owner.id)
        roles = {one.member_id: one.role for one in places if one.active}
        if roles.get(spender.id) is not HouseholdRole.HEAD:
            message = "only the head of the household spends"
            raise HouseholdRefused(message, where="spender", member_id=spender.id)
    return spender
