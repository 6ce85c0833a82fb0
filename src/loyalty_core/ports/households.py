"""What households need from storage, beside the books that they have like any member."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple, Protocol

from loyalty_core.domain.households import HouseholdMember
from loyalty_core.domain.members import MemberId


class Flow(NamedTuple):
    """How many points of a household's wallet came from a member, and how many they spent.

    In smallest units, refunds and what was given back deducted.
    """

    household_id: str
    member_id: str
    wallet: str
    contributed: int
    spent: int


class HouseholdWork(Protocol):
    """The part of a unit of work that is about households."""

    def household_members(self, household: MemberId) -> list[HouseholdMember]:
        """All who are in a household, were, or are invited; current if the household is locked."""
        ...

    def invitations(self, member: MemberId) -> list[HouseholdMember]:
        """The households that a member is invited to."""
        ...

    def save_household_members(self, changed: Iterable[HouseholdMember]) -> None:
        """Writes these, new or known."""
        ...

    def spent_by(
        self, household: MemberId, spender: MemberId, wallet: str, since: datetime, now: datetime
    ) -> int:
        """How many of a household's points a member holds, or has spent, since a moment."""
        ...

    def take_over(self, household: MemberId, heir: MemberId) -> None:
        """Gives lots, redemptions and grants of a household to a member, as if made there."""
        ...


class HouseholdReader(Protocol):
    """The part of a reader that is about households."""

    def places(self, households: Iterable[MemberId]) -> list[HouseholdMember]:
        """All who are in these households, were, or are invited."""
        ...

    def invited(self, members: Iterable[MemberId]) -> list[HouseholdMember]:
        """The households that these members are invited to, the oldest invitation first."""
        ...

    def household_flows(self, households: Iterable[MemberId]) -> list[Flow]:
        """What each member gave and took, summed over each household's transactions."""
        ...
