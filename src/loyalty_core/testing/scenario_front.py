"""What a front-end asks and does for a member: of the SDK, or of anything that stands before it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from loyalty_core import GrantReceipt, Habits, Json, Quote, RedemptionReceipt, RewardView, Statement


class Front(Protocol):
    """The questions and the one command that a scenario's member has; ``Loyalty`` is one."""

    def statement(self, member_id: str) -> Statement:
        """What the member is shown."""
        ...

    def habits(self, member_id: str) -> Habits:
        """What the member usually does."""
        ...

    def quote(self, cart: Mapping[str, Json], member_id: str | None = None) -> Quote:
        """What a cart would cost, earn and get."""
        ...

    def rewards(self, member_id: str | None = None) -> Sequence[RewardView]:
        """What points buy."""
        ...

    def grants(self, member_id: str) -> Sequence[GrantReceipt]:
        """What the member owns and owned, latest first."""
        ...

    def redeem(
        self,
        member_id: str,
        *,
        points: int | None = None,
        reward: str | None = None,
        cart: Mapping[str, Json] | None = None,
        source: str = "",
        order_id: str | None = None,
        key: str,
    ) -> RedemptionReceipt:
        """Points spent on a reward."""
        ...
