"""Households in the database: who is in them, what they gave and took, and who takes over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Select, case, func, or_, select, update

from loyalty_core.domain.households import HouseholdMember, HouseholdRole, HouseholdState
from loyalty_core.domain.ledger import TransactionKind
from loyalty_core.domain.members import MemberId, MemberStatus
from loyalty_core.domain.redemptions import RedemptionState
from loyalty_core.ports.households import Flow
from loyalty_core.storage import tables
from loyalty_core.storage.grant_tables import grant
from loyalty_core.storage.households_tables import household_member
from loyalty_core.storage.outbox import Outbox

_NAMES = tuple(household_member.c.keys())
_KEY = ("household_id", "member_id")


def _member_of(row: Mapping[Any, Any]) -> HouseholdMember:
    values = {name: row[name] for name in _NAMES}
    values["role"] = HouseholdRole(values["role"])
    values["state"] = HouseholdState(values["state"])
    values["share"] = Decimal(values["share"])
    return HouseholdMember(**values)


def _row_of(one: HouseholdMember) -> dict[str, Any]:
    written = {"role": one.role.value, "state": one.state.value, "share": str(one.share)}
    return {name: getattr(one, name) for name in _NAMES} | written


def _of_households(households: Iterable[str]) -> Select[Any]:
    theirs = household_member.c.household_id.in_(list(households))
    return select(household_member).where(theirs).order_by(household_member.c.member_id)


def _invitations(members: Iterable[str]) -> Select[Any]:
    place = household_member.c
    invited = place.state == HouseholdState.INVITED.value
    theirs = select(household_member).where(place.member_id.in_(list(members)), invited)
    return theirs.order_by(place.invited_at, place.household_id)


def spent_by(members: Sequence[str]) -> Any:
    """That a redemption is of points these members spent in the households they are or were in."""
    theirs = select(household_member.c.household_id).where(
        household_member.c.member_id.in_(members)
    )
    redemption = tables.redemption.c
    return redemption.member_id.in_(theirs) & redemption.spender.in_(members)


def wrong_places(connection: Connection, program: str) -> Iterator[tuple[str, str]]:
    """Whatever does not fit together of who is in a household and what they share, as faults."""
    member = tables.member
    of_program = member.c.program == program
    joined = household_member.join(member, member.c.id == household_member.c.member_id)
    places = select(household_member, member.c.contributions).select_from(joined).where(of_program)
    heads: Counter[str] = Counter()
    for row in connection.execute(places).mappings():
        place = _member_of(row)
        heads[place.household_id] += place.active and place.role is HouseholdRole.HEAD
        open_ = [one for one in row["contributions"][-1:] if "until" not in one]
        shares = any(one["household"] == place.household_id for one in open_)
        if shares != place.active:
            yield place.member_id, f"is {place.state} in {place.household_id}, and shares otherwise"
    active = member.c.status == MemberStatus.ACTIVE.value
    homes = select(member.c.id).where(of_program, member.c.household.is_(True), active)
    for household in connection.scalars(homes):
        if heads[household] != 1:
            yield household, f"household has {heads[household]} heads"


class HouseholdRows(Outbox):
    """``ports.households.HouseholdWork`` on one SQLAlchemy connection."""

    def household_members(self, household: MemberId) -> list[HouseholdMember]:
        """All who are in a household, were, or are invited; current if the household is locked."""
        return list(map(_member_of, self._rows(_of_households([household]), {})))

    def invitations(self, member: MemberId) -> list[HouseholdMember]:
        """The households that a member is invited to."""
        return list(map(_member_of, self._rows(_invitations([member]), {})))

    def save_household_members(self, changed: Iterable[HouseholdMember]) -> None:
        """Writes these, new or known."""
        made = self._insert(household_member)
        kept = {name: made.excluded[name] for name in _NAMES if name not in _KEY}
        upsert = made.on_conflict_do_update(index_elements=_KEY, set_=kept)
        self._write(upsert, [_row_of(one) for one in changed])

    def spent_by(
        self, household: MemberId, spender: MemberId, wallet: str, since: datetime, now: datetime
    ) -> int:
        """How many of a household's points a member holds, or has spent, since a moment."""
        made = tables.redemption.c
        held = (made.state == RedemptionState.HELD.value) & or_(
            made.expires_at.is_(None), made.expires_at > now
        )
        spent = select(func.sum(made.points - made.returned)).where(
            made.member_id == household,
            made.spender == spender,
            made.wallet == wallet,
            made.created_at >= since,
            or_(held, made.state == RedemptionState.CAPTURED.value),
        )
        return int(self._connection.scalar(spent) or 0)

    def take_over(self, household: MemberId, heir: MemberId) -> None:
        """Gives lots, redemptions and grants of a household to a member, as if made there."""
        for table in (tables.lot, tables.redemption, grant):
            theirs = update(table).where(table.c.member_id == household)
            self._connection.execute(theirs.values(member_id=heir, came_from=None))


class HouseholdReads:
    """``ports.households.HouseholdReader`` on one SQLAlchemy connection."""

    _connection: Connection

    def places(self, households: Iterable[MemberId]) -> list[HouseholdMember]:
        """All who are in these households, were, or are invited."""
        found = self._connection.execute(_of_households(households)).mappings()
        return list(map(_member_of, found))

    def invited(self, members: Iterable[MemberId]) -> list[HouseholdMember]:
        """The households that these members are invited to, the oldest invitation first."""
        found = self._connection.execute(_invitations(members)).mappings()
        return list(map(_member_of, found))

    def household_flows(self, households: Iterable[MemberId]) -> list[Flow]:
        """What each member gave and took, summed over each household's transactions."""
        made = tables.transaction.c
        giver, spender = made.detail["member"].as_string(), made.detail["spender"].as_string()
        who = func.coalesce(giver, spender).label("who")
        gave = case((giver.is_not(None), made.amount), else_=0)
        took = case((spender.is_not(None), -made.amount), else_=0)
        kinds = [
            kind.value
            for kind in (
                TransactionKind.ACCRUAL,
                TransactionKind.REVERSAL,
                TransactionKind.REDEMPTION,
            )
        ]
        flows = (
            select(made.member_id, who, made.wallet, func.sum(gave), func.sum(took))
            .where(made.member_id.in_(list(households)), made.kind.in_(kinds), who.is_not(None))
            .group_by(made.member_id, who, made.wallet)
            .order_by(made.member_id, who, made.wallet)
        )
        rows = self._connection.execute(flows)
        return [Flow(row[0], row[1], row[2], int(row[3]), int(row[4])) for row in rows]
