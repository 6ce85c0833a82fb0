"""The nightly jobs, and the health of books and installation."""

from __future__ import annotations

from collections.abc import Callable

from loyalty_core.application.statement import Questions
from loyalty_core.application.tick import Ticker
from loyalty_core.domain.receipts import TickReport, VerifyReport
from loyalty_core.domain.statements import Status
from loyalty_core.plugins.loader import Plugin
from loyalty_core.plugins.registry import Registry


class UpkeepMethods:
    """The nightly jobs, and the health of books and installation."""

    _ticker: Ticker
    _questions: Questions
    _registry: Registry

    @property
    def plugins(self) -> tuple[Plugin, ...]:
        """The plugins that are on, in the order of the configuration, each with its manifest."""
        return tuple(self._registry.plugins.values())

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
