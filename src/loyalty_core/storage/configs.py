"""Configurations: the versions that were in force, and those that were stated ahead."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, or_, select

from loyalty_core.domain.facts import Json
from loyalty_core.ports.configs import ConfigVersion, ScheduledConfig
from loyalty_core.storage import tables
from loyalty_core.storage.config_tables import scheduled
from loyalty_core.storage.outbox import Outbox

_IDENTITY = ("program", "fingerprint", "starts_at")


def _versions(
    connection: Connection, program: str, order: Any, *conditions: Any
) -> Iterator[ConfigVersion]:
    table = tables.config
    names = (table.c.version, table.c.fingerprint, table.c.document, table.c.first_used_at)
    ours = select(*names).where(table.c.program == program, *conditions)
    return (ConfigVersion._make(row) for row in connection.execute(ours.order_by(order)))


def _scheduled(program: str) -> Any:
    names = (scheduled.c[name] for name in ScheduledConfig._fields)
    mine = select(*names).where(scheduled.c.program == program)
    return mine.order_by(scheduled.c.starts_at, scheduled.c.stated_at)


class ConfigRows(Outbox):
    """``ports.configs.ConfigWork`` on one SQLAlchemy connection, for one program."""

    def config_document(self, version: int) -> Mapping[str, Json]:
        """The configuration stored under a version."""
        table = tables.config
        found = _versions(self._connection, self._program, None, table.c.version == version)
        return next(found).document

    def config_version(self, fingerprint: str, document: Mapping[str, Json], now: datetime) -> int:
        """The version of this configuration, which is made the latest if it is not."""
        latest = self.latest_config()
        if latest is not None and latest.fingerprint == fingerprint:
            return latest.version
        version = 1 if latest is None else latest.version + 1
        made = ConfigVersion(version, fingerprint, document, now)
        row = {"program": self._program, **made._asdict()}
        self._connection.execute(insert(tables.config).values(row))
        return version

    def latest_config(self) -> ConfigVersion | None:
        """The latest version; None in a program that was never opened."""
        last = tables.config.c.version.desc()
        return next(_versions(self._connection, self._program, last), None)

    def was_in_force(self, fingerprint: str) -> bool:
        """Whether any version has these rules."""
        table = tables.config
        same = select(table.c.version).where(
            table.c.program == self._program, table.c.fingerprint == fingerprint
        )
        return self._connection.execute(same.limit(1)).first() is not None

    def lock_configs(self) -> None:
        """Lets nobody else state, withdraw or start a configuration meanwhile."""
        table = tables.config
        ours = select(table.c.version).where(table.c.program == self._program)
        self._connection.execute(ours.order_by(table.c.version).with_for_update()).all()

    def scheduled_configs(self) -> Sequence[ScheduledConfig]:
        """All configurations that were ever stated with a moment, by it."""
        found = self._connection.execute(_scheduled(self._program))
        return [ScheduledConfig._make(row) for row in found]

    def keep_scheduled(self, stated: ScheduledConfig) -> None:
        """Writes one of them, new or changed."""
        row = {"program": self._program, **stated._asdict()}
        changed = {name: row[name] for name in ("withdrawn_at", "version")}
        made = self._insert(scheduled).values(row)
        self._connection.execute(made.on_conflict_do_update(index_elements=_IDENTITY, set_=changed))


class ConfigReads:
    """``ports.configs.ConfigReader`` on one SQLAlchemy connection, for one program."""

    _connection: Connection
    _program: str

    def versions(self) -> Sequence[ConfigVersion]:
        """All versions of the configuration, the first one first."""
        return list(_versions(self._connection, self._program, tables.config.c.version))

    def version(self, version: int) -> ConfigVersion | None:
        """One version of the configuration."""
        table = tables.config
        mine = _versions(self._connection, self._program, None, table.c.version == version)
        return next(mine, None)

    def version_at(self, moment: datetime) -> ConfigVersion:
        """The version in force at a moment; the first one for what is older than all."""
        table, known = tables.config, (self._connection, self._program)
        then = _versions(*known, table.c.version.desc(), table.c.first_used_at <= moment)
        return next(then, None) or next(_versions(*known, table.c.version))

    def config_document(self, version: int) -> Mapping[str, Json]:
        """The configuration stored under a version."""
        table = tables.config
        mine = _versions(self._connection, self._program, None, table.c.version == version)
        return next(mine).document

    def coming_configs(self, version: int) -> Sequence[ScheduledConfig]:
        """What was stated with a moment and is still to start, or became a later version."""
        ours = _scheduled(self._program).where(
            scheduled.c.withdrawn_at.is_(None),
            or_(scheduled.c.version.is_(None), scheduled.c.version > version),
        )
        return [ScheduledConfig._make(row) for row in self._connection.execute(ours)]
