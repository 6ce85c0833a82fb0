"""On SQLite, what members and the nightly jobs ask of the large tables is found by an index.

SQLite takes a partial index only if a statement says its condition in the same words.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from loyalty_core import Json, Loyalty
from loyalty_core.storage.engine import open_engine
from loyalty_core.testing import FrozenClock
from tests.toy import START, Toy, config_of, order, refund

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
    "UPDATE sqlite_stat1 SET stat = '1000000 1000000 9 9 1' WHERE idx LIKE '%_fact_2'",
    "ANALYZE sqlite_schema",  # reads it again
)
"""What lets SQLite think that it knows the tables, and that they are large."""


def scanned(
    url: str, work: Callable[[Loyalty, str], object], *, analysed: bool
) -> list[tuple[str, str]]:
    """The steps of ``work`` that walk through a large table, each with its statement.

    So does a search for all that is a program's.
    """
    engine = open_engine(url)
    clock = FrozenClock(START)
    steps: list[tuple[str, str]] = []

    def explain(connection: Any, _: Any, text: str, given: Any, __: Any, many: bool) -> None:
        if text.startswith(("BEGIN", "COMMIT", "PRAGMA")):
            return
        driver = connection.connection.driver_connection
        plan = driver.execute(f"EXPLAIN QUERY PLAN {text}", given[0] if many else given)
        steps.extend((row[3], text) for row in plan)

    wallet: dict[str, Json] = {"expiry": {"after_days": 30}, "transfer": {"allowed": True}}
    config = config_of(wallet=wallet, settings={"pending_days": 10})
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
    large = f"loyalty_({'|'.join(LARGE)})\\b"
    walks = re.compile(rf"SCAN {large}|SEARCH {large}.*\(program=\?\)$")
    return [(step, text) for step, text in steps if walks.match(step)]


def spend_held(loyalty: Loyalty, member: str) -> None:
    loyalty.capture(loyalty.hold(member, points=2, minutes=5, key="2").redemption_id, points=1)
    loyalty.release(loyalty.hold(member, points=2, minutes=5, key="3").redemption_id)


def move(loyalty: Loyalty, member: str) -> None:
    loyalty.adjust(member, "points", 5, reason="kindness", actor="ann", key="a")
    other = loyalty.enrol({"email": "bob@example.org"}, key="b").id
    loyalty.transfer(member, other, "points", 3, key="c")
    loyalty.merge(member, other, key="d")
    loyalty.unmerge(other, key="e")


def forget(loyalty: Loyalty, member: str) -> None:
    loyalty.adjust(member, "points", 5, reason="kindness", actor="ann", key="a")
    other = loyalty.enrol({"email": "bob@example.org"}, key="b").id
    loyalty.transfer(member, other, "points", 3, key="c")
    loyalty.erase(member, reason="asked", actor="ann", key="d")


WORKS: dict[str, Callable[[Loyalty, str], object]] = {
    "statement": lambda loyalty, member: loyalty.statement(member),
    "history": lambda loyalty, member: loyalty.history(member),
    "habits": lambda loyalty, member: loyalty.habits(member),
    "find": lambda loyalty, _: loyalty.find({"email": "ada@example.org"}),
    "redeem": lambda loyalty, member: loyalty.redeem(member, points=1, key="k"),
    "hold": spend_held,
    "record": lambda loyalty, _: loyalty.record(order("3", at=START + timedelta(days=6))),
    "refund": lambda loyalty, _: loyalty.record(refund("r", at=START + timedelta(days=13))),
    "move": move,
    "export": lambda loyalty, member: loyalty.export(member),
    "erase": forget,
    "tick": lambda loyalty, _: loyalty.tick(),
}


@pytest.mark.parametrize("analysed", [False, True], ids=["new", "analysed"])
@pytest.mark.parametrize("work", WORKS.values(), ids=WORKS)
def test_no_large_table_is_walked_through(
    sqlite_url: str, work: Callable[[Loyalty, str], object], analysed: bool
) -> None:
    assert scanned(sqlite_url, work, analysed=analysed) == []
