"""On SQLite, what members and the nightly jobs ask of the large tables is found by an index.

SQLite takes a partial index only if a statement says its condition in the same words.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from loyalty_core import Loyalty
from loyalty_core.storage.engine import open_engine
from loyalty_core.testing import FrozenClock
from tests.toy import START, Toy, config_of, order

LARGE = (
    "member",
    "fact",
    "lot",
    "wallet",
    "transaction",
    "entry",
    "redemption",
    "event",
    "delivery",
)


ANALYSED = (
    "ANALYZE",
    "UPDATE sqlite_stat1 SET stat = '1000000' || substr(stat, instr(stat, ' '))",
    "UPDATE sqlite_stat1 SET stat = '10000 1' WHERE tbl = 'loyalty_member'",
    "ANALYZE sqlite_schema",  # reads it again
)
"""What lets SQLite think that it knows the tables, and that they are large."""


def scanned(url: str, work: Callable[[Loyalty, str], object], *, analysed: bool) -> list[str]:
    """The steps of the plans of all statements of ``work`` that walk through a large table."""
    engine = open_engine(url)
    clock = FrozenClock(START)
    steps: list[str] = []

    def explain(connection: Any, _: Any, text: str, given: Any, __: Any, many: bool) -> None:
        if text.startswith(("BEGIN", "COMMIT", "PRAGMA")):
            return
        driver = connection.connection.driver_connection
        plan = driver.execute(f"EXPLAIN QUERY PLAN {text}", given[0] if many else given)
        steps.extend(row[3] for row in plan)

    config = config_of(wallet={"expiry": {"after_days": 30}}, settings={"pending_days": 10})
    with Loyalty.open(config, engine, plugins=[Toy()], clock=clock) as loyalty:
        member = loyalty.record(order()).member_id or ""
        clock.set(START + timedelta(days=12))
        loyalty.tick()
        loyalty.record(order("2", at=START + timedelta(days=5)))
        clock.set(START + timedelta(days=30))
        with engine.begin() as connection:
            for text in ANALYSED if analysed else ():
                connection.exec_driver_sql(text)
        engine.dispose()
        event.listen(engine, "before_cursor_execute", explain)
        work(loyalty, member)
    engine.dispose()
    assert steps
    tables = tuple(f"SCAN loyalty_{name}" for name in LARGE)
    return [step for step in steps if step.startswith(tables)]


@pytest.mark.parametrize("analysed", [False, True], ids=["new", "analysed"])
@pytest.mark.parametrize(
    "work",
    [
        lambda loyalty, member: loyalty.statement(member),
        lambda loyalty, member: loyalty.history(member),
        lambda loyalty, member: loyalty.redeem(member, points=1, key="k"),
        lambda loyalty, _: loyalty.record(order("3", at=START + timedelta(days=6))),
        lambda loyalty, _: loyalty.tick(),
    ],
    ids=["statement", "history", "redeem", "record", "tick"],
)
def test_no_large_table_is_walked_through(
    sqlite_url: str, work: Callable[[Loyalty, str], object], analysed: bool
) -> None:
    assert scanned(sqlite_url, work, analysed=analysed) == []
