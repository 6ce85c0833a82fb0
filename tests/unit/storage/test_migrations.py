"""Migrations: applied once, in order, all or nothing, and never by an older release."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import Connection, Engine, inspect, select, text

from loyalty_core import Loyalty, StoreError
from loyalty_core.storage.engine import open_engine
from loyalty_core.storage.migrations import CORE, Migration, applied, migrate
from loyalty_core.storage.tables import metadata, migration
from tests.toy import START, Toy, config_of, order

LATER = datetime(2027, 1, 1, tzinfo=UTC)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    made = open_engine(database_url)
    if made.dialect.name == "postgresql":
        with made.begin() as connection:
            connection.execute(text("drop schema public cascade"))
            connection.execute(text("create schema public"))
    else:
        Path(str(made.url.database)).unlink()
    yield made
    made.dispose()


def run(engine: Engine, steps: list[Migration], owner: str = "core") -> list[str]:
    with engine.begin() as connection:
        return migrate(connection, owner, steps, START)


def tables(engine: Engine) -> set[str]:
    with engine.connect() as connection:
        return set(inspect(connection).get_table_names())


def makes(name: str) -> Migration:
    return Migration(
        name, lambda c: c.execute(text(f'create table "{name}" (id integer)')) and None
    )


def test_a_fresh_database_gets_every_table_once(engine: Engine) -> None:
    assert run(engine, list(CORE)) == [step.name for step in CORE]
    assert tables(engine) == set(metadata.tables)
    assert run(engine, list(CORE)) == []
    with engine.connect() as connection:
        rows = connection.execute(select(migration)).all()
        assert applied(connection, "core") == ["0001_first_tables"]
    assert rows == [("core", "0001_first_tables", START)]


def test_only_new_steps_run_and_owners_are_apart(engine: Engine) -> None:
    assert run(engine, [makes("one")]) == ["one"]
    assert run(engine, [makes("one"), makes("two")]) == ["two"]
    assert run(engine, [makes("three")], "plugin") == ["three"]
    assert run(engine, [makes("one"), makes("two")]) == []
    assert tables(engine) == {"loyalty_migration", "one", "two", "three"}


def test_a_step_that_fails_leaves_nothing(engine: Engine) -> None:
    def fail(connection: Connection) -> None:
        connection.execute(text("create table half (id integer)"))
        raise RuntimeError("no")

    run(engine, [makes("one")])
    with pytest.raises(RuntimeError):
        run(engine, [makes("one"), makes("two"), Migration("three", fail)])
    assert tables(engine) == {"loyalty_migration", "one"}
    with engine.connect() as connection:
        assert applied(connection, "core") == ["one"]
    assert run(engine, [makes("one"), makes("two")]) == ["two"]


def test_a_database_of_a_newer_release_is_left_alone(database_url: str, engine: Engine) -> None:
    with Loyalty.open(config_of(), engine, plugins=[Toy()], clock=lambda: START) as loyalty:
        member = loyalty.record(order()).member_id or ""
    with engine.begin() as connection:
        row = {"owner": "core", "name": "9999_of_the_future", "applied_at": LATER}
        connection.execute(migration.insert(), row)
    with pytest.raises(StoreError) as raised:
        Loyalty.open(config_of(currency="EUR"), database_url, plugins=[Toy()])
    error = raised.value
    assert (type(error), error.code, error.where) == (
        StoreError,
        "store_failed",
        "migrations of core",
    )
    assert error.message == "the database was migrated by a newer release: 9999_of_the_future"
    assert error.remedy == "Install that release, or restore the database from before."
    with engine.begin() as connection:
        assert connection.scalar(text("select max(version) from loyalty_config")) == 1
        connection.execute(migration.delete().where(migration.c.applied_at == LATER))
    with Loyalty.open(config_of(), engine, plugins=[Toy()], clock=lambda: START) as loyalty:
        assert loyalty.statement(member).wallet("points").balance == 60


def test_many_that_open_a_fresh_database_at_once_migrate_it_once(database_url: str) -> None:
    start = Barrier(4)

    def opened(_: int) -> int:
        start.wait()
        with Loyalty.open(config_of(), database_url, plugins=[Toy()]) as loyalty:
            return loyalty.config.version

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(opened, range(4))) == [1, 1, 1, 1]
    engine = open_engine(database_url)
    with engine.connect() as connection:
        assert connection.scalar(text("select count(*) from loyalty_migration")) == 1
        assert connection.scalar(text("select count(*) from loyalty_config")) == 1
    engine.dispose()
