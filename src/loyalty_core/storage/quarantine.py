"""Plugins in quarantine, and what waits for plugins."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, delete, func, select, update

from loyalty_core.domain.facts import FactId
from loyalty_core.ports.quarantine import Quarantined, QuarantineRecord, Waiting
from loyalty_core.ports.records import FactStatus
from loyalty_core.storage import tables
from loyalty_core.storage.outbox import Outbox
from loyalty_core.storage.quarantine_tables import quarantine

DEFERRED = FactStatus.DEFERRED.value


def _quarantined(connection: Connection, program: str) -> Quarantined:
    table = quarantine
    columns = (table.c[name] for name in QuarantineRecord._fields)
    mine = select(*columns).where(table.c.program == program)
    found = [QuarantineRecord._make(row) for row in connection.execute(mine)]
    return {(one.plugin, one.call, one.of): one for one in found}


class QuarantineRows(Outbox):
    """``ports.quarantine.QuarantineWork`` on one SQLAlchemy connection, for one program."""

    def quarantined(self) -> Quarantined:
        """What is held or counted of the program's plugins."""
        return _quarantined(self._connection, self._program)

    def quarantine(self, record: QuarantineRecord) -> None:
        """Holds or counts a call of a plugin; one that is held already stays as it is."""
        table, row = quarantine, {"program": self._program, **record._asdict()}
        added = self._insert(table)
        said = {name: added.excluded[name] for name in ("version", "times", "reason", "since")}
        key = table.primary_key.columns
        written = added.on_conflict_do_update(
            index_elements=key, set_=said, where=table.c.since.is_(None)
        )
        self._write(written, [row])

    def forgive(self, plugin: str, call: str, of: str) -> None:
        """Counts a call of a plugin no more, unless it is held."""
        table = quarantine
        mine = and_(table.c.program == self._program, table.c.plugin == plugin)
        call_of = and_(table.c.call == call, table.c.of == of)
        counted = and_(mine, call_of, table.c.since.is_(None))
        self._connection.execute(delete(table).where(counted))

    def lift(self, plugin: str, now: datetime) -> int:
        """Ends a quarantine; deferred facts, and dead deliveries of the plugin, are due ``now``."""
        table, fact, delivery = quarantine, tables.fact, tables.delivery
        mine = and_(table.c.program == self._program, table.c.plugin == plugin)
        self._connection.execute(delete(table).where(mine))
        deferred = update(fact).where(
            fact.c.program == self._program,
            fact.c.retry_at.is_not(None),
            fact.c.status == DEFERRED,
        )
        self._connection.execute(deferred.values(retry_at=now))
        dead = update(delivery).where(
            delivery.c.program == self._program,
            delivery.c.state == "dead",
            delivery.c.subscription.startswith(f"{plugin}.", autoescape=True),
        )
        again = dead.values(state="pending", attempts=0, next_attempt_at=now)
        return self._connection.execute(again).rowcount

    def latest_decided(self, limit: int) -> Sequence[tuple[FactId, tuple[str, ...]]]:
        """The facts decided that came last, latest first, with the plugins that failed on each."""
        fact = tables.fact
        latest = (
            select(fact.c.id, fact.c.deferred)
            .where(
                fact.c.program == self._program,
                fact.c.status.in_([FactStatus.BOOKED.value, DEFERRED]),
            )
            .order_by(fact.c.id.desc())
            .limit(limit)
        )
        found = self._connection.execute(latest)
        return [(FactId(one), tuple(deferred)) for one, deferred in found]


class QuarantineReads:
    """``ports.quarantine.QuarantineReader`` on one SQLAlchemy connection, for one program."""

    _connection: Connection
    _program: str

    def quarantined(self) -> Quarantined:
        """What is held or counted of the program's plugins."""
        return _quarantined(self._connection, self._program)

    def waiting_for_plugins(self) -> Waiting:
        """How many facts are deferred by each plugin, and how its deliveries stand."""
        fact, delivery = tables.fact, tables.delivery
        deferred = (
            select(fact.c.deferred, func.count())
            .where(
                fact.c.program == self._program,
                fact.c.retry_at.is_not(None),
                fact.c.status == DEFERRED,
            )
            .group_by(fact.c.deferred)
        )
        facts: Counter[str] = Counter()
        for plugins, count in self._connection.execute(deferred):
            facts.update(dict.fromkeys(plugins, int(count)))
        states = (
            select(delivery.c.subscription, delivery.c.state, func.count())
            .where(delivery.c.program == self._program, delivery.c.state.in_(["pending", "dead"]))
            .group_by(delivery.c.subscription, delivery.c.state)
        )
        counts: dict[str, Counter[str]] = {"pending": Counter(), "dead": Counter()}
        rows: Any = self._connection.execute(states)
        for subscription, state, count in rows:
            counts[state][subscription.partition(".")[0]] += int(count)
        return Waiting(facts, counts["pending"], counts["dead"])
