"""Engines: SQLite with WAL and real transactions, PostgreSQL as it is; errors in our own words."""

from __future__ import annotations

import contextlib
import random
import sqlite3
import time
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    NoSuchModuleError,
    OperationalError,
    SQLAlchemyError,
    TimeoutError,
)
from sqlalchemy.pool import QueuePool

from loyalty_core.errors import (
    HostConnectionUnsafe,
    LoyaltyError,
    StoreBusy,
    StoreError,
    StoreFull,
    StoreReadOnly,
    StoreUnreachable,
)
from loyalty_core.storage.running import Runner, Seen

BUSY_TIMEOUT_MS = 2_000
SYNCHRONOUS = "NORMAL"
"""When SQLite waits for the disk: at checkpoints, so that a power cut may cost the last commits."""
LONGEST_POLL_MS = 4
CONNECT_SECONDS = 5
"""How long PostgreSQL may take to answer a new connection, unless the URL says otherwise."""
WRITES = "loyalty_writes"
"""Execution option of a connection whose transaction will write, so SQLite locks at its start."""


def open_engine(database: str, *, pool_size: int = 10) -> Engine:
    """An engine for the URL: ``sqlite:///file.db``, ``sqlite://`` or ``postgresql+psycopg://...``.

    Raises ``StoreUnreachable`` for a URL that SQLAlchemy or an installed driver cannot serve.
    """
    try:
        url = make_url(database)
        if url.get_backend_name() == "postgresql" and url.drivername == "postgresql":
            url = url.set(drivername="postgresql+psycopg")
        if url.get_backend_name() != "sqlite":
            return create_engine(url, pool_size=pool_size, max_overflow=0, connect_args=_hurry(url))
        memory = url.database in (None, "", ":memory:")
        engine = create_engine(
            url,
            poolclass=QueuePool,
            pool_size=1 if memory else pool_size,
            max_overflow=0,
            connect_args={"check_same_thread": False},
        )
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError, ValueError) as error:
        remedy = "For PostgreSQL install loyalty-core[postgresql]."
        raise StoreUnreachable(f"{error}", where="database URL", remedy=remedy) from None
    add_sqlite_hooks(engine)
    return engine


def _hurry(url: URL) -> dict[str, int]:
    """The driver's arguments that end the wait for a server that does not answer."""
    known = "psycopg" in url.drivername and "connect_timeout" not in url.query
    return {"connect_timeout": CONNECT_SECONDS} if known else {}


