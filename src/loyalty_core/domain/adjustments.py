"""What operators do to balances: adjustments, one or many, and points given back after expiry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias

from loyalty_core.domain.receipts import AdjustmentReceipt, RecordStatus, Rejection
from loyalty_core.errors import LoyaltyError

ExpiresAt: TypeAlias = datetime | Literal["never"] | None
"""When points expire, as somebody says it; None leaves it to the wallet's rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """A balance to be changed by an operator, or an opening balance from another system.

    The member is named by ``member_id`` or by ``identities`` (kinds to values; ``source`` scopes
    a ``customer_id``), not by both. ``amount`` is in the wallet's smallest unit here, and a
    decimal text of whole points in the JSON form; ``key`` makes it idempotent.

    The three moments are for points that were awarded elsewhere. ``awarded_at`` is now if left
    out, ``activates_at`` is ``awarded_at``, ``expires_at`` is what the wallet's rule says. A
    negative amount takes an ``awarded_at`` alone: it is the debt of an opening balance.
    """

    wallet: str
    amount: int
    reason: str
    actor: str
    key: str
    member_id: str = ""
    identities: Mapping[str, str] = field(default_factory=dict)
    source: str = ""
    awarded_at: datetime | None = None
    activates_at: datetime | None = None
    expires_at: ExpiresAt = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustmentOutcome:
    """What became of one of many adjustments.

    ``booked`` and ``duplicate`` come with the receipt, ``rejected`` with the ``error``.
    ``enrolled`` says that the member was new.
    """

    status: RecordStatus
    receipt: AdjustmentReceipt | None = None
    enrolled: bool = False
    error: LoyaltyError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustmentSummary:
    """What became of many adjustments: how many of each status, and those rejected.

    ``added`` and ``taken`` are what was booked by wallet, in smallest units, both positive.
    ``rejected`` holds the first 1,000; ``counts`` counts all of them.
    """

    counts: Mapping[RecordStatus, int]
    enrolled: int
    added: Mapping[str, int]
    taken: Mapping[str, int]
    rejected: tuple[Rejection, ...] = ()

    @property
    def total(self) -> int:
        """How many adjustments were read."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class ReinstatementReceipt:
    """Expired points given back: how many (smallest units), of which expiry, why and by whom.

    ``expires_at`` is when they expire now, None for never.
    """

    transaction_id: str
    corrects: str
    member_id: str
    wallet: str
    points: int
    reason: str
    actor: str
    occurred_at: datetime
    expires_at: datetime | None = None
