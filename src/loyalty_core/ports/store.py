"""What the application needs from storage: one unit of work for writing, one reader."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Protocol, TypeVar

from loyalty_core.domain.events import Event
from loyalty_core.domain.facts import FactKey, Json
from loyalty_core.domain.ledger import Lot, LotId, Transaction, WalletBook
from loyalty_core.domain.members import Identity, MemberId
from loyalty_core.ports.records import (
    Changes,
    FactRecord,
    MemberRecord,
    StoredReceipt,
    Upcoming,
    WalletSums,
)


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

    def receipts(self, keys: Iterable[str]) -> dict[str, StoredReceipt]:
        """What the commands with these idempotency keys returned, by key."""
        ...

    def transaction(self, transaction_id: str) -> Transaction | None:
        """One transaction with its entries."""
        ...

    def reinstated(self, expiry: Transaction) -> int:
        """How many points of an expiry have been given back."""
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
