"""What commands on people need from storage, beside the unit of work's own."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from loyalty_core.domain.members import MemberId


class PeopleWork(Protocol):
    """The part of a unit of work that moves points between members."""

    def given_away(self, member: MemberId, wallet: str, since: datetime) -> int:
        """How many points the member has given to others since a moment, merges left out."""
        ...
