"""Shops that the program is connected to: what they send, what is there, what is done there."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from loyalty_core.application.inbox import Inbox
from loyalty_core.application.rules import Rules
from loyalty_core.domain.connections import InboxReport, MessageReceipt, Translation
from loyalty_core.ports.connectors import Connector


class ConnectorMethods:
    """Shops that the program is connected to: what they send, what is there, what is done there."""

    _inbox: Inbox
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

        ``connector`` is its id, such as ``shopify.main``; ``body`` is raw, ``headers`` are pairs as
        they came, doubled ones twice. Answer the shop when this returns, and call ``work_inbox``
        after that.

        Raises ``ConnectorUnknown``, ``SignatureInvalid``, ``SecretMissing``, ``StoreError``.
        """
        return self._inbox.receive(connector, body, tuple(headers), url)

    def work_inbox(self, *, progress: Callable[[int], None] | None = None) -> InboxReport:
        """Every message that is due, translated and booked; ``tick`` does it too.

        Safe from many processes at once. A message that cannot be taken in is dead and shown by
        ``connector_status``; it holds up no other.
        """
        return self._inbox.work(progress)

    def translate(self, connector: str, *, topic: str, body: bytes) -> Translation:
        """What a message with this body would be booked as; nothing is.

        Raises ``ConnectorUnknown``, and what the connector raises for one it cannot read.
        """
        return self._inbox.translate(connector, topic, body)
