"""What databases refuse, in our own words: busy, read-only, full, unreachable."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine, create_engine, event, text

from loyalty_core import (
    Loyalty,
    RecordStatus,
    StoreBusy,
    StoreError,
    StoreFull,
    StoreReadOnly,
    StoreUnreachable,
)
from loyalty_core.storage.engine import open_engine
from loyalty_core.testing.books import books_of
from tests.toy import START, Toy, config_of, order

FACTS = [order(str(number), email=f"m{number}@example.org") for number in range(60)]


def opened(database: str | Engine) -> Loyalty:
    return Loyalty.open(config_of(), database, plugins=[Toy()], clock=lambda: START)


def refused(database: str | Engine, kind: type[StoreError]) -> StoreError:
    with pytest.raises(StoreError) as raised:
        opened(database)
    assert type(raised.value) is kind
    return raised.value


# -- busy ------------------------------------------------------------------------------------------


def impatient(url: str) -> Engine:
    """An engine on SQLite that waits for a lock for a millisecond instead of ten seconds."""
    engine = open_engine(url)
    event.listen(engine, "connect", lambda raw, _: raw.execute("PRAGMA busy_timeout = 1"))
    return engine


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another writer's transaction on the file."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


def test_a_locked_file_is_busy_and_nothing_was_booked(sqlite_url: str, tmp_path: Path) -> None:
    engine = impatient(sqlite_url)
    with opened(engine) as loyalty:
        member = loyalty.record(order()).member_id or ""
        before = books_of(loyalty)
        with locked(tmp_path / "loyalty.db"):
            with pytest.raises(StoreBusy) as raised:
                loyalty.record(order("2"))
            assert loyalty.statement(member).wallet("points").balance == 60  # reading goes on
        assert (raised.value.code, raised.value.message) == ("store_busy", "database is locked")
        assert raised.value.remedy == "Try again: nothing was booked."
        assert books_of(loyalty) == before
        assert loyalty.record(order("2")).status is RecordStatus.BOOKED
    engine.dispose()


def test_a_lock_that_is_given_up_in_time_is_waited_for(sqlite_url: str, tmp_path: Path) -> None:
    with opened(sqlite_url) as loyalty:
        loyalty.record(order())
        with locked(tmp_path / "loyalty.db"):
            waiting = threading.Thread(target=loyalty.record, args=[order("2")])
            waiting.start()
        waiting.join()
        assert loyalty.record(order("2")).status is RecordStatus.DUPLICATE
        assert loyalty.report().orders == 2


def test_a_lock_on_a_row_is_busy(postgresql_url: str) -> None:
    engine = open_engine(postgresql_url)

    def impatience(raw: Any, _: Any) -> None:
        raw.execute("SET lock_timeout = '1ms'")
        raw.commit()

    event.listen(engine, "connect", impatience)
    with opened(engine) as loyalty:
        loyalty.record(order())
        before = books_of(loyalty)
        other = create_engine(postgresql_url)
        with other.begin() as connection:
            connection.execute(text("select * from loyalty_member for update"))
            with pytest.raises(StoreBusy) as raised:
                loyalty.record(order("2"))
        other.dispose()
        assert "lock timeout" in raised.value.message
        assert books_of(loyalty) == before
        assert loyalty.record(order("2")).status is RecordStatus.BOOKED
    engine.dispose()


# -- read-only -------------------------------------------------------------------------------------


def read_only(path: Path) -> str:
    """The URL under which SQLite itself writes nothing, whoever runs it."""
    return f"sqlite:///file:{path}?mode=ro&uri=true"


def test_a_read_only_file_can_be_read_and_not_written(sqlite_url: str, tmp_path: Path) -> None:
    with opened(sqlite_url) as loyalty:
        member = loyalty.record(order()).member_id or ""
        before = books_of(loyalty)
    with opened(read_only(tmp_path / "loyalty.db")) as loyalty:
        assert loyalty.statement(member).wallet("points").balance == 60
        with pytest.raises(StoreReadOnly) as raised:
            loyalty.record(order("2"))
        assert raised.value.code == "store_read_only"
        assert raised.value.message == "attempt to write a readonly database"
        assert raised.value.remedy == (
            "Check the permissions of the file and its folder, or the role's rights."
        )
    with opened(sqlite_url) as loyalty:
        assert books_of(loyalty) == before


def test_a_read_only_file_without_our_tables(sqlite_url: str, tmp_path: Path) -> None:
    engine = create_engine(sqlite_url)
    with engine.begin() as connection:
        connection.execute(text("create table theirs (id integer)"))
    engine.dispose()
    refused(read_only(tmp_path / "loyalty.db"), StoreReadOnly)


def test_a_read_only_file_that_is_not_there(tmp_path: Path) -> None:
    refused(read_only(tmp_path / "none.db"), StoreUnreachable)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_becomes_read_only_can_be_read_on(sqlite_url: str) -> None:
    engine = open_engine(sqlite_url)
    with opened(engine) as loyalty:
        member = loyalty.record(order()).member_id or ""
        event.listen(engine, "checkout", lambda raw, *_: raw.execute("PRAGMA query_only = ON"))
        with pytest.raises(StoreReadOnly):
            loyalty.record(order("2"))
        assert loyalty.statement(member).wallet("points").balance == 60
        assert loyalty.report().orders == 1
    engine.dispose()


def test_a_server_that_only_reads(postgresql_url: str) -> None:
    with opened(postgresql_url) as loyalty:
        member = loyalty.record(order()).member_id or ""
        before = books_of(loyalty)
    engine = open_engine(postgresql_url)
    only_read = text("SET TRANSACTION READ ONLY")
    event.listen(engine, "begin", lambda connection: connection.execute(only_read))
    with opened(engine) as loyalty:
        assert loyalty.statement(member).wallet("points").balance == 60
        with pytest.raises(StoreReadOnly) as raised:
            loyalty.record(order("2"))
        assert raised.value.code == "store_read_only"
        assert books_of(loyalty) == before
    engine.dispose()


@pytest.fixture
def reader(postgresql_url: str) -> Iterator[Engine]:
    """An engine as a role that may only read what is there."""
    role = f"reader_{uuid4().hex}"
    owner = create_engine(postgresql_url, isolation_level="AUTOCOMMIT")
    with owner.connect() as connection:
        connection.execute(text(f"CREATE ROLE {role}"))
        connection.execute(text(f"GRANT SELECT, UPDATE ON ALL TABLES IN SCHEMA public TO {role}"))
    engine = open_engine(postgresql_url)
    event.listen(engine, "begin", lambda connection: connection.execute(text(f"SET ROLE {role}")))
    yield engine
    engine.dispose()
    with owner.connect() as connection:
        connection.execute(text(f"DROP OWNED BY {role}"))
        connection.execute(text(f"DROP ROLE {role}"))
    owner.dispose()


@pytest.fixture
def filled(postgresql_url: str) -> str:
    """The id of a member with an order, in a database that has our tables."""
    with opened(postgresql_url) as loyalty:
        return loyalty.record(order()).member_id or ""


def test_a_role_without_the_right_to_insert(filled: str, reader: Engine) -> None:
    with opened(reader) as loyalty:
        before = books_of(loyalty)
        with pytest.raises(StoreReadOnly) as raised:
            loyalty.record(order("2"))
        assert raised.value.message.startswith("permission denied for table loyalty_")
        assert books_of(loyalty) == before
        assert loyalty.statement(filled).wallet("points").balance == 60


# -- full ------------------------------------------------------------------------------------------


def limited(url: str, pages: Callable[[], int]) -> Engine:
    """An engine on SQLite whose file has at most so many pages: a disk of that size."""
    engine = open_engine(url)

    def limit(raw: sqlite3.Connection, *_: Any) -> None:
        raw.execute(f"PRAGMA max_page_count = {pages()}")

    event.listen(engine, "checkout", limit)
    return engine


def test_on_a_full_disk_nothing_is_half_booked_and_later_all_of_it(sqlite_url: str) -> None:
    most = [1 << 30]
    engine = limited(sqlite_url, lambda: most[0])
    with opened(engine) as loyalty:
        loyalty.record_many(FACTS[:3])
        before = books_of(loyalty)
        with engine.connect() as connection:
            most[0] = connection.scalar(text("PRAGMA page_count")) + 3
        with pytest.raises(StoreFull) as raised:
            loyalty.record_many(FACTS)
        assert raised.value.code == "store_full"
        assert raised.value.message == "database or disk is full"
        assert raised.value.remedy == (
            "Free space, then send the same facts again: nothing is booked twice."
        )
        assert books_of(loyalty) == before
        assert loyalty.verify().problems == ()
        most[0] = 1 << 30
        assert loyalty.record_many(FACTS).counts == {
            RecordStatus.BOOKED: 57,
            RecordStatus.DUPLICATE: 3,
        }
        assert loyalty.verify().problems == ()
        assert loyalty.report().wallets[0].issued == 60 * 60
    engine.dispose()


def test_a_disk_that_fills_keeps_every_batch_before(sqlite_url: str) -> None:
    most = [1 << 30]
    engine = limited(sqlite_url, lambda: most[0])
    with opened(engine) as loyalty:
        with engine.connect() as connection:
            most[0] = connection.scalar(text("PRAGMA page_count")) + 4
        acknowledged: list[int] = []
        with pytest.raises(StoreFull):
            loyalty.record_many(
                FACTS, chunk=2, on_receipt=lambda index, _: acknowledged.append(index)
            )
        assert acknowledged == list(range(len(acknowledged)))
        assert 0 < len(acknowledged) < 60
        assert loyalty.report().orders == len(acknowledged)
        most[0] = 1 << 30
        counts = loyalty.record_many(FACTS).counts
        assert counts[RecordStatus.DUPLICATE] == len(acknowledged)
        assert counts[RecordStatus.BOOKED] == 60 - len(acknowledged)
        assert loyalty.verify().problems == ()
    engine.dispose()


# -- unreachable -----------------------------------------------------------------------------------


def test_a_file_that_is_no_database(sqlite_url: str, tmp_path: Path) -> None:
    path = tmp_path / "loyalty.db"
    path.write_bytes(b"once upon a time " * 1000)
    before = path.read_bytes()
    error = refused(sqlite_url, StoreUnreachable)
    assert (error.code, error.message) == ("store_unreachable", "file is not a database")
    assert path.read_bytes() == before


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    error = refused(f"sqlite:///{tmp_path}/none/loyalty.db", StoreUnreachable)
    assert error.message == "unable to open database file"
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://shop@127.0.0.1:1/shop",
        "postgresql+psycopg://shop@127.0.0.1:1/shop",
        "postgresql:///shop?host=/nonexistent",
        "postgresql://shop@127.0.0.1:1/shop?colour=red",
    ],
)
def test_no_server(url: str) -> None:
    error = refused(url, StoreUnreachable)
    assert error.code == "store_unreachable"
    assert error.remedy == "Check the database URL, that the server runs, and the permissions."


def test_no_such_database_on_the_server(postgresql_url: str) -> None:
    error = refused(postgresql_url.replace("loyalty_test_", "absent_"), StoreUnreachable)
    assert "does not exist" in error.message


@pytest.mark.parametrize(
    "url",
    [
        "loyalty.db",
        "oracular://shop",
        "postgresql+carrier_pigeon://shop",
        "sqlite+carrier_pigeon:///loyalty.db",
        "postgresql://shop:port/shop",
        "postgresql://shop:secret@host:port/shop",
    ],
)
def test_a_url_nothing_serves(url: str) -> None:
    error = refused(url, StoreUnreachable)
    assert error.where == "database URL"
    assert error.remedy == "For PostgreSQL install loyalty-core[postgresql]."
    assert "secret" not in str(error)
