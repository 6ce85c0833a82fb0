"""Collisions as the databases themselves make them: each is tried again, and not for ever."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError, OperationalError

from loyalty_core import Backtest, Loyalty, RecordStatus, StoreBusy
from loyalty_core.application.backtest.run import Backtesting
from loyalty_core.storage import store
from loyalty_core.storage.engine import open_engine
from tests.toy import START, Toy, config_of, order, totals

ROOT = Path(__file__).resolve().parents[2]
WAITING = text(
    "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
    " and datname = current_database()"
)


def opened(database: str | Engine, **given: Any) -> Loyalty:
    return Loyalty.open(config_of(**given), database, plugins=[Toy()], clock=lambda: START)


def errors_of(engine: Engine) -> list[str]:
    """What the database refuses from now on: SQLSTATE, or SQLite's name of the error."""
    seen: list[str] = []

    def note(context: Any) -> None:
        error = context.original_exception
        seen.append(getattr(error, "sqlstate", None) or error.sqlite_errorname)

    event.listen(engine, "handle_error", note)
    return seen


def once(engine: Engine, when: str, words: str, act: Callable[[], object]) -> None:
    """Does something in between: before or after the first statement that has these words."""
    done: list[object] = []

    def execute(_: Any, __: Any, statement: str, *___: Any) -> None:
        if words in statement and not done:
            done.append(True)
            act()

    event.listen(engine, f"{when}_cursor_execute", execute)


def with_setting(engine: Engine, setting: str) -> None:
    def connect(raw: Any, _: Any) -> None:
        raw.execute(f"SET {setting}")
        raw.commit()

    event.listen(engine, "connect", connect)


@pytest.fixture
def ours(postgresql_url: str) -> Iterator[Engine]:
    made = open_engine(postgresql_url)
    yield made
    made.dispose()


@pytest.fixture
def theirs(postgresql_url: str) -> Iterator[Engine]:
    made = create_engine(postgresql_url)
    yield made
    made.dispose()


def wait_for_a_waiting_session(engine: Engine) -> None:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while not connection.scalar(WAITING):
            threading.Event().wait(0.005)


def test_a_deadlock_is_tried_again(ours: Engine, theirs: Engine) -> None:
    """They hold a table that we need next, and wait for a member that we hold."""
    with_setting(ours, "deadlock_timeout = '10ms'")  # we notice first, and so we give way
    with opened(ours) as loyalty, theirs.connect() as other:
        member = loyalty.record(order()).member_id or ""
        other.execute(text("set local deadlock_timeout = '60s'"))
        other.execute(text("lock table loyalty_entry in share mode"))

        def theirs_wait() -> None:
            other.execute(text("select 1 from loyalty_member for update"))
            other.commit()

        waiting = threading.Thread(target=theirs_wait)

        def close_the_circle() -> None:
            waiting.start()
            wait_for_a_waiting_session(theirs)

        once(ours, "after", "FOR UPDATE", close_the_circle)
        seen = errors_of(ours)
        assert loyalty.record(order("2")).status is RecordStatus.BOOKED
        waiting.join()
        assert seen == ["40P01"]
        assert totals(loyalty, member) == (120, 0, 0, 0)
        assert loyalty.verify().problems == ()


def test_a_lock_timeout_is_tried_again(ours: Engine, theirs: Engine) -> None:
    with_setting(ours, "lock_timeout = '20ms'")
    with opened(ours) as loyalty, theirs.connect() as other:
        member = loyalty.record(order()).member_id or ""
        other.execute(text("select 1 from loyalty_member for update"))
        seen = errors_of(ours)
        event.listen(ours, "handle_error", lambda _: other.rollback())
        assert loyalty.redeem(member, points=10, key="k").points == 10
        assert seen == ["55P03"]
        assert totals(loyalty, member) == (60, 10, 0, 0)


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
def test_a_serialization_failure_is_tried_again(
    postgresql_url: str, theirs: Engine, level: str
) -> None:
    """On an engine of the host's that is stricter than we need."""
    strict = create_engine(postgresql_url, isolation_level=level)
    with opened(strict) as loyalty, theirs.connect() as other:
        member = loyalty.record(order()).member_id or ""
        other.execute(text("update loyalty_member set status = status"))
        seen = errors_of(strict)
        with ThreadPoolExecutor(1) as thread:
            booking = thread.submit(loyalty.record, order("2"))
            wait_for_a_waiting_session(theirs)
            other.commit()
            assert booking.result().status is RecordStatus.BOOKED
        assert seen == ["40001"]
        assert totals(loyalty, member) == (120, 0, 0, 0)
        assert loyalty.verify().problems == ()
    strict.dispose()


def test_the_same_new_row_from_two_sessions_is_tried_again(ours: Engine) -> None:
    with opened(ours, join="opt_in") as loyalty, opened(ours, join="opt_in") as other:
        once(ours, "before", "INSERT INTO loyalty_fact", lambda: other.record(order()))
        seen = errors_of(ours)
        assert loyalty.record(order()).status is RecordStatus.DUPLICATE
        assert seen == ["23505"]
        assert loyalty.report().orders == 1


