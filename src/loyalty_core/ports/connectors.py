"""What connector plugins give the core to call, and what the store keeps for them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from loyalty_core.domain.connections import ActionState, Failed, MessageState
from loyalty_core.domain.connectors import (
    Action,
    Health,
    Input,
    Message,
    Page,
    SignedIn,
    Verified,
    Wants,
    WebhookRequest,
)
from loyalty_core.domain.events import Event
from loyalty_core.domain.facts import FactKey, Json
from loyalty_core.domain.secrets import Secret


class Connector(Protocol):
    """One account of a shop platform. What it can do are the Protocols below that it has.

    It holds settings and clients and no state: what it has to remember is in cursors. Making one
    must cost nothing; it is called from many threads at once, outside any transaction. A call that
    has not come back after a minute (a page: ten) is waited for no longer, and made again later.
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

        But for a public key of the shop that it does not know yet, and not often.

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
class SignsMembersIn(Protocol):
    """A connector whose shop tells who is signed in, so that members need no second account."""

    def signed_in(self, request: WebhookRequest) -> SignedIn:
        """Whom a request names that the shop has signed; asks nobody.

        Called by ``/sign-in/<plugin>/<account>`` of the gateway, with every header and the URL.
        Raises ``SignatureInvalid`` for a request that is not the shop's, is old, or names nobody.
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

    def act(self, action: Action) -> str | None:
        """Does it, or finds that it was done: called at least once for each action.

        Returns the code of a ``MakeCode`` where the shop makes codes itself: it takes the place of
        the one that was drawn, which no member has seen; else None.

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

    def due_messages(
        self, now: datetime, limit: int, without: Collection[str] = ()
    ) -> list[MessageRecord]:
        """Messages to be translated now, longest due first; leased for a while.

        Those of connectors that are not called now are left ``without``.
        """
        ...

    def end_messages(self, messages: Iterable[MessageRecord]) -> None:
        """Writes what became of messages that were due."""
        ...

    def replay_messages(self, connector: str, ids: Sequence[str] | None, now: datetime) -> int:
        """How many dead messages (all, or those with these ids) are pending again."""
        ...

    def skip_messages(self, connector: str, ids: Sequence[str], now: datetime) -> int:
        """How many dead messages with these ids are ignored from now on, without their bodies."""
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

    def logged_messages(
        self, connector: str, state: str | None, limit: int, after: str | None
    ) -> list[MessageRecord]:
        """The messages of a connector without their bodies, latest first, after the id of one."""
        ...

    def failed_messages(self, connector: str, limit: int) -> list[Failed]:
        """The messages of a connector that are dead or were tried in vain, latest first."""
        ...


@dataclass(slots=True, kw_only=True)
class ActionRecord:
    """Something to be done at a shop, as stored: what it is follows from its subject when done.

    ``subject`` is a grant, a member or an event, as ``kind`` says. ``revision`` grows with every
    event about it. ``code`` is what was made at the shop of a grant, so that it can be dropped.
    ``failed_at`` is when it failed first, since it was done last.
    """

    connector: str
    kind: str
    subject: str
    member_id: str
    about: str
    revision: int = 1
    state: ActionState = ActionState.PENDING
    code: str = ""
    attempts: int = 0
    created_at: datetime
    failed_at: datetime | None = None
    next_attempt_at: datetime | None = None
    ended_at: datetime | None = None
    error_code: str = ""
    error: str = ""

    @property
    def key(self) -> str:
        """What it is known by: the same at every attempt."""
        return f"{self.kind}:{self.subject}"


@dataclass(slots=True, kw_only=True)
class ConnectorState:
    """Where a connector stands: its walk, its last success, and whether it is switched off.

    ``whole`` says that the walk began at the very start, and has not come to the end yet. ``found``
    is what the latest walk found, as a document; empty before the first one.
    """

    connector: str
    cursor: str = ""
    whole: bool = False
    found: Mapping[str, Json] = field(default_factory=dict)
    walked_at: datetime | None = None
    backfilled_at: datetime | None = None
    next_poll_at: datetime | None = None
    acted_at: datetime | None = None
    failing_since: datetime | None = None
    disabled_at: datetime | None = None
    disabled_for: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionCounts:
    """The actions of one connector by state."""

    by_state: Mapping[str, int] = field(default_factory=dict)


class ActionWork(Protocol):
    """The part of a unit of work that is about actions, and about where connectors stand."""

    def note_action(self, action: ActionRecord) -> None:
        """Adds an action, or makes one that is known pending again, one revision on.

        One whose attempts failed keeps the time of its next one.
        """
        ...

    def renew_actions(self, connector: str, member_id: str, kind: str, now: datetime) -> None:
        """Makes all actions of a kind about a member pending again, one revision on."""
        ...

    def due_actions(
        self, connectors: Sequence[str], now: datetime, limit: int, kind: str | None = None
    ) -> list[ActionRecord]:
        """Actions of these connectors to be done now, longest due first; leased for a while."""
        ...

    def end_action(self, action: ActionRecord) -> None:
        """Writes what became of an action; one that was noted again meanwhile stays pending."""
        ...

    def put_off_action(self, action: ActionRecord, until: datetime) -> None:
        """Gives an action back that was taken, to be tried at a moment; no attempt is counted."""
        ...

    def hurry_actions(self, connector: str, now: datetime) -> None:
        """Makes what waits at a connector due now."""
        ...

    def replay_actions(
        self, connector: str, keys: Sequence[str] | None, since: datetime | None, now: datetime
    ) -> int:
        """How many dead actions (all, or those with these keys) are pending again.

        With ``since`` also what was told of events from then on, and done.
        """
        ...

    def drop_actions(self, before: datetime) -> int:
        """How many events that were told before then are dropped from the log."""
        ...

    def forget_actions(self, members: Sequence[str]) -> None:
        """Drops what was to be told of these members, and what shops answered about them."""
        ...

    def connector_state(self, connector: str) -> ConnectorState:
        """Where a connector stands, locked; made if it is new."""
        ...

    def save_connector(self, state: ConnectorState) -> None:
        """Writes where a connector stands."""
        ...


class ActionReader(Protocol):
    """Questions about actions, and about where connectors stand."""

    def connector_states(self) -> Mapping[str, ConnectorState]:
        """Where each connector stands that was used."""
        ...

    def action_counts(self) -> Mapping[str, ActionCounts]:
        """The actions of each connector."""
        ...

    def failed_actions(self, connector: str, limit: int) -> list[Failed]:
        """The actions of a connector that are dead or were tried in vain, latest first."""
        ...

    def logged_actions(self, connector: str, limit: int, after: str | None) -> list[ActionRecord]:
        """The actions of a connector, those noted last first, after the key of one."""
        ...

    def event(self, event_id: str) -> Event | None:
        """One event."""
        ...

    def known_facts(self, keys: Iterable[FactKey]) -> set[FactKey]:
        """Those of the facts that are recorded."""
        ...
