"""The benchmarks run and leave sound books, at sizes that say nothing of speed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect

from benchmarks import growth, recording, spending
from benchmarks.__main__ import page, row, together
from benchmarks.by_hand import post
from benchmarks.cases import CASES, Case
from benchmarks.shop import FIRST, Measured, Shop, order
from loyalty_core.storage.queries import Queries
from tests.properties.engines import NIGHTLY

TINY = 40


def turns() -> Iterator[Any]:
    """Each case with a database that it has a target on: at night all of them, by day one."""
    for place, case in enumerate(CASES):
        databases = sorted(case.target)
        for database in databases if NIGHTLY else [databases[place % len(databases)]]:
            yield pytest.param(case, database.lower(), id=f"{database}: {case.name}")


@pytest.mark.parametrize(("case", "database_url"), list(turns()), indirect=["database_url"])
def test_a_case_runs(case: Case, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growth, "SMALL", TINY // 2)
    if case.missing:
        pytest.skip(f"{case.peer} is not installed")
    with Shop(database_url, full=case.full) as shop:
        measured = case.run(shop, TINY)
        assert shop.loyalty.verify().problems == ()
    assert measured.ours > 0
    assert measured.reference > 0


def test_what_is_done_by_hand_leaves_the_same_rows(database_url: str) -> None:
    with Shop(database_url) as shop:
        facts = [
            order(f"{customer}-{lot}", customer, FIRST + timedelta(days=lot))
            for customer in ("ours", "theirs")
            for lot in range(spending.LOTS)
        ]
        shop.loyalty.record_many(facts)
        ours, theirs = (
            shop.loyalty.find({"customer_id": customer}, source="shop").id
            for customer in ("ours", "theirs")
        )
        at = FIRST + timedelta(days=spending.LOTS)
        before = rows_of(shop)
        shop.loyalty.redeem(ours, points=100, key="ours")
        with shop.driver() as (cursor, connection):
            spending.redeem_by_hand(cursor, shop, theirs)
            connection.commit()
        spent = rows_of(shop)
        assert written(before, spent, ours) == written(before, spent, theirs) != {}
        shop.loyalty.record(order("one", "ours", at))
        with shop.driver() as (cursor, connection):
            post(cursor, shop, "theirs", theirs, order("other", "theirs", at))
            connection.commit()
        recorded = rows_of(shop)
        assert written(spent, recorded, ours) == written(spent, recorded, theirs) != {}
        assert shop.loyalty.verify().problems == ()


def rows_of(shop: Shop) -> dict[str, set[str]]:
    """All rows of the core's tables, as text."""
    names = (name for name in inspect(shop.engine).get_table_names() if name.startswith("loyalty_"))
    with shop.engine.connect() as connection:
        return {
            name: {str(tuple(row)) for row in connection.exec_driver_sql(f"SELECT * FROM {name}")}
            for name in names
        }


def written(before: dict[str, set[str]], after: dict[str, set[str]], member: str) -> dict[str, int]:
    """How many rows of each table that name the member were written since."""
    made = {table: rows - before[table] for table, rows in after.items()}
    found = {table: sum(member in row for row in rows) for table, rows in made.items()}
    return {table: count for table, count in found.items() if count}


def test_orders_are_recorded_in_time(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(Queries, "facts_since", lambda *given: asked.append(given) or ())
    with Shop(database_url) as shop:
        recording.record_one(shop, 2 * recording.MEMBERS)
    assert asked == []


def test_rows_of_earlier_runs_stay_in_the_table(tmp_path: Path) -> None:
    first, second = CASES[0], CASES[1]
    file = tmp_path / "rows.json"
    quiet = {"busy": False}  # whatever else the machine does
    old = [
        {**row(case, "SQLite", [Measured(2.0, 4.0)], quick=True), **quiet}
        for case in (second, first)
    ]
    file.write_text(json.dumps({"machine": "", "rows": old}))
    new = row(first, "SQLite", [Measured(3.0, 4.0), Measured(2.0, 4.0)], quick=False)
    rows = together(file, [{**new, **quiet}])
    assert [(one["name"], one["ratio"], one["size"]) for one in rows] == [
        (f"SQLite: {first.name}", 0.62, first.size),
        (f"SQLite: {second.name}", 0.5, second.quick),
    ]
    written = page("A machine", rows)
    assert f"| SQLite: {first.name} | {first.size:,} | 2 |" in written
    assert "below their target" not in written
    assert f"**{first.name}.** Of an order" in page("A machine", [{**rows[0], "ratio": 0.3}])


def test_of_megabytes_fewer_are_better() -> None:
    assert Measured(50.0, 25.0, costs=True).ratio == 0.5
    assert Measured(50.0, 25.0).ratio == 2.0
