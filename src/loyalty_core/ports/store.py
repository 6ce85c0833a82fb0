"""What the application needs from storage: one unit of work for writing, one reader."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from loyalty_core.domain.events import Event
from loyalty_core.domain.facts import FactId, FactKey, Json
from loyalty_core.domain.ledger import Lot, LotId, Transaction, WalletBook
from loyalty_core.domain.members import Identity, MemberId
from loyalty_core.domain.redemptions import Redemption
from loyalty_core.ports.accounts import AccountReader
from loyalty_core.ports.boards import BoardReader, BoardWork
from loyalty_core.ports.calendar import CalendarWork
from loyalty_core.ports.configs import ConfigReader, ConfigWork
from loyalty_core.ports.connectors import ActionReader, ActionWork, InboxReader, InboxWork
from loyalty_core.ports.expiry import ExpiryWork
from loyalty_core.ports.grants import GrantWork
from loyalty_core.ports.habits import HabitReader
from loyalty_core.ports.households import HouseholdReader, HouseholdWork
from loyalty_core.ports.own_tables import OwnTableReader, OwnTableWork
from loyalty_core.ports.partners import PartnerReader, PartnerWork
from loyalty_core.ports.past import PastReader
from loyalty_core.ports.people import PeopleReader, PeopleWork
from loyalty_core.ports.quarantine import QuarantineReader, QuarantineWork
from loyalty_core.ports.rebuild import CacheReader, CacheWriter
from loyalty_core.ports.recorded import RecordedReader
from loyalty_core.ports.records import (
    Changes,
    FactRecord,
    MemberRecord,
    StoredReceipt,
    WalletSums,
)
from loyalty_core.ports.seal import SealReader, SealWriter
from loyalty_core.ports.segments import SegmentReader, SegmentWork
from loyalty_core.ports.standings import StandingWork


class Documents(Protocol):
    """Where the versions of the configuration are."""

    def config_document(self, version: int) -> Mapping[str, Json]:
        """The configuration stored under a version."""
        ...


class UnitOfWork(
    PeopleWork,
    HouseholdWork,
    SealWriter,
    CacheWriter,
    ExpiryWork,
    GrantWork,
    PartnerWork,
    StandingWork,
    CalendarWork,
    SegmentWork,
    InboxWork,
    ActionWork,
    BoardWork,
    OwnTableWork,
    QuarantineWork,
    ConfigWork,
    Protocol,
):
    """One write transaction. Everything read through it after ``lock_members`` is current."""

    def neighbour(self, program: str) -> UnitOfWork:
        """The same transaction on another program's books."""
        ...

    def lock_owners(
        self, identities: Iterable[Identity], keys: Iterable[FactKey] = ()
    ) -> dict[Identity, MemberId]:
        """The member of each known identity.

        They, and the members of the stored facts with these keys, are locked.
        """
        ...

    def claim(self, wanted: Mapping[Identity, MemberId]) -> dict[Identity, MemberId]:
        """Who owns each identity now, after giving the free ones to the members wanted."""
        ...

    def reassign(self, identities: Iterable[Identity], owner: MemberId) -> None:
        """Gives identities that this transaction claimed to another member."""
        ...

    def lock_members(self, ids: Iterable[MemberId]) -> dict[MemberId, MemberRecord]:
        """The members, locked until the transaction ends, in whatever order they are asked for.

        As of the lock. So that nobody waits for somebody who waits for them, ``Store.write`` may
        begin again: with all locks from the start.
        """
        ...

    def due_members(self, now: datetime, limit: int) -> list[MemberId]:
        """Members whose points activate or expire, or holds time out, from ``limit`` of each."""
        ...

    def known(
        self, keys: Iterable[FactKey], members: Iterable[MemberId] = ()
    ) -> tuple[dict[FactKey, FactRecord], list[WalletBook]]:
        """The stored facts with these keys, and the wallets of these members without lots.

        Facts that belong to nobody yet are locked: no lock on a member covers them.
        """
        ...

    def facts_since(self, since: Mapping[MemberId, datetime]) -> list[FactRecord]:
        """Each member's facts that occurred at or after the given moment, in no order."""
        ...

    def facts_to_retry(self, now: datetime, limit: int) -> list[FactRecord]:
        """Facts that a program failed on and whose time to try again has come, oldest first."""
        ...

    def books(
        self,
        members: Iterable[MemberId],
        lots: Iterable[LotId] = (),
        open_of: Iterable[MemberId] = (),
    ) -> tuple[list[WalletBook], list[Lot]]:
        """The members' wallets, without lots; and lots: those with these ids, all open ones."""
        ...

    def redemption(self, redemption_id: str) -> Redemption | None:
        """One redemption; current if its member is locked."""
        ...

    def held_redemptions(self, members: Iterable[str]) -> list[Redemption]:
        """The redemptions of these members that hold points, oldest first."""
        ...

    def due_redemptions(
        self, now: datetime, limit: int, without: Sequence[str]
    ) -> list[Redemption]:
        """Redemptions whose reward is to be handed over (again) by ``now``, longest due first.

        But for those of the rewards ``without``.
        """
        ...

    def claim_stock(self, item: str, stock: int, amount: int = 1) -> bool:
        """Whether so many more of ``stock`` were left of a limited item, and are claimed now."""
        ...

    def unclaim_stock(self, item: str, amount: int = 1) -> None:
        """Puts so many back that were claimed."""
        ...

    def save_redemptions(self, changed: Iterable[Redemption]) -> None:
        """Writes redemptions by themselves, where nothing else of their books changes."""
        ...

    def redemptions_of(self, orders: Iterable[tuple[str, str]]) -> list[Redemption]:
        """The captured redemptions that paid for these orders (source and id), oldest first."""
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

    def reinstated(self, expiry: Transaction, holder: MemberId) -> int:
        """How many points of an expiry have been given back, to its member or to ``holder``."""
        ...

    def take_waiting(self, identities: Iterable[Identity], now: datetime) -> list[FactRecord]:
        """The facts that waited for these identities and are still in time; they wait no more."""
        ...

    def take_unclaimed(self, fact_id: FactId, now: datetime) -> bool:
        """Whether a fact waits, in time, for a claim and for nobody by name; it waits no more."""
        ...

    def adopt_waiting(self, now: datetime, limit: int) -> dict[MemberId, list[FactRecord]]:
        """Facts that wait though a member has their identity by now; they wait no more."""
        ...

    def lapse_waiting(self, now: datetime, limit: int) -> int:
        """How many facts stopped waiting because nobody joined in time."""
        ...

    def due_deliveries(
        self, now: datetime, limit: int, without: Collection[str] = ()
    ) -> list[tuple[Event, str, int]]:
        """Events due for delivery with subscription and attempts so far; leased for a while.

        Subscriptions whose handlers are not called now are left ``without``.
        """
        ...

    def delivered(self, event_id: str, subscription: str) -> None:
        """Marks one delivery as done."""
        ...

    def failed(
        self, event_id: str, subscription: str, error: str, retry_at: datetime | None
    ) -> None:
        """Marks one delivery as failed, to be tried again at ``retry_at`` or never (None)."""
        ...


