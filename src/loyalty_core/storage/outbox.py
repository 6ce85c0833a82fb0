"""The outbox: events written with the books, and one delivery row for each subscriber."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, select, true, update
from sqlalchemy.dialects import postgresql, sqlite

from loyalty_core.domain.events import Event
from loyalty_core.schema import columns
from loyalty_core.storage import rows, tables
from loyalty_core.storage.locking import Locks
from loyalty_core.storage.running import Runner
from loyalty_core.storage.sql import Write, sql_of

DELIVERY_LEASE = timedelta(minutes=2)
"""How long a process that took a delivery may take before another one tries it."""


class Outbox:
    """The part of a unit of work that publishes and delivers; the base of the whole."""

    def __init__(self, runner: Runner, program: str) -> None:
        self._connection = connection = runner.connection
        self._runner = runner
        self._program = program
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        self._insert: Any = dialect.insert
        self._sql = sql_of(connection.dialect)
        self._locks = Locks(connection)

    def _rows(self, statement: Any, parameters: Mapping[str, Any]) -> Iterable[Any]:
        return self._connection.execute(statement, parameters).mappings()

    def _write(self, statement: Any, values: Sequence[Mapping[str, Any]]) -> None:
        if values:
            self._connection.execute(statement, values)

    def published(self, published: Sequence[tuple[Event, Sequence[str]]]) -> tuple[Write, Write]:
        """What is to be written of events, and of one delivery for each subscription to them."""
        events = [rows.event_row(event, self._program) for event, _ in published]
        deliveries = [
            {
                "event_id": event.id,
                "subscription": subscription,
                "program": self._program,
                "state": "pending",
                "attempts": 0,
                "next_attempt_at": columns.EPOCH,  # at once, in the order of the events' ids
                "last_error": "",
            }
            for event, subscriptions in published
            for subscription in subscriptions
        ]
        return Write(tables.event, events), Write(tables.delivery, deliveries)

    def due_deliveries(
        self, now: datetime, limit: int, without: Collection[str] = ()
    ) -> list[tuple[Event, str, int]]:
        """Events due for delivery with subscription and attempts so far; leased for a while.

        Subscriptions whose handlers are not called now are left ``without``.
        """
        event, delivery = tables.event, tables.delivery
        due = (
            select(event, delivery.c.subscription, delivery.c.attempts)
            .join(delivery, delivery.c.event_id == event.c.id)
            .where(delivery.c.program == self._program, delivery.c.next_attempt_at <= now)
            .where(delivery.c.subscription.not_in(without) if without else true())
            .order_by(delivery.c.next_attempt_at, event.c.id)
            .limit(limit)
            .with_for_update(skip_locked=True, of=delivery)
        )
        found = list(self._rows(due, {}))
        lease = _update_delivery().values(next_attempt_at=now + DELIVERY_LEASE)
        keys = [{"of_event": row["id"], "of_name": row["subscription"]} for row in found]
        self._write(lease, keys)
        return [(rows.event_of(row), row["subscription"], row["attempts"]) for row in found]

    def delivered(self, event_id: str, subscription: str) -> None:
        """Marks one delivery as done."""
        done = _update_delivery().values(state="done", next_attempt_at=None, last_error="")
        self._write(done, [{"of_event": event_id, "of_name": subscription}])

    def failed(
        self, event_id: str, subscription: str, error: str, retry_at: datetime | None
    ) -> None:
        """Marks one delivery as failed, to be tried again at ``retry_at`` or never (None)."""
        pending = tables.delivery.c.state == "pending"  # not one that was dropped meanwhile
        lost = (
            _update_delivery()
            .where(pending)
            .values(
                state="pending" if retry_at else "dead",
                attempts=tables.delivery.c.attempts + 1,
                next_attempt_at=retry_at,
                last_error=error[:1000],
            )
        )
        self._write(lost, [{"of_event": event_id, "of_name": subscription}])


def _update_delivery() -> Any:
    table = tables.delivery
    return update(table).where(
        table.c.event_id == bindparam("of_event"), table.c.subscription == bindparam("of_name")
    )
