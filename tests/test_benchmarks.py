"""The benchmarks run and leave sound books, at sizes that say nothing of speed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks import growth
from benchmarks.__main__ import page, row, together
from benchmarks.cases import CASES, Case
from benchmarks.shop import Measured, Shop
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
