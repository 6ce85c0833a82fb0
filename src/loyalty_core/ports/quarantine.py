"""What is stored of plugins that are not asked any more, and of what waits for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from loyalty_core.domain.facts import FactId


class QuarantineRecord(NamedTuple):
    """What a plugin is called for and failed at so many times in a row: its version, and why.

    ``of`` is the id of its reward, subscription, connector or source of benefits; empty for others.
    Since when it is not called any more; None while it is only counted.
    """

    plugin: str
    call: str
    of: str
    version: str
    times: int
    reason: str
    since: datetime | None


Quarantined = Mapping[tuple[str, str, str], QuarantineRecord]
"""What is held or counted of a program's plugins, by plugin, call and what it is of."""


class QuarantineWork(Protocol):
    """The part of a unit of work that is about plugins in quarantine."""

    def quarantined(self) -> Quarantined:
        """What is held or counted of the program's plugins."""
        ...

    def quarantine(self, record: QuarantineRecord) -> None:
        """Holds or counts a call of a plugin; one that is held already stays as it is."""
        ...

    def forgive(self, plugin: str, call: str, of: str) -> None:
        """Counts a call of a plugin no more, unless it is held."""
        ...

    def lift(self, plugin: str, now: datetime) -> int:
        """Ends a quarantine; deferred facts, and dead deliveries of the plugin, are due ``now``.

        How many deliveries these are.
        """
        ...

    def latest_decided(self, limit: int) -> Sequence[tuple[FactId, tuple[str, ...]]]:
        """The facts decided that came last, latest first, with the plugins that failed on each."""
        ...


class Waiting(NamedTuple):
    """What waits for plugins, by plugin."""

    facts: Mapping[str, int]
    pending: Mapping[str, int]
    dead: Mapping[str, int]


class QuarantineReader(Protocol):
    """The part of a reader that tells of plugins."""

    def quarantined(self) -> Quarantined:
        """What is held or counted of the program's plugins."""
        ...

    def waiting_for_plugins(self) -> Waiting:
        """How many facts are deferred by each plugin, and how its deliveries stand."""
        ...
