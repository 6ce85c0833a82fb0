"""The nightly jobs, and the health of books and installation."""

from __future__ import annotations

from collections.abc import Callable

from loyalty_core.application.audit import verify
from loyalty_core.application.connections import Connections
from loyalty_core.application.rebuild import Rebuilding
from loyalty_core.application.statement import Questions
from loyalty_core.application.tick import Ticker
from loyalty_core.domain.receipts import RebuildReport, TickReport, VerifyReport
from loyalty_core.domain.statements import Status
from loyalty_core.plugins.loader import Plugin
from loyalty_core.plugins.registry import Registry
from loyalty_core.ports.store import Store


class UpkeepMethods:
    """The nightly jobs, and the health of books and installation."""

    _ticker: Ticker
    _rebuilding: Rebuilding
    _store: Store
    _questions: Questions
    _registry: Registry
    _connections: Connections

    @property
    def plugins(self) -> tuple[Plugin, ...]:
        """The plugins that are on, in the order of the configuration, each with its manifest."""
        return tuple(self._registry.plugins.values())

    def tick(self, *, progress: Callable[[int], None] | None = None) -> TickReport:
        """The nightly jobs: activate, expire, retry deferred facts, count segments, deliver, seal.

        Chunked, resumable, idempotent, and safe from many processes at once. Nothing depends on
        it having run: expired points cannot be spent whether it has or not.
        """
        return self._ticker.tick(progress)

    def verify(
        self,
        *,
        head: str | None = None,
        most: int | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> VerifyReport:
        """The invariants of the books and every sealed row, checked on the live database.

        ``problems`` names each row that was altered, removed or added since it was sealed. A
        ``head`` that was published must still be one of the chain's: then what it stood for was
        not rewritten as a whole either. ``progress`` gets the number of sealed rows compared.

        All of the books is read, in one transaction, with the entries of other programs of the
        database. Raises ``BooksTooLarge`` if all of them together have more than ``most``
        transactions, before that: for those who cannot wait.
        """
        return verify(self._store, head, most, progress)

    def rebuild(self, *, progress: Callable[[int], None] | None = None) -> RebuildReport:
        """Every cache of the books computed again from the entries, and written where it differed.

        These are a wallet's balance, debt and totals and what a lot has remaining and expired; an
        empty lot is not pending, and one whose time is to come is. Not rebuilt: ``lapses_at`` of a
        wallet and ``forgiven`` of a lot, which are not sums of entries, and lots without a row.
        Works while others write, in transactions of some hundred members.
        """
        return self._rebuilding.rebuild(progress)

    def status(self) -> Status:
        """The state of the installation: database, plugins, and what waits or failed."""
        manifests = tuple(plugin.manifest for plugin in self.plugins)
        described = tuple((one.id, one.version, one.summary) for one in manifests)
        return self._connections.counted(self._questions.status(described))
