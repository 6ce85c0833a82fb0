"""What connector plugins give the core to call, and what the store keeps for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from loyalty_core.domain.connections import Failed, MessageState
from loyalty_core.domain.connectors import (
    Action,
    Health,
    Input,
    Message,
    Page,
    Verified,
    Wants,
    WebhookRequest,
)
from loyalty_core.domain.secrets import Secret


class Connector(Protocol):
    """One account of a shop platform. What it can do are the Protocols below that it has.

    It holds settings and clients and no state: what it has to remember is in cursors. Making one
    must cost nothing; it is called from many threads at once, outside any transaction.
    """

    @property
    def id(self) -> str:
        """The plugin's id, a dot and the account, such as ``shopify.main``."""
        ...

    @property
    def secrets(self) -> Sequence[Secret]:
        """The secrets it needs: the gateway does not start without them."""
        ...

    def health(self) -> Health:
        """Whether the shop answers; asks it. Called when somebody wants to know."""
        ...


@runtime_checkable
class ReceivesWebhooks(Protocol):
    """A connector whose shop sends webhooks, to ``/webhooks/<plugin>/<account>`` of the gateway."""

    def verify(self, request: WebhookRequest) -> Verified:
        """What a webhook is; called before anything is kept, so it must be quick, and ask nobody.

        Compares in constant time, takes old and new secrets while they rotate, and looks at the
        clock where the platform signs it. Raises ``SignatureInvalid``: the answer is 401.
        """
        ...

    def translate(self, message: Message) -> Iterable[Input]:
        """The inputs that a message comes to; none for what does not matter here.

        A message is a trigger: it may be old or doubled, so say what is the case (an order with all
        its refunds) and not what changed. May ask the shop for what is not in the message. Raises
        ``FactError`` for one that cannot be read, ``PlatformUnavailable`` to be asked later.
        """
        ...


@runtime_checkable
class ListsChanges(Protocol):
    """A connector that can list what is in the shop, by the same road as its webhooks."""

    @property
    def polled_every(self) -> timedelta | None:
        """How often ``tick`` compares shop and books; None leaves it to ``loyalty connect``."""
        ...

    def changed_since(self, cursor: str) -> Page:
        """A page of all that changed since ``cursor``; everything there is if that is empty.

        Keeps to the platform's rate limits itself. Raises ``PlatformUnavailable`` to be asked
        again later, from the same cursor.
        """
        ...


@runtime_checkable
class ActsOnShop(Protocol):
    """A connector by which the program does something at the shop."""

    @property
    def wants(self) -> Wants:
        """What is to be done there."""
        ...

    def act(self, action: Action) -> None:
        """Does it, or finds that it was done: called at least once for each action.

        Raises ``ActionRefused`` if the shop would always say no, ``ConnectorDisabled`` if it
        does not want us any more. Anything else that is raised is tried again later.
        """
        ...


# -- what the store keeps -------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class MessageRecord:
    """A message as stored. ``body`` is kept while it is pending or dead, and no longer."""

    id: str
    connector: str
    key: str
    topic: str
    about: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None
    size: int
    received_at: datetime
    state: MessageState = MessageState.PENDING
    attempts: int = 0
    next_attempt_at: datetime | None = None
    code: str = ""
    error: str = ""
    inputs: int = 0
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageCounts:
    """The messages of one connector by state, and two moments."""

    by_state: Mapping[str, int] = field(default_factory=dict)
    received_at: datetime | None = None
    oldest_pending_at: datetime | None = None


class InboxWork(Protocol):
    """The part of a unit of work that is about messages."""

    def put_message(self, message: MessageRecord) -> str | None:
        """None if the message was new and is kept; the id of the one with its key otherwise."""
        ...

    def due_messages(self, now: datetime, limit: int) -> list[MessageRecord]:
        """Messages to be translated now, longest due first; leased for a while."""
        ...

    def end_messages(self, messages: Iterable[MessageRecord]) -> None:
        """Writes what became of messages that were due."""
        ...

    def replay_messages(self, connector: str, ids: Sequence[str] | None, now: datetime) -> int:
        """How many dead messages (all, or those with these ids) are pending again."""
        ...

    def drop_messages(self, before: datetime) -> int:
        """How many messages that ended before then were deleted."""
        ...

    def dead_messages(self) -> list[MessageRecord]:
        """The dead messages, with their bodies."""
        ...

    def delete_messages(self, ids: Iterable[str]) -> None:
        """Deletes messages."""
        ...


class InboxReader(Protocol):
    """Questions about messages."""

    def message_counts(self) -> Mapping[str, MessageCounts]:
        """The messages of each connector."""
        ...

    def failed_messages(self, connector: str, limit: int) -> list[Failed]:
        """The messages of a connector that are dead or were tried in vain, latest first."""
        ...
