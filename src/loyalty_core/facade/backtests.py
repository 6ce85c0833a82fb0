"""Replaying the books under another configuration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from loyalty_core.application.backtest.run import Backtesting, Progress
from loyalty_core.application.config import effective, fingerprint
from loyalty_core.application.forms import asked_moment
from loyalty_core.application.rules import Rules
from loyalty_core.domain.backtests import Backtest
from loyalty_core.domain.clock import Clock
from loyalty_core.domain.facts import Json
from loyalty_core.domain.programs import ProgramConfig
from loyalty_core.errors import ConfigError, FactError, Problem, StoreError
from loyalty_core.plugins.archive import Archive
from loyalty_core.plugins.registry import Registry, read_config
from loyalty_core.ports.configs import ConfigVersion
from loyalty_core.ports.store import Reader, Store, UnitOfWork
from loyalty_core.storage.engine import open_engine
from loyalty_core.storage.store import SqlStore


@dataclass(frozen=True, slots=True)
class Backtests:
    """Backtests of one program's books."""

    store: Store
    config: ProgramConfig
    plugins: tuple[object, ...]
    clock: Clock

    def run(
        self,
        config: str | Path | Mapping[str, Json],
        since: datetime,
        into: str | None,
        progress: Progress | None,
    ) -> Backtest:
        """What would be beside what is."""
        since = asked_moment("since", since)
        until = self.clock()
        if since > until:
            raise FactError(f"{since} is still to come", where="since")
        read = self._read(config)
        rules = Registry.of(read, self.plugins).rules(read, past=True)

        def compare(reader: Reader) -> Backtest:
            with _scratch(into, read.program.id) as scratch:  # another one if this is tried again
                scratch.prepare(self.clock)
                found = self._opened(scratch, rules, reader.versions(), since)
                archive = Archive(found, self.plugins)
                return Backtesting(scratch, found, archive, since, until).run(reader, progress)

        return self.store.read(compare)

    def _read(self, config: str | Path | Mapping[str, Json]) -> ProgramConfig:
        read = read_config(config, self.plugins)
        if read.program.id != self.config.program.id:
            message = f"the books are those of {self.config.program.id!r}"
            raise ConfigError([Problem("program.id", message, "Write the same id.")])
        return read

    def _opened(
        self, scratch: SqlStore, rules: Rules, versions: Sequence[ConfigVersion], since: datetime
    ) -> Rules:
        """The rules under the version that they have in the scratch database, after all others."""
        if scratch.read(lambda reader: reader.versions()):
            raise StoreError(
                f"the database has books of {rules.config.program.id!r} already",
                remedy="Name an empty database with --into, or leave it out.",
            )
        config, hashed = rules.config, fingerprint(rules.config)
        for one in versions:
            scratch.write(partial(_keep, one))
        version = scratch.write(lambda uow: uow.config_version(hashed, effective(config), since))
        return replace(rules, config=replace(config, version=version))


def _keep(one: ConfigVersion, uow: UnitOfWork) -> None:
    """Keeps a version of the configuration under the number it has."""
    uow.config_version(one.fingerprint, one.document, one.first_used_at)


@contextmanager
def _scratch(url: str | None, program: str) -> Iterator[SqlStore]:
    """A store on the database that was named, or on a file that is gone afterwards."""
    with TemporaryDirectory(prefix="loyalty-backtest-", ignore_cleanup_errors=True) as folder:
        engine = open_engine(url or f"sqlite:///{Path(folder) / 'scratch.db'}")
        store = SqlStore(engine, program, owned=True)
        try:
            yield store
        finally:
            store.close()


class BacktestMethods:
    """Replaying the books under another configuration."""

    _backtests: Backtests

    def backtest(
        self,
        config: str | Path | Mapping[str, Json],
        *,
        since: datetime,
        into: str | None = None,
        progress: Progress | None = None,
    ) -> Backtest:
        """What would have been earned, spent, granted and owed under another configuration.

        What happened before ``since`` is decided by the rules that decided it, what happened from
        then on by ``config``; all that was spent, given, adjusted, merged and erased is done again,
        and what could not have been done is told. With the configuration that was in force all
        along, nothing differs.

        These books are only read, in one consistent view. The replay is kept in a temporary SQLite
        file, or in the empty database ``into`` (a SQLAlchemy URL), which can be looked into
        afterwards. Nothing is delivered, and no shop is told. ``progress`` is called with how many
        steps are done, and of how many.

        Raises ``ConfigError``, ``PluginError``, ``StoreError``, ``FactError`` for a moment without
        a time zone, or one to come.
        """
        return self._backtests.run(config, since, into, progress)
