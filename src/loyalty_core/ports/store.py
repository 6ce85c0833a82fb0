"""What the application needs from storage: records, one unit of work for writing, one reader."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Protocol, TypeVar

from loyalty_core.domain.events import Event
from loyalty_core.domain.facts import Activity, FactId, FactKey, Json
from loyalty_core.domain.ledger import Lot, LotId, Transaction, WalletBook
from loyalty_core.domain.members import History, Identity, MemberId, MemberStatus, Profile
from loyalty_core.domain.orders import OrderDocument


class Position(NamedTuple):
    """Where a fact stands in its member's time: facts are decided in this order."""

    occurred_at: datetime
    key: FactKey


@dataclass(slots=True, kw_only=True)
class MemberRecord:
    """A member as stored, with the running state that deciding facts in order leaves behind.

    ``changed`` and ``fresh`` say, within a unit of work, that it must be written, and as new.
    """

    id: MemberId
    status: MemberStatus = MemberStatus.ACTIVE
    joined_at: datetime
    profile: Profile = Profile()
    history: History = History()
    state: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    decided_to: Position | None = None
    changed: bool = False
    fresh: bool = False


class FactStatus(StrEnum):
    """``booked``: decided. ``idle``: known, but nothing to decide yet (unpaid, no body, test).

    ``waiting``: no member yet. ``deferred``: a program failed and is tried again. ``lapsed``: the
    member did not join in time.
    """

    BOOKED = "booked"
    IDLE = "idle"
    WAITING = "waiting"
    DEFERRED = "deferred"
    LAPSED = "lapsed"


@dataclass(slots=True, kw_only=True)
class Award:
    """What one rule gave for one fact: ``amount`` as decided, ``net`` as it stands in the books.

    ``lines`` is the share of each order line; the three moments are the lot's.
    """

    plugin: str
    rule: str
    wallet: str
    amount: int
    lines: Mapping[str, int]
    awarded_at: datetime
    activates_at: datetime
    expires_at: datetime | None
    lot_id: LotId | None = None
    net: int = 0

    @property
    def name(self) -> tuple[str, str, str]:
        """What makes an award of a fact the same award."""
        return self.plugin, self.rule, self.wallet

    @property
    def moments(self) -> tuple[datetime, datetime, datetime | None]:
        """When its points were awarded, become spendable, and can no longer be spent."""
        return self.awarded_at, self.activates_at, self.expires_at


@dataclass(slots=True, kw_only=True)
class FactRecord:
    """A fact as stored: its converged document, what it was awarded, and the state before it.

    ``config_version`` is that of the rules it was first decided by, 0 before. ``was_at`` is where
    it stood in its member's time when it was loaded, None if it was not decided then.
    """

    id: FactId
    key: FactKey
    member_id: MemberId | None
    status: FactStatus
    occurred_at: datetime
    received_at: datetime
    document: OrderDocument | Activity
    awards: list[Award] = field(default_factory=list)
    before: Mapping[str, Json] = field(default_factory=dict)
    config_version: int = 0
    deferred: tuple[str, ...] = ()
    attempts: int = 0
    retry_at: datetime | None = None
    stored: bool = False
    was_at: Position | None = None

    @property
    def position(self) -> Position:
        """Where it stands in its member's time."""
        return Position(self.occurred_at, self.key)


@dataclass(frozen=True, slots=True)
class StoredReceipt:
    """What a command with this key returned, and the hash of what it was given."""

    key: str
    input_hash: str
    member_id: str
    receipt: Mapping[str, Json]
    created_at: datetime


@dataclass(slots=True)
class Changes:
    """All that one unit of work writes, each table once."""

    members_added: list[MemberRecord] = field(default_factory=list)
    members: dict[MemberId, MemberRecord] = field(default_factory=dict)
    facts: dict[FactId, FactRecord] = field(default_factory=dict)
    transactions: list[Transaction] = field(default_factory=list)
    lots_added: list[Lot] = field(default_factory=list)
    lots: list[Lot] = field(default_factory=list)
    wallets: list[WalletBook] = field(default_factory=list)
    events: list[tuple[Event, Sequence[str]]] = field(default_factory=list)
    receipts: list[StoredReceipt] = field(default_factory=list)
    waiting: list[tuple[Identity, FactId, datetime]] = field(default_factory=list)


