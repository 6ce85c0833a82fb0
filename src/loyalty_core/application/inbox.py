"""The inbox: webhooks verified and kept at once, translated and booked afterwards.

A message is taken, translated outside any transaction, booked by the road of every fact, and
marked in another transaction. If the process dies in between, it is done again: what is booked
already is found booked. A message that cannot be taken in is dead, and holds up no other.
"""

from __future__ import annotations

import hashlib
import logging
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from loyalty_core.application.diagnose import check_webhook
from loyalty_core.application.ids import new_id
from loyalty_core.application.inputs import Booked, Inputs
from loyalty_core.application.rules import Rules
from loyalty_core.domain.clock import Clock
from loyalty_core.domain.connections import (
    InboxReport,
    MessageReceipt,
    MessageState,
    Translation,
    WebhookCheck,
)
from loyalty_core.domain.connectors import Input, Message, WebhookRequest
from loyalty_core.errors import (
    ConnectorUnknown,
    FactError,
    IdempotencyConflict,
    LoyaltyError,
    PlatformUnavailable,
    PluginFailed,
    StoreError,
)
from loyalty_core.ports.connectors import MessageRecord, ReceivesWebhooks
from loyalty_core.ports.store import Store, UnitOfWork

logger = logging.getLogger("loyalty_core")

MESSAGES_A_CHUNK = 100
MOST_ATTEMPTS = 12
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(hours=1)
KEPT = timedelta(days=90)
"""How long a message that ended is remembered: longer than any platform sends one again."""
LONGEST_KEY = 200
WALKED = "walked"
"""The topic of what a walk found and could not be taken in: the fact itself."""
LONGEST_ERROR = 1000


@dataclass(slots=True)
class _Taken:
    """A message that is being worked on: what it was translated to, or why it was not."""

    record: MessageRecord
    inputs: Sequence[Input] = ()
    error: Exception | None = None
    booked: list[Booked] = field(default_factory=list)
    put_off: datetime | None = None


class Inbox:
    """The inbox of one program under its current rules."""

    def __init__(self, store: Store, rules: Rules, inputs: Inputs, clock: Clock) -> None:
        self._store = store
        self._rules = rules
        self._inputs = inputs
        self._clock = clock

    def receiver(self, name: str) -> ReceivesWebhooks:
        """The connector of this name that receives webhooks; raises ``ConnectorUnknown``."""
        owned = self._rules.connectors.get(name)
        if owned is None or not isinstance(owned.item, ReceivesWebhooks):
            some = [one for one, it in self._rules.connectors.items() if _receives(it.item)]
            known = f"Those that do: {', '.join(some) or 'none'}."
            raise ConnectorUnknown(f"{name[:60]!r} receives no webhooks", where=name, remedy=known)
        return owned.item

    def receive(
        self, name: str, body: bytes, headers: tuple[tuple[str, str], ...], url: str
    ) -> MessageReceipt:
        """The receipt of a webhook that was verified, and is kept unless it was there already."""
        now = self._clock()
        request = WebhookRequest(body=body, headers=headers, url=url, received_at=now)
        connector, plugin = self.receiver(name), self._rules.connectors[name].plugin
        with self._rules.quarantine.asking(plugin, "verify", name):
            verified = connector.verify(request)
        made = MessageReceipt(connector=name, topic=verified.topic, key=verified.key)
        if not verified.keep:
            return made
        record = MessageRecord(
            id=new_id(),
            connector=name,
            key=_key(verified.key),
            topic=verified.topic,
            about=verified.about,
            body=body,
            size=len(body),
            received_at=now,
            next_attempt_at=now,
        )
        known = self._store.write(lambda uow: uow.put_message(record))
        return MessageReceipt(
            connector=name,
            topic=verified.topic,
            key=verified.key,
            message_id=known or record.id,
            duplicate=known is not None,
        )

    def check(
        self, name: str, body: bytes, headers: tuple[tuple[str, str], ...], url: str
    ) -> WebhookCheck:
        """Whether a webhook would be taken in, and why not; nothing is kept."""
        connector, secrets = self.receiver(name), self._rules.connectors[name].item.secrets
        now = self._clock()
        request = WebhookRequest(body=body, headers=headers, url=url, received_at=now)
        return check_webhook(connector, secrets, request)

    def translate(self, name: str, topic: str, body: bytes) -> Translation:
        """What a message would be booked as."""
        message = Message(topic=topic, body=body, received_at=self._clock())
        inputs = self._translated(name, message)
        return Translation(connector=name, topic=topic, inputs=inputs)

    def work(self, progress: Callable[[int], None] | None = None) -> InboxReport:
        """What became of the messages due now; every one of them is tried once.

        A shop that is away is not asked again in this round, so that it holds up no other: what
        came from it waits, and no attempt is counted.
        """
        counts: Counter[str] = Counter()
        now, away = self._clock(), dict[str, datetime]()
        while taken := self._store.write(partial(self._due, now=now)):
            self._chunk([_Taken(one) for one in taken], away, counts)
            if progress is not None:
                progress(sum(counts[state] for state in ("done", "ignored", "dead", "put_off")))
        return InboxReport(**counts)

    def _due(self, uow: UnitOfWork, *, now: datetime) -> list[MessageRecord]:
        """Messages due; what came from a shop whose connector is in quarantine waits.

        What a walk found waits with it: things are booked in the order in which they came.
        """
        held = self._rules.quarantine.held_of("translate", self._rules.connectors)
        return uow.due_messages(now, MESSAGES_A_CHUNK, held)

    def drop_old(self, now: datetime) -> int:
        """How many messages were forgotten because they ended long ago."""
        return self._store.write(lambda uow: uow.drop_messages(now - KEPT))

    # -- one chunk ----------------------------------------------------------------------------

    def _chunk(self, taken: list[_Taken], away: dict[str, datetime], counts: Counter[str]) -> None:
        for one in taken:
            name = one.record.connector
            one.put_off = away.get(name)
            if one.put_off is None:
                self._translate(one)
            if isinstance(one.error, PlatformUnavailable):
                away[name] = self._clock() + pause(1, one.error.retry_after)
            elif isinstance(one.error, PluginFailed):
                away[name] = self._clock() + pause(1, None)
        for connector in {one.record.connector for one in taken}:
            self._book(connector, [one for one in taken if one.record.connector == connector])
        now = self._clock()
        for one in taken:
            _settle(one, now)
            counts[_OUTCOME[one.record.state]] += 1
            counts["inputs"] += sum(booked.error is None for booked in one.booked)
        self._store.write(lambda uow: uow.end_messages([one.record for one in taken]))

    def _translate(self, one: _Taken) -> None:
        record = one.record
        message = Message(
            topic=record.topic,
            body=record.body or b"",
            about=record.about,
            received_at=record.received_at,
        )
        try:
            one.inputs = self._inputs_of(record.connector, message)
        except Exception as error:
            if not isinstance(error, LoyaltyError):
                logger.exception("translating %s of %s failed", record.id, record.connector)
            one.error = error

    def _inputs_of(self, connector: str, message: Message) -> tuple[Input, ...]:
        if message.topic != WALKED:
            return self._translated(connector, message)
        fact = message.json()
        if not isinstance(fact, dict):
            raise FactError("this is no fact", remedy="Mend it in the shop, and reconcile.")
        return (fact,)

    def _translated(self, name: str, message: Message) -> tuple[Input, ...]:
        connector, plugin = self.receiver(name), self._rules.connectors[name].plugin
        return self._rules.quarantine.waiting(
            plugin, "translate", name, lambda: tuple(connector.translate(message))
        )

    def _book(self, connector: str, taken: list[_Taken]) -> None:
        """Books all inputs of a chunk together; one by one if they fail as a whole."""
        inputs = [given for one in taken for given in one.inputs]
        try:
            booked = iter(self._inputs.book(connector, inputs))
        except StoreError:
            raise
        except Exception as error:
            if len(taken) > 1:
                for one in taken:
                    self._book(connector, [one])
                return
            logger.exception("booking %s of %s failed", taken[0].record.id, connector)
            taken[0].error = error
            return
        for one in taken:
            one.booked = [next(booked) for _ in one.inputs]
            refused = next((done.error for done in one.booked if done.error), None)
            one.error = one.error or refused


