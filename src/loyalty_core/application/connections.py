"""Everything between the program and its shops: the inbox, walks, actions, and how they stand."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from loyalty_core.application.acting import Acting
from loyalty_core.application.ids import is_id
from loyalty_core.application.inbox import KEPT, WALKED, Inbox
from loyalty_core.application.rules import Rules
from loyalty_core.application.walking import Walking, last_walk
from loyalty_core.domain.clock import Clock
from loyalty_core.domain.connections import (
    ConnectorStatus,
    LoggedAction,
    LoggedMessage,
    MessageState,
)
from loyalty_core.domain.connectors import Health, SignedIn, WebhookRequest
from loyalty_core.domain.statements import Status
from loyalty_core.errors import ConnectorUnknown, FactError, LoyaltyError
from loyalty_core.ports.connectors import (
    ActionCounts,
    ActsOnShop,
    Connector,
    ConnectorState,
    ListsChanges,
    MessageCounts,
    ReceivesWebhooks,
    SignsMembersIn,
)
from loyalty_core.ports.program import Owned
from loyalty_core.ports.store import Reader, Store, UnitOfWork

logger = logging.getLogger("loyalty_core")

MOST_LOGGED = 1_000
MOST_FAILED = 20
"""How many messages and actions that need a look a status lists."""


class Connections:
    """The connectors of one program under its current rules."""

    def __init__(
        self,
        store: Store,
        rules: Rules,
        parts: tuple[Inbox, Walking, Acting],
        clock: Clock,
    ) -> None:
        self._store = store
        self._rules = rules
        self.inbox, self.walking, self.acting = parts
        self._clock = clock

    def named(self, name: str) -> Owned[Connector]:
        """The connector of this id; or of this plugin, if it has one only.

        Raises ``ConnectorUnknown``.
        """
        connectors = self._rules.connectors
        if name in connectors:
            return connectors[name]
        mine = [owned for owned in connectors.values() if owned.plugin == name]
        if len(mine) == 1:
            return mine[0]
        remedy = f"Connectors of this program: {', '.join(connectors) or 'none'}."
        raise ConnectorUnknown(f"{name[:60]!r} is not a connector here", where=name, remedy=remedy)

    def status(self, name: str) -> ConnectorStatus:
        """How a connector stands."""
        owned = self.named(name)
        return self._store.read(lambda reader: self._status(reader, owned))

    def _status(self, reader: Reader, owned: Owned[Connector]) -> ConnectorStatus:
        name, connector = owned.item.id, owned.item
        messages = reader.message_counts().get(name, MessageCounts())
        actions = reader.action_counts().get(name, ActionCounts()).by_state
        state = reader.connector_states().get(name, ConnectorState(connector=name))
        counts = messages.by_state
        return ConnectorStatus(
            connector=name,
            plugin=owned.plugin,
            receives=isinstance(connector, ReceivesWebhooks),
            walks=isinstance(connector, ListsChanges),
            acts=isinstance(connector, ActsOnShop),
            pending=counts.get("pending", 0),
            done=counts.get("done", 0),
            ignored=counts.get("ignored", 0),
            dead=counts.get("dead", 0),
            received_at=messages.received_at,
            oldest_pending_at=messages.oldest_pending_at,
            walked_at=state.walked_at,
            walking=state.whole,
            backfilled_at=state.backfilled_at,
            cursor=state.cursor,
            last_walk=last_walk(state),
            actions_pending=actions.get("pending", 0),
            actions_done=actions.get("done", 0),
            actions_dead=actions.get("dead", 0),
            acted_at=state.acted_at,
            failing_since=state.failing_since,
            disabled_at=state.disabled_at,
            disabled_for=state.disabled_for,
            failed_messages=tuple(reader.failed_messages(name, MOST_FAILED)),
            failed_actions=tuple(reader.failed_actions(name, MOST_FAILED)),
        )

    def signed_in(self, name: str, headers: tuple[tuple[str, str], ...], url: str) -> SignedIn:
        """Whom a request names that a shop has signed."""
        owned = self._rules.connectors.get(name)
        if owned is None or not isinstance(owned.item, SignsMembersIn):
            raise ConnectorUnknown(f"nobody is signed in by {name[:60]!r}", where=name)
        request = WebhookRequest(body=b"", headers=headers, url=url, received_at=self._clock())
        with self._rules.quarantine.asking(owned.plugin, "signed_in", name):
            return owned.item.signed_in(request)

    def health(self, name: str) -> Health:
        """Whether the shop answers; a defect of its connector is an answer too."""
        owned = self.named(name)
        connector, quarantine = owned.item, self._rules.quarantine
        try:
            return quarantine.waiting(owned.plugin, "health", connector.id, connector.health)
        except LoyaltyError as error:
            return Health(ok=False, detail=str(error))
        except Exception as error:
            logger.exception("the health of %s cannot be told", connector.id)
            return Health(ok=False, detail=f"{type(error).__name__}: {error}")

    def counted(self, status: Status) -> Status:
        """The status of the installation with what waits or failed between it and its shops."""

        def look(reader: Reader) -> Status:
            messages = [one.by_state for one in reader.message_counts().values()]
            actions = [one.by_state for one in reader.action_counts().values()]
            states = reader.connector_states()
            return replace(
                status,
                pending_messages=sum(one.get("pending", 0) for one in messages),
                dead_messages=sum(one.get("dead", 0) for one in messages),
                pending_actions=sum(one.get("pending", 0) for one in actions),
                dead_actions=sum(one.get("dead", 0) for one in actions),
                disabled_connectors=tuple(
                    name
                    for name, state in sorted(states.items())
                    if state.disabled_at is not None and name in self._rules.connectors
                ),
            )

        return self._store.read(look)

    def messages(
        self, name: str, state: MessageState | None, first: int, after: str | None
    ) -> tuple[LoggedMessage, ...]:
        """A page of the messages of a connector, the latest first."""
        connector = self._listed(name, first)
        if after is not None and not is_id(after):
            raise FactError(f"{after[:60]!r} is not the id of a message", where="after")
        wanted = None if state is None else MessageState(state).value
        found = self._store.read(
            lambda reader: reader.logged_messages(connector, wanted, first, after)
        )
        return tuple(
            LoggedMessage(
                id=one.id,
                topic=str(one.about.get("what", one.topic)) if one.topic == WALKED else one.topic,
                state=one.state,
                attempts=one.attempts,
                received_at=one.received_at,
                ended_at=one.ended_at,
                next_attempt_at=one.next_attempt_at,
                inputs=one.inputs,
                code=one.code,
                error=one.error,
            )
            for one in found
        )

    def skip(self, name: str, ids: Sequence[str]) -> int:
        """How many dead messages with these ids are ignored from now on."""
        connector, now = self.named(name).item.id, self._clock()
        messages = [one for one in ids if is_id(one)]
        return self._store.write(lambda uow: uow.skip_messages(connector, messages, now))

    def _listed(self, name: str, first: int) -> str:
        """The id of a connector of which so many are to be listed."""
        if not 1 <= first <= MOST_LOGGED:
            raise FactError(f"{first} is not from 1 to {MOST_LOGGED:,}", where="first")
        return self.named(name).item.id

    def log(self, name: str, first: int, after: str | None) -> tuple[LoggedAction, ...]:
        """A page of the actions of a connector, those noted last first."""
        connector = self._listed(name, first)
        if after is not None and not _is_key(after):
            raise FactError(f"{after[:60]!r} is not the id of an action", where="after")
        found = self._store.read(lambda reader: reader.logged_actions(connector, first, after))
        return tuple(
            LoggedAction(
                id=one.key,
                about=one.about,
                member_id=one.member_id,
                state=one.state,
                attempts=one.attempts,
                noted_at=one.created_at,
                ended_at=one.ended_at,
                next_attempt_at=one.next_attempt_at,
                error=one.error,
            )
            for one in found
        )

    def drop_old(self, now: datetime) -> None:
        """Forgets messages and events told that ended long ago."""
        self.inbox.drop_old(now)
        self._store.write(lambda uow: uow.drop_actions(now - KEPT))

    def replay(self, name: str, ids: Sequence[str] | None, since: datetime | None) -> int:
        """How many dead messages and actions are pending again, or those with these ids."""
        connector, now = self.named(name).item.id, self._clock()
        messages = None if ids is None else [one for one in ids if is_id(one)]
        actions = None if ids is None else [one for one in ids if _is_key(one)]

        def work(uow: UnitOfWork) -> int:
            again = uow.replay_messages(connector, messages, now)
            return again + uow.replay_actions(connector, actions, since, now)

        return self._store.write(work)

    def enable(self, name: str) -> ConnectorStatus:
        """A connector that was switched off, on again; what waited is done next."""
        owned, now = self.named(name), self._clock()

        def work(uow: UnitOfWork) -> None:
            state = uow.connector_state(owned.item.id)
            state.disabled_at, state.disabled_for, state.failing_since = None, "", None
            uow.save_connector(state)
            uow.hurry_actions(owned.item.id, now)

        self._store.write(work)
        return self.status(owned.item.id)


def _is_key(text: str) -> bool:
    """Whether a text can be the key of an action: a kind, a colon, and one of our ids."""
    return is_id(text.partition(":")[2])
