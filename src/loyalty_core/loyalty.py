"""``Loyalty``: the composition root, and the whole SDK behind one object."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from inspect import get_annotations
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from sqlalchemy import Connection, Engine

from loyalty_core.application.acting import Acting
from loyalty_core.application.adjust import Adjuster
from loyalty_core.application.boards import BoardQuestions
from loyalty_core.application.claim import Claiming
from loyalty_core.application.codes import random_code
from loyalty_core.application.connections import Connections
from loyalty_core.application.enrol import Members
from loyalty_core.application.erase import Erasing
from loyalty_core.application.export import Exporting
from loyalty_core.application.granting import Granting
from loyalty_core.application.habits import HabitQuestions
from loyalty_core.application.household_statement import HouseholdQuestions
from loyalty_core.application.households import Households
from loyalty_core.application.in_force import Versions
from loyalty_core.application.inbox import Inbox
from loyalty_core.application.inputs import Inputs
from loyalty_core.application.links import Linking
from loyalty_core.application.member_codes import MemberCodes
from loyalty_core.application.merge import Merging
from loyalty_core.application.partnered import PartnerRedeeming
from loyalty_core.application.past import Past
from loyalty_core.application.plugin_states import PluginStates
from loyalty_core.application.rebuild import Rebuilding
from loyalty_core.application.record import Recorder
from loyalty_core.application.redeem import Redeeming
from loyalty_core.application.redemptions import Redemptions
from loyalty_core.application.reinstate import Reinstater
from loyalty_core.application.rules import Rules
from loyalty_core.application.seal import Sealing
from loyalty_core.application.segments import Segmenting
from loyalty_core.application.settlements import Settling
from loyalty_core.application.showcase import Showcase
from loyalty_core.application.spend import Spending
from loyalty_core.application.statement import Questions
from loyalty_core.application.tick import Ticker
from loyalty_core.application.transfer import Transfers
from loyalty_core.application.walking import Walking
from loyalty_core.domain.clock import Clock, utc_now
from loyalty_core.domain.decisions import Trace
from loyalty_core.domain.facts import Json
from loyalty_core.domain.programs import ProgramConfig
from loyalty_core.facade.adjusting import AdjustingMethods
from loyalty_core.facade.backtests import BacktestMethods, Backtests
from loyalty_core.facade.boards import BoardMethods
from loyalty_core.facade.claims import ClaimMethods
from loyalty_core.facade.connectors import ConnectorMethods
from loyalty_core.facade.facts import FactMethods
from loyalty_core.facade.grants import GrantMethods
from loyalty_core.facade.households import HouseholdMethods
from loyalty_core.facade.in_force import Force, Given, InForce
from loyalty_core.facade.members import MemberMethods
from loyalty_core.facade.own_tables import OwnTableMethods
from loyalty_core.facade.partners import PartnerMethods
from loyalty_core.facade.people import PeopleMethods
from loyalty_core.facade.plugins import PluginMethods
from loyalty_core.facade.proofs import ProofMethods
from loyalty_core.facade.questions import QuestionMethods
from loyalty_core.facade.segments import SegmentMethods
from loyalty_core.facade.spending import SpendingMethods
from loyalty_core.facade.upkeep import UpkeepMethods
from loyalty_core.plugins.archive import Archive
from loyalty_core.plugins.deprecating import deprecated_of
from loyalty_core.plugins.registry import Registry, read_config
from loyalty_core.ports.grants import CodeSource
from loyalty_core.ports.store import Store
from loyalty_core.storage.engine import open_engine, refuse_unsafe
from loyalty_core.storage.store import HostStore, SqlStore

L = TypeVar("L")
Config = str | Path | Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class _Parts:
    """What a ``Loyalty`` is put together from."""

    store: Store
    clock: Clock
    in_force: InForce
    force: Force

    @property
    def rules(self) -> Rules:
        """The rules that what is put together decides by."""
        return self.force.rules

    @property
    def archive(self) -> Archive:
        """The rules of each version."""
        return self.force.archive

    @property
    def registry(self) -> Registry:
        """The plugins that are on."""
        return self.force.registry

    def rules_at(self, now: datetime) -> Rules:
        """The rules in force now, which are others once their moment has come."""
        return self.in_force.look(self.store, now).rules


def _beside(config: Config, read: ProgramConfig) -> str:
    """The URL of a SQLite file beside the configuration."""
    folder = Path() if isinstance(config, Mapping) else Path(config).resolve().parent
    return f"sqlite:///{folder / read.program.id}.db"


class _UseCases:
    """Every use case, under one version of the rules."""

    def __init__(self, parts: _Parts) -> None:
        self._parts, self._registry = parts, parts.registry
        store, rules, clock = parts.store, parts.rules, parts.clock
        self._store, self._rules = store, rules
        self._recorder = Recorder(store, rules, parts.rules_at, parts.archive, clock)
        self._members = Members(store, rules, self._recorder, clock)
        self._codes = MemberCodes(store, rules, self._recorder, clock)
        self._claiming = Claiming(store, self._recorder, clock)
        self._spending = Spending(store, rules, parts.archive, parts.archive.ahead, clock)
        self._redeeming = Redeeming(store, rules, parts.archive, clock)
        self._partnered = PartnerRedeeming(store, rules, parts.archive, clock)
        self._linking = Linking(store, rules, clock)
        self._settling = Settling(store, rules, clock)
        self._redemptions = Redemptions(store, clock)
        self._granting = Granting(store, rules, clock)
        self._showcase = Showcase(store, rules, clock)
        self._adjuster = Adjuster(store, rules, clock)
        self._reinstater = Reinstater(store, rules, clock)
        self._transfers = Transfers(store, rules, clock)
        self._erasing = Erasing(store, rules, clock)
        self._merging = Merging(store, rules, parts.archive, clock)
        self._exporting = Exporting(store, rules, clock)
        self._questions = Questions(store, rules, clock)
        self._versions = Versions(store, clock)
        self._households = Households(store, rules, clock)
        self._household_questions = HouseholdQuestions(store, rules, self._questions, clock)
        self._habits = HabitQuestions(store, rules, clock)
        self._past = Past(store, rules, self._questions, clock)
        self._sealing = Sealing(store, rules.config.program.id, clock)
        self._rebuilding = Rebuilding(store, rules, clock)
        self._segmenting = Segmenting(store, rules, clock)
        inputs = Inputs(
            store, rules, self._recorder, self._members, self._erasing, self._granting, clock
        )
        inbox = Inbox(store, rules, inputs, clock)
        walking = Walking(store, rules, inbox, inputs, clock)
        acting = Acting(store, rules, self._questions, self._granting, clock)
        self._connections = Connections(store, rules, (inbox, walking, acting), clock)
        jobs = self._recorder, self._redeeming, self._sealing, self._segmenting, self._connections
        self._ticker = Ticker(store, rules, *jobs, clock)
        self._boards = BoardQuestions(store, rules, clock)
        self._plugin_states = PluginStates(store, rules, self._recorder, clock)
        self._backtests = Backtests(store, rules.config, parts.archive.given, clock)


class _InForce:
    """What a method of the facade names, under the rules that are in force when it is called."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, loyalty: Loyalty, kind: type[Loyalty]) -> object:
        return getattr(loyalty._now(), self._name)


