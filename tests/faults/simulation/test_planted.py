"""The simulation can fail: defects that are planted in the store are found, each in a short run."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event

from tests.faults.simulation.run import simulated
from tests.faults.simulation.truth import Broken
from tests.postgres import PostgresServer
from tests.properties.engines import NIGHTLY

ROUNDS = 30


def driver_of(connection: Connection) -> Any:
    return connection.connection.driver_connection


def acknowledges_too_early(engine: Engine) -> None:
    """Now and then what is said to be committed is not."""
    commits = count(1)

    def lose(connection: Connection) -> None:
        if next(commits) % 7 == 0:
            driver_of(connection).rollback()

    event.listen(engine, "commit", lose)


def after(engine: Engine, beginning: str, planted: str) -> None:
    """Executes something else after each statement that begins so."""

    def execute(connection: Connection, _: Any, statement: str, *__: Any) -> None:
        if statement.startswith(beginning):
            driver_of(connection).execute(planted)

    event.listen(engine, "after_cursor_execute", execute)


def forgets_receipts(engine: Engine) -> None:
    """Commands are booked, and their keys are not kept."""
    after(engine, "INSERT INTO loyalty_receipt", "DELETE FROM loyalty_receipt")


def commits_half(engine: Engine) -> None:
    """Part of a transaction is there before the rest of it."""

    def commit(connection: Connection, _: Any, statement: str, *__: Any) -> None:
        if statement.startswith("INSERT INTO loyalty_entry"):
            driver_of(connection).commit()

    event.listen(engine, "before_cursor_execute", commit)


def delivers_at_most_once(engine: Engine) -> None:
    """A delivery counts as done as soon as somebody has taken it."""
    done = "UPDATE loyalty_delivery SET state = 'done', next_attempt_at = NULL"
    after(engine, "UPDATE loyalty_delivery", f"{done} WHERE next_attempt_at > 0")


def publishes_twice(engine: Engine) -> None:
    """Each event is written a second time, under another id."""
    names = "program, type, member_id, transaction_id, occurred_at, data"
    again = f"SELECT 'x' || substr(id, 2), {names} FROM loyalty_event"
    twice = f"INSERT OR IGNORE INTO loyalty_event (id, {names}) {again}"
    after(engine, "INSERT INTO loyalty_delivery", twice)


def sells_out_of_thin_air(engine: Engine) -> None:
    """A claim of stock is counted and forgotten."""
    after(engine, "INSERT INTO loyalty_stock", "UPDATE loyalty_stock SET claimed = 0")


def hands_codes_out_again(engine: Engine) -> None:
    """A code that was given is in its pool still."""
    after(engine, "INSERT INTO loyalty_grant", "UPDATE loyalty_code SET taken = false")


def owes_nothing(engine: Engine) -> None:
    """What is owed to a partner is not kept."""
    after(engine, "INSERT INTO loyalty_settlement", "DELETE FROM loyalty_settlement")


def locks_nobody(engine: Engine) -> None:
    """Members are read without a lock."""

    def strip(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> tuple[str, Any]:
        return statement.removesuffix("FOR UPDATE"), parameters

    event.listen(engine, "before_cursor_execute", strip, retval=True)


@pytest.mark.parametrize(
    ("plant", "told", "seed"),
    [
        (acknowledges_too_early, "and not|committed twice", 1),
        (forgets_receipts, "twice", 1),
        (commits_half, "verify: |and not", 1),
        (delivers_at_most_once, "received", 2),
        (publishes_twice, "events were booked", 1),
        (sells_out_of_thin_air, "verify: .* are claimed", 4),
        (hands_codes_out_again, "verify: .* is not taken", 4),
        (owes_nothing, "verify: .* the settlement says 0", 4),
    ][:: 1 if NIGHTLY else 3],
)
def test_a_planted_defect_is_found(
    sqlite_url: str, plant: Callable[[Engine], None], told: str, seed: int
) -> None:
    with pytest.raises(Broken) as found:
        simulated(sqlite_url, seed, ROUNDS, plant=plant)
    assert re.search(told, str(found.value))
    first, *trace = found.value.__notes__[0].splitlines()
    assert first == f"LOYALTY_SIMULATION_SEED={seed} makes the same run again; its last steps:"
    assert len(trace) > 20


def test_a_missing_lock_is_found(postgres_server: PostgresServer) -> None:
    """By one of a few seeds, most often the first: which client is faster the server says."""

    def play() -> None:
        for seed in (4, 6, 1, 2, 3, 5):
            url = postgres_server.create_database()
            try:
                simulated(url, seed, ROUNDS, plant=locks_nobody)
            finally:
                postgres_server.drop_database(url)

    with pytest.raises(Broken, match=r"verify: |spent what"):
        play()
