"""``Loyalty``: the composition root, and the whole SDK behind one object."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import Connection, Engine

from loyalty_core.application.config import effective, fingerprint
from loyalty_core.application.enrol import Members
from loyalty_core.application.record import Recorder
from loyalty_core.application.rules import Rules
from loyalty_core.application.spend import Spending
from loyalty_core.application.statement import Questions
from loyalty_core.application.tick import Ticker
from loyalty_core.domain.clock import Clock, utc_now
from loyalty_core.domain.facts import Fact, Json
from loyalty_core.domain.members import Member, MemberStatus, Profile
from loyalty_core.domain.programs import ProgramConfig
from loyalty_core.domain.receipts import (
    AdjustmentReceipt,
    FactReceipt,
    RecordSummary,
    RedemptionReceipt,
    TickReport,
    VerifyReport,
)
from loyalty_core.domain.statements import (
    Cart,
    Explanation,
    HistoryPage,
    Quote,
    Report,
    RewardView,
    Statement,
    Status,
)
from loyalty_core.plugins.loader import Plugin, load
from loyalty_core.plugins.registry import Archive, Registry, read_config
from loyalty_core.ports.store import Store
from loyalty_core.storage.engine import open_engine, refuse_unsafe
from loyalty_core.storage.store import HostStore, SqlStore

Config = str | Path | Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class _Parts:
    """What a ``Loyalty`` is put together from."""

    store: Store
    rules: Rules
    archive: Archive
    clock: Clock
    registry: Registry


def _beside(config: Config, read: ProgramConfig) -> str:
    """The URL of a SQLite file beside the configuration."""
    folder = Path() if isinstance(config, Mapping) else Path(config).resolve().parent
    return f"sqlite:///{folder / read.program.id}.db"


class Loyalty:
    """One program's books, and everything one can do with them. Safe to share between threads.

    >>> loyalty = Loyalty.open({"program": {"id": "shop"}, "wallets": {"points": {}}}, "sqlite://")
    >>> loyalty.enrol({"email": "ada@example.org"}).status.value
    'active'
    >>> loyalty.close()
    """

    def __init__(self, parts: _Parts) -> None:
        """Use ``Loyalty.open``."""
        self._parts = parts
        store, rules, clock = parts.store, parts.rules, parts.clock
        self._recorder = Recorder(store, rules, parts.archive, clock)
        self._members = Members(store, rules, self._recorder, clock)
        self._spending = Spending(store, rules, clock)
        self._questions = Questions(store, rules, clock)
        self._ticker = Ticker(store, rules, self._recorder, clock)

    @classmethod
    def open(
        cls,
        config: Config,
        database: str | Engine | None = None,
        *,
        plugins: Iterable[object] = (),
        clock: Clock = utc_now,
    ) -> Self:
        """The program of ``config`` (a path to a ``loyalty.toml``, or the same as a mapping).

        ``database`` is a SQLAlchemy URL or engine; without one, a SQLite file named after the
        program beside its configuration. Tables are created or migrated. ``plugins`` adds plugin
        objects to those installed; the configuration still says which are on.

        Raises ``ConfigError`` with every fault at once, ``PluginError``, ``StoreError``.
        """
        plugins = tuple(plugins)
        read = read_config(config, plugins)
        registry = Registry(load(read.plugins, plugins))
        registry.rules(read)  # refuse a configuration before any database is touched
        if isinstance(database, Engine):
            store = SqlStore(database, read.program.id, owned=False)
        else:
            engine = open_engine(_beside(config, read) if database is None else database)
            store = SqlStore(engine, read.program.id, owned=True)
        try:
            store.prepare(clock)
            document, hashed, now = effective(read), fingerprint(read), clock()
            version = store.write(lambda uow: uow.config_version(hashed, document, now))
        except BaseException:
            store.close()
            raise
        rules = registry.rules(replace(read, version=version))
        return cls(_Parts(store, rules, Archive(rules, plugins), clock, registry))

    def __enter__(self) -> Self:
        """Itself; ``close`` is called at the end of the block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Closes the database connections."""
        self.close()

    def close(self) -> None:
        """Closes the database connections that ``open`` made; a host's engine stays open."""
        self._parts.store.close()

    @contextmanager
    def using(self, connection: Connection) -> Iterator[Loyalty]:
        """The same program inside the host's transaction on ``connection``.

        Everything done through it is in savepoints: what fails leaves the host's work alone, and
        when the host rolls back, nothing of ours stays.

        Raises ``HostConnectionUnsafe`` for a SQLite connection whose savepoints would not hold.
        """
        refuse_unsafe(connection)
        store = HostStore(connection, self.config.program.id)
        yield type(self)(replace(self._parts, store=store))

    @property
    def plugins(self) -> tuple[Plugin, ...]:
        """The plugins that are on, in the order of the configuration, each with its manifest."""
        return tuple(self._parts.registry.plugins.values())

    @property
    def config(self) -> ProgramConfig:
        """The configuration in force."""
        return self._parts.rules.config

    # -- members ------------------------------------------------------------------------------

    def enrol(
        self,
        identities: Mapping[str, str],
        *,
        source: str = "",
        profile: Profile | None = None,
        key: str | None = None,
    ) -> Member:
        """The member with these identities, made if nobody had them; new identities are added.

        ``identities`` maps kinds (email, phone, customer_id, card, payment_token) to values;
        ``customer_id`` counts within ``source``. A given ``profile`` replaces the stored one.
        Facts that waited for the person are booked now.

        Raises ``IdentityInvalid``, ``IdentityConflict``, ``IdempotencyConflict``.
        """
        return self._members.enrol(identities, source, profile, key)

    def find(self, identities: Mapping[str, str], *, source: str = "") -> Member | None:
        """The member that any of the identities belongs to, or None.

        Raises ``IdentityInvalid``, and ``IdentityConflict`` if they belong to several.
        """
        return self._members.find(identities, source)

    def member(self, member_id: str) -> Member:
        """The member with this id; raises ``MemberNotFound``."""
        return self._members.member(member_id)

    def members(self, member_ids: Sequence[str]) -> dict[str, Member]:
        """The members with these ids, those not found left out, in one query."""
        return self._members.members(list(member_ids))

    def update_member(
        self,
        member_id: str,
        *,
        status: MemberStatus | None = None,
        profile: Profile | None = None,
    ) -> Member:
        """The member with another status or profile; what is None stays as it is.

        Facts keep what they were decided on: a new tier or tag counts from now on.

        Raises ``MemberNotFound``.
        """
        return self._members.update(member_id, status, profile)

    # -- facts --------------------------------------------------------------------------------

    def record(self, fact: Fact | Mapping[str, Json]) -> FactReceipt:
        """What became of one fact: a domain object or its documented JSON form.

        Recording the same fact again changes nothing and answers ``duplicate``.

        Raises ``FactError`` (and its kinds) or ``IdempotencyConflict`` if it cannot be taken in.
        """
        receipt = self._recorder.record([fact])[0]
        if receipt.error is not None:
            raise receipt.error
        return receipt

    def record_many(
        self,
        facts: Iterable[Fact | Mapping[str, Json]],
        *,
        on_receipt: Callable[[int, FactReceipt], None] | None = None,
        progress: Callable[[int], None] | None = None,
        chunk: int = 1000,
    ) -> RecordSummary:
        """How many facts ended how; those that could not be taken in are listed with the reason.

        One transaction for each ``chunk`` of facts; memory does not grow with their number.
        ``on_receipt(index, receipt)`` is called for each fact after its transaction committed,
        ``progress(done)`` after each transaction. Facts of one document in one transaction are
        booked together: the change stands in the receipt of each of them.
        """
        return self._recorder.record_many(facts, on_receipt, progress, chunk)

    # -- questions ----------------------------------------------------------------------------

    def quote(self, cart: Cart | Mapping[str, Json], member_id: str | None = None) -> Quote:
        """What the cart would earn for the member (or a stranger), and what points could buy.

        Raises ``FactError`` for a malformed cart, ``MemberNotFound``.
        """
        return self._spending.quote(cart, member_id)

    def statement(self, member_id: str) -> Statement:
        """What the member is shown now; raises ``MemberNotFound``."""
        return self._questions.statement(member_id)

    def statements(self, member_ids: Sequence[str]) -> dict[str, Statement]:
        """The statements of several members, those not found left out, in a fixed few queries."""
        return self._questions.statements(member_ids)

    def history(
        self,
        member_id: str,
        *,
        wallet: str | None = None,
        first: int = 20,
        after: str | None = None,
    ) -> HistoryPage:
        """Up to ``first`` (at most 1,000) transactions, latest first, after the cursor ``after``.

        Raises ``MemberNotFound``, ``WalletUnknown``, ``FactError`` for a cursor not ours.
        """
        return self._questions.history(member_id, wallet, first, after)

    def explain(self, transaction_id: str) -> Explanation:
        """Which fact, rule and configuration a transaction came from.

        Raises ``TransactionNotFound``.
        """
        return self._questions.explain(transaction_id)

    def rewards(self) -> tuple[RewardView, ...]:
        """The rewards that points buy in this program."""
        return self._questions.rewards()

    def report(self, *, top: int = 10) -> Report:
        """Totals of the program now, and the ``top`` members by points earned."""
        return self._questions.report(top)

    # -- commands -----------------------------------------------------------------------------

    def redeem(
        self,
        member_id: str,
        *,
        points: int | None = None,
        reward: str | None = None,
        cart: Cart | Mapping[str, Json] | None = None,
        key: str,
    ) -> RedemptionReceipt:
        """Points spent on a reward, charged for exactly what it gives.

        ``points`` is the most to spend, in the wallet's smallest unit (None: as many as the
        reward can use); ``reward`` may be left out where the program has only one. ``key`` makes
        the command idempotent: the same key and input answer with the first receipt.

        Raises ``MemberNotFound``, ``MemberInactive``, ``RewardUnknown``, ``InsufficientPoints``,
        ``RedemptionRefused``, ``IdempotencyConflict``.
        """
        return self._spending.redeem(member_id, points, reward, cart, key)

    def adjust(
        self,
        member_id: str,
        wallet: str,
        amount: int,
        *,
        reason: str,
        actor: str,
        key: str,
    ) -> AdjustmentReceipt:
        """A balance changed by an operator: ``amount`` smallest units, positive or negative.

        Raises ``MemberNotFound``, ``WalletUnknown``, ``FactError`` for an empty reason or actor
        or a zero amount, ``IdempotencyConflict``.
        """
        return self._spending.adjust(member_id, wallet, amount, reason, actor, key)

    # -- operations ---------------------------------------------------------------------------

    def tick(self, *, progress: Callable[[int], None] | None = None) -> TickReport:
        """The nightly jobs: activate, expire, retry deferred facts, deliver events.

        Chunked, resumable, idempotent, and safe from many processes at once. Nothing depends on
        it having run: expired points cannot be spent whether it has or not.
        """
        return self._ticker.tick(progress)

    def verify(self) -> VerifyReport:
        """The invariants of the books, checked on the live database."""
        return self._questions.verify()

    def status(self) -> Status:
        """The state of the installation: database, plugins, and what waits or failed."""
        manifests = tuple(plugin.manifest for plugin in self.plugins)
        described = tuple((one.id, one.version, one.summary) for one in manifests)
        return self._questions.status(described)