class UnitOfWork(Protocol):
    """One write transaction. Everything read through it after ``lock_members`` is current."""

    def owners(self, identities: Iterable[Identity]) -> dict[Identity, MemberId]:
        """The member of each identity that is known."""
        ...

    def claim(self, wanted: Mapping[Identity, MemberId]) -> dict[Identity, MemberId]:
        """Who owns each identity now, after giving the free ones to the members wanted."""
        ...

    def reassign(self, identities: Iterable[Identity], owner: MemberId) -> None:
        """Gives identities that this transaction claimed to another member."""
        ...

    def lock_members(self, ids: Iterable[MemberId]) -> dict[MemberId, MemberRecord]:
        """The members, locked in id order until the transaction ends."""
        ...

    def due_members(self, now: datetime, limit: int) -> list[MemberId]:
        """Members that have points to activate or to expire at ``now``, from ``limit`` lots."""
        ...

    def facts_by_key(
        self, keys: Iterable[FactKey], *, lock: bool = False
    ) -> dict[FactKey, FactRecord]:
        """The stored facts with these keys; ``lock`` locks those that no member's lock covers."""
        ...

    def facts_since(self, since: Mapping[MemberId, datetime]) -> list[FactRecord]:
        """Each member's facts that occurred at or after the given moment, in no order."""
        ...

    def facts_to_retry(self, now: datetime, limit: int) -> list[FactRecord]:
        """Facts that a program failed on and whose time to try again has come, oldest first."""
        ...

    def wallets(self, members: Iterable[MemberId]) -> dict[tuple[str, str], WalletBook]:
        """The members' wallets by member and wallet name, without lots."""
        ...

    def lots(self, ids: Iterable[LotId], open_of: Iterable[MemberId]) -> list[Lot]:
        """The lots with these ids, and all lots of these members that hold points."""
        ...

    def save(self, changes: Changes) -> None:
        """Writes everything, each table once."""
        ...

    def receipt(self, key: str) -> StoredReceipt | None:
        """What the command with this idempotency key returned."""
        ...

    def take_waiting(self, identities: Iterable[Identity], now: datetime) -> list[FactRecord]:
        """The facts that waited for these identities and are still in time; they wait no more."""
        ...

    def adopt_waiting(self, now: datetime, limit: int) -> dict[MemberId, list[FactRecord]]:
        """Facts that wait though a member has their identity by now; they wait no more."""
        ...

    def lapse_waiting(self, now: datetime, limit: int) -> int:
        """How many facts stopped waiting because nobody joined in time."""
        ...

    def due_deliveries(self, now: datetime, limit: int) -> list[tuple[Event, str, int]]:
        """Events due for delivery with subscription and attempts so far; leased for a while."""
        ...

    def delivered(self, event_id: str, subscription: str) -> None:
        """Marks one delivery as done."""
        ...

    def failed(
        self, event_id: str, subscription: str, error: str, retry_at: datetime | None
    ) -> None:
        """Marks one delivery as failed, to be tried again at ``retry_at`` or never (None)."""
        ...

    def config_document(self, version: int) -> Mapping[str, Json]:
        """The configuration stored under a version."""
        ...

    def config_version(self, fingerprint: str, document: Mapping[str, Json], now: datetime) -> int:
        """The version of this configuration, which is made the latest if it is not."""
        ...


class Reader(Protocol):
    """Questions to the books; every answer comes from a fixed few indexed queries."""

    def owners(self, identities: Iterable[Identity]) -> dict[Identity, MemberId]:
        """The member of each identity that is known."""
        ...

    def members(self, ids: Iterable[str]) -> dict[str, tuple[MemberRecord, tuple[Identity, ...]]]:
        """The members with their identities."""
        ...

    def wallets(self, members: Iterable[str]) -> dict[tuple[str, str], WalletBook]:
        """The members' wallets by member and wallet name, without lots."""
        ...

    def upcoming(
        self, members: Iterable[str], until: datetime
    ) -> dict[tuple[str, str], list[Upcoming]]:
        """Points to which something happens by ``until``, or has: pending, expiring, past."""
        ...

    def history(
        self, member: str, wallet: str | None, before: tuple[datetime, str] | None, limit: int
    ) -> list[Transaction]:
        """A member's transactions before a position, latest first."""
        ...

    def transaction(self, transaction_id: str) -> Transaction | None:
        """One transaction with its entries."""
        ...

    def fact(self, fact_id: str) -> FactRecord | None:
        """One fact."""
        ...

    def totals(self, now: datetime) -> list[WalletSums]:
        """Each wallet summed over all members."""
        ...

    def top(self, wallet: str, limit: int) -> list[WalletBook]:
        """The wallets that earned most, ties by member id."""
        ...

    def counts(self) -> Mapping[str, int]:
        """How many members, orders, activities, waiting and deferred facts, deliveries."""
        ...

    def checks(self) -> tuple[Mapping[str, int], list[tuple[str, str]]]:
        """Row counts, and each broken invariant as (where, what)."""
        ...

    def describe(self) -> tuple[str, list[str]]:
        """The database in words, without secrets, and the migrations it has."""
        ...


class Upcoming(NamedTuple):
    """Points that become active and expire at the same moments, in smallest units."""

    activates_at: datetime
    expires_at: datetime | None
    amount: int

    def past(self, now: datetime) -> bool:
        """Whether they have expired at ``now``."""
        return self.expires_at is not None and self.expires_at <= now

    def paying(self, lapses_at: datetime | None, now: datetime) -> bool:
        """Whether they pay debt: they are active at ``now``, or were before they ended."""
        ends = [moment for moment in (self.expires_at, lapses_at) if moment is not None]
        return self.activates_at <= now and (not ends or self.activates_at < min(ends))

    def pending(self, now: datetime) -> bool:
        """Whether they become active after ``now``."""
        return self.activates_at > now and not self.past(now)


class WalletSums(NamedTuple):
    """One wallet summed over all members, in smallest units."""

    wallet: str
    balance: int
    debt: int
    earned: int
    redeemed: int
    expired: int
    adjusted: int
    due: int


T = TypeVar("T")


class Store(Protocol):
    """A database that holds programs' books."""

    def write(self, work: Callable[[UnitOfWork], T]) -> T:
        """What ``work`` returns, done in one transaction and retried a few times if it collided.

        Rolled back when ``work`` raises; nothing is acknowledged before the commit.
        """
        ...

    def read(self, work: Callable[[Reader], T]) -> T:
        """What ``work`` returns, from one consistent view of the books."""
        ...

    def close(self) -> None:
        """Closes the connections this store opened itself."""
        ...
