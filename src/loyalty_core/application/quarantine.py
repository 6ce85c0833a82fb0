"""Plugins that fail on every fact: they are asked to decide no more, until that is lifted."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from loyalty_core.domain.facts import FactId
from loyalty_core.ports.quarantine import QuarantineRecord
from loyalty_core.ports.records import FactRecord
from loyalty_core.ports.store import UnitOfWork

MOST_FAILURES = 10
"""How many facts in a row a plugin may fail on, or be slow on, before it is asked no more."""
SLOW_MS = 1000
"""How long a decision may take: members, and on SQLite everybody, wait for it."""
LONGEST_REASON = 200
_MILLISECOND = 1_000_000
logger = logging.getLogger("loyalty_core")


@dataclass(slots=True)
class Quarantine:
    """Which plugins are not asked now, as far as this process knows.

    The database says it; where no plugin is held, and none fails, it is not asked. ``versions`` are
    those of the plugins that are on: another version of a plugin is asked again. ``slow_ms`` is how
    long a decision may take.
    """

    versions: Mapping[str, str] = field(default_factory=dict)
    held: frozenset[str] = frozenset()
    slow_ms: int = SLOW_MS
    _slow: dict[str, int] = field(default_factory=dict)
    _said: dict[str, str] = field(default_factory=dict)

    def enter(self, uow: UnitOfWork, now: datetime) -> None:
        """Begins with what the database says; lifts what was of another version."""
        for record in uow.quarantined().values():
            if record.version != self.versions.get(record.plugin, record.version):
                uow.lift(record.plugin, now)
        self.held = frozenset(uow.quarantined())

    def look(self, uow: UnitOfWork) -> None:
        """Notices what was lifted elsewhere."""
        if self.held:
            self.held = frozenset(uow.quarantined())

    def failed(self, plugin: str, reason: str) -> None:
        """Remembers why a plugin failed last; says nothing of anybody."""
        self._said[plugin] = reason[:LONGEST_REASON]

    def took(self, plugin: str, fact: str, started: int) -> None:
        """Counts decisions in a row that were slow; ``started`` is what ``now_ns`` said before."""
        if now_ns() - started < self.slow_ms * _MILLISECOND:
            if self._slow:
                self._slow.pop(plugin, None)
            return
        self._slow[plugin] = self._slow.get(plugin, 0) + 1
        logger.warning(
            "plugin %s took more than %s ms on fact %s",
            plugin,
            self.slow_ms,
            fact,
            extra={"plugin": plugin},
        )
        if self._slow[plugin] >= MOST_FAILURES:  # the rest of a batch does not wait for it
            self.held |= {plugin}

    def note(self, uow: UnitOfWork, decided: Iterable[FactRecord], now: datetime) -> None:
        """Holds plugins that failed on each of the latest facts, these included, or were slow."""
        records = {record.id: record.deferred for record in decided if record.decided}
        failed = {plugin for deferred in records.values() for plugin in deferred} - self.held
        slow = {plugin for plugin, times in self._slow.items() if times >= MOST_FAILURES}
        if not failed and not slow:
            return
        known = frozenset(uow.quarantined())
        latest = _latest(records, uow)
        if len(latest) == MOST_FAILURES:
            every = failed.intersection(*latest)
            for plugin in sorted(every - known):
                self._hold(uow, plugin, self._said.get(plugin, "failed"), now)
        for plugin in sorted(slow):
            if plugin not in known:
                self._hold(uow, plugin, f"took more than {self.slow_ms} ms", now)
            self._slow.pop(plugin, None)  # it begins anew once it is lifted
        self.held |= known

    def _hold(self, uow: UnitOfWork, plugin: str, reason: str, now: datetime) -> None:
        uow.quarantine(QuarantineRecord(plugin, self.versions.get(plugin, ""), reason, now))
        self.held |= {plugin}
        logger.error(
            "plugin %s is in quarantine: on %s facts in a row it %s. Once it is mended: "
            "loyalty plugins lift %s",
            plugin,
            MOST_FAILURES,
            reason,
            plugin,
            extra={"plugin": plugin},
        )


def _latest(records: Mapping[FactId, tuple[str, ...]], uow: UnitOfWork) -> list[tuple[str, ...]]:
    """The plugins that failed on each of the facts that came last, as they are now."""
    found = {**dict(uow.latest_decided(MOST_FAILURES)), **records}
    return [found[one] for one in sorted(found, reverse=True)[:MOST_FAILURES]]


def now_ns() -> int:
    """Nanoseconds of a clock that only goes forward."""
    return time.monotonic_ns()
