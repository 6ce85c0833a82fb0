"""Households: members who share points. What a program allows, and what is kept of each member."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from loyalty_core.domain.clock import Booked
from loyalty_core.domain.members import MemberId
from loyalty_core.domain.settings import doc

HUNDRED = Decimal(100)
FINEST_SHARE = 6
"""How many digits a share may have behind the point."""


class Spenders(StrEnum):
    """Who may spend a household's points: ``all`` of its members, or the ``head`` alone."""

    ALL = "all"
    HEAD = "head"


class LeavingPolicy(StrEnum):
    """What becomes of what a member contributed, when they leave.

    ``stay``: it is the household's. ``return``: what is unspent of it goes back with the member.
    """

    STAY = "stay"
    RETURN = "return"


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedWallet:
    """What holds for one wallet that households share; amounts are whole points."""

    per_day: int | None = field(
        default=None,
        metadata=doc("The most whole points that one member may spend of it in a day."),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseholdRules:
    """How members may share points. Shares are percent of what a member earns."""

    wallets: Mapping[str, SharedWallet] = field(
        default_factory=dict,
        metadata=doc("The wallets that are shared; one table for each, which may be empty."),
    )
    share: Decimal = field(
        default=HUNDRED,
        metadata=doc("Percent of what a member earns that goes to the household."),
    )
    least_share: Decimal | None = field(
        default=None,
        metadata=doc("The least a member may choose instead; ``share`` if left out."),
    )
    most_share: Decimal | None = field(
        default=None,
        metadata=doc("The most a member may choose instead; ``share`` if left out."),
    )
    spenders: Spenders = field(
        default=Spenders.ALL, metadata=doc("Who may spend a household's points.")
    )
    most_members: int = field(
        default=10, metadata=doc("How many members a household may have, invited ones included.")
    )
    on_leaving: LeavingPolicy = field(
        default=LeavingPolicy.STAY,
        metadata=doc("What becomes of what a member contributed, when they leave."),
    )
    days_between: int = field(
        default=30,
        metadata=doc("Days after leaving a household until one may be in another."),
    )

    @property
    def limits(self) -> tuple[Decimal, Decimal]:
        """The least and the most percent that a member may share."""
        least = self.share if self.least_share is None else self.least_share
        return least, self.share if self.most_share is None else self.most_share


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """For how long a member shared so many percent of what they earned, with which household.

    What happened at or after ``since`` and before ``until`` is shared. ``returned``: when it
    ended, what was unspent went back to the member, and so does what is booked late. ``left`` is
    when the books learnt that its member left the household with its end.
    """

    household: MemberId
    since: datetime
    until: datetime | None = None
    share: Decimal = HUNDRED
    returned: bool = False
    left: Booked | None = None

    def covers(self, moment: datetime) -> bool:
        """Whether what happened then is shared."""
        return self.since <= moment and (self.until is None or moment < self.until)


def share_of(points: int, percent: Decimal) -> int:
    """So many percent of some points, rounded down, exactly.

    >>> share_of(99, Decimal("33.3")), share_of(10**17 + 1, Decimal(100))
    (32, 100000000000000001)
    """
    above, below = percent.as_integer_ratio()
    return points * above // (100 * below)


class HouseholdRole(StrEnum):
    """The ``head`` invites and removes; every household has one. The others are ``member``."""

    HEAD = "head"
    MEMBER = "member"


class HouseholdState(StrEnum):
    """Where a member stands with a household.

    ``invited``: may join. ``active``: is in it. ``left``: was in it. ``declined``: the invitation
    ended before they joined.
    """

    INVITED = "invited"
    ACTIVE = "active"
    LEFT = "left"
    DECLINED = "declined"


@dataclass(slots=True, kw_only=True)
class HouseholdMember:
    """One member of one household, as stored: what holds now, or held last.

    ``came_from`` is the member who joined, if another one has their place since a merge.
    """

    household_id: MemberId
    member_id: MemberId
    role: HouseholdRole
    state: HouseholdState
    share: Decimal
    invited_by: MemberId | None = None
    invited_at: datetime | None = None
    joined_at: datetime | None = None
    left_at: datetime | None = None
    came_from: MemberId | None = None

    @property
    def active(self) -> bool:
        """Whether the member is in the household now."""
        return self.state is HouseholdState.ACTIVE

    @property
    def counts(self) -> bool:
        """Whether they take a place in it: being a member, or invited to be one."""
        return self.active or self.state is HouseholdState.INVITED
