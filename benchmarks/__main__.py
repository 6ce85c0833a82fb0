"""Measures the SDK beside hand-written SQL on the same driver, in the same run.

    tox run -e bench -- [--quick] [--json FILE]

One table: operations a second of both, medians of several runs with their spread, and the ratio.
Ratios can be compared between machines, the rates cannot. Nothing here passes or fails.
"""

import argparse
import csv
import json
import platform
import shutil
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.cases import CASES, Measured, Shop
from tests import postgres

ORDERS = Path("examples/cdnow/orders.csv")
DURABLE = ("listen_addresses=", "max_connections=50", "log_min_messages=fatal")


def main() -> None:
    options = argparse.ArgumentParser(prog="bench", description=__doc__.splitlines()[0])
    options.add_argument("--quick", action="store_true", help="fewer operations, fewer runs")
    options.add_argument("--json", metavar="FILE", type=Path, help="write the rows as JSON, too")
    chosen = options.parse_args()
    runs = 3 if chosen.quick else 5
    with ORDERS.open(newline="") as file:
        orders = list(csv.DictReader(file))[: 1500 if chosen.quick else None]
    rows = [row(done) for done in measure(orders, runs)]
    show(rows)
    if chosen.json:
        chosen.json.write_text(json.dumps(rows, indent=2) + "\n")


def measure(orders: list[dict[str, str]], runs: int) -> Iterator[list[Measured]]:
    """For each database and case, what every run of it measured."""
    with ExitStack() as stack:
        home = Path(tempfile.mkdtemp(prefix="loyalty-bench-"))
        stack.callback(shutil.rmtree, home, ignore_errors=True)
        process, server = postgres.start(home, DURABLE)
        stack.callback(postgres.stop, process)
        for name in ("SQLite", "PostgreSQL"):
            for case in CASES:
                done = []
                for run in range(runs):
                    url = f"sqlite:///{home / f'{case.__name__}-{run}.db'}"
                    if name == "PostgreSQL":
                        url = server.create_database()
                    with Shop(url, orders) as shop:
                        done.append(case(name, shop))
                yield done


def row(done: list[Measured]) -> dict[str, object]:
    ours = statistics.median(one.ours for one in done)
    raw = statistics.median(one.raw for one in done)
    return {
        "name": done[0].name,
        "ours": round(ours),
        "ours_spread": [round(min(one.ours for one in done)), round(max(one.ours for one in done))],
        "reference": round(raw),
        "ratio": round(statistics.median(one.ours / one.raw for one in done), 3),
        "runs": len(done),
    }


def show(rows: list[dict[str, object]]) -> None:
    table = Table(title=f"Operations a second ({platform.machine()}, {platform.python_version()})")
    table.add_column("work")
    for heading in ("ours", "spread", "hand-written SQL", "ratio"):
        table.add_column(heading, justify="right")
    for one in rows:
        low, high = one["ours_spread"]  # type: ignore[misc]
        table.add_row(
            str(one["name"]),
            f"{one['ours']:,}",
            f"{low:,} to {high:,}",
            f"{one['reference']:,}",
            f"{one['ratio']:.2f}",
        )
    Console().print(table)


main()
