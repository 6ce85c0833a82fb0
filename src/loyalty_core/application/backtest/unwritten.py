"""What books that are not written yet hold, for those who ask the unit of work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from loyalty_core.domain.grants import GrantRecord
from loyalty_core.domain.redemptions import Redemption, RedemptionId, RedemptionState
from loyalty_core.ports.records import Changes
from loyalty_core.ports.store import UnitOfWork

_COUNTED = (RedemptionState.HELD, RedemptionState.CAPTURED)


class Unwritten:
    """A unit of work whose books are not written yet: what they hold is found in them.

    Rewards that are bought by themselves ask for what was bought and granted before.
    """

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow
        self.changes = Changes()
        self.done: list[Changes] = []

    def __getattr__(self, name: str) -> Any:
        """Everything else is the unit of work's own."""
        return getattr(self._uow, name)

    def save(self, changes: Changes) -> None:
        """Keeps what is to be written, with that of others."""
        self.done.append(changes)

    def redemption(self, redemption_id: str) -> Redemption | None:
        """One redemption of the books at work."""
        return self.changes.redemptions.get(RedemptionId(redemption_id))

    def spent_by(
        self, household: str, spender: str, wallet: str, since: datetime, now: datetime
    ) -> int:
        """How many of a household's points a member holds, or has spent, since a moment."""
        return sum(
            one.points - one.returned
            for one in self.changes.redemptions.values()
            if (one.member_id, one.spender, one.wallet) == (household, spender, wallet)
            and one.created_at >= since
            and one.state in _COUNTED
            and not one.timed_out(now)
        )

    def unused_grants(self, member: str, rewards: Sequence[str]) -> list[GrantRecord]:
        """What a member bought and has not used or lost, latest first."""
        mine = [
            one
            for one in self.changes.grants.values()
            if one.member_id == member and one.reward in rewards and one.redemption_id
        ]
        return [one for one in mine[::-1] if one.revoked_at is None and one.used_at is None]

    def bought(
        self, member: str, since: Mapping[str, datetime | None], now: datetime
    ) -> Mapping[str, int]:
        """How often rewards were bought since a moment, but for all that the books hold.

        For these are added to it.
        """
        found: dict[str, int] = {}
        for reward, moment in since.items():
            mine = [
                one
                for one in self.changes.redemptions.values()
                if one.member_id == member and one.reward == reward
            ]
            counted = [one for one in mine if one.state in _COUNTED]
            recent = [one for one in counted if moment is None or one.created_at >= moment]
            found[reward] = len(recent) - len(mine)
        return found

    def as_work(self) -> UnitOfWork:
        """Itself, to the types: what it lacks is the unit of work's."""
        return cast(UnitOfWork, self)
