"""Messages in the database: kept once, leased for translation, and what became of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, null, select, true, update
from sqlalchemy.dialects import postgresql, sqlite

from loyalty_core.domain.connections import Failed, MessageState
from loyalty_core.ports.connectors import MessageCounts, MessageRecord
from loyalty_core.storage.connector_tables import message

MESSAGE_LEASE = timedelta(minutes=2)
"""How long a process that took messages may take before another one tries them."""
_AS_THEY_ARE = (
    "id",
    "connector",
    "key",
    "topic",
    "about",
    "body",
    "size",
    "received_at",
    "attempts",
    "next_attempt_at",
    "code",
    "error",
    "inputs",
    "ended_at",
)


def message_row(one: MessageRecord, program: str) -> dict[str, Any]:
    """A message as a row."""
    row = {name: getattr(one, name) for name in _AS_THEY_ARE}
    return row | {"program": program, "state": one.state.value, "about": dict(one.about)}


def message_of(row: Any) -> MessageRecord:
    """A message from its row."""
    return MessageRecord(
        **{name: row[name] for name in _AS_THEY_ARE}, state=MessageState(row["state"])
    )


class InboxRows:
    """``ports.connectors.InboxWork`` on one connection, for one program."""

    _connection: Connection
    _program: str

    def put_message(self, one: MessageRecord) -> str | None:
        """None if the message was new and is kept; the id of the one with its key otherwise."""
        dialect = postgresql if self._connection.dialect.name == "postgresql" else sqlite
        added: Any = dialect.insert(message).on_conflict_do_nothing(
            index_elements=["program", "connector", "key"]
        )
        returned = added.values(message_row(one, self._program)).returning(message.c.id)
        if self._connection.execute(returned).first() is not None:
            return None
        same = (message.c.connector == one.connector) & (message.c.key == one.key)
        known = select(message.c.id).where(message.c.program == self._program, same)
        found: str = self._connection.execute(known).scalar_one()
        return found

    def due_messages(
        self, now: datetime, limit: int, without: Collection[str] = ()
    ) -> list[MessageRecord]:
        """Messages to be translated now, longest due first; leased for a while.

        Those of connectors that are not called now are left ``without``.
        """
        due = (
            select(message)
            .where(message.c.program == self._program, message.c.next_attempt_at <= now)
            .where(message.c.connector.not_in(without) if without else true())
            .order_by(message.c.next_attempt_at, message.c.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        found = [message_of(row) for row in self._connection.execute(due).mappings()]
        if found:
            lease = update(message).where(message.c.id.in_([one.id for one in found]))
            self._connection.execute(lease.values(next_attempt_at=now + MESSAGE_LEASE))
        return found

    def end_messages(self, messages: Iterable[MessageRecord]) -> None:
        """Writes what became of messages that were due."""
        rows = [
            {
                "of_id": one.id,
                "state": one.state.value,
                "body": one.body,
                "attempts": one.attempts,
                "next_attempt_at": one.next_attempt_at,
                "code": one.code,
                "error": one.error,
                "inputs": one.inputs,
                "ended_at": one.ended_at,
            }
            for one in messages
        ]
        if rows:
            self._connection.execute(
                update(message).where(message.c.id == bindparam("of_id")), rows
            )

    def replay_messages(self, connector: str, ids: Sequence[str] | None, now: datetime) -> int:
        """How many dead messages (all, or those with these ids) are pending again."""
        dead = update(message).where(
            message.c.program == self._program,
            message.c.connector == connector,
            message.c.state == MessageState.DEAD.value,
        )
        if ids is not None:
            dead = dead.where(message.c.id.in_(ids))
        again = {"state": MessageState.PENDING.value, "attempts": 0, "ended_at": None}
        return self._connection.execute(dead.values(next_attempt_at=now, **again)).rowcount

    def skip_messages(self, connector: str, ids: Sequence[str], now: datetime) -> int:
        """How many dead messages with these ids are ignored from now on, without their bodies."""
        dead = update(message).where(
            message.c.program == self._program,
            message.c.connector == connector,
            message.c.state == MessageState.DEAD.value,
            message.c.id.in_(ids),
        )
        gone = {"state": MessageState.IGNORED.value, "body": None, "ended_at": now}
        return self._connection.execute(dead.values(**gone)).rowcount

    def drop_messages(self, before: datetime) -> int:
        """How many messages that ended before then were deleted."""
        old = (message.c.program == self._program) & (message.c.ended_at < before)
        return self._connection.execute(delete(message).where(old)).rowcount

    def dead_messages(self) -> list[MessageRecord]:
        """The dead messages, with their bodies."""
        dead = select(message).where(
            message.c.program == self._program, message.c.state == MessageState.DEAD.value
        )
        return [message_of(row) for row in self._connection.execute(dead).mappings()]

    def delete_messages(self, ids: Iterable[str]) -> None:
        """Deletes messages."""
        self._connection.execute(delete(message).where(message.c.id.in_(sorted(ids))))


class InboxAnswers:
    """``ports.connectors.InboxReader`` on one connection, for one program."""

    _connection: Connection
    _program: str

    def message_counts(self) -> Mapping[str, MessageCounts]:
        """The messages of each connector."""
        table = message
        pending = table.c.state == MessageState.PENDING.value
        counted = (
            select(
                table.c.connector,
                table.c.state,
                func.count(),
                func.max(table.c.received_at),
                func.min(table.c.received_at).filter(pending),
            )
            .where(table.c.program == self._program)
            .group_by(table.c.connector, table.c.state)
        )
        found: dict[str, MessageCounts] = {}
        for name, state, count, last, oldest in self._connection.execute(counted):
            before = found.get(name, MessageCounts())
            found[name] = MessageCounts(
                by_state={**before.by_state, state: count},
                received_at=max(filter(None, (before.received_at, last)), default=None),
                oldest_pending_at=oldest or before.oldest_pending_at,
            )
        return found

    def logged_messages(
        self, connector: str, state: str | None, limit: int, after: str | None
    ) -> list[MessageRecord]:
        """The messages of a connector without their bodies, latest first, after the id of one."""
        bodiless = [column for column in message.c if column.name != "body"]
        mine = select(*bodiless, null().label("body")).where(
            message.c.program == self._program, message.c.connector == connector
        )
        if state is not None:
            mine = mine.where(message.c.state == state)
        if after is not None:
            mine = mine.where(message.c.id < after)
        latest = mine.order_by(message.c.id.desc()).limit(limit)
        return [message_of(row) for row in self._connection.execute(latest).mappings()]

    def failed_messages(self, connector: str, limit: int) -> list[Failed]:
        """The messages of a connector that are dead or were tried in vain, latest first."""
        table = message
        failed = (
            select(table)
            .where(
                table.c.program == self._program,
                table.c.connector == connector,
                table.c.state.in_([MessageState.DEAD.value, MessageState.PENDING.value]),
                table.c.code != "",
            )
            .order_by(table.c.id.desc())
            .limit(limit)
        )
        return [
            Failed(
                id=row["id"],
                about=row["topic"],
                since=row["received_at"],
                attempts=row["attempts"],
                code=row["code"],
                error=row["error"],
            )
            for row in self._connection.execute(failed).mappings()
        ]
