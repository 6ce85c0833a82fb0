"""Measures the SDK beside hand-written SQL on the same driver, in the same run.

    tox run -e bench -- [--quick] [--json FILE] [--results FILE] [--only WORD]

One table: operations a second of both, medians of several runs with their spread, and the ratio.
Ratios can be compared between machines, the rates cannot. Nothing here passes or fails.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sqlite3
import statistics
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
from rich.console import Console
from rich.table import Table

from benchmarks.cases import CASES, Case
from benchmarks.shop import Measured, Shop
from tests import postgres

DURABLE = ("listen_addresses=", "max_connections=50", "log_min_messages=fatal")
Row = dict[str, Any]
DATABASES = ("SQLite", "PostgreSQL")
COLUMNS = (
    "work",
    "size",
    "ours",
    "spread",
    "reference",
    "ratio",
    "target",
    "p99 ms",
    "reference's",
)

ABOUT = """\
Operations a second, or megabytes where it says MB: medians. The ratio is that of each run, ours to
the reference (of megabytes the other way round): its median and its spread. The reference leaves
the same rows by hand on the same driver, or is what the case's docstring says. Compare ratios, not
rates. Rows with a star were measured while the machine had much to do, else or, with many callers,
for the row itself: both sides are slower then, and Python more than a database, so ours more than
the hand-written form. A row stays as it was until it is measured again."""


def main() -> None:
    options = argparse.ArgumentParser(prog="bench", description=(__doc__ or "").splitlines()[0])
    options.add_argument("--quick", action="store_true", help="fewer operations, fewer runs")
    options.add_argument("--json", metavar="FILE", type=Path, help="put the rows into a JSON file")
    options.add_argument("--results", metavar="FILE", type=Path, help="write that as a page, too")
    options.add_argument("--only", metavar="WORD", default="", help="cases with this in the name")
    chosen = options.parse_args()
    cases = [case for case in CASES if chosen.only in case.name]
    machine, rows = measure(cases, quick=chosen.quick)
    show(rows)
    if chosen.json:
        rows = together(chosen.json, rows)
        chosen.json.write_text(json.dumps({"machine": machine, "rows": rows}, indent=2) + "\n")
    if chosen.results:
        chosen.results.write_text(page(machine, rows))


def together(file: Path, rows: list[Row]) -> list[Row]:
    """These rows, and those of the file that were not measured again, in the order of the cases."""
    known = json.loads(file.read_text())["rows"] if file.exists() else []
    found = {one["name"]: one for one in (*known, *rows)}
    every = (f"{database}: {case.name}" for database in DATABASES for case in CASES)
    return [found[name] for name in every if name in found]


def measure(cases: list[Case], *, quick: bool) -> tuple[str, list[Row]]:
    """The machine in words, and a row for each database and case."""
    with ExitStack() as stack:
        home = Path(tempfile.mkdtemp(prefix="loyalty-bench-"))
        stack.callback(shutil.rmtree, home, ignore_errors=True)
        process, server = postgres.start(home, DURABLE)
        stack.callback(postgres.stop, process)
        rows = []
        for name in DATABASES:
            for case in cases:
                if case.missing:
                    say(f"{case.name}: {case.peer} is not installed")
                elif name in case.target:
                    done = list(runs(case, name, server, home, quick=quick))
                    rows.append(row(case, name, done, quick=quick))
        with psycopg.connect(server.url("postgres").replace("+psycopg", "")) as connection:
            version = connection.info.parameter_status("server_version")
    return described(str(version)), rows


def runs(
    case: Case, database: str, server: postgres.PostgresServer, home: Path, *, quick: bool
) -> Iterator[Measured]:
    times = min(case.runs, 3) if quick else case.runs
    for number in range(times):
        say(f"{database}: {case.name}, run {number + 1} of {times}")
        place = Path(tempfile.mkdtemp(dir=home))
        url = f"sqlite:///{place / 'bench.db'}"
        if database == "PostgreSQL":
            url = server.create_database()
        with Shop(url, full=case.full) as shop:
            yield case.run(shop, case.quick if quick else case.size)
        shutil.rmtree(place)


def say(line: str) -> None:
    """Progress, for those who wait."""
    print(line, file=sys.stderr, flush=True)


def row(case: Case, database: str, done: list[Measured], *, quick: bool) -> Row:
    slowest = [one.p99_ms for one in done if one.p99_ms is not None]
    theirs = [one.reference_p99_ms for one in done if one.reference_p99_ms is not None]
    ratios = [one.ratio for one in done]
    return {
        "name": f"{database}: {case.name}",
        "size": case.quick if quick else case.size,
        "ours": round(statistics.median(one.ours for one in done)),
        "reference": round(statistics.median(one.reference for one in done)),
        "ratio": round(statistics.median(ratios), 2),
        "ratio_spread": [round(min(ratios), 2), round(max(ratios), 2)],
        "target": case.target[database],
        "p99_ms": round(statistics.median(slowest), 1) if slowest else None,
        "reference_p99_ms": round(statistics.median(theirs), 1) if theirs else None,
        "runs": len(done),
        "busy": os.getloadavg()[0] > 2 * (os.cpu_count() or 1),
    }


def cells(one: Row) -> list[str]:
    low, high = one["ratio_spread"]
    return [
        one["name"] + ("*" if one.get("busy") else ""),
        f"{one['size']:,}",
        f"{one['ours']:,}",
        f"{low:.2f} to {high:.2f}",
        f"{one['reference']:,}",
        f"{one['ratio']:.2f}",
        f"{one['target']:.2f}",
        "" if one["p99_ms"] is None else f"{one['p99_ms']:,}",
        "" if one["reference_p99_ms"] is None else f"{one['reference_p99_ms']:,}",
    ]


def show(rows: list[Row]) -> None:
    table = Table(title="Operations a second")
    for heading in COLUMNS:
        table.add_column(heading, justify="left" if heading == "work" else "right")
    for one in rows:
        table.add_row(*cells(one))
    Console(width=130).print(table)


def described(postgresql: str) -> str:
    info = Path("/proc/cpuinfo")
    names = info.read_text().splitlines() if info.exists() else []
    model = next((line.split(":")[1].strip() for line in names if "model name" in line), "")
    return (
        f"{model or platform.machine()}, {os.cpu_count()} cores; Python "
        f"{platform.python_version()}, SQLite {sqlite3.sqlite_version}, PostgreSQL {postgresql}, "
        f"psycopg {psycopg.__version__}"
    )


def page(machine: str, rows: list[Row]) -> str:
    lines = ["| " + " | ".join(cells(one)) + " |" for one in rows]
    head = ["| " + " | ".join(COLUMNS) + " |", "|---" + "|---:" * (len(COLUMNS) - 1) + "|"]
    written = "Written by `python -m benchmarks --json FILE --results benchmarks/RESULTS.md`."
    parts = (["# Results"], [written], [f"{machine}."], [ABOUT], [*head, *lines], *bounds(rows))
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def bounds(rows: list[Row]) -> Iterator[list[str]]:
    """What is known of each case that stays below its target on a database."""
    below = {one["name"].split(": ", 1)[1] for one in rows if one["ratio"] < one["target"]}
    found: dict[str, list[str]] = {}
    for case in CASES:
        if case.name in below and case.bound:
            found.setdefault(case.bound, []).append(case.name)
    if found:
        yield ["## What bounds those below their target"]
    for bound, names in found.items():
        yield [textwrap.fill(f"**{'; '.join(names)}.** {bound}", 100)]


if __name__ == "__main__":
    main()
