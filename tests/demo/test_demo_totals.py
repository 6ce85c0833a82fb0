"""The demo's totals, for every member, against plain arithmetic over the raw file.

The expected numbers are worked out here from orders.csv alone: none of the SDK's code is used.
"""

import csv
import json
import os
import random
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Set
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pytest

from loyalty_core import Loyalty, RecordStatus
from loyalty_core.cli.demo.program import DemoProgram, DemoResult, play

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "examples" / "cdnow"
LAST_DAY = date(1998, 6, 30)
DOUBLE_DAYS = {"1997-02-15", "1997-02-16"}
ORDERS, MEMBERS = 6_919, 2_357
NIGHTLY = bool(os.environ.get("LOYALTY_NIGHTLY"))
FEW = 400
"""So many orders are enough where it is no matter what they come to."""


class Points(NamedTuple):
    """What a member, or all of them, earned; what of it expired; what is left."""

    issued: int
    expired: int
    outstanding: int


def raw_lines() -> tuple[str, list[str]]:
    header, *lines = (DATA / "orders.csv").read_text(encoding="utf-8").splitlines()
    return header, lines


def expected() -> dict[str, Points]:
    """Each customer's points: a whole dollar is a point, two on a double day, for twelve months."""
    issued: Counter[str] = Counter()
    expired: Counter[str] = Counter()
    with (DATA / "orders.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            dollars, _, cents = row["amount"].partition(".")
            assert len(cents) == 2
            points = int(dollars) * (2 if row["date"] in DOUBLE_DAYS else 1)
            issued[row["customer_id"]] += points
            bought = date.fromisoformat(row["date"])
            if bought.replace(year=bought.year + 1) <= LAST_DAY:
                expired[row["customer_id"]] += points
    return {
        customer: Points(total, expired[customer], total - expired[customer])
        for customer, total in issued.items()
    }


def in_file_order(lines: list[str]) -> list[str]:
    return lines


def shuffled(lines: list[str]) -> list[str]:
    mixed = list(lines)
    random.Random(19980630).shuffle(mixed)
    return mixed


def every_tenth_twice(lines: list[str]) -> list[str]:
    """Half of the second copies follow their first at once, half come at the very end."""
    result, late = [], []
    for number, line in enumerate(lines):
        result.append(line)
        if number % 20 == 0:
            result.append(line)
        elif number % 20 == 10:
            late.append(line)
    return result + late


def shuffled_and_some_twice(lines: list[str]) -> list[str]:
    return every_tenth_twice(shuffled(lines))


Arrangement = Callable[[list[str]], list[str]]
ARRANGEMENTS: list[Arrangement] = [shuffled_and_some_twice]
"""By day the one that is hardest; in its own order the file is played by the demo's own command."""
if NIGHTLY:
    ARRANGEMENTS += [in_file_order, shuffled, every_tenth_twice]


@pytest.fixture(params=ARRANGEMENTS, ids=lambda how: how.__name__)
def arranged(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A data folder whose orders come in one of the arrangements."""
    arrange: Arrangement = request.param
    return folder_of(tmp_path / "data", arrange(raw_lines()[1]))


def folder_of(folder: Path, lines: list[str]) -> Path:
    """A data folder of these orders."""
    folder.mkdir()
    shutil.copy(DATA / "loyalty.toml", folder)
    text = "\n".join([raw_lines()[0], *lines]) + "\n"
    (folder / "orders.csv").write_text(text, encoding="utf-8")
    return folder


def test_every_member_has_what_the_raw_file_says(
    arranged: Path, database_url: str, tmp_path: Path
) -> None:
    customers = expected()
    rows = len((arranged / "orders.csv").read_text(encoding="utf-8").splitlines()) - 1
    program = DemoProgram.of(arranged, database_url, tmp_path)
    with program.opened() as loyalty:
        result = play(loyalty, program, quiet=True)
        found = balances(loyalty, customers.keys())
        checked = loyalty.verify()

    assert result.imported.counts == {
        RecordStatus.BOOKED: ORDERS,
        **({RecordStatus.DUPLICATE: rows - ORDERS} if rows > ORDERS else {}),
    }
    assert result.imported.enrolled == MEMBERS
    assert_totals(result, customers)
    assert found == customers
    assert checked.problems == ()


def balances(loyalty: Loyalty, customers: Set[str]) -> dict[str, Points]:
    """What the SDK says of every customer."""
    ids = {}
    for top in loyalty.report(top=10 * MEMBERS).top_members:
        (identity,) = top.member.identities
        assert (identity.kind, identity.source) == ("customer_id", "cdnow")
        ids[identity.value] = top.member.id
    for customer in customers - ids.keys():  # they only ever got something for nothing
        member = loyalty.find({"customer_id": customer}, source="cdnow")
        assert member is not None, customer
        ids[customer] = member.id
    statements = loyalty.statements(list(ids.values()))
    wallets = {name: statements[member].wallet("points") for name, member in ids.items()}
    assert all(wallet.available == wallet.balance for wallet in wallets.values())
    return {
        customer: Points(wallet.earned, wallet.expired, wallet.balance)
        for customer, wallet in wallets.items()
    }


def assert_totals(result: DemoResult, customers: dict[str, Points]) -> None:
    (wallet,) = result.report.wallets
    total = Points(*(sum(column) for column in zip(*customers.values(), strict=True)))
    assert Points(wallet.issued, wallet.expired, wallet.outstanding) == total
    assert (wallet.redeemed, wallet.adjusted, wallet.due, wallet.debt) == (0, 0, 0, 0)
    assert result.ticked.expired == {"points": total.expired}
    assert wallet.worth is not None
    assert (wallet.worth.amount_minor, wallet.worth.currency) == (total.outstanding, "USD")
    assert (result.report.members, result.report.orders) == (MEMBERS, ORDERS)
    best = sorted((points.issued for points in customers.values()), reverse=True)[:10]
    assert [top.earned for top in result.report.top_members] == best


def test_playing_the_demo_again_books_nothing(sqlite_url: str, tmp_path: Path) -> None:
    few = folder_of(tmp_path / "data", raw_lines()[1][:FEW])
    program = DemoProgram.of(few, sqlite_url, tmp_path)
    with program.opened() as loyalty:
        first = play(loyalty, program, quiet=True)
        second = play(loyalty, program, quiet=True)
    assert first.imported.counts == {RecordStatus.BOOKED: FEW}
    assert second.imported.counts == {RecordStatus.DUPLICATE: FEW}
    assert second.ticked.expired == {}
    assert second.report == first.report
    assert second.statement == first.statement


def demo(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "loyalty_core.cli", "demo", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def test_the_demo_checks_itself_over_http() -> None:
    pytest.importorskip("loyalty_gateway")
    done = demo("--check", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    document = json.loads(done.stdout)
    totals = [sum(column) for column in zip(*expected().values(), strict=True)]
    (wallet,) = document["report"]["wallets"]
    assert [wallet[name]["units"] for name in Points._fields] == totals
    assert document["ok"] is True
    assert [outcome["ok"] for outcome in document["checks"]] == [True, True, True]
    assert not Path(document["database"].removeprefix("sqlite:///")).exists()


def test_the_demo_prints_its_books_and_three_queries(tmp_path: Path) -> None:
    pytest.importorskip("loyalty_gateway")
    few = folder_of(tmp_path / "data", raw_lines()[1][:FEW])
    done = demo("--check", "--data", str(few))
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("curl -s http://127.0.0.1:") == 3
    assert done.stdout.count("\nequal: ") == 3
    assert "\x1b" not in done.stdout


def test_the_demo_says_where_its_data_are_missed(tmp_path: Path) -> None:
    done = demo("--data", str(tmp_path))
    assert done.returncode == 1
    assert f"at: {tmp_path / 'loyalty.toml'}" in done.stderr
    assert "--data DIR" in done.stderr
    assert "Traceback" not in done.stderr
