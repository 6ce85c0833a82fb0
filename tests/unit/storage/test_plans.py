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
    "waiting",
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
    config = config_of(wallet=wallet, settings={"pending_days": 10}, join="opt_in")
    with Loyalty.open(config, engine, plugins=[Toy()], clock=clock) as loyalty:
        member = loyalty.enrol({"email": "ada@example.org"}).id
        loyalty.record(order())
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


def forget_guests(loyalty: Loyalty, member: str) -> None:
    loyalty.record(order("g1", email=None, identities={"card": "17"}))
    loyalty.erase_guest({"card": "17"}, reason="asked", actor="ann", key="d")
    loyalty.erase(member, reason="asked", actor="ann", key="e")


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
    "erase guests": forget_guests,
    "tick": lambda loyalty, _: loyalty.tick(),
}


@pytest.mark.parametrize("analysed", [False, True], ids=["new", "analysed"])
@pytest.mark.parametrize("work", WORKS.values(), ids=WORKS)
def test_no_large_table_is_walked_through(
    sqlite_url: str, work: Callable[[Loyalty, str], object], analysed: bool
) -> None:
    assert scanned(sqlite_url, work, analysed=analysed) == []


# -- guests ---------------------------------------------------------------------------------------

FACTS = """
    INSERT INTO loyalty_fact SELECT (jsonb_populate_record(one, jsonb_build_object(
        'id', gen_random_uuid(), 'external_id', 'x' || number))).*
    FROM loyalty_fact AS one, generate_series(1, 20000) AS number"""
WAITING = """
    INSERT INTO loyalty_waiting SELECT (jsonb_populate_record(one, jsonb_build_object(
        'fact_id', fact.id, 'value', external_id))).*
    FROM loyalty_waiting AS one, loyalty_fact AS fact WHERE fact.id <> fact_id"""
MANY = (FACTS, WAITING, "ANALYZE loyalty_fact", "ANALYZE loyalty_waiting")


def test_guests_are_forgotten_by_an_index_on_postgresql(postgresql_url: str) -> None:
    """Of twenty thousand facts of guests, those of one are found without reading the others."""
    engine, walks = open_engine(postgresql_url), list[str]()
    config = config_of(join="opt_in")

    def explain(connection: Any, _: Any, text: str, given: Any, __: Any, many: bool) -> None:
        if not text.startswith(("SELECT", "UPDATE", "DELETE", "WITH")):
            return
        driver = connection.connection.driver_connection
        plan = driver.execute(f"EXPLAIN {text}", given[0] if many else given)
        large = re.compile(r"Seq Scan on loyalty_(fact|waiting)\b")
        walks.extend(f"{row[0]}: {text}" for row in plan if large.search(row[0]))

    with Loyalty.open(config, engine, plugins=[Toy()], clock=FrozenClock(START)) as loyalty:
        ada = loyalty.enrol({"email": "ada@example.org"}).id
        loyalty.record(order("1", identities={"card": "17"}))
        with engine.begin() as connection:
            for text in MANY:
                connection.exec_driver_sql(text)
        engine.dispose()
        event.listen(engine, "before_cursor_execute", explain)
        guest = loyalty.erase_guest({"card": "17"}, reason="asked", actor="ann", key="d")
        assert guest.facts == 1
        loyalty.erase(ada, reason="asked", actor="ann", key="e")
    engine.dispose()
    assert walks == []
