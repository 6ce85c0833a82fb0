"""Redemptions: points held, then captured or released, and given back when orders are refunded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, NewType

from loyalty_core.domain.amounts import Money, split
from loyalty_core.domain.facts import OrderStatus
from loyalty_core.domain.grants import GrantRecord
from loyalty_core.domain.ledger import LotId
from loyalty_core.domain.orders import OrderDocument, kept_share, line_nets
from loyalty_core.domain.programs import GoodwillPolicy

RedemptionId = NewType("RedemptionId", str)

PARTNER = "partner:"
"""How the reward of a redemption begins that is spent at a partner program; no plugin's does."""


class RedemptionState(StrEnum):
    """Where a redemption stands.

    ``held``: its points are reserved, nobody else can spend them. ``captured``: they are spent.
    ``released``: they were set free on purpose. ``timed_out``: nobody captured them in time.
    ``cancelled``: they were spent and all given back, and what they bought was taken back.
    """

    HELD = "held"
    CAPTURED = "captured"
    RELEASED = "released"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"


class CameBack(NamedTuple):
    """What a lot was like when points first came back into it: how many of it had expired.

    ``graced`` is the lot that they came into instead, with days of grace, as this one had ended.
    """

    expired: int
    graced: LotId | None = None


@dataclass(slots=True, kw_only=True)
class Redemption:
    """Points of one member set aside for, or spent on, one reward.

    ``points`` are held or, once captured, spent; ``lots`` says how many of which lot were held, in
    the order they are spent, and ``ended_at`` until when; ``ended_id`` is its place among what the
    books learnt then. ``worth`` and ``lines`` (by order line, minor units) are what they buy.
    ``returned`` of the spent ones were given back because the order was refunded, into the lots
    that ``came_back`` tells of. ``item`` is what it claimed one of, if that is limited.
    ``retry_at`` is when handing the reward over is tried (again), after ``attempts``; such a
    redemption does not time out. ``came_from`` is the member who made it, if another one has it
    since a merge. ``household`` is whose points they were when it was made, if a household's, and
    ``spender`` the member who spends them: the household may end, and another one have it then.
    ``account`` is the wallet that ``worth`` goes into with the capture, if any, and ``account_lot``
    the lot it is in. ``grant`` is what it bought of the catalogue, where that was loaded.
    """

    id: RedemptionId
    member_id: str
    wallet: str
    plugin: str
    reward: str
    state: RedemptionState
    points: int
    worth: Money
    lines: Mapping[str, int] = field(default_factory=dict)
    item: str = ""
    lots: Mapping[LotId, int] = field(default_factory=dict)
    returned: int = 0
    came_back: dict[LotId, CameBack] = field(default_factory=dict)
    source: str = ""
    order_id: str | None = None
    created_at: datetime
    expires_at: datetime | None = None
    ended_at: datetime | None = None
    ended_id: str | None = None
    transaction_id: str | None = None
    attempts: int = 0
    retry_at: datetime | None = None
    came_from: str | None = None
    household: str | None = None
    spender: str | None = None
    fresh: bool = False
    account: str = ""
    account_lot: LotId | None = None
    grant: GrantRecord | None = None

    @property
    def spent(self) -> dict[LotId, int]:
        """How many of its points are of which lot: of those that were held, the first."""
        spent: dict[LotId, int] = {}
        rest = self.points
        for lot_id, held in self.lots.items():
            if part := min(rest, held):
                spent[lot_id] = part
                rest -= part
        return spent

    @property
    def lot_ids(self) -> list[LotId]:
        """The lots that giving points back moves."""
        graced = (one.graced for one in self.came_back.values())
        return [*self.spent, *(one for one in (*graced, self.account_lot) if one)]

    def donated(self, returned: int) -> int:
        """What stays in the account, in minor units, when ``returned`` points are given back."""
        worth = self.worth.amount_minor
        return worth - worth * returned // self.points

    @property
    def partner(self) -> str:
        """The partner program it is spent at; "" for one in its own program."""
        return self.reward.removeprefix(PARTNER) if self.reward.startswith(PARTNER) else ""

    def timed_out(self, now: datetime) -> bool:
        """Whether its time is over at ``now``, job run or not."""
        held = self.state is RedemptionState.HELD
        return held and self.expires_at is not None and self.expires_at <= now

    def end(self, state: RedemptionState, at: datetime, id: str) -> None:
        """Makes it one that holds nothing from a moment on, and is not tried any more."""
        self.state, self.ended_at, self.ended_id, self.retry_at = state, at, id, None

    def reduce(self, points: int) -> None:
        """Makes it one of fewer points: what they buy shrinks with them, rounded down."""
        if points == self.points:
            return
        minor = self.worth.amount_minor * points // self.points
        self.worth = Money(minor, self.worth.currency)
        named = sorted(self.lines)
        shares = split(minor, [self.lines[line] for line in named])
        self.lines = dict(zip(named, shares, strict=True))
        self.points = points

    def due_back(self, document: OrderDocument, goodwill: GoodwillPolicy) -> int:
        """How many of its points the order's refunds and cancellation give back in all.

        Points follow the lines that they paid, as earned points do; where the order does not have
        those lines, or none are named, they follow the order as a whole. Those that bought a grant
        come back only if the member does not keep it.
        """
        back = self._share_back(document, goodwill)
        if self.grant is None:
            return back
        return self.grant.points_back(back, self.points, (self.source, self.order_id))

    def _share_back(self, document: OrderDocument, goodwill: GoodwillPolicy) -> int:
        body = document.body
        if body is None or self.state is not RedemptionState.CAPTURED:
            return 0
        if body.status is OrderStatus.CANCELLED:
            return self.points
        known = line_nets(body)
        named = sorted(self.lines) if sum(self.lines.values()) else [""]
        shares = split(self.points, [self.lines.get(line, 1) for line in named])
        paid: dict[str, int] = {}
        for line, share in zip(named, shares, strict=True):
            place = line if line in known else ""
            paid[place] = paid.get(place, 0) + share
        return self.points - sum(kept_share(paid, document, goodwill).values())

    def lots_back(self, returned: int) -> dict[LotId, int]:
        """How many points each lot has back when ``returned`` are: what was spent last first.

        So N partial refunds, in any order, fill the same lots as one full refund.
        """
        back: dict[LotId, int] = {}
        for lot_id, spent in reversed(list(self.spent.items())):
            back[lot_id] = min(spent, returned - sum(back.values()))
        return back