def _in_force(kind: type[L]) -> type[L]:
    """Gives a facade all that its methods name."""
    for part in kind.__mro__[1:-1]:
        for name in get_annotations(part):
            setattr(kind, name, _InForce(name))
    return kind


@_in_force
class Loyalty(
    MemberMethods,
    PeopleMethods,
    FactMethods,
    ClaimMethods,
    HouseholdMethods,
    SpendingMethods,
    GrantMethods,
    PartnerMethods,
    AdjustingMethods,
    QuestionMethods,
    SegmentMethods,
    BoardMethods,
    ProofMethods,
    ConnectorMethods,
    OwnTableMethods,
    PluginMethods,
    UpkeepMethods,
    BacktestMethods,
):
    """One program's books, and everything one can do with them. Safe to share between threads.

    >>> loyalty = Loyalty.open({"program": {"id": "shop"}, "wallets": {"points": {}}}, "sqlite://")
    >>> loyalty.enrol({"email": "ada@example.org"}).status.value
    'active'
    >>> loyalty.close()
    """

    def __init__(self, parts: _Parts) -> None:
        """Use ``Loyalty.open``."""
        self._composed = _UseCases(parts)

    @property
    def _parts(self) -> _Parts:
        return self._now()._parts

    def _now(self) -> _UseCases:
        """Every use case under the rules in force now."""
        parts = self._composed._parts
        force = parts.in_force.look(parts.store, parts.clock())
        if force is not parts.force:
            self._composed = _UseCases(replace(parts, force=force))
        return self._composed

    @classmethod
    def open(
        cls,
        config: Config,
        database: str | Engine | None = None,
        *,
        plugins: Iterable[object] = (),
        clock: Clock = utc_now,
        draw: CodeSource = random_code,
        trace: Trace | None = None,
    ) -> Self:
        """The program of ``config`` (a path to a ``loyalty.toml``, or the same as a mapping).

        ``database`` is a SQLAlchemy URL or engine; without one, a SQLite file named after the
        program beside its configuration. Tables are created or migrated. ``plugins`` adds plugin
        objects to those installed; the configuration still says which are on. ``draw`` makes the
        codes of grants: the system's secure random source, unless a test passes in another.
        ``trace`` is told each decision of a plugin, without who it is about; it may be
        ``print``, or the ``append`` of a list.

        Raises ``ConfigError`` with every fault at once, ``PluginError``, ``StoreError``.
        """
        plugins = tuple(plugins)
        read = read_config(config, plugins)
        registry = Registry.of(read, plugins)
        for name, plugin in registry.plugins.items():
            for found in deprecated_of(plugin, read.plugins[name]):
                found.deprecation.warn(found.what)
        registry.rules(read)  # refuse a configuration before any database is touched
        if isinstance(database, Engine):
            store = SqlStore(database, read.program.id, owned=False)
        else:
            engine = open_engine(_beside(config, read) if database is None else database)
            store = SqlStore(engine, read.program.id, owned=True)
        try:
            store.prepare(clock, registry.own_tables())
            given = Given(plugins, read.gateway, draw, trace)
            in_force = InForce.opened(store, read, registry, given, clock())
        except BaseException:
            store.close()
            raise
        return cls(_Parts(store, clock, in_force, in_force.now))

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
        parts = self._composed._parts
        parts.rules.quarantine.save(parts.store, parts.clock())
        parts.store.close()

    @contextmanager
    def using(self, connection: Connection) -> Iterator[Loyalty]:
        """The same program inside the host's transaction on ``connection``.

        Everything done through it is in savepoints: what fails leaves the host's work alone, and
        when the host rolls back, nothing of ours stays.

        Raises ``HostConnectionUnsafe`` for a SQLite connection whose savepoints would not hold.
        """
        refuse_unsafe(connection)
        parts = self._composed._parts  # what there is to look for is seen by the host's connection
        store = HostStore(connection, parts.rules.config.program.id)
        yield type(self)(replace(parts, store=store, in_force=parts.in_force.copy()))

    def _asked_at(self, at: datetime) -> Self:
        """The same program, asked as if it were another moment, under the rules of now."""
        parts = self._parts
        return type(self)(replace(parts, clock=lambda: at, in_force=parts.in_force.stopped()))

    @property
    def config(self) -> ProgramConfig:
        """The configuration in force, as far as this process has looked."""
        return self._composed._parts.rules.config
