"""Text that runs on the driver itself: only where nobody looks, and with the same errors."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError

from loyalty_core.errors import LoyaltyError
from loyalty_core.storage.engine import begins_sqlite, open_engine
from loyalty_core.storage.running import Direct, Runner, Seen, unseen
from loyalty_core.storage.store import HostStore, SqlStore


@pytest.fixture(params=["sqlite_url", "postgresql_url"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    engine = open_engine(request.getfixturevalue(request.param))
    yield engine
    engine.dispose()


def runner_of(uow: Any) -> Runner:
    found: Runner = uow._runner
    return found


def kind(engine: Engine) -> type[Runner]:
    return type(SqlStore(engine, "shop", owned=False).write(runner_of))


def test_nobody_looks(engine: Engine) -> None:
    assert kind(engine) is Direct


def test_a_host_s_own_connection_is_always_run_through_sqlalchemy(engine: Engine) -> None:
    with engine.connect() as connection, connection.begin():
        assert type(HostStore(connection, "shop").write(runner_of)) is Seen


@pytest.mark.parametrize(
    "name",
    [
        *("before_cursor_execute", "after_cursor_execute", "handle_error", "do_execute"),
        *("begin", "commit", "rollback"),
    ],
)
def test_who_listens_to_an_engine_sees_every_statement(engine: Engine, name: str) -> None:
    def listener(*_: Any) -> None:
        """Looks."""

    event.listen(engine, name, listener)
    assert kind(engine) is Seen
    event.remove(engine, name, listener)
    assert kind(engine) is Direct


def test_an_engine_whose_transactions_begin_otherwise_is_left_to_sqlalchemy(
    engine: Engine,
) -> None:
    with engine.connect() as connection:
        assert unseen(connection, begins_sqlite)
        other = unseen(connection, lambda _: None)
    assert other is (engine.dialect.name == "postgresql")


def test_who_listens_to_all_engines_sees_every_statement(engine: Engine) -> None:
    def listener(*_: Any) -> None:
        """Looks."""

    event.listen(Engine, "before_cursor_execute", listener)
    try:
        assert kind(engine) is Seen
    finally:
        event.remove(Engine, "before_cursor_execute", listener)


def test_statements_that_are_logged_are_all_logged(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "sqlalchemy.engine"):
        assert kind(engine) is Seen
    engine.echo = True
    assert kind(engine) is Seen


@pytest.mark.parametrize("kind", [Direct, Seen])
def test_rows_and_errors_are_the_same_either_way(
    engine: Engine, kind: Callable[[Connection], Runner]
) -> None:
    with engine.connect() as connection, connection.begin():
        runner = kind(connection)
        runner.run("CREATE TABLE things (id INTEGER PRIMARY KEY)", ())
        mark = "?" if engine.dialect.name == "sqlite" else "%s"
        runner.run_each(f"INSERT INTO things VALUES ({mark})", [(1,), (2,)])
        assert [tuple(row) for row in runner.fetch("SELECT id FROM things", ())] == [(1,), (2,)]
        with pytest.raises(IntegrityError) as refused, connection.begin_nested():
            runner.run(f"INSERT INTO things VALUES ({mark})", (1,))
        assert refused.value.connection_invalidated is False
        assert refused.value.statement == f"INSERT INTO things VALUES ({mark})"
        with pytest.raises((OperationalError, ProgrammingError)), connection.begin_nested():
            runner.fetch("SELECT nothing FROM nowhere", ())
        with pytest.raises(IntegrityError), connection.begin_nested():
            runner.run_each(f"INSERT INTO things VALUES ({mark})", [(3,), (3,)])


def test_a_session_that_broke_off_renews_the_whole_pool(postgresql_url: str) -> None:
    engine, other = open_engine(postgresql_url), open_engine(postgresql_url)
    with engine.connect() as one, engine.connect() as two:  # two sessions in the pool
        pids = [each.exec_driver_sql("SELECT pg_backend_pid()").scalar_one() for each in (one, two)]
    with engine.connect() as connection:
        runner = Direct(connection)
        runner.fetch("SELECT 1", ())
        with other.begin() as killer:
            killer.exec_driver_sql(
                "SELECT pg_terminate_backend(pid, 5000) FROM unnest(%s) AS pid", (pids,)
            )
        with pytest.raises(OperationalError) as lost:
            runner.fetch("SELECT 1", ())
        assert lost.value.connection_invalidated is True
        assert connection.invalidated
    with engine.connect() as connection:
        assert Direct(connection).fetch("SELECT 1", ()) == [(1,)]
    engine.dispose()
    other.dispose()


def test_an_interrupted_driver_is_not_used_again(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with engine.connect() as connection:
        runner: Any = Direct(connection)

        class Interrupted:
            def execute(self, *_: Any) -> None:
                raise KeyboardInterrupt

        monkeypatch.setattr(runner, "_cursor", Interrupted())
        with pytest.raises(KeyboardInterrupt):
            runner.fetch("SELECT 1", ())
        assert connection.invalidated


@pytest.mark.parametrize("listens", [False, True])
def test_a_transaction_is_all_or_nothing_whoever_runs_its_statements(
    engine: Engine, listens: bool
) -> None:
    """Also where some of them are SQLAlchemy's, which then joins the driver's transaction."""
    if listens:
        event.listen(engine, "commit", lambda _: None)
    store = SqlStore(engine, "shop", owned=False)
    store.write(lambda uow: runner_of(uow).run("CREATE TABLE things (id INTEGER)", ()))

    def add(uow: Any) -> None:
        runner = runner_of(uow)
        assert type(runner) is (Seen if listens else Direct)
        runner.run("INSERT INTO things VALUES (1)", ())
        with runner.connection.begin_nested():
            runner.connection.exec_driver_sql("INSERT INTO things VALUES (2)")
        runner.run("INSERT INTO things VALUES (3)", ())

    def refuse(uow: Any) -> None:
        add(uow)
        raise LoyaltyError("no")

    def ids() -> list[int]:
        text = "SELECT id FROM things ORDER BY id"
        return [row[0] for row in store.read(lambda reader: runner_of(reader).fetch(text, ()))]

    with pytest.raises(LoyaltyError):
        store.write(refuse)
    assert ids() == []
    store.write(add)
    assert ids() == [1, 2, 3]


def test_a_commit_that_fails_keeps_nothing_and_leaves_no_transaction_open(engine: Engine) -> None:
    store = SqlStore(engine, "shop", owned=False)
    parts = {
        "sqlite": ("PRAGMA defer_foreign_keys = ON", ""),
        "postgresql": ("SELECT 1", "DEFERRABLE INITIALLY DEFERRED"),
    }
    before, deferred = parts[engine.dialect.name]

    def make(uow: Any) -> None:
        runner_of(uow).run("CREATE TABLE owners (id INTEGER PRIMARY KEY)", ())
        whose = f"owner INTEGER REFERENCES owners (id) {deferred}"
        runner_of(uow).run(f"CREATE TABLE things ({whose})", ())

    def orphan(uow: Any) -> None:
        runner_of(uow).run(before, ())
        runner_of(uow).run("INSERT INTO things VALUES (1)", ())

    store.write(make)
    if engine.dialect.name == "sqlite":
        engine.dispose()
        event.listen(engine, "connect", lambda raw, _: raw.execute("PRAGMA foreign_keys = ON"))
    with pytest.raises(LoyaltyError, match=r"(?i)foreign key"):
        store.write(orphan)
    found = store.write(lambda uow: runner_of(uow).fetch("SELECT count(*) FROM things", ()))
    assert found == [(0,)]
