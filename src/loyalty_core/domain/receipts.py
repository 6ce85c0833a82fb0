"""What commands answer: the record of what was booked, stored with their idempotency keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from loyalty_core.domain.amounts import Money
from loyalty_core.errors import LoyaltyError, Problem


class RecordStatus(StrEnum):
    """What became of a fact.

    ``booked``: decided, the books follow it. ``duplicate``: nothing new in it. ``idle``: kept,
    earns nothing yet (unpaid, a test, a refund without its order). ``waiting``: kept until its
    person joins. ``deferred``: booked but for a program that failed and will be tried again.
    ``rejected``: not taken in; ``error`` says why.
    """

    BOOKED = "booked"
    DUPLICATE = "duplicate"
    IDLE = "idle"
    WAITING = "waiting"
    DEFERRED = "deferred"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class FactReceipt:
    """What became of one recorded fact.

    ``changes`` is what it did to the member's balances by wallet, in smallest units.
    ``problems`` are things to look at that did not stop it, such as a refund beyond its order.
    """

    status: RecordStatus
    fact_id: str | None = None
    member_id: str | None = None
    enrolled: bool = False
    changes: Mapping[str, int] = field(default_factory=dict)
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
    """Points spent: how many, on what, and what they were worth.

    ``points`` is in the wallet's smallest unit; ``lines`` the discount by order line, minor units.
    """

    transaction_id: str
    member_id: str
    reward: str
    wallet: str
    points: int
    worth: Money
    occurred_at: datetime
    lines: Mapping[str, int] = field(default_factory=dict)


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
class TickReport:
    """What one run of the nightly jobs did. Points are in smallest units by wallet."""

    activated_lots: int = 0
    expired_lots: int = 0
    expired: Mapping[str, int] = field(default_factory=dict)
    retried_facts: int = 0
    lapsed_facts: int = 0
    delivered: int = 0
    delivery_failures: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyReport:
    """The invariants checked on a live database; ``problems`` is empty when the books are right."""

    transactions: int
    entries: int
    lots: int
    wallets: int
    problems: tuple[Problem, ...] = ()
