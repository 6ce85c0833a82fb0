"""The example program: its files, its moment, and its books once everything is imported."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from loyalty_core.application.config import load_config
from loyalty_core.cli.booking import Outcome
from loyalty_core.cli.importing import FileSpec, import_file
from loyalty_core.cli.progress import meter
from loyalty_core.domain.clock import start_of
from loyalty_core.domain.receipts import TickReport
from loyalty_core.domain.statements import Report, Statement
from loyalty_core.errors import EncodingBroken, FactError
from loyalty_core.loyalty import Loyalty

SOURCE = "cdnow"
MAPS = {"quantity": "cds"}
TOP = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoProgram:
    """The files of the demo, its database, and the moment at which its clock stands still."""

    config: Path
    orders: Path
    database: str
    folder: Path
    at: datetime

    @staticmethod
    def of(data: Path, database: str | None, folder: Path) -> DemoProgram:
        """The demo of a data folder; without a database, in a SQLite file in ``folder``.

        Raises ``FactError`` if the files are not there, ``ConfigError``.
        """
        config, orders = data / "loyalty.toml", data / "orders.csv"
        for path in (config, orders):
            if not path.is_file():
                raise FactError(
                    "the data of the demo are not here",
                    where=str(path),
                    remedy="Run it in a checkout of the project, or say where: --data DIR",
                )
        return DemoProgram(
            config=config,
            orders=orders,
            database=database or f"sqlite:///{folder / 'demo.db'}",
            folder=folder,
            at=_end_of(_last_day(orders), load_config(config).program.time_zone),
        )

    @contextmanager
    def opened(self) -> Iterator[Loyalty]:
        """The program, its clock standing at the end of the data."""
        with Loyalty.open(self.config, self.database, clock=lambda: self.at) as loyalty:
            yield loyalty


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoResult:
    """The books of the demo: what was imported, what expired, the totals and one statement."""

    imported: Outcome
    ticked: TickReport
    report: Report
    statement: Statement


def play(loyalty: Loyalty, program: DemoProgram, *, quiet: bool) -> DemoResult:
    """Imports the orders, runs the nightly jobs, and asks for the totals."""
    spec = FileSpec(
        path=str(program.orders),
        orders=True,
        source=SOURCE,
        maps=MAPS,
        rejects=program.folder / "orders.csv.rejects.jsonl",
    )
    imported = import_file(loyalty, spec, quiet=quiet)
    with meter("nightly jobs", "rows", None, quiet=quiet) as shown:
        ticked = loyalty.tick(progress=shown.update)
    report = loyalty.report(top=TOP)
    richest = max(report.top_members, key=lambda top: top.balance)
    statement = loyalty.statement(richest.member.id)
    return DemoResult(imported=imported, ticked=ticked, report=report, statement=statement)


def _last_day(orders: Path) -> date:
    with orders.open(encoding="utf-8", newline="") as file:
        days = [row["date"] for row in csv.DictReader(file) if row.get("date")]
    try:
        return date.fromisoformat(max(days))
    except ValueError:
        raise EncodingBroken("the file has no dates of orders", where=str(orders)) from None


def _end_of(day: date, time_zone: str) -> datetime:
    return start_of(day + timedelta(days=1), time_zone) - timedelta(seconds=1)
