"""Running prebuilt text: on the driver itself, where nobody would see the difference.

SQLAlchemy takes several times as long around a short statement as SQLite takes for it. It is left
out only in a transaction that is ours, through a driver we know, on an engine where nobody listens
to statements or errors and none are logged. Its errors are raised all the same, and a session that
broke off is found by SQLAlchemy itself, which then renews its pool.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Sequence
from typing import Any, Protocol

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

OURS = "loyalty_ours"
"""Execution option of a connection whose transaction no host takes part in."""
DRIVERS = ("pysqlite", "psycopg")
"""Those whose ``execute`` returns the cursor, beyond what the standard says."""


class Runner(Protocol):
    """Runs text in a connection's transaction."""

    def fetch(self, text: str, parameters: Sequence[Any]) -> list[Any]:
        """All rows of one statement."""

    def run(self, text: str, parameters: Sequence[Any]) -> None:
        """One statement, whose rows nobody wants."""

    def run_each(self, text: str, rows: list[tuple[Any, ...]]) -> None:
        """One statement for each of these parameters."""


def runner_of(connection: Connection) -> Runner:
    """The quickest way to run text on the connection that its owner allows."""
    return _Direct(connection) if _unseen(connection) else _Seen(connection)


def _unseen(connection: Connection) -> bool:
    """Whether nobody would notice statements that do not go through SQLAlchemy."""
    if not connection.get_execution_options().get(OURS):
        return False
    dialect, engine = connection.dialect, connection.engine
    if dialect.driver not in DRIVERS or engine.logger.isEnabledFor(logging.INFO):
        return False
    seen, changed = engine.dispatch, dialect.dispatch
    return not (
        seen.before_cursor_execute
        or seen.after_cursor_execute
        or changed.do_execute
        or changed.do_executemany
        or changed.do_execute_no_params
        or changed.handle_error
    )


class _Seen:
    """Through SQLAlchemy, as it logs and tells of statements."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def fetch(self, text: str, parameters: Sequence[Any]) -> list[Any]:
        return list(self._connection.exec_driver_sql(text, tuple(parameters)))

    def run(self, text: str, parameters: Sequence[Any]) -> None:
        self._connection.exec_driver_sql(text, tuple(parameters))

    def run_each(self, text: str, rows: list[tuple[Any, ...]]) -> None:
        self._connection.exec_driver_sql(text, rows)


class _Direct:
    """On one cursor of the driver, with SQLAlchemy's errors.

    A cursor for each statement would take psycopg as long as half of what it does for one.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        driver: Any = connection.connection.driver_connection
        self._driver, self._cursor = driver, driver.cursor()

    def fetch(self, text: str, parameters: Sequence[Any]) -> list[Any]:
        try:
            found: list[Any] = self._cursor.execute(text, parameters).fetchall()
        except BaseException as error:
            raise self._raised(error, text, parameters) from error
        return found

    def run(self, text: str, parameters: Sequence[Any]) -> None:
        try:
            self._cursor.execute(text, parameters)
        except BaseException as error:
            raise self._raised(error, text, parameters) from error

    def run_each(self, text: str, rows: list[tuple[Any, ...]]) -> None:
        try:
            self._cursor.executemany(text, rows)
        except BaseException as error:
            raise self._raised(error, text, rows) from error

    def _raised(self, error: BaseException, text: str, parameters: Any) -> BaseException:
        """What SQLAlchemy would raise of it."""
        connection, dialect = self._connection, self._connection.dialect
        if not isinstance(error, Exception):  # the driver was interrupted, nobody knows where
            connection.invalidate(error)
            return error
        if not isinstance(error, dialect.loaded_dbapi.Error):
            return error
        gone = dialect.is_disconnect(error, self._driver, None)
        if gone:
            with contextlib.suppress(DBAPIError):
                connection.exec_driver_sql("SELECT 1")
        hide = connection.engine.hide_parameters
        return DBAPIError.instance(
            text,
            parameters,
            error,
            dialect.loaded_dbapi.Error,
            hide_parameters=hide,
            connection_invalidated=gone,
            dialect=dialect,
        )