def add_sqlite_hooks(engine: Engine) -> None:
    """Makes SQLite's transactions and savepoints hold, as SQLAlchemy documents; for hosts too.

    The stock driver begins late and not before savepoints; here every transaction begins with
    ``BEGIN``, or ``BEGIN IMMEDIATE`` when it will write, so that it never fails half-way for
    another writer. A host that uses ``Loyalty.using`` on SQLite calls this on its own engine.
    """

    def connect(connection: Any, _: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        with contextlib.suppress(sqlite3.OperationalError):  # read-only keeps the mode it has
            cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute(f"PRAGMA synchronous = {SYNCHRONOUS}")
        cursor.close()

    event.listen(engine, "connect", connect)
    event.listen(engine, "begin", begins_sqlite)


def begins_sqlite(connection: Connection) -> None:
    """Listens to the begin of transactions; one that the driver is in already goes on."""
    driver: Any = connection.connection.driver_connection
    if not driver.in_transaction:
        begin_sqlite(Seen(connection), connection.get_execution_options().get(WRITES, True))


def begin_sqlite(runner: Runner, writes: bool) -> None:
    """Begins a transaction: with SQLite's write lock, if it ``writes``."""
    if not writes:
        runner.run("BEGIN", ())
    elif runner.connection.dialect.is_async:
        runner.run("BEGIN IMMEDIATE", ())
    else:
        _begin_writing(runner)


def _begin_writing(runner: Runner) -> None:
    """Takes SQLite's write lock, asking often, for as long as the connection waits for locks.

    SQLite itself asks ten times a second. Next to a process that writes without a pause, which
    is an import, that is too seldom to meet one of the gaps between its transactions. An async
    host's driver waits in a thread of its own, and we may not wait in its event loop.
    """
    driver: Any = runner.connection.connection.driver_connection
    (patience,) = driver.execute("PRAGMA busy_timeout").fetchone()
    give_up_at = time.monotonic_ns() + patience * 1_000_000
    driver.execute("PRAGMA busy_timeout = 0")
    try:
        while True:
            try:
                runner.run("BEGIN IMMEDIATE", ())
                return
            except OperationalError as error:
                if not collided(error) or time.monotonic_ns() >= give_up_at:
                    raise
            time.sleep(random.randint(1, LONGEST_POLL_MS) / 1000)  # noqa: S311 - jitter
    finally:
        with contextlib.suppress(sqlite3.ProgrammingError):  # closed meanwhile
            driver.execute(f"PRAGMA busy_timeout = {patience}")


def refuse_unsafe(connection: Connection) -> None:
    """Returns nothing if savepoints hold on the host's connection.

    Raises ``HostConnectionUnsafe`` for SQLite without begin hooks: there, work in a released
    savepoint survives the host's rollback.
    """
    if connection.dialect.name != "sqlite":
        return
    if not connection.in_transaction():
        connection.begin()
    driver = connection.connection.driver_connection
    if not getattr(driver, "in_transaction", True):  # aiosqlite's connections know it as well
        raise HostConnectionUnsafe(
            "this SQLite connection does not begin transactions before savepoints",
            remedy="Call loyalty_core.add_sqlite_hooks(engine) once when you make the engine.",
        )


def in_our_words(error: SQLAlchemyError, *, remedy: str = "") -> LoyaltyError:
    """The SDK's error for what the database said; without a ``remedy``, its kind's own."""
    original = getattr(error, "orig", None)
    text = str(original or error).strip().splitlines()
    message = text[0] if text else type(error).__name__
    kind: type[StoreError] = StoreError
    if isinstance(original, sqlite3.Error):
        kind = StoreUnreachable if lost(error) else _sqlite_kind(original)
    elif isinstance(error, DBAPIError):
        kind = _postgresql_kind(getattr(original, "sqlstate", None), error)
    elif isinstance(error, TimeoutError):  # every connection of the pool is taken
        kind = StoreBusy
    return kind(message, remedy=remedy)


def collided(error: SQLAlchemyError) -> bool:
    """Whether the transaction lost to another one and may simply be tried again."""
    original = getattr(error, "orig", None)
    if isinstance(original, sqlite3.OperationalError):
        return _sqlite_kind(original) is StoreBusy
    return getattr(original, "sqlstate", None) in _COLLISIONS


def lost(error: SQLAlchemyError) -> bool:
    """Whether the session broke off, or none could be had: then nobody knows if it committed."""
    if not isinstance(error, DBAPIError):
        return False
    if error.connection_invalidated or isinstance(error.orig, sqlite3.Error):
        return error.connection_invalidated
    state = getattr(error.orig, "sqlstate", None)
    if state is None:  # the driver's own words: no server has spoken
        return error.statement is None or isinstance(error, OperationalError)
    return state[:2] == "08" or state in _ENDINGS


_COLLISIONS = {"40001", "40P01", "55P03", "23505"}
"""Serialization failure, deadlock, lock time-out, and the same new row from two transactions."""

_ENDINGS = {"57P01", "57P02", "57P03", "57P05", "25P03", "25P04", "40003"}
"""The server stops, crashed, starts, or ended the session for its age; or cannot tell."""


def _sqlite_kind(error: sqlite3.Error) -> type[StoreError]:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return {
        sqlite3.SQLITE_BUSY: StoreBusy,
        sqlite3.SQLITE_LOCKED: StoreBusy,
        sqlite3.SQLITE_READONLY: StoreReadOnly,
        sqlite3.SQLITE_FULL: StoreFull,
        sqlite3.SQLITE_CANTOPEN: StoreUnreachable,
        sqlite3.SQLITE_NOTADB: StoreUnreachable,
        sqlite3.SQLITE_PERM: StoreReadOnly,
    }.get(code, StoreError)


def _postgresql_kind(state: str | None, error: DBAPIError) -> type[StoreError]:
    if state in _COLLISIONS or state == "57014":  # or a statement took longer than it may
        return StoreBusy
    if state == "25006" or state == "42501":
        return StoreReadOnly
    if state == "53100":
        return StoreFull
    if lost(error) or (state or "")[:2] in ("57", "28", "3D"):
        return StoreUnreachable
    return StoreError
