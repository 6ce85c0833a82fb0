"""The store: transactions with bounded retries, on an engine or inside the host's transaction."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from loyalty_core.domain.clock import Clock
from loyalty_core.ports.store import Reader, UnitOfWork
from loyalty_core.storage.engine import WRITES, collided, in_our_words, refuse_unsafe
from loyalty_core.storage.migrations import CORE, migrate
from loyalty_core.storage.reader import SqlReader
from loyalty_core.storage.work import SqlUnitOfWork

T = TypeVar("T")

ATTEMPTS = 5
FIRST_PAUSE_MS = 10


class SqlStore:
    """``ports.store.Store`` on an engine: one transaction for each piece of work."""

    def __init__(self, engine: Engine, program: str, *, owned: bool) -> None:
        self._engine = engine
        self._program = program
        self._owned = owned

    def prepare(self, clock: Clock) -> None:
        """Creates or migrates the core's tables; raises ``StoreError`` if that cannot be done."""

        def upgrade(connection: Connection) -> None:
            refuse_unsafe(connection)
            migrate(connection, "core", CORE, clock())

        self._transaction(upgrade, writes=True)

    def write(self, work: Callable[[UnitOfWork], T]) -> T:
        """What ``work`` returns, done in one transaction and retried a few times if it collided."""
        return self._transaction(lambda c: work(SqlUnitOfWork(c, self._program)), writes=True)

    def read(self, work: Callable[[Reader], T]) -> T:
        """What ``work`` returns, from one consistent view of the books."""
        return self._transaction(lambda c: work(SqlReader(c, self._program)), writes=False)

    def _transaction(self, work: Callable[[Connection], T], *, writes: bool) -> T:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with self._engine.connect() as connection:
                    options = connection.execution_options(**self._options(writes))
                    with options.begin():
                        return work(options)
            except SQLAlchemyError as error:
                if attempt == ATTEMPTS or not collided(error):
                    raise in_our_words(error) from error
            pause = FIRST_PAUSE_MS * 2**attempt
            time.sleep(random.randint(pause // 2, pause) / 1000)  # noqa: S311 - jitter
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _options(self, writes: bool) -> dict[str, object]:
        if self._engine.dialect.name == "sqlite":
            return {WRITES: writes}
        return {} if writes else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}

    def close(self) -> None:
        """Closes the engine, if this store opened it."""
        if self._owned:
            self._engine.dispose()


class HostStore:
    """``ports.store.Store`` inside a host's transaction: everything is in savepoints.

    Nothing is retried: after a collision the host's whole transaction is lost anyway.
    """

    def __init__(self, connection: Connection, program: str) -> None:
        self._connection = connection
        self._program = program

    def write(self, work: Callable[[UnitOfWork], T]) -> T:
        """What ``work`` returns, done in a savepoint of the host's transaction."""
        try:
            with self._connection.begin_nested():
                return work(SqlUnitOfWork(self._connection, self._program))
        except SQLAlchemyError as error:
            raise in_our_words(error) from error

    def read(self, work: Callable[[Reader], T]) -> T:
        """What ``work`` returns, as the host's transaction sees the books."""
        try:
            return work(SqlReader(self._connection, self._program))
        except SQLAlchemyError as error:
            raise in_our_words(error) from error

    def close(self) -> None:
        """Does nothing: the connection is the host's."""
