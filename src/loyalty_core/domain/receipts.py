"""What commands answer: the record of what was booked, stored with their idempotency keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from loyalty_core.domain.amounts import Money
from loyalty_core.domain.grants import GrantReceipt
from loyalty_core.domain.redemptions import RedemptionState
from loyalty_core.errors import LoyaltyError, Problem


class RecordStatus(StrEnum):
    """What became of a fact.

    ``booked``: decided, the books follow it. ``duplicate``: nothing new in it. ``idle``: kept,
    earns nothing yet (unpaid, a test, a refund without its order). ``waiting``: kept until its
    person joins, or until an order that names nobody is claimed. ``deferred``: booked but for a
    program that failed and will be tried again. ``erased``: its person asked to be forgotten after
    it happened, so nothing of it is kept. ``rejected``: not taken in; ``error`` says why.
    """

    BOOKED = "booked"
    DUPLICATE = "duplicate"
    IDLE = "idle"
    WAITING = "waiting"
    DEFERRED = "deferred"
    ERASED = "erased"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class FactReceipt:
    """What became of one recorded fact.

    ``changes`` is what it did to the member's balances by wallet, in smallest units, and ``shared``
    what it did to those of the household that the member shares points with.
    ``problems`` are things to look at that did not stop it, such as a refund beyond its order.
    """

    status: RecordStatus
    fact_id: str | None = None
    member_id: str | None = None
    enrolled: bool = False
    changes: Mapping[str, int] = field(default_factory=dict)
    shared: Mapping[str, int] = field(default_factory=dict)
    transactions: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    error: LoyaltyError | None = None


@dataclass(frozen=True, slots=True)
class Rejection:
    """Something that was left out: its place in the input (from 0), as it came, and why."""

    index: int
    given: object
    error: LoyaltyError


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSummary:
    """What became of many recorded facts: how many of each status, and those rejected.

    ``rejected`` holds the first 1,000; ``counts`` counts all of them.
    """

    counts: Mapping[RecordStatus, int]
    enrolled: int
    rejected: tuple[Rejection, ...] = ()

    @property
    def total(self) -> int:
        """How many facts were read."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class RedemptionReceipt:
    """Points held for or spent on a reward: how many, and what they are worth.

    ``points`` and ``returned`` (given back on refunds) are in the wallet's smallest unit, ``lines``
    is the discount by order line in minor units. ``transaction_id`` is None until the points are
    captured, ``expires_at`` is when a hold times out by itself. ``grant`` is what was bought of the
    catalogue, and None until the points are captured. ``household`` is the one whose points they
    were, and ``spender`` the member who spends them: once it has ended, ``member_id`` is its last
    member, who has what is given back.
    """

    redemption_id: str
    state: RedemptionState
    transaction_id: str | None
    member_id: str
    reward: str
    wallet: str
    points: int
    worth: Money
    occurred_at: datetime
    lines: Mapping[str, int] = field(default_factory=dict)
    expires_at: datetime | None = None
    source: str = ""
    order_id: str | None = None
    returned: int = 0
    household: str | None = None
    spender: str | None = None
    grant: GrantReceipt | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustmentReceipt:
    """A balance changed by an operator: by how much (smallest units), why and by whom.

    ``amount`` is what was booked: under ``debt = "clamp"`` it can be less than was asked for,
    and ``transaction_id`` is None when nothing was.
    """

    transaction_id: str | None
    member_id: str
    wallet: str
    amount: int
    reason: str
    actor: str
    occurred_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimReceipt:
    """An order that named nobody, and is this member's now.

    ``changes`` is what it earned by wallet, in smallest units, after its refunds so far; nothing
    while it is not paid.
    """

    fact_id: str
    member_id: str
    source: str
    order_id: str
    changes: Mapping[str, int]
    claimed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferReceipt:
    """Points given by one member to another, in smallest units, and the transaction of each."""

    transaction_id: str
    received_transaction_id: str
    from_member: str
    to_member: str
    wallet: str
    points: int
    occurred_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureReceipt:
    """A person who was forgotten: when, why and by whom, and the points that ended with it.

    ``points`` is by wallet in smallest units, and negative where there was a debt. ``reason`` and
    ``actor`` stay, so neither should name the person.
    """

    member_id: str
    erased_at: datetime
    points: Mapping[str, int]
    reason: str
    actor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestErasureReceipt:
    """Somebody who never became a member was forgotten: when, why, by whom, and in how many facts.

    ``reason`` and ``actor`` stay, so neither should name the person.
    """

    erased_at: datetime
    facts: int
    reason: str
    actor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeReceipt:
    """Two members who are one now: ``merged_member`` lives on in ``member_id``.

    ``points`` came along, by wallet in smallest units, negative for a debt. ``unmerge_until`` is
    how long it can be taken back.
    """

    member_id: str
    merged_member: str
    merged_at: datetime
    points: Mapping[str, int]
    unmerge_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmergeReceipt:
    """A merge taken back: ``member_id`` is there again, and what is left of what came went back."""

    member_id: str
    from_member: str
    unmerged_at: datetime
    points: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class TickReport:
    """What one run of the nightly jobs did. Points are in smallest units by wallet."""

    activated_lots: int = 0
    expired_lots: int = 0
    expired: Mapping[str, int] = field(default_factory=dict)
    timed_out_holds: int = 0
    retried_facts: int = 0
    retried_redemptions: int = 0
    expired_grants: int = 0
    lapsed_facts: int = 0
    standings: int = 0
    calendar_facts: int = 0
    reminders: int = 0
    segments: int = 0
    messages: int = 0
    dead_messages: int = 0
    polled: int = 0
    actions: int = 0
    action_failures: int = 0
    closed_boards: int = 0
    board_prizes: int = 0
    counted_scores: int = 0
    dropped_scores: int = 0
    delivered: int = 0
    delivery_failures: int = 0
    sealed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SealReport:
    """How many transactions were sealed now, and in how many blocks."""

    blocks: int
    transactions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyReport:
    """What was checked on a live database; ``problems`` is empty when the books are right.

    ``sealed`` of the transactions are in ``blocks``; ``head`` is the latest, None before the first.
    """

    transactions: int
    entries: int
    lots: int
    wallets: int
    blocks: int = 0
    sealed: int = 0
    head: str | None = None
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A cache that did not say what the entries do: the row, the column, and both values."""

    where: str
    column: str
    stored: int | None
    recomputed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RebuildReport:
    """The caches that were wrong and are right now: how many, and the first 1,000 of them."""

    rebuilt: int
    differences: tuple[Difference, ...] = ()