_OUTCOME = {
    MessageState.DONE: "done",
    MessageState.IGNORED: "ignored",
    MessageState.DEAD: "dead",
    MessageState.PENDING: "put_off",
}


def _settle(one: _Taken, now: datetime) -> None:
    """Decides what becomes of a message."""
    record, error = one.record, one.error
    if one.put_off is not None:
        record.next_attempt_at = one.put_off
        return
    record.inputs = len(one.inputs)
    if error is None:
        record.state = MessageState.DONE if one.inputs else MessageState.IGNORED
        record.body, record.next_attempt_at, record.ended_at = None, None, now
        record.code = record.error = ""
        return
    record.attempts += 1
    record.code = error.code if isinstance(error, LoyaltyError) else type(error).__name__[:64]
    record.error = str(error)[:LONGEST_ERROR].replace("\x00", "")
    waits = isinstance(error, PlatformUnavailable)
    if _is_final(error) or (record.attempts >= MOST_ATTEMPTS and not waits):
        record.state = MessageState.DEAD
        record.next_attempt_at, record.ended_at = None, now
    else:
        asked = error.retry_after if isinstance(error, PlatformUnavailable) else None
        record.next_attempt_at = now + pause(record.attempts, asked)


def _is_final(error: Exception) -> bool:
    """Whether the same message could never be taken in: it is wrong, and not the moment."""
    if isinstance(error, FactError | IdempotencyConflict):
        return True
    retried = (StoreError, PlatformUnavailable, PluginFailed)
    return isinstance(error, LoyaltyError) and not isinstance(error, retried)


def pause(attempts: int, asked: int | None) -> timedelta:
    """Until the next attempt: as long as was asked for, else longer each time, with jitter."""
    if asked is not None:
        return min(timedelta(seconds=max(asked, 1)), timedelta(days=1))
    longest: timedelta = min(FIRST_PAUSE * 2 ** min(attempts, 16), LONGEST_PAUSE)
    percent = random.randint(50, 100)  # noqa: S311 - jitter, not a secret
    return longest * percent // 100


def dead_message(
    connector: str, what: str, body: bytes, error: LoyaltyError, now: datetime
) -> MessageRecord:
    """Something that a walk found and could not be taken in, kept like a message that cannot."""
    digest = hashlib.sha256(what.encode("utf-8", "replace") + b"\n" + body).hexdigest()
    return MessageRecord(
        id=new_id(),
        connector=connector,
        key=_key(f"{WALKED}:{digest}"),
        topic=WALKED,
        about={"what": what},
        body=body,
        size=len(body),
        received_at=now,
        state=MessageState.DEAD,
        attempts=1,
        code=error.code,
        error=f"{what}: {error}"[:LONGEST_ERROR].replace("\x00", ""),
        ended_at=now,
    )


def _key(key: str) -> str:
    """The key as it is stored: a hash of one that is too long, or no text."""
    if len(key) <= LONGEST_KEY and key.isprintable():
        return key
    return f"sha256:{hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()}"


def _receives(connector: object) -> bool:
    return isinstance(connector, ReceivesWebhooks)
