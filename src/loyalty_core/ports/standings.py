"""What the store keeps of tiers: what was told of each member, and when to look again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from loyalty_core.domain.members import MemberId


@dataclass(slots=True, kw_only=True)
class StandingRecord:
    """The tier that others were last told a member holds in a scheme; empty for none.

    It decides nothing: where a member stands is computed from their state. ``due_at`` is when time
    alone may change it, for the nightly jobs to tell. ``config_version`` names the rules of then.
    """

    member_id: MemberId
    scheme: str
    tier: str
    since: datetime | None
    due_at: datetime | None
    config_version: int
    stored: bool = False


class StandingWork(Protocol):
    """The part of a unit of work that is about tiers."""

    def standings(self, members: Iterable[MemberId]) -> list[StandingRecord]:
        """What was told of these members."""
        ...

    def due_standings(self, now: datetime, version: int, limit: int) -> list[MemberId]:
        """Members whose tier time, or a newer configuration, may have changed by ``now``."""
        ...

    def forget_standings(self, members: Iterable[MemberId]) -> None:
        """Drops what was told of these members, who are members no more."""
        ...
