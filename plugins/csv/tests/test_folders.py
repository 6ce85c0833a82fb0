"""Folders: each file once, whatever is in it and whenever it stops."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from loyalty_core import ConfigError, Loyalty, PlatformUnavailable, Program, read_settings
from loyalty_core.testing import FrozenClock
from loyalty_csv import connector
from loyalty_csv.config import CsvConfig
from loyalty_csv.connector import FolderConnector
from loyalty_csv.files import DiskFolder

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
HEADER = "order_id,date,email,amount\n"
FOLDER = "csv.till"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "till"
    made.mkdir()
    return made


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(NOW)


def config_of(folder: Path, **settings: Any) -> dict[str, Any]:
    watched = {"account": "till", "path": str(folder), **settings}
    return {
        "program": {"id": "shop", "currency": "EUR"},
        "wallets": {"points": {}},
        "plugins": {
            "points": {"earn": [{"rule": "base", "rate": {"EUR": "1"}}]},
            "csv": {"folder": [watched]},
        },
    }


@pytest.fixture
def loyalty(database_url: str, folder: Path, clock: FrozenClock) -> Iterator[Loyalty]:
    with Loyalty.open(config_of(folder), database_url, clock=clock) as made:
        yield made


def put(folder: Path, name: str, text: str, *, seconds: int = 60) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    then = path.stat().st_mtime - seconds
    os.utime(path, (then, then))
    return path


def points(loyalty: Loyalty) -> int:
    found = loyalty.find({"email": "ada@example.org"})
    return loyalty.statement(found.id).wallet("points").balance if found else 0


def rows(*numbers: int, amount: str = "10.00") -> str:
    lines = [f"{number},2026-05-01,ada@example.org,{amount}\n" for number in numbers]
    return HEADER + "".join(lines)


def names(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir() if one.is_file())


def test_tick_books_what_was_put_there_and_moves_it(
    loyalty: Loyalty, folder: Path, clock: FrozenClock
) -> None:
    put(folder, "a.csv", rows(1, 2))
    put(folder, "b.jsonl", json.dumps(activity()) + "\n")
    assert loyalty.tick().polled == 3
    assert points(loyalty) == 20
    assert (names(folder), names(folder / "done")) == ([], ["a.csv", "b.jsonl"])
    clock.advance(minutes=1)
    assert loyalty.tick().polled == 0
    put(folder, "a.csv", rows(2, 3))  # another file of the name, with a row that was there
    clock.advance(minutes=1)
    loyalty.tick()
    assert points(loyalty) == 30
    assert names(folder / "done") == ["a.1.csv", "a.csv", "b.jsonl"]


def activity() -> dict[str, Any]:
    return {
        "type": "activity",
        "id": "x",
        "kind": "review",
        "occurred_at": "2026-05-01T10:00:00Z",
        "identities": {"email": "ada@example.org"},
    }


def test_what_is_being_written_or_is_no_file_of_facts_is_left_alone(
    loyalty: Loyalty, folder: Path
) -> None:
    put(folder, "now.csv", rows(1), seconds=0)
    put(folder, ".hidden.csv", rows(2))
    put(folder, "half.csv.part", rows(3))
    (folder / "sub.csv").mkdir()
    assert loyalty.reconcile(FOLDER).inputs == 0
    assert names(folder) == [".hidden.csv", "half.csv.part", "now.csv"]


def test_bad_rows_are_kept_to_be_seen_and_the_others_booked(loyalty: Loyalty, folder: Path) -> None:
    bad = "5,2026-05-01,ada@example.org,ten\n6,2026-05-01\n7,never,ada@example.org,1.00\n"
    put(folder, "a.csv", rows(1) + bad + "8,2026-05-01,ada@example.org,5.00\n")
    put(folder, "b.csv", "nothing,useful\n1,2\n")
    put(folder, "c.csv", "")
    report = loyalty.reconcile(FOLDER)
    assert (report.missing, report.refused) == (2, 5)
    assert points(loyalty) == 15
    status = loyalty.connector_status(FOLDER)
    assert status.dead == 5
    assert any("a.csv, line 4" in one.error for one in status.failed_messages)
    assert names(folder) == []


def test_a_walk_that_dies_anywhere_books_each_row_once(
    loyalty: Loyalty, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connector, "ROWS_A_PAGE", 3)
    put(folder, "a.csv", rows(*range(8), amount="1.00"))
    put(folder, "b.csv", rows(*range(8, 14), amount="1.00"))
    real, left = connector.FolderConnector.changed_since, 0

    def dying(self: Any, cursor: str) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            raise OSError("the process ends here")
        return real(self, cursor)

    monkeypatch.setattr(connector.FolderConnector, "changed_since", dying)
    for _ in range(6):
        left = 1
        with pytest.raises(OSError, match="ends here"):
            loyalty.reconcile(FOLDER)
    left = 99
    loyalty.reconcile(FOLDER)
    assert points(loyalty) == 14
    assert names(folder / "done") == ["a.csv", "b.csv"]


def test_a_walk_that_dies_after_booking_books_nothing_twice(
    loyalty: Loyalty, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(folder, "a.csv", rows(1, 2))

    def dying(*_: Any) -> None:
        raise OSError("the process ends here")

    with monkeypatch.context() as patched:
        patched.setattr(loyalty._connections.walking, "_keep", dying)
        with pytest.raises(OSError, match="ends here"):
            loyalty.reconcile(FOLDER)
    assert (points(loyalty), names(folder)) == (20, ["a.csv"])
    report = loyalty.reconcile(FOLDER)
    assert (report.agreed, points(loyalty), names(folder)) == (2, 20, [])


def test_a_file_that_is_written_anew_before_it_is_moved_is_read_anew(
    loyalty: Loyalty, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connector, "ROWS_A_PAGE", 3)
    put(folder, "a.csv", rows(1, 2, amount="1.00"))
    loyalty.reconcile(FOLDER, pages=1)
    assert (points(loyalty), names(folder)) == (2, ["a.csv"])
    put(folder, "a.csv", rows(2, 3, 4, 5, 6, amount="1.00"))
    loyalty.reconcile(FOLDER, pages=1)
    assert points(loyalty) == 4
    put(folder, "b.csv", rows(7, amount="1.00"))
    (folder / "b.csv").rename(folder / "a.csv")
    loyalty.reconcile(FOLDER)
    assert points(loyalty) == 7
    assert names(folder / "done") == ["a.csv"]


def test_a_file_that_is_taken_away_meanwhile_is_none(
    loyalty: Loyalty, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(folder, "a.csv", rows(1))
    put(folder, "b.csv", rows(2))
    real = DiskFolder.opened

    def opened(self: DiskFolder, name: str, version: str) -> BinaryIO:
        (folder / "a.csv").unlink(missing_ok=True)
        return real(self, name, version)

    monkeypatch.setattr(DiskFolder, "opened", opened)
    assert (loyalty.reconcile(FOLDER).missing, points(loyalty)) == (1, 10)


def test_what_comes_before_a_file_breaks_is_booked(loyalty: Loyalty, folder: Path) -> None:
    path = put(folder, "a.csv", rows(1, 2))
    path.write_bytes(path.read_bytes() + b"\xff\xfe\n")
    os.utime(path, (0, 0))
    report = loyalty.reconcile(FOLDER)
    assert (report.missing, report.refused, points(loyalty)) == (2, 1, 20)


def test_a_folder_that_is_gone_is_waited_for(loyalty: Loyalty, folder: Path) -> None:
    assert loyalty.connector_health(FOLDER).ok
    (folder / "done").rmdir()
    folder.rmdir()
    assert not loyalty.connector_health(FOLDER).ok
    with pytest.raises(PlatformUnavailable):
        loyalty.reconcile(FOLDER)
    assert loyalty.tick().polled == 0


def test_activities_other_columns_and_lines_of_orders(folder: Path, clock: FrozenClock) -> None:
    settings = {
        "group_lines": True,
        "delimiter": ";",
        "maps": {"amount": "Betrag"},
        "date_format": "%d.%m.%Y",
    }
    text = "id;date;email;Betrag\n1;01.05.2026;ada@example.org;3.00\n1;01.05.2026;;4.00\n"
    put(folder, "a.csv", text)
    with Loyalty.open(config_of(folder, **settings), "sqlite://", clock=clock) as loyalty:
        assert loyalty.reconcile(FOLDER).missing == 1
        assert points(loyalty) == 7


@pytest.mark.parametrize(("holds", "earned"), [("facts", 5), ("orders", 0)])
def test_rows_are_what_the_folder_holds(
    folder: Path, clock: FrozenClock, holds: str, earned: int
) -> None:
    put(folder, "a.csv", "id,date,email,kind\n1,2026-05-01,ada@example.org,review\n")
    config = config_of(folder, holds=holds)
    config["plugins"]["points"] = {"activity": [{"rule": "r", "kind": "review", "points": "5"}]}
    with Loyalty.open(config, "sqlite://", clock=clock) as loyalty:
        loyalty.reconcile(FOLDER)
        assert points(loyalty) == earned


def test_faults_of_the_settings_name_their_place(folder: Path) -> None:
    settings = {
        "account": "A b",
        "quiet_seconds": -1,
        "delimiter": "ab",
        "currency": "???",
        "time_zone": "Europe/Nowhere",
    }
    with pytest.raises(ConfigError) as refused:
        Loyalty.open(config_of(folder, **settings), "sqlite://")
    assert [one.where.rpartition("]")[2] for one in refused.value.problems] == (
        [".account", ".quiet_seconds", ".delimiter", ".currency", ".time_zone"]
    )


@pytest.mark.parametrize(("minutes", "every"), [(15, timedelta(minutes=15)), (0, None)])
def test_a_folder_is_looked_into_as_often_as_is_said(
    folder: Path, minutes: int, every: timedelta | None
) -> None:
    config = config_of(folder, every_minutes=minutes)
    read = read_settings(CsvConfig, config["plugins"]["csv"], where="plugins.csv")
    (watched,) = read.folder
    assert (
        FolderConnector(watched, Program(id="shop"), DiskFolder(folder, 0, FOLDER)).polled_every
        == every
    )
