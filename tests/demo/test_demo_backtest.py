"""A backtest over the demo's real orders, against plain arithmetic over the raw file."""

import csv
import shutil
from collections import Counter
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from loyalty_core import Figures
from loyalty_core.cli.demo.program import DemoProgram, play
from tests.demo.test_demo_totals import DATA, DOUBLE_DAYS, raw_lines

SINCE = date(1997, 6, 1)
MONTHS_KEPT = 6


def figures(rows: list[dict[str, str]], rate: int, kept: int) -> dict[str, Figures]:
    """Each month since then, at so many points for a dollar that last so many months."""
    earned: Counter[str] = Counter()
    expired: Counter[str] = Counter()
    last = max(date.fromisoformat(row["date"]) for row in rows)
    for row in rows:
        bought, cents = date.fromisoformat(row["date"]), int(row["amount"].replace(".", ""))
        late = bought >= SINCE
        twice = 2 if row["date"] in DOUBLE_DAYS else 1
        points = cents * rate // 100 if late else cents // 100 * twice
        earned[month(bought) if late else ""] += points
        ends = later(bought, kept if late else 12)
        if ends <= last:
            expired[month(ends)] += points
    found, owed, name = {}, earned[""], SINCE
    while name <= last:
        key = month(name)
        owed += earned[key] - expired[key]
        found[key] = Figures(earned=earned[key], expired=expired[key], owed=owed)
        name = later(name, 1)
    return found


def month(day: date) -> str:
    return day.isoformat()[:7]


def later(day: date, months: int) -> date:
    """So many months later, or the last day of that month."""
    years, place = divmod(day.month - 1 + months, 12)
    for number in range(day.day, 27, -1):
        try:
            return date(day.year + years, place + 1, number)
        except ValueError:
            continue
    return date(day.year + years, place + 1, min(day.day, 28))


def extract(folder: Path) -> list[dict[str, str]]:
    """Every sixth customer's orders, written to a data folder of the demo."""
    shutil.copy(DATA / "loyalty.toml", folder)
    header, lines = raw_lines()
    rows = [row for row in csv.DictReader([header, *lines]) if int(row["customer_id"]) % 6 == 0]
    with (folder / "orders.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, header.split(","))
        writer.writeheader()
        writer.writerows(rows)
    return rows


def test_another_rate_and_expiry_are_what_the_raw_file_says(tmp_path: Path) -> None:
    rows = extract(tmp_path)
    members = len({row["customer_id"] for row in rows})
    program = DemoProgram.of(tmp_path, f"sqlite:///{tmp_path / 'live.db'}", tmp_path)
    text = program.config.read_text(encoding="utf-8")
    new = text.replace('rate = { USD = "1" }', 'rate = { USD = "3" }')
    new = new.replace("after_months = 12", f"after_months = {MONTHS_KEPT}")
    other = tmp_path / "new.toml"
    other.write_text(new, encoding="utf-8")
    told: list[tuple[int, int]] = []
    with program.opened() as loyalty:
        play(loyalty, program, quiet=True)
        since = datetime(SINCE.year, SINCE.month, SINCE.day, tzinfo=ZoneInfo("America/New_York"))
        found = loyalty.backtest(
            other, since=since, progress=lambda done, total: told.append((done, total))
        )
        same = loyalty.backtest(program.config, since=since)
    assert {one.about: one.was for one in found.months} == figures(rows, 1, 12)
    assert {one.about: one.would for one in found.months} == figures(rows, 3, MONTHS_KEPT)
    assert told[-1] == (3 * members, 3 * members)
    assert not same.differs
