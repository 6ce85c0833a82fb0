"""Object stores: each version of an object once, and nothing written there."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from random import Random

import pytest

from loyalty_core import Loyalty, PlatformUnavailable
from loyalty_core.testing import Asked, Fault, FrozenClock
from loyalty_csv import connector, objects
from plugins.csv.tests.build import FOLDER, booked, config_of, points, rows
from plugins.csv.tests.double import BUCKET, ObjectStore


def test_tick_books_what_is_there_and_leaves_it_there(
    loyalty: Loyalty, store: ObjectStore, clock: FrozenClock
) -> None:
    store.put("till/a.csv", rows(1, 2))
    store.put("till/b c+ü.csv", rows(3))
    store.put("till/empty.csv", "")
    for other in ("till/.hidden.csv", "till/a.pdf", "till/old/a.csv", "tills/a.csv", "a.csv"):
        store.put(other, rows(99))
    assert loyalty.tick().polled == 4
    assert (points(loyalty), loyalty.connector_status(FOLDER).dead) == (3, 1)
    clock.advance(minutes=1)
    assert loyalty.tick().polled == 0
    assert (store.written, len(store.objects)) == ([], 8)


def test_an_object_that_is_written_anew_is_read_anew(
    loyalty: Loyalty, store: ObjectStore, clock: FrozenClock
) -> None:
    store.put("till/a.csv", rows(1, 2))
    store.put("till/b.csv", rows(3))
    loyalty.tick()
    store.put("till/a.csv", rows(1, 2, 4))
    clock.advance(minutes=1)
    assert loyalty.tick().polled == 3
    assert points(loyalty) == 4


def test_what_is_deleted_is_forgotten_and_nothing_is_booked_twice(
    loyalty: Loyalty, store: ObjectStore
) -> None:
    store.put("till/a.csv", rows(1))
    store.put("till/b.csv", rows(2))
    loyalty.reconcile(FOLDER)
    both = booked(loyalty)
    del store.objects["till/a.csv"]
    loyalty.reconcile(FOLDER)
    assert len(booked(loyalty) & both) == 1
    store.put("till/a.csv", rows(1))
    report = loyalty.reconcile(FOLDER)
    assert (report.agreed, report.missing, points(loyalty)) == (1, 0, 2)
    assert booked(loyalty) == both


def test_a_backfill_again_reads_all_of_it_again(loyalty: Loyalty, store: ObjectStore) -> None:
    store.put("till/a.csv", rows(1, 2))
    loyalty.backfill(FOLDER)
    report = loyalty.backfill(FOLDER, again=True)
    assert (report.agreed, points(loyalty)) == (2, 2)


def test_lists_have_pages(loyalty: Loyalty, store: ObjectStore) -> None:
    for number in range(2345):
        store.objects[f"till/{number}.csv"] = b"x"
    assert loyalty.connector_health(FOLDER).detail.startswith("2345 file(s)")
    assert len([one for one in store.asked if "list-type" in one.query]) == 3


def test_a_list_is_asked_for_when_another_is_read_through(
    loyalty: Loyalty, store: ObjectStore
) -> None:
    for number in range(10):
        store.put(f"till/{number}.csv", rows(number))
    store.page_size = 3
    assert (loyalty.reconcile(FOLDER).missing, points(loyalty)) == (10, 10)
    assert len([one for one in store.asked if "list-type" in one.query]) == 2 * 4


def test_one_object_may_be_watched(store: ObjectStore, clock: FrozenClock) -> None:
    config = config_of(store, path=f"s3://{BUCKET}/till/daily.csv")
    with Loyalty.open(config, "sqlite://", clock=clock) as loyalty:
        assert loyalty.reconcile(FOLDER).inputs == 0
        store.put("till/daily.csv", rows(1))
        store.put("till/daily.csv.csv", rows(9))
        loyalty.reconcile(FOLDER)
        store.put("till/daily.csv", rows(1, 2))
        loyalty.reconcile(FOLDER)
        assert (points(loyalty), loyalty.reconcile(FOLDER).inputs) == (2, 0)


# -- written and deleted while it is read ----------------------------------------------------------


def test_no_two_versions_are_mixed(
    loyalty: Loyalty, store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(objects, "PART_BYTES", 64)
    store.put("till/a.csv", rows(*range(20)))

    def writes_anew(asked: Asked) -> None:
        if asked.headers.get("range", "").startswith("bytes=128-"):
            store.put("till/a.csv", rows(*range(100, 107)))
            store.during = None

    store.during = writes_anew
    assert loyalty.reconcile(FOLDER).missing == 7
    assert points(loyalty) == 7


def test_an_object_that_is_deleted_while_it_is_read_is_none(
    loyalty: Loyalty, store: ObjectStore
) -> None:
    store.put("till/a.csv", rows(1))
    store.put("till/b.csv", rows(2))

    def deletes(asked: Asked) -> None:
        if "range" in asked.headers:
            store.objects.pop("till/a.csv", None)

    store.during = deletes
    assert (loyalty.reconcile(FOLDER).missing, points(loyalty)) == (1, 1)


def test_an_object_that_never_stands_still_waits(loyalty: Loyalty, store: ObjectStore) -> None:
    store.put("till/a.csv", rows(1))

    def writes_anew(asked: Asked) -> None:
        if "range" in asked.headers:
            store.put("till/a.csv", rows(*range(len(store.asked))))

    store.during = writes_anew
    with pytest.raises(PlatformUnavailable, match=r"a\.csv is written anew all the time"):
        loyalty.reconcile(FOLDER)
    assert points(loyalty) == 0


def test_one_that_is_written_anew_between_pages_is_read_to_its_end_and_then_anew(
    loyalty: Loyalty, store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connector, "ROWS_A_PAGE", 3)
    store.put("till/a.csv", rows(*range(5)))
    loyalty.reconcile(FOLDER, pages=1)
    store.put("till/a.csv", rows(*range(10, 14)))
    loyalty.reconcile(FOLDER)
    assert points(loyalty) == 9


def test_another_process_begins_at_the_start_of_what_is_there_now(
    opened: Callable[[], AbstractContextManager[Loyalty]],
    store: ObjectStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connector, "ROWS_A_PAGE", 3)
    store.put("till/a.csv", rows(*range(5)))
    with opened() as first:
        first.reconcile(FOLDER, pages=1)
    store.put("till/a.csv", rows(*range(10, 14)))
    with opened() as second:
        second.reconcile(FOLDER)
        assert points(second) == 7


@pytest.mark.parametrize("seed", range(3))
def test_an_export_that_grows_is_booked_once_whatever_happens(
    opened: Callable[[], AbstractContextManager[Loyalty]],
    store: ObjectStore,
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
) -> None:
    monkeypatch.setattr(connector, "ROWS_A_PAGE", 3)
    random, names, written = Random(seed), ("a", "b", "c"), 0
    known: dict[str, list[int]] = {name: [] for name in names}

    def writes() -> None:
        nonlocal written
        name = random.choice(names)
        known[name] += range(written, written + 4)
        written += 4
        store.put(f"till/{name}.csv", rows(*known[name]))

    def meanwhile(asked: Asked) -> None:
        if "range" in asked.headers and random.randrange(3) == 0:
            writes()

    for _ in range(8):
        writes()
        with opened() as loyalty:
            for _ in range(random.randint(1, 3)):
                store.during = meanwhile
                store.faults.extend([Fault(kind="truncate")] * (3 * random.randrange(2)))
                with suppress(PlatformUnavailable):
                    loyalty.reconcile(FOLDER)
                store.during = None
                store.faults.clear()
    with opened() as loyalty:
        loyalty.reconcile(FOLDER)
        assert points(loyalty) == written
        assert loyalty.reconcile(FOLDER).inputs == 0
        assert loyalty.connector_status(FOLDER).dead == 0
        assert loyalty.verify().problems == ()
