"""What is stored of plugins that are not asked any more, and of what waits for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from loyalty_core.domain.facts import FactId


class QuarantineRecord(NamedTuple):
    """A plugin in quarantine: which version of it, why and since when."""

    plugin: str
    version: str
    reason: str
    since: datetime


class QuarantineWork(Protocol):
    """The part of a unit of work that is about plugins in quarantine."""

    def quarantined(self) -> Mapping[str, QuarantineRecord]:
        """The program's plugins in quarantine."""
        ...

    def quarantine(self, record: QuarantineRecord) -> None:
        """Puts a plugin into quarantine, if it is not there."""
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

    def quarantined(self) -> Mapping[str, QuarantineRecord]:
        """The program's plugins in quarantine."""
        ...

    def waiting_for_plugins(self) -> Waiting:
        """How many facts are deferred by each plugin, and how its deliveries stand."""
        ...