def test_a_busy_file_is_tried_again(sqlite_url: str, tmp_path: Path) -> None:
    engine = open_engine(sqlite_url)
    event.listen(engine, "connect", lambda raw, _: raw.execute("PRAGMA busy_timeout = 0"))
    other = sqlite3.connect(tmp_path / "loyalty.db", isolation_level=None)
    with opened(engine) as loyalty:
        member = loyalty.record(order()).member_id or ""
        other.execute("BEGIN IMMEDIATE")
        seen = errors_of(engine)

        def let_go(_: Any) -> None:
            other.execute("ROLLBACK")

        event.listen(engine, "handle_error", let_go, once=True)
        assert loyalty.redeem(member, points=10, key="k").points == 10
        assert seen == ["SQLITE_BUSY"]
        assert totals(loyalty, member) == (60, 10, 0, 0)
    other.close()
    engine.dispose()


@pytest.fixture
def greedy(sqlite_url: str) -> Iterator[subprocess.Popen[str]]:
    """A process that writes to the file without a pause."""
    command = [sys.executable, "-m", "tests.faults.greedy", sqlite_url]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
        process.kill()


def test_a_process_that_writes_without_a_pause_starves_nobody(
    sqlite_url: str, greedy: subprocess.Popen[str]
) -> None:
    """Found: next to an import, a single order waited for many seconds, or was given up."""
    began = time.monotonic()
    with opened(sqlite_url) as loyalty:
        for number in range(8):
            time.sleep(0.01)  # they are back at it
            loyalty.record(order(str(number), email="bob@example.org"))
    assert time.monotonic() - began < 10
    assert greedy.poll() is None


def test_what_stays_busy_is_given_up(sqlite_url: str, tmp_path: Path) -> None:
    engine = open_engine(sqlite_url)
    event.listen(engine, "connect", lambda raw, _: raw.execute("PRAGMA busy_timeout = 0"))
    other = sqlite3.connect(tmp_path / "loyalty.db", isolation_level=None)
    with opened(engine) as loyalty:
        other.execute("BEGIN IMMEDIATE")
        seen = errors_of(engine)
        with pytest.raises(StoreBusy) as raised:
            loyalty.record(order())
        assert seen == ["SQLITE_BUSY"] * store.ATTEMPTS
        assert raised.value.remedy == "Try again: nothing was booked."
    other.close()
    engine.dispose()


def test_a_pool_that_is_used_up_is_busy(sqlite_url: str) -> None:
    engine = open_engine(sqlite_url, pool_size=1)
    engine.pool._timeout = 0.01  # type: ignore[attr-defined]
    with opened(engine) as loyalty, engine.connect(), pytest.raises(StoreBusy):
        loyalty.record(order())
    engine.dispose()


def test_a_statement_that_takes_too_long_is_busy_and_not_repeated(
    ours: Engine, theirs: Engine
) -> None:
    with_setting(ours, "statement_timeout = '50ms'")
    with opened(ours) as loyalty, theirs.begin() as other:
        loyalty.record(order())
        other.execute(text("select 1 from loyalty_member for update"))
        seen = errors_of(ours)
        with pytest.raises(StoreBusy):
            loyalty.record(order("2"))
        assert seen == ["57014"]


def test_a_backtest_is_tried_again_in_other_books(database_url: str) -> None:
    """It replays in books of its own, and those of the first try are there already."""
    engine = open_engine(database_url)
    kept, failed = Backtesting.run, []

    def run(*given: Any) -> Backtest:
        found = kept(*given)
        if not failed:
            failed.append(found)
            raise COLLISION
        return found

    with opened(engine) as loyalty, pytest.MonkeyPatch.context() as patch:
        loyalty.record(order("1", "3.00"))
        patch.setattr(Backtesting, "run", run)
        found = loyalty.backtest(config_of(), since=START)
        assert [found] == failed
        assert found.members_total == 1
    engine.dispose()


# -- the bounds ------------------------------------------------------------------------------------


def wrapped(error: psycopg.Error, *, broken: bool = False) -> DBAPIError:
    return OperationalError("COMMIT", {}, error, connection_invalidated=broken)


COLLISION = wrapped(psycopg.errors.DeadlockDetected("deadlock"))
LOSS = wrapped(psycopg.OperationalError("the connection is closed"), broken=True)


def test_collisions_are_bound_by_number_and_their_pauses_grow_with_jitter() -> None:
    runs = []
    for _ in range(50):
        retries = store.Retries(waits=True)
        pauses = [retries.pause(COLLISION) for _ in range(store.ATTEMPTS)]
        assert pauses.pop() is None
        for number, pause in enumerate(pauses, 1):
            assert pause is not None
            assert 5 * 2**number <= pause <= 10 * 2**number
        runs.append(tuple(pauses))
        assert not retries.unsure
    assert len(set(runs)) > 10


def test_losses_are_bound_by_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100]
    monkeypatch.setattr(store, "time", SimpleNamespace(monotonic_ns=lambda: now[0] * 1_000_000))
    retries = store.Retries(waits=True)
    tries = 0
    while (pause := retries.pause(LOSS)) is not None:
        assert 0 < pause <= store.LONGEST_PAUSE_MS
        now[0] += pause
        tries += 1
    assert 0 <= now[0] - 100 - store.OUTAGE_MS < store.LONGEST_PAUSE_MS
    assert 20 < tries < 60
    assert retries.unsure
    assert store.Retries(waits=False).pause(LOSS) is None


def test_collisions_on_the_way_do_not_use_up_the_time() -> None:
    retries = store.Retries(waits=True)
    for _ in range(store.ATTEMPTS - 1):
        assert retries.pause(LOSS) is not None
        assert retries.pause(COLLISION) is not None
    assert retries.pause(LOSS) is not None
    assert retries.pause(COLLISION) is None
