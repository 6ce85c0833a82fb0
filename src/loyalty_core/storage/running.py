"""Running prebuilt text: on the driver itself, where nobody would see the difference.

SQLAlchemy takes several times as long around a short statement as SQLite takes for it, and around
a transaction as well. It is left out only in a transaction that is ours, through a driver we know,
on an engine where nobody listens to transactions, statements or errors and none are logged. Its
errors are raised all the same, and a session that broke off is found by SQLAlchemy itself, which
then renews its pool.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

DRIVERS = ("pysqlite", "psycopg")
"""Those whose ``execute`` returns the cursor, beyond what the standard says."""


class Runner(Protocol):
    """Runs text in a connection's transaction."""

    connection: Connection

    def fetch(self, text: str, parameters: Sequence[Any]) -> list[Any]:
        """All rows of one statement."""

    def run(self, text: str, parameters: Sequence[Any]) -> None:
        """One statement, whose rows nobody wants."""

    def run_each(self, text: str, rows: list[tuple[Any, ...]]) -> None:
        """One statement for each of these parameters."""


def unseen(connection: Connection, begins: Callable[[Connection], None]) -> bool:
    """Whether nobody would notice what does not go through SQLAlchemy.

    ``begins`` is our own listener, by which transactions begin on SQLite.
    """
    dialect, engine = connection.dialect, connection.engine
    if dialect.driver not in DRIVERS or engine.logger.isEnabledFor(logging.INFO):
        return False
    seen, changed = engine.dispatch, dialect.dispatch
    if list(seen.begin) != ([begins] if dialect.name == "sqlite" else []):
        return False
    return not (
        seen.commit
        or seen.rollback
        or seen.before_cursor_execute
        or seen.after_cursor_execute
        or changed.do_execute
        or changed.do_executemany
        or changed.do_execute_no_params
        or changed.handle_error
    )


class Seen:
    """Through SQLAlchemy, as it logs and tells of statements."""

    def __init__(self, connection: Connection) -> None:
        """In a transaction of the connection."""
        self.connection = connection

    def fetch(self, text: str, parameters: Sequence[Any]) -> list[Any]:
        """All rows of one statement."""
        return list(self.connection.exec_driver_sql(text, tuple(parameters)))

    def run(self, text: str, parameters: Sequence[Any]) -> None:
        """One statement, whose rows nobody wants."""
        self.connection.exec_driver_sql(text, tuple(parameters))

    def run_each(self, text: str, rows: list[tuple[Any, ...]]) -> None:
        """One statement for each of these parameters."""
        self.connection.exec_driver_sql(text, rows)


class Direct:
    """On one cursor of the driver, with SQLAlchemy's errors.

    A cursor for each statement would take psycopg as long as half of what it does for one.

    The transaction is the driver's, too: psycopg begins it with the first statement, and what was
    not committed is rolled back when the connection is closed, which gives it back to the pool.
    """

    def __init__(self, connection: Connection) -> None:
        """On a connection that is ``unseen`` and in no transaction."""
        self.connection = connection
        driver: Any = connection.connection.driver_connection
        self._driver, self._cursor = driver, driver.cursor()

    def fetch(self, text: str, parameters: Sequence[Any]) -> list[Any]:
        """All rows of one statement."""
        try:
            found: list[Any] = self._cursor.execute(text, parameters).fetchall()
        except BaseException as error:
            raise self._raised(error, text, parameters) from error
        return found

    def run(self, text: str, parameters: Sequence[Any]) -> None:
        """One statement, whose rows nobody wants."""
        try:
            self._cursor.execute(text, parameters)
        except BaseException as error:
            raise self._raised(error, text, parameters) from error

    def run_each(self, text: str, rows: list[tuple[Any, ...]]) -> None:
        """One statement for each of these parameters."""
        try:
            self._cursor.executemany(text, rows)
        except BaseException as error:
            raise self._raised(error, text, rows) from error

    def commit(self) -> None:
        """Ends the transaction: all of it is kept."""
        try:
            self._driver.commit()
        except BaseException as error:
            raise self._raised(error, "COMMIT", ()) from error

    def _raised(self, error: BaseException, text: str, parameters: Any) -> BaseException:
        """What SQLAlchemy would raise of it."""
        connection, dialect = self.connection, self.connection.dialect
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
