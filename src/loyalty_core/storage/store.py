"""The store: transactions with bounded retries, on an engine or inside the host's transaction."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from loyalty_core.domain.clock import Clock
from loyalty_core.errors import LoyaltyError
from loyalty_core.ports.program import Owned
from loyalty_core.ports.store import Reader, UnitOfWork
from loyalty_core.schema.own import OwnTables
from loyalty_core.storage.engine import (
    WRITES,
    begin_sqlite,
    begins_sqlite,
    collided,
    in_our_words,
    lost,
    refuse_unsafe,
)
from loyalty_core.storage.locking import Lock, Locks, OutOfOrder
from loyalty_core.storage.migrations import CORE, migrate
from loyalty_core.storage.own_rows import prepare_own
from loyalty_core.storage.reader import SqlReader
from loyalty_core.storage.running import Direct, Runner, Seen, unseen
from loyalty_core.storage.work import SqlUnitOfWork

T = TypeVar("T")

ATTEMPTS = 5
"""How often a transaction that collides with others is tried."""
OUTAGE_MS = 10_000
"""For how long a transaction is tried again after a session broke off."""
FIRST_PAUSE_MS = 10
LONGEST_PAUSE_MS = 500

ONE_VIEW: dict[str, Any] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
"""Execution options by which PostgreSQL shows the same books all along."""

SEND_AGAIN = (
    "Check that the database runs, then send the same again: what is booked already is not "
    "booked twice."
)
HOST_AGAIN = "Roll back, and do your whole transaction again."


class Retries:
    """What is left of the patience for one piece of work.

    It may be tried again whatever it is: a command whose answer was lost finds itself booked.
    """

    def __init__(self, *, waits: bool) -> None:
        """``waits`` says whether the database is known to be there, and so to come back."""
        self._waits = waits
        self._collisions = 0
        self._losses = 0
        self._give_up_at = 0

    @property
    def unsure(self) -> bool:
        """Whether a session broke off on the way, perhaps just after it committed."""
        return self._losses > 0

    def pause(self, error: SQLAlchemyError) -> int | None:
        """Milliseconds until the next try; None when this error ends it."""
        if collided(error):
            self._collisions += 1
            return _pause(self._collisions) if self._collisions < ATTEMPTS else None
        if not lost(error) or not self._waits:
            return None
        now = time.monotonic_ns() // 1_000_000
        self._losses += 1
        if self._losses == 1:
            self._give_up_at = now + OUTAGE_MS
        return _pause(self._losses) if now < self._give_up_at else None


def _pause(tries: int) -> int:
    """Milliseconds, twice as many after each try; jitter lets others come at another time."""
    pause = min(FIRST_PAUSE_MS * 2**tries, LONGEST_PAUSE_MS)
    return random.randint(pause // 2, pause)  # noqa: S311 - jitter


class SqlStore:
    """``ports.store.Store`` on an engine: one transaction for each piece of work."""

    joined = False

    def __init__(self, engine: Engine, program: str, *, owned: bool) -> None:
        self._engine = engine
        self._program = program
        self._owned = owned
        self._reached = False  # a database that was never there is not waited for

    def prepare(self, clock: Clock, owned: Iterable[Owned[OwnTables]] = ()) -> None:
        """Creates or migrates the core's tables and those of plugins, all or nothing.

        Raises ``StoreError`` if that cannot be done, ``PluginError`` for a plugin's.
        """

        def upgrade(runner: Runner) -> None:
            connection = runner.connection
            refuse_unsafe(connection)
            migrate(connection, "core", CORE, clock())
            prepare_own(connection, owned, clock())

        self._transaction(upgrade, writes=True)

    def write(self, work: Callable[[UnitOfWork], T]) -> T:
        """What ``work`` returns, done in one transaction; tried again while that can help."""

        def attempt(first: frozenset[Lock]) -> T:
            def once(run: Runner) -> T:
                return work(SqlUnitOfWork(run, self._program, Locks(run.connection, first)))

            return self._transaction(once, writes=True)

        return _in_order(attempt)

    def read(self, work: Callable[[Reader], T]) -> T:
        """What ``work`` returns, from one consistent view of the books."""
        return self._transaction(lambda run: work(SqlReader(run, self._program)), writes=False)

    def _transaction(self, work: Callable[[Runner], T], *, writes: bool) -> T:
        retries: Retries | None = None
        while True:
            try:
                with self._engine.connect() as connection:
                    self._reached = True
                    return self._done(connection, work, writes)
            except SQLAlchemyError as error:
                retries = retries or Retries(waits=self._reached)
                pause = retries.pause(error)
                if pause is None:
                    remedy = SEND_AGAIN if writes and retries.unsure else ""
                    raise in_our_words(error, remedy=remedy) from error
            time.sleep(pause / 1000)

    def _done(self, connection: Connection, work: Callable[[Runner], T], writes: bool) -> T:
        """What ``work`` returns, done in a transaction that is committed."""
        sqlite = connection.dialect.name == "sqlite"
        if not sqlite and not writes:
            connection.execution_options(**ONE_VIEW)
        if not unseen(connection, begins_sqlite):
            with connection.execution_options(**{WRITES: writes}).begin():
                return work(Seen(connection))
        runner = Direct(connection)
        if sqlite:
            begin_sqlite(runner, writes)
        made = work(runner)
        runner.commit()
        return made

    def close(self) -> None:
        """Closes the engine, if this store opened it."""
        if self._owned:
            self._engine.dispose()


class HostStore:
    """``ports.store.Store`` inside a host's transaction: everything is in savepoints.

    After a collision or a loss nothing is tried again: the host's whole transaction is gone anyway.
    """

    joined = True

    def __init__(self, connection: Connection, program: str) -> None:
        self._connection = connection
        self._program = program

    def write(self, work: Callable[[UnitOfWork], T]) -> T:
        """What ``work`` returns, done in a savepoint of the host's transaction."""
        connection = self._connection

        def attempt(first: frozenset[Lock]) -> T:
            with connection.begin_nested():
                run = Seen(connection)
                return work(SqlUnitOfWork(run, self._program, Locks(connection, first)))

        try:
            return _in_order(attempt)
        except SQLAlchemyError as error:
            raise _of_host(error) from error

    def read(self, work: Callable[[Reader], T]) -> T:
        """What ``work`` returns, as the host's transaction sees the books."""
        try:
            return work(SqlReader(Seen(self._connection), self._program))
        except SQLAlchemyError as error:
            raise _of_host(error) from error

    def close(self) -> None:
        """Does nothing: the connection is the host's."""


def _in_order(attempt: Callable[[frozenset[Lock]], T]) -> T:
    """What an attempt returns, begun again with more locks from the start until it gets all."""
    first = frozenset[Lock]()
    while True:
        try:
            return attempt(first)
        except OutOfOrder as needed:
            first |= needed.first


def _of_host(error: SQLAlchemyError) -> LoyaltyError:
    return in_our_words(error, remedy=HOST_AGAIN if collided(error) or lost(error) else "")
