"""Shops that the program is connected to: what they send, what is there, what is done there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from loyalty_core.application.connections import Connections
from loyalty_core.application.rules import Rules
from loyalty_core.application.walking import Wait, Watch
from loyalty_core.domain.connections import (
    ActionReport,
    ConnectorStatus,
    InboxReport,
    LoggedAction,
    LoggedMessage,
    MessageReceipt,
    MessageState,
    Translation,
    WalkReport,
    WebhookCheck,
)
from loyalty_core.domain.connectors import Health, SignedIn
from loyalty_core.ports.connectors import Connector


class ConnectorMethods:
    """Shops that the program is connected to: what they send, what is there, what is done there.

    ``connector`` is an id such as ``shopify.main``, or a plugin's that has one account only.
    """

    _connections: Connections
    _rules: Rules

    @property
    def connectors(self) -> tuple[Connector, ...]:
        """The connectors that are on, one for each account."""
        return tuple(owned.item for owned in self._rules.connectors.values())

    def receive(
        self,
        connector: str,
        *,
        body: bytes,
        headers: Iterable[tuple[str, str]],
        url: str = "",
    ) -> MessageReceipt:
        """A webhook verified and kept in the inbox, once however often it comes; nothing is booked.

        ``body`` is raw, ``headers`` are pairs as they came, doubled ones twice. Answer the shop
        when this returns, and call ``work_inbox`` after that.

        Raises ``ConnectorUnknown``, ``SignatureInvalid``, ``SecretMissing``, ``StoreError``.
        """
        return self._connections.inbox.receive(connector, body, tuple(headers), url)

    def signed_in(
        self, connector: str, *, headers: Iterable[tuple[str, str]], url: str
    ) -> SignedIn:
        """Whom a request names that a shop has signed: a customer who is signed in there.

        Raises ``ConnectorUnknown``, ``SignatureInvalid``, ``SecretMissing``.
        """
        return self._connections.signed_in(connector, tuple(headers), url)

    def work_inbox(self, *, progress: Callable[[int], None] | None = None) -> InboxReport:
        """Every message that is due, translated and booked; ``tick`` does it too.

        Safe from many processes at once. A message that cannot be taken in is dead and shown by
        ``connector_status``; it holds up no other.
        """
        return self._connections.inbox.work(progress)

    def check_webhook(
        self,
        connector: str,
        *,
        body: bytes,
        headers: Iterable[tuple[str, str]],
        url: str = "",
    ) -> WebhookCheck:
        """Whether a webhook would be taken in, and why its signature fails; nothing is kept.

        Raises ``ConnectorUnknown``.
        """
        name = self._connections.named(connector).item.id
        return self._connections.inbox.check(name, body, tuple(headers), url)

    def translate(self, connector: str, *, topic: str, body: bytes) -> Translation:
        """What a message with this body would be booked as; nothing is.

        Raises ``ConnectorUnknown``, and what the connector raises for one it cannot read.
        """
        name = self._connections.named(connector).item.id
        return self._connections.inbox.translate(name, topic, body)

    def backfill(
        self,
        connector: str,
        *,
        again: bool = False,
        wait: Wait | None = None,
        watch: Watch | None = None,
    ) -> WalkReport:
        """Everything that is in the shop, booked; goes on where an earlier call stopped.

        Done once, it does nothing but ``again``. Pages are kept as they are booked. ``wait`` waits
        so many seconds where the shop asks for it; ``watch`` is told how many inputs are done, and
        of how many if that is known.

        Raises ``ConnectorUnknown``, ``PlatformUnavailable``, ``ConnectorError``, ``StoreError``.
        """
        name = self._connections.named(connector).item.id
        return self._connections.walking.walk(name, whole=True, again=again, wait=wait, watch=watch)

    def reconcile(
        self,
        connector: str,
        *,
        pages: int | None = None,
        wait: Wait | None = None,
        watch: Watch | None = None,
    ) -> WalkReport:
        """What changed in the shop since the last walk, compared with the books, and booked.

        It finds what lost webhooks missed. The first walk of all is a ``backfill``. With ``pages``
        it stops after so many; while the report is not ``finished``, call again. Raises as that.
        """
        name = self._connections.named(connector).item.id
        return self._connections.walking.walk(name, pages=pages, wait=wait, watch=watch)

    def work_actions(self, *, progress: Callable[[int], None] | None = None) -> ActionReport:
        """Everything that is to be done at shops now, done or put off; ``tick`` does it too."""
        return self._connections.acting.work(progress)

    def connector_status(self, connector: str) -> ConnectorStatus:
        """How a connector stands, and what needs a look; asks no shop.

        Raises ``ConnectorUnknown``.
        """
        return self._connections.status(connector)

    def connector_health(self, connector: str) -> Health:
        """Whether the shop answers: it is asked now. Raises ``ConnectorUnknown``."""
        return self._connections.health(connector)

    def connector_inbox(
        self,
        connector: str,
        *,
        state: MessageState | None = None,
        first: int = 50,
        after: str | None = None,
    ) -> tuple[LoggedMessage, ...]:
        """What the shop sent: up to ``first`` (at most 1,000) messages, latest first.

        Those in a ``state`` alone, and those after the id of one. What ended is there for 90 days.
        Raises ``ConnectorUnknown``, ``FactError``.
        """
        return self._connections.messages(connector, state, first, after)

    def connector_log(
        self, connector: str, *, first: int = 50, after: str | None = None
    ) -> tuple[LoggedAction, ...]:
        """What was done at the shop, and is to be: up to ``first`` (at most 1,000), latest first.

        Those after the id of one, if given. Raises ``ConnectorUnknown``, ``FactError``.
        """
        return self._connections.log(connector, first, after)

    def replay(
        self,
        connector: str,
        *,
        ids: Sequence[str] | None = None,
        since: datetime | None = None,
    ) -> int:
        """How many dead messages and actions are to be tried again; nothing is done yet.

        All of them, or those with these ``ids``; with ``since``, also what was told of events from
        then on, once more. Raises ``ConnectorUnknown``.
        """
        return self._connections.replay(connector, ids, since)

    def skip(self, connector: str, *, ids: Sequence[str]) -> int:
        """How many dead messages with these ids are let go: ignored, without their bodies.

        They are not tried again and need no look any more. Raises ``ConnectorUnknown``.
        """
        return self._connections.skip(connector, ids)

    def enable_connector(self, connector: str) -> ConnectorStatus:
        """A connector that was switched off, on again; what waited for it is done next.

        Raises ``ConnectorUnknown``.
        """
        return self._connections.enable(connector)
