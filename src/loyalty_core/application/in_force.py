"""Which configuration is in force: the one opened last, or one whose stated moment has come."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime
from functools import partial

from loyalty_core.application.config import effective, fingerprint
from loyalty_core.application.structure import iso
from loyalty_core.domain.clock import Clock
from loyalty_core.domain.programs import ProgramConfig
from loyalty_core.domain.versions import RulesState, RulesVersion, changes
from loyalty_core.ports.configs import ConfigVersion, ConfigWork, ScheduledConfig
from loyalty_core.ports.store import Reader, Store, UnitOfWork

logger = logging.getLogger("loyalty_core")


def take_up(uow: ConfigWork, config: ProgramConfig, now: datetime) -> ConfigVersion:
    """The version in force now, after a program was opened with a configuration.

    It is the one that was opened, unless that says that it starts later, or is an older one than
    what came by its stated moment since.
    """
    known = start_due(uow, now)
    hashed, starts_at = fingerprint(config), config.program.starts_at
    latest = uow.latest_config()
    if starts_at is None:
        if latest is None or not _came_back(uow, known, latest, hashed):
            uow.config_version(hashed, effective(config), now)
    elif all((one.fingerprint, one.starts_at) != (hashed, starts_at) for one in known):
        stated = ScheduledConfig(hashed, starts_at, effective(config), now)
        _state(uow, stated, at_once=latest is None)
    elif latest is not None and latest.fingerprint != hashed:
        _tell_old(known, hashed, starts_at)
    found = uow.latest_config()
    assert found is not None  # the first one starts at once
    return found


def start_due(uow: ConfigWork, now: datetime) -> list[ScheduledConfig]:
    """All configurations stated with a moment; those whose moment has come are versions now."""

    def due(one: ScheduledConfig) -> bool:
        return one.waits and one.starts_at <= now

    known = uow.scheduled_configs()
    if any(map(due, known)):
        uow.lock_configs()
        known = uow.scheduled_configs()
    return [_start(uow, one, one.starts_at) if due(one) else one for one in known]


def _start(uow: ConfigWork, stated: ScheduledConfig, at: datetime) -> ScheduledConfig:
    version = uow.config_version(stated.fingerprint, stated.document, at)
    started = stated._replace(version=version)
    uow.keep_scheduled(started)
    return started


def _state(uow: ConfigWork, stated: ScheduledConfig, *, at_once: bool) -> None:
    """Keeps a configuration until its moment; one that has come, or the first one, starts now."""
    uow.lock_configs()
    known = uow.scheduled_configs()
    if any(one[:2] == stated[:2] for one in known):  # by another process, just now
        return
    if at_once or stated.starts_at <= stated.stated_at:
        _start(uow, stated, stated.stated_at)
        return
    uow.keep_scheduled(stated)
    for one in known:
        if one.waits:
            uow.keep_scheduled(one._replace(withdrawn_at=stated.stated_at))
            logger.warning("the configuration that was to start at %s is replaced", one.starts_at)


def _came_back(
    uow: ConfigWork, known: Iterable[ScheduledConfig], latest: ConfigVersion, hashed: str
) -> bool:
    """Whether a configuration without a moment is one that the latest has followed by its own.

    Processes that still have the old file may be opened again: they keep to what is in force.
    """
    by_moment = any(one.version == latest.version for one in known)
    if latest.fingerprint == hashed or not by_moment or not uow.was_in_force(hashed):
        return False
    logger.warning(
        "version %s has been in force since %s: the configuration that was opened is older. To go "
        "back to it, say in it since when: program.in_force_from",
        latest.version,
        iso(latest.first_used_at),
    )
    return True


def _tell_old(known: Iterable[ScheduledConfig], hashed: str, starts_at: datetime) -> None:
    """Says why a configuration is not in force whose moment, and rules, were stated before."""
    (mine,) = (one for one in known if (one.fingerprint, one.starts_at) == (hashed, starts_at))
    if mine.withdrawn_at is not None:
        reason = "was withdrawn or replaced"
    elif mine.version is not None:
        reason = "was followed by another one"
    else:
        return
    logger.warning(
        "the configuration that was to start at %s %s, and does not start again. To state it "
        "again, give it another moment: program.in_force_from",
        iso(starts_at),
        reason,
    )


class Versions:
    """The versions of a program's configuration, and what is to come."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def versions(self) -> tuple[RulesVersion, ...]:
        """Every version of the configuration, the latest first, with what it changed."""
        found, coming = self._store.read(_all_of)
        made = [
            RulesVersion(
                version=one.version,
                state=RulesState.IN_FORCE if one is found[-1] else RulesState.PAST,
                in_force_from=one.first_used_at,
                document=one.document,
                changes=changes(found[place - 1].document, one.document) if place else (),
            )
            for place, one in enumerate(found)
        ]
        ahead = [_ahead(one, found[-1]) for one in coming if one.waits]
        return (*ahead[::-1], *made[::-1])

    def withdraw(self) -> RulesVersion | None:
        """What was still to start and does not start any more; None if there was nothing."""
        return self._store.write(partial(_withdraw, now=self._clock()))


def _all_of(reader: Reader) -> tuple[list[ConfigVersion], list[ScheduledConfig]]:
    found = list(reader.versions())
    return found, list(reader.coming_configs(found[-1].version))


def _ahead(stated: ScheduledConfig, latest: ConfigVersion) -> RulesVersion:
    return RulesVersion(
        version=0,
        state=RulesState.SCHEDULED,
        in_force_from=stated.starts_at,
        document=stated.document,
        changes=changes(latest.document, stated.document),
    )


def _withdraw(uow: UnitOfWork, *, now: datetime) -> RulesVersion | None:
    uow.lock_configs()
    waiting = [one for one in start_due(uow, now) if one.waits]
    latest = uow.latest_config()
    if not waiting or latest is None:
        return None
    for one in waiting:
        uow.keep_scheduled(one._replace(withdrawn_at=now))
    return _ahead(waiting[-1], latest)
