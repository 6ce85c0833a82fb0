"""The rules that this process decides by now: they change at the moments that were stated."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Lock
from typing import NamedTuple

from loyalty_core.application.config import fingerprint, load_config
from loyalty_core.application.in_force import start_due, take_up
from loyalty_core.application.partners import join
from loyalty_core.application.quarantine import Quarantine
from loyalty_core.application.rules import Rules
from loyalty_core.application.structure import iso
from loyalty_core.domain.decisions import Trace
from loyalty_core.domain.facts import Json
from loyalty_core.domain.programs import ProgramConfig
from loyalty_core.errors import ConfigError, LoyaltyError, PluginError
from loyalty_core.plugins.archive import Archive
from loyalty_core.plugins.describing import versions_of
from loyalty_core.plugins.registry import Registry
from loyalty_core.ports.configs import ConfigVersion, ScheduledConfig
from loyalty_core.ports.grants import CodeSource
from loyalty_core.ports.recorded import EARLIEST
from loyalty_core.ports.store import Store, UnitOfWork

LOOK_EVERY = timedelta(minutes=1)
"""How long a process may go on without asking what others have stated."""
LATEST = datetime.max.replace(tzinfo=UTC)
logger = logging.getLogger("loyalty_core")


class Given(NamedTuple):
    """What a program was opened with that stays, whichever rules are in force."""

    plugins: tuple[object, ...]
    gateway: Mapping[str, Json]
    draw: CodeSource
    trace: Trace | None


@dataclass(frozen=True, slots=True)
class Force:
    """One version of the configuration, with its plugins and the rules before it."""

    rules: Rules
    registry: Registry
    archive: Archive


class InForce:
    """The rules in force, and what plugins are not called for, as one process knows them.

    It looks for what was stated once a minute, and at each moment that it knows of: so what is
    stated more than a minute ahead starts everywhere at once. Safe to share between threads.
    """

    def __init__(self, opened: Force, given: Given) -> None:
        self.now = opened
        self._given = given
        self._known: tuple[datetime, datetime] | None = None
        self._told: set[tuple[str, datetime]] = set()
        self._lock = Lock()

    @classmethod
    def opened(
        cls, store: Store, read: ProgramConfig, registry: Registry, given: Given, now: datetime
    ) -> InForce:
        """The rules in force once a program was opened with a configuration.

        Raises ``ConfigError``, ``PluginError`` where those that are cannot be kept to here.
        """

        def take(uow: UnitOfWork) -> tuple[int, tuple[Registry, Rules] | None]:
            found = take_up(uow, read, now)
            if found.fingerprint == fingerprint(read):
                return found.version, None
            # what cannot be kept to here states nothing either
            return found.version, _stored(found, given)

        version, other = store.write(take)
        own = other or (registry, registry.rules(replace(read, version=version)))
        made = cls(_force(store, *own, given, Quarantine(), now), given)
        made.look(store, now)
        return made

    def copy(self) -> InForce:
        """One for a host's transaction: what it starts is gone if the host rolls back."""
        made = InForce(self.now, self._given)
        made._known = self._known
        return made

    def stopped(self) -> InForce:
        """One that stays with what is in force, whatever its clock shows."""
        made = InForce(self.now, self._given)
        made._known = EARLIEST, LATEST
        return made

    def look(self, store: Store, now: datetime) -> Force:
        """What is in force now.

        Raises ``ConfigError``, ``PluginError`` where this process cannot keep to it.
        """
        if not self._knows(now):
            with self._lock:
                if not self._knows(now):
                    self._take_up(store, now)
        return self.now

    def _knows(self, now: datetime) -> bool:
        """Whether it has looked for this moment, which may be earlier where a clock was set."""
        return self._known is not None and self._known[0] <= now < self._known[1]

    def _take_up(self, store: Store, now: datetime) -> None:
        rules = self.now.rules
        rules.quarantine.save(store, now)
        rules.quarantine.know(store.read(lambda reader: reader.quarantined()))
        coming = _coming(store, rules.config.version)
        if any(one.waits and one.starts_at <= now for one in coming):
            store.write(lambda uow: start_due(uow, now))
            coming = _coming(store, rules.config.version)
        started = [one.version for one in coming if one.version and one.starts_at <= now]
        if started:
            found = store.read(lambda reader: reader.version(max(started)))
            assert found is not None  # no version is ever taken out
            self.now = _force(
                store, *_stored(found, self._given), self._given, rules.quarantine, now
            )
            logger.info("version %s of the configuration is in force", found.version)
        ahead = [one for one in coming if one.starts_at > now]
        self._tell(ahead)
        self._known = now, min([now + LOOK_EVERY, *(one.starts_at for one in ahead)])

    def _tell(self, ahead: Sequence[ScheduledConfig]) -> None:
        """Logs what is to come, once, and whether this process will be able to keep to it."""
        for one in ahead:
            if (one.fingerprint, one.starts_at) in self._told:
                continue
            self._told.add((one.fingerprint, one.starts_at))
            try:
                config = load_config(one.document)
                Registry.of(config, self._given.plugins).rules(config)
            except LoyaltyError as error:
                logger.exception(
                    "a configuration starts at %s that this process cannot keep to: %s",
                    iso(one.starts_at),
                    error.message,
                )
            else:
                logger.info("another configuration starts at %s", iso(one.starts_at))


def _coming(store: Store, version: int) -> Sequence[ScheduledConfig]:
    return store.read(lambda reader: reader.coming_configs(version))


def _stored(found: ConfigVersion, given: Given) -> tuple[Registry, Rules]:
    """A version as the database has it, for a process whose own configuration is another one."""
    try:
        read = load_config(found.document)
        config = replace(read, version=found.version, gateway=given.gateway)
        registry = Registry.of(config, given.plugins)
        return registry, registry.rules(config)
    except LoyaltyError as error:
        logger.exception("version %s of the configuration cannot be kept to", found.version)
        raise _unable(found, error) from error


def _unable(found: ConfigVersion, error: LoyaltyError) -> PluginError:
    since = iso(found.first_used_at)
    problems = error.problems if isinstance(error, ConfigError) else ()
    return PluginError(
        f"version {found.version} of the configuration is in force since {since}, and this "
        f"process cannot keep to it: {error.message}",
        where=error.where or next((one.where for one in problems), ""),
        remedy="Install here what it needs; `loyalty versions` shows it where that is installed.",
    )


def _force(
    store: Store,
    registry: Registry,
    registered: Rules,
    given: Given,
    quarantine: Quarantine,
    now: datetime,
) -> Force:
    """What decides by a version from now on, made known to partners."""
    quarantine.versions = {**quarantine.versions, **versions_of(registry.plugins)}
    made = replace(registered, draw=given.draw, trace=given.trace, quarantine=quarantine)
    rules = store.write(lambda uow: join(uow, made))
    store.write(partial(quarantine.enter, now=now))
    return Force(rules, registry, Archive(rules, given.plugins))
