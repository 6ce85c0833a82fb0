"""What goes wrong between a program and its database, where a test says so.

Everything is hooked through SQLAlchemy's public events, so it happens where it would: while a
statement is on its way, or around the commit, on the real driver and the real database.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from enum import StrEnum
from typing import Any

import psycopg
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import OperationalError


class Killed(BaseException):
    """The process ended here: whoever catches it opens the program again."""


class Fault(StrEnum):
    """What happens at a boundary; the last two happen after a commit that the database did."""

    NONE = "-"
    COLLIDES = "collides"
    BREAKS = "breaks"
    DIES = "dies"
    ANSWER_LOST = "answer lost"
    DIES_AFTER = "dies after"


AT_STATEMENT = (Fault.COLLIDES, Fault.BREAKS, Fault.DIES)
AT_COMMIT = (*AT_STATEMENT, Fault.ANSWER_LOST, Fault.DIES_AFTER)

Choose = Callable[[str], Fault]
_WRITES = re.compile(r"INSERT INTO|UPDATE loyalty_|DELETE FROM|CREATE TABLE")
_TABLE = re.compile(r"loyalty_\w+")


def named(statement: str) -> str:
    """A statement as a trace tells it: its verb and its first table."""
    table = _TABLE.search(statement)
    return f"{statement.split(None, 1)[0]} {table.group() if table else ''}".strip()


def collision(dialect: str, number: int) -> Exception:
    """The driver's error for a transaction that lost to another one."""
    if dialect == "postgresql":
        kinds = (
            psycopg.errors.DeadlockDetected,
            psycopg.errors.SerializationFailure,
            psycopg.errors.LockNotAvailable,
        )
        return kinds[number % 3]("planted")
    busy = sqlite3.OperationalError("database is locked")
    busy.sqlite_errorcode = sqlite3.SQLITE_BUSY
    return busy


class Faults:
    """Lets things go wrong on one engine that one thread uses.

    ``choose`` is asked at every boundary, before each statement and at each commit, by a name.
    ``committed`` is told of each transaction that wrote something, when the database has it.
    """

    def __init__(
        self, engine: Engine, choose: Choose, committed: Callable[[], None] = lambda: None
    ) -> None:
        self._choose = choose
        self._committed = committed
        self._wrote = False
        self._collisions = 0
        event.listen(engine, "begin", self._begin)
        event.listen(engine, "before_cursor_execute", self._statement)
        event.listen(engine, "commit", self._commit)

    def _begin(self, _: Connection) -> None:
        self._wrote = False

    def _statement(self, connection: Connection, _: Any, statement: str, *__: Any) -> None:
        fault = self._choose(named(statement))
        self._wrote = self._wrote or bool(_WRITES.search(statement))
        if fault is Fault.COLLIDES:
            raise self._collision(connection)
        self._end(connection, fault)

    def _commit(self, connection: Connection) -> None:
        fault = self._choose("COMMIT")
        if fault is Fault.COLLIDES:
            raise OperationalError("COMMIT", {}, self._collision(connection))
        if fault in (Fault.BREAKS, Fault.DIES):
            self._end(connection, fault)
            return
        driver: Any = connection.connection.driver_connection
        driver.commit()  # what SQLAlchemy commits after this is empty
        if self._wrote:
            self._wrote = False
            self._committed()
        self._end(connection, fault)

    def _collision(self, connection: Connection) -> Exception:
        self._collisions += 1
        return collision(connection.dialect.name, self._collisions)

    def _end(self, connection: Connection, fault: Fault) -> None:
        if fault in (Fault.DIES, Fault.DIES_AFTER):
            raise Killed
        if fault in (Fault.BREAKS, Fault.ANSWER_LOST):  # the driver itself notices and says so
            driver: Any = connection.connection.driver_connection
            driver.close()