class Reader(
    PeopleReader,
    HouseholdReader,
    SealReader,
    PastReader,
    CacheReader,
    AccountReader,
    BoardReader,
    HabitReader,
    PartnerReader,
    SegmentReader,
    InboxReader,
    ActionReader,
    OwnTableReader,
    QuarantineReader,
    RecordedReader,
    ConfigReader,
    Protocol,
):
    """Questions to the books; every answer comes from a fixed few indexed queries."""

    def owners(self, identities: Iterable[Identity]) -> dict[Identity, MemberId]:
        """The member of each identity that is known."""
        ...

    def held(self, books: Iterable[WalletBook]) -> list[tuple[Redemption, Mapping[str, datetime]]]:
        """What is held in these wallets, each with the moments at which its lots end."""
        ...

    def redemption(self, redemption_id: str) -> Redemption | None:
        """One redemption."""
        ...

    def redemptions(
        self, member: str, before: str | None, limit: int, *, held: bool
    ) -> list[Redemption]:
        """A member's redemptions before the one with this id, latest first."""
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

    def transactions(self, most: int) -> int:
        """How many transactions the database has; ``most`` if there are so many or more."""
        ...

    def describe(self) -> tuple[str, list[str]]:
        """The database in words, without secrets, and the migrations it has."""
        ...


T = TypeVar("T")


class Store(Protocol):
    """A database that holds programs' books."""

    @property
    def joined(self) -> bool:
        """Whether it is inside a host's transaction: what is written is not committed yet."""
        ...

    def write(self, work: Callable[[UnitOfWork], T]) -> T:
        """What ``work`` returns, done in one transaction; tried again if it collided or broke off.

        Rolled back when ``work`` raises; nothing is acknowledged before the commit. A commit whose
        answer was lost is repeated too, so ``work`` must find what it has already done.
        """
        ...

    def read(self, work: Callable[[Reader], T]) -> T:
        """What ``work`` returns, from one consistent view of the books."""
        ...

    def close(self) -> None:
        """Closes the connections this store opened itself."""
        ...
