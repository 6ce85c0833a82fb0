"""Actions in the database: noted, leased, and what became of them; and where connectors stand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Connection,
    and_,
    case,
    delete,
    func,
    literal,
    or_,
    select,
    true,
    tuple_,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from loyalty_core.application.many import batched
from loyalty_core.domain.connections import ActionState, Failed
from loyalty_core.domain.events import Event
from loyalty_core.domain.facts import FactKey
from loyalty_core.ports.connectors import ActionCounts, ActionRecord, ConnectorState
from loyalty_core.storage import rows, tables
from loyalty_core.storage.connector_tables import action, state

ACTION_LEASE = timedelta(minutes=10)
"""How long a process that took actions may take before another one tries them."""
_MANY = 500
_PENDING, _DONE, _DEAD = (one.value for one in ActionState)
_FIELDS = [item.name for item in fields(ActionRecord)]
_STATE_FIELDS = [item.name for item in fields(ConnectorState)]


def action_row(one: ActionRecord, program: str) -> dict[str, Any]:
    """An action as a row."""
    row = {name: getattr(one, name) for name in _FIELDS}
    return row | {"program": program, "state": one.state.value}


def action_of(row: Any) -> ActionRecord:
    """An action from its row."""
    values = {name: row[name] for name in _FIELDS}
    return ActionRecord(**values | {"state": ActionState(row["state"])})


class ActionRows:
    """``ports.connectors.ActionWork`` on one connection, for one program."""

    _connection: Connection
    _program: str

    def _upsert(self, table: Any) -> Any:
        dialect = postgresql if self._connection.dialect.name == "postgresql" else sqlite
        return dialect.insert(table)

    def _same(self, one: ActionRecord) -> Any:
        return and_(
            action.c.program == self._program,
            action.c.connector == one.connector,
            action.c.kind == one.kind,
            action.c.subject == one.subject,
        )

    def note_action(self, one: ActionRecord) -> None:
        """Adds an action, or makes one that is known pending again, one revision on."""
        added = self._upsert(action).values(action_row(one, self._program))
        again = added.on_conflict_do_update(
            index_elements=["program", "connector", "kind", "subject"],
            set_=_pending_again(added.excluded.next_attempt_at)
            | {"member_id": added.excluded.member_id},
        )
        self._connection.execute(again)

    def renew_actions(self, connector: str, member_id: str, kind: str, now: datetime) -> None:
        """Makes all actions of a kind about a member pending again, one revision on."""
        theirs = update(action).where(
            action.c.program == self._program,
            action.c.connector == connector,
            action.c.member_id == member_id,
            action.c.kind == kind,
        )
        moment = literal(now, action.c.next_attempt_at.type)
        self._connection.execute(theirs.values(**_pending_again(moment)))

    def due_actions(
        self, connectors: Sequence[str], now: datetime, limit: int, kind: str | None = None
    ) -> list[ActionRecord]:
        """Actions of these connectors to be done now, longest due first; leased for a while."""
        due = (
            select(action)
            .where(
                action.c.program == self._program,
                action.c.connector.in_(connectors),
                action.c.next_attempt_at <= now,
                true() if kind is None else action.c.kind == kind,
            )
            .order_by(action.c.next_attempt_at, action.c.created_at, action.c.subject)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        found = [action_of(row) for row in self._connection.execute(due).mappings()]
        for one in found:
            lease = update(action).where(self._same(one))
            self._connection.execute(lease.values(next_attempt_at=now + ACTION_LEASE))
        return found

    def end_action(self, one: ActionRecord) -> None:
        """Writes what became of an action; one that was noted again meanwhile stays pending."""
        values = action_row(one, self._program)
        kept = ("code", "attempts", "failed_at", "error_code", "error")
        ended = {name: values[name] for name in (*kept, "state", "next_attempt_at", "ended_at")}
        mine = update(action).where(self._same(one), action.c.revision == one.revision)
        if self._connection.execute(mine.values(**ended)).rowcount:
            return
        again = {name: values[name] for name in kept}
        later = update(action).where(self._same(one))
        if one.state is ActionState.PENDING:
            again["next_attempt_at"] = values["next_attempt_at"]
        else:
            again["next_attempt_at"] = one.ended_at
        self._connection.execute(later.values(**again))

    def put_off_action(self, one: ActionRecord, until: datetime) -> None:
        """Gives an action back that was taken, to be tried at a moment; no attempt is counted."""
        waits = update(action).where(self._same(one), action.c.next_attempt_at.is_not(None))
        self._connection.execute(waits.values(next_attempt_at=until))

    def hurry_actions(self, connector: str, now: datetime) -> None:
        """Makes what waits at a connector due now."""
        waits = update(action).where(
            action.c.program == self._program,
            action.c.connector == connector,
            action.c.state == _PENDING,
        )
        self._connection.execute(waits.values(next_attempt_at=now, attempts=0, failed_at=None))

    def replay_actions(
        self, connector: str, keys: Sequence[str] | None, since: datetime | None, now: datetime
    ) -> int:
        """How many dead actions, and with ``since`` events told from then on, are pending again."""
        wanted = action.c.state == _DEAD
        if keys is not None:
            named = [key.partition(":")[::2] for key in keys]
            wanted = and_(
                action.c.state.in_([_DEAD, _DONE]),
                tuple_(action.c.kind, action.c.subject).in_(named),
            )
        elif since is not None:
            told = and_(
                action.c.kind == "event", action.c.state == _DONE, action.c.created_at >= since
            )
            wanted = or_(wanted, told)
        ours = update(action).where(
            action.c.program == self._program, action.c.connector == connector, wanted
        )
        fresh = {"state": _PENDING, "attempts": 0, "failed_at": None, "ended_at": None}
        return self._connection.execute(ours.values(next_attempt_at=now, **fresh)).rowcount

    def drop_actions(self, before: datetime) -> int:
        """How many events that were told before then are dropped from the log."""
        old = delete(action).where(
            action.c.program == self._program,
            action.c.kind == "event",
            action.c.state != _PENDING,
            action.c.ended_at < before,
        )
        return self._connection.execute(old).rowcount

    def forget_actions(self, members: Sequence[str]) -> None:
        """Drops what was to be told of these members, and what shops answered about them."""
        theirs = update(action).where(action.c.member_id.in_(members))
        pending = theirs.where(action.c.kind == "event", action.c.state == _PENDING)
        self._connection.execute(pending.values(state=_DONE, next_attempt_at=None))
        self._connection.execute(theirs.values(error=""))

    def connector_state(self, connector: str) -> ConnectorState:
        """Where a connector stands, locked; made if it is new."""
        blank = {name: getattr(ConnectorState(connector=connector), name) for name in _STATE_FIELDS}
        made = self._upsert(state).values(program=self._program, **blank).on_conflict_do_nothing()
        self._connection.execute(made)
        mine = select(state).where(state.c.program == self._program, state.c.connector == connector)
        row = self._connection.execute(mine.with_for_update()).mappings().one()
        return ConnectorState(**{name: row[name] for name in _STATE_FIELDS})

    def save_connector(self, one: ConnectorState) -> None:
        """Writes where a connector stands."""
        mine = update(state).where(
            state.c.program == self._program, state.c.connector == one.connector
        )
        values = {name: getattr(one, name) for name in _STATE_FIELDS}
        self._connection.execute(mine.values(**values))


def _pending_again(now: Any) -> dict[str, Any]:
    """What a row is set to whose subject has changed: one that waits goes on waiting."""
    waits = action.c.state == _PENDING
    return {
        "revision": action.c.revision + 1,
        "state": _PENDING,
        "attempts": case((waits, action.c.attempts), else_=0),
        "failed_at": case((waits, action.c.failed_at), else_=None),
        "next_attempt_at": case((waits, action.c.next_attempt_at), else_=now),
        "ended_at": None,
    }


class ActionAnswers:
    """``ports.connectors.ActionReader`` on one connection, for one program."""

    _connection: Connection
    _program: str

    def connector_states(self) -> Mapping[str, ConnectorState]:
        """Where each connector stands that was used."""
        found = self._connection.execute(select(state).where(state.c.program == self._program))
        return {
            row["connector"]: ConnectorState(**{name: row[name] for name in _STATE_FIELDS})
            for row in found.mappings()
        }

    def action_counts(self) -> Mapping[str, ActionCounts]:
        """The actions of each connector."""
        counted = (
            select(action.c.connector, action.c.state, func.count())
            .where(action.c.program == self._program)
            .group_by(action.c.connector, action.c.state)
        )
        found: dict[str, dict[str, int]] = defaultdict(dict)
        for name, stands, count in self._connection.execute(counted):
            found[name][stands] = count
        return {name: ActionCounts(by_state=counts) for name, counts in found.items()}

    def failed_actions(self, connector: str, limit: int) -> list[Failed]:
        """The actions of a connector that are dead or were tried in vain, latest first."""
        failed = (
            select(action)
            .where(
                action.c.program == self._program,
                action.c.connector == connector,
                action.c.state.in_([_DEAD, _PENDING]),
                action.c.error_code != "",
            )
            .order_by(action.c.created_at.desc(), action.c.subject)
            .limit(limit)
        )
        return [
            Failed(
                id=one.key,
                about=one.about,
                since=one.failed_at or one.created_at,
                attempts=one.attempts,
                code=one.error_code,
                error=one.error,
            )
            for one in map(action_of, self._connection.execute(failed).mappings())
        ]

    def logged_actions(self, connector: str, limit: int, after: str | None) -> list[ActionRecord]:
        """The actions of a connector, those noted last first, after the key of one."""
        mine = select(action).where(
            action.c.program == self._program, action.c.connector == connector
        )
        if after is not None:
            kind, _, subject = after.partition(":")
            last = mine.where(action.c.kind == kind, action.c.subject == subject)
            row = self._connection.execute(last).mappings().first()
            if row is None:
                return []
            noted, same = row["created_at"], action.c.created_at == row["created_at"]
            later = and_(same, action.c.subject < row["subject"])
            mine = mine.where(or_(action.c.created_at < noted, later))
        latest = mine.order_by(action.c.created_at.desc(), action.c.subject.desc()).limit(limit)
        return [action_of(row) for row in self._connection.execute(latest).mappings()]

    def event(self, event_id: str) -> Event | None:
        """One event."""
        event = tables.event
        mine = select(event).where(event.c.id == event_id, event.c.program == self._program)
        row = self._connection.execute(mine).mappings().first()
        return rows.event_of(dict(row)) if row is not None else None

    def known_facts(self, keys: Iterable[FactKey]) -> set[FactKey]:
        """Those of the facts that are recorded."""
        fact = tables.fact
        found: set[FactKey] = set()
        for some in batched(sorted(set(keys)), _MANY):
            wanted = tuple_(fact.c.source, fact.c.type, fact.c.external_id).in_(
                [(key.source, key.type, key.id) for key in some]
            )
            chosen = select(fact.c.source, fact.c.type, fact.c.external_id).where(
                fact.c.program == self._program, wanted
            )
            found |= {FactKey(*row) for row in self._connection.execute(chosen)}
        return found
