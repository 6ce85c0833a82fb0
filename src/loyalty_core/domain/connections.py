"""What is said of connectors: what became of messages, walks and actions."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from loyalty_core.domain.connectors import Input


class MessageState(StrEnum):
    """Where a message stands.

    ``pending``: to be translated. ``done``: its inputs are booked. ``ignored``: it said nothing
    that matters here. ``dead``: it cannot be taken in, and waits for somebody to look at it.
    """

    PENDING = "pending"
    DONE = "done"
    IGNORED = "ignored"
    DEAD = "dead"


class ActionState(StrEnum):
    """Where an action stands.

    ``pending``: to be done. ``done``. ``dead``: the shop refuses it, or it was tried for days
    while others were done; it waits for somebody to look at it.
    """

    PENDING = "pending"
    DONE = "done"
    DEAD = "dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageReceipt:
    """A webhook taken in: ``duplicate`` if it was there already, without an id if not kept."""

    connector: str
    topic: str
    key: str
    message_id: str | None = None
    duplicate: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxReport:
    """What one look at the inbox did: messages by what became of them, and inputs booked."""

    done: int = 0
    ignored: int = 0
    dead: int = 0
    put_off: int = 0
    inputs: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionReport:
    """What one round of actions did: how many were done, are dead now, or were put off."""

    done: int = 0
    dead: int = 0
    put_off: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    """What a message would be booked as; nothing was."""

    connector: str
    topic: str
    inputs: tuple[Input, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookCheck:
    """Whether a webhook would be taken in; if not, why, and what might have been done to it."""

    ok: bool
    topic: str = ""
    key: str = ""
    reason: str = ""
    hints: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A message or an action that needs a look: which, since when, how often tried, and why."""

    id: str
    about: str
    since: datetime
    attempts: int
    code: str
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedMessage:
    """A message in the inbox of a connector: what became of it so far; its body is not shown.

    ``inputs`` is how many it came to, ``code`` and ``error`` why it could not be taken in.
    """

    id: str
    topic: str
    state: MessageState
    attempts: int
    received_at: datetime
    ended_at: datetime | None
    next_attempt_at: datetime | None
    inputs: int
    code: str
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedAction:
    """An action in the log of a connector; ``about`` is the reward, ``member``, or the event."""

    id: str
    about: str
    member_id: str
    state: ActionState
    attempts: int
    noted_at: datetime
    ended_at: datetime | None
    next_attempt_at: datetime | None
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """Something in the shop that the books did not have (``missing``) or had otherwise."""

    what: str
    kind: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkReport:
    """What a walk through a shop found: inputs that agreed with the books, and what was booked.

    ``drift`` holds the first of those that were missing, different or refused; of a ``whole`` walk
    those that were refused, since all that is new there is missing. ``finished`` is false if there
    is more to go through: the next walk goes on there.
    """

    connector: str
    whole: bool
    finished: bool
    pages: int = 0
    inputs: int = 0
    agreed: int = 0
    missing: int = 0
    different: int = 0
    refused: int = 0
    drift: tuple[Drift, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectorStatus:
    """How a connector stands: its inbox, its walks and its actions.

    ``last_walk`` is what the latest walk found, over all calls that it took so far, with the first
    of its drift by name; None before the first one.
    """

    connector: str
    plugin: str
    receives: bool
    walks: bool
    acts: bool
    pending: int = 0
    done: int = 0
    ignored: int = 0
    dead: int = 0
    received_at: datetime | None = None
    oldest_pending_at: datetime | None = None
    walked_at: datetime | None = None
    walking: bool = False
    backfilled_at: datetime | None = None
    cursor: str = ""
    last_walk: WalkReport | None = None
    actions_pending: int = 0
    actions_done: int = 0
    actions_dead: int = 0
    acted_at: datetime | None = None
    failing_since: datetime | None = None
    disabled_at: datetime | None = None
    disabled_for: str = ""
    failed_messages: tuple[Failed, ...] = ()
    failed_actions: tuple[Failed, ...] = field(default=())
