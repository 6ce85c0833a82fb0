"""Text that runs on the driver itself: only where nobody looks, and with the same errors."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError

from loyalty_core.storage.engine import open_engine
from loyalty_core.storage.running import OURS, runner_of

NOBODY, SOMEBODY = "_Direct", "_Seen"


@pytest.fixture(params=["sqlite_url", "postgresql_url"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    engine = open_engine(request.getfixturevalue(request.param))
    yield engine
    engine.dispose()


def ours(connection: Connection) -> Connection:
    return connection.execution_options(**{OURS: True})


def kind(engine: Engine) -> str:
    with engine.connect() as connection:
        return type(runner_of(ours(connection))).__name__


def test_nobody_looks(engine: Engine) -> None:
    assert kind(engine) == NOBODY


def test_a_host_s_own_connection_is_always_run_through_sqlalchemy(engine: Engine) -> None:
    with engine.connect() as connection:
        assert type(runner_of(connection)).__name__ == SOMEBODY


@pytest.mark.parametrize(
    "name", ["before_cursor_execute", "after_cursor_execute", "handle_error", "do_execute"]
)
def test_who_listens_to_an_engine_sees_every_statement(engine: Engine, name: str) -> None:
    def listener(*_: Any) -> None:
        """Looks."""

    event.listen(engine, name, listener)
    assert kind(engine) == SOMEBODY
    event.remove(engine, name, listener)
    assert kind(engine) == NOBODY


def test_who_listens_to_all_engines_sees_every_statement(engine: Engine) -> None:
    def listener(*_: Any) -> None:
        """Looks."""

    event.listen(Engine, "before_cursor_execute", listener)
    try:
        assert kind(engine) == SOMEBODY
    finally:
        event.remove(Engine, "before_cursor_execute", listener)


def test_statements_that_are_logged_are_all_logged(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "sqlalchemy.engine"):
        assert kind(engine) == SOMEBODY
    engine.echo = True
    assert kind(engine) == SOMEBODY


@pytest.mark.parametrize("alone", [True, False])
def test_rows_and_errors_are_the_same_either_way(engine: Engine, alone: bool) -> None:
    with engine.connect() as connection, connection.execution_options(**{OURS: alone}).begin():
        runner = runner_of(connection)
        assert type(runner).__name__ == (NOBODY if alone else SOMEBODY)
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
        ours(connection).begin()
        runner = runner_of(connection)
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
        assert runner_of(ours(connection)).fetch("SELECT 1", ()) == [(1,)]
    engine.dispose()
    other.dispose()


def test_an_interrupted_driver_is_not_used_again(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with engine.connect() as connection:
        runner: Any = runner_of(ours(connection))

        class Interrupted:
            def execute(self, *_: Any) -> None:
                raise KeyboardInterrupt

        monkeypatch.setattr(runner, "_cursor", Interrupted())
        with pytest.raises(KeyboardInterrupt):
            runner.fetch("SELECT 1", ())
        assert connection.invalidated
