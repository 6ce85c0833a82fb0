"""Walks through a shop: history, what webhooks lost, and stopping anywhere."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from loyalty_core import (
    ConnectorError,
    Drift,
    Line,
    Loyalty,
    Minor,
    Order,
    Page,
    PlatformUnavailable,
    WalkReport,
)
from tests.contract.conftest import Shop
from tests.stall import Stall, away, sent
from tests.toy import order, points, refund


@pytest.fixture
def stall() -> Stall:
    return Stall(sold=[order(str(number), amount="10.00") for number in range(5)])


@pytest.fixture
def loyalty(shop: Shop, stall: Stall) -> Loyalty:
    return shop.open(toys=(shop.toy, stall), plugins={"toy": {}, "stall": {}})


def balance(loyalty: Loyalty) -> int:
    found = loyalty.find({"email": "ada@example.org"})
    return points(loyalty, found.id)[0] if found else 0


def test_the_whole_history_is_booked_once(loyalty: Loyalty) -> None:
    watched: list[tuple[int, int | None]] = []
    report = loyalty.backfill("stall", watch=lambda done, total: watched.append((done, total)))
    assert report == WalkReport(
        connector="stall.main", whole=True, finished=True, pages=3, inputs=5, missing=5
    )
    assert watched == [(2, 5), (4, 5), (5, 5)]
    assert balance(loyalty) == 50
    assert loyalty.backfill("stall").pages == 0
    again = loyalty.backfill("stall", again=True)
    assert (again.agreed, again.missing, again.different, again.drift) == (5, 0, 0, ())


def test_a_walk_that_stops_goes_on_where_it_was(loyalty: Loyalty, stall: Stall) -> None:
    asked: list[str] = []
    listed = stall.changed_since

    def stopping(cursor: str) -> Page:
        asked.append(cursor)
        if len(asked) == 2:
            raise away()
        return listed(cursor)

    stall.changed_since = stopping  # type: ignore[method-assign]
    with pytest.raises(PlatformUnavailable):
        loyalty.backfill("stall")
    assert (loyalty.connector_status("stall").walking, balance(loyalty)) == (True, 20)
    report = loyalty.backfill("stall")
    assert (asked, report.inputs, report.finished) == (["", "2", "2", "4"], 3, True)
    assert balance(loyalty) == 50


def test_a_shop_that_asks_to_wait_is_waited_for(loyalty: Loyalty, stall: Stall) -> None:
    stall.fails += [away(after=7), away()]
    waited: list[int] = []
    assert loyalty.backfill("stall", wait=waited.append).inputs == 5
    assert waited[0] == 7
    assert len(waited) == 2
    stall.fails += [away()] * 10
    with pytest.raises(PlatformUnavailable):
        loyalty.reconcile("stall", wait=waited.append)


def test_what_webhooks_lost_is_found_and_told(loyalty: Loyalty, stall: Stall) -> None:
    loyalty.backfill("stall")
    came, lost = order("came", amount="10.00"), order("lost", amount="10.00")
    taken_back = refund("r", of="1")
    bad = {**order("bad"), "currency": "???"}
    loyalty.receive("stall.main", **sent(came))  # kept, and not taken in yet: no drift
    stall.sold += [came, lost, taken_back, bad]
    report = loyalty.reconcile("stall")
    assert (report.whole, report.agreed, report.missing) == (False, 1, 1)
    assert (report.different, report.refused) == (1, 1)
    assert report.drift[:2] == (
        Drift(what="order lost of web", kind="missing"),
        Drift(what="order 1 of web", kind="different"),
    )
    assert (report.drift[2].what, report.drift[2].kind) == ("order bad of web", "refused")
    assert balance(loyalty) == 50 + 10 + 10 - 10
    assert loyalty.reconcile("stall").inputs == 0


def test_a_connector_that_does_not_move_on_is_stopped(loyalty: Loyalty, stall: Stall) -> None:
    def standing(cursor: str) -> Page:
        return Page(inputs=(), cursor=cursor, more=True)

    stall.changed_since = standing  # type: ignore[method-assign]
    with pytest.raises(ConnectorError):
        loyalty.backfill("stall")


def test_tick_looks_as_often_as_the_connector_says(
    shop: Shop, loyalty: Loyalty, stall: Stall
) -> None:
    assert loyalty.tick().polled == 0
    stall.polled_every = timedelta(hours=1)
    assert loyalty.tick().polled == 5
    stall.sold.append(order("late", amount="10.00"))
    assert loyalty.tick().polled == 0
    shop.clock.advance(hours=1)
    stall.fails.append(away())
    assert loyalty.tick().polled == 0
    shop.clock.advance(hours=1)
    assert loyalty.tick().polled == 1
    assert balance(loyalty) == 60


def test_a_long_history_is_polled_in_parts(shop: Shop, loyalty: Loyalty, stall: Stall) -> None:
    stall.polled_every = timedelta(hours=1)
    stall.sold = [order(str(number), amount="1.00") for number in range(45)]
    polled: list[Any] = [loyalty.tick().polled for _ in range(3)]
    assert polled == [40, 5, 0]


def test_an_order_whose_money_nobody_knows_holds_up_no_other(
    loyalty: Loyalty, stall: Stall
) -> None:
    """As an object it gets as far as the books, and cannot be kept in its JSON form."""
    line = Line(id="1", amount=Minor(1000))
    odd = Order(
        source="web",
        id="odd",
        currency="QQQ",
        occurred_at=datetime(2026, 3, 1, tzinfo=UTC),
        lines=(line,),
    )
    page = Page(inputs=(odd, stall.sold[0]), cursor="end")
    stall.changed_since = lambda cursor: page  # type: ignore[method-assign]
    report = loyalty.backfill("stall")
    assert (report.refused, report.missing, report.finished) == (1, 1, True)
    (dead,) = loyalty.connector_status("stall").failed_messages
    assert (dead.code, balance(loyalty)) == ("currency_unknown", 10)


def test_the_status_says_what_the_last_walk_found_over_all_its_calls(
    loyalty: Loyalty, stall: Stall
) -> None:
    assert loyalty.connector_status("stall").last_walk is None
    loyalty.backfill("stall")
    whole = loyalty.connector_status("stall").last_walk
    assert whole is not None
    assert (whole.whole, whole.finished, whole.pages, whole.missing) == (True, True, 3, 5)
    stall.sold += [order(f"late {number}", amount="1.00") for number in range(3)]
    stall.sold.append({**order("bad"), "currency": "???"})
    first = loyalty.reconcile("stall", pages=1)
    assert (first.finished, first.missing) == (False, 2)
    under_way = loyalty.connector_status("stall").last_walk
    assert under_way is not None
    assert (under_way.finished, under_way.missing) == (False, 2)
    rest = loyalty.reconcile("stall", pages=1)
    assert (rest.finished, rest.missing, rest.refused) == (True, 1, 1)
    last = loyalty.connector_status("stall").last_walk
    assert last == WalkReport(
        connector="stall.main",
        whole=False,
        finished=True,
        pages=2,
        inputs=4,
        missing=3,
        refused=1,
        drift=(
            Drift(what="order late 0 of web", kind="missing"),
            Drift(what="order late 1 of web", kind="missing"),
            Drift(what="order late 2 of web", kind="missing"),
            Drift(what="order bad of web", kind="refused"),
        ),
    )
    loyalty.reconcile("stall")
    nothing = loyalty.connector_status("stall").last_walk
    assert nothing is not None
    assert (nothing.inputs, nothing.drift) == (0, ())


def meanwhile(stall: Stall, does: Callable[[], object]) -> None:
    """Lets something happen once, after the shop was asked and before its answer is taken in."""
    listed, waiting = stall.changed_since, [does]

    def answering(cursor: str) -> Page:
        page = listed(cursor)
        if waiting:
            waiting.pop()()
        return page

    stall.changed_since = answering  # type: ignore[method-assign]


def test_two_walks_at_once_count_what_both_found(loyalty: Loyalty, stall: Stall) -> None:
    loyalty.backfill("stall")
    stall.sold += [order(f"late {number}", amount="1.00") for number in range(3)]
    others: list[WalkReport] = []
    meanwhile(stall, lambda: others.append(loyalty.reconcile("stall", pages=1)))
    mine = loyalty.reconcile("stall")
    assert (others[0].missing, others[0].finished) == (2, False)
    assert (mine.missing, mine.agreed, mine.finished) == (1, 2, True)
    last = loyalty.connector_status("stall").last_walk
    assert last is not None
    assert (last.missing, last.agreed, last.finished) == (3, 2, True)
    assert [one.what for one in last.drift] == [f"order late {n} of web" for n in range(3)]


def test_a_walk_that_another_one_has_overtaken_does_not_fall_back(
    loyalty: Loyalty, stall: Stall
) -> None:
    others: list[WalkReport] = []
    meanwhile(stall, lambda: others.append(loyalty.backfill("stall")))
    mine = loyalty.backfill("stall")
    assert (others[0].missing, mine.inputs, mine.finished) == (5, 2, True)
    status = loyalty.connector_status("stall")
    assert (status.cursor, status.walking, status.backfilled_at is not None) == ("5", False, True)
    assert status.last_walk is not None
    assert (status.last_walk.missing, status.last_walk.finished) == (5, True)


def test_a_history_that_is_booked_once_more_is_not_ended_by_an_earlier_walk(
    loyalty: Loyalty, stall: Stall
) -> None:
    """What the earlier walk looks at is the end of the shop, but not all of what is asked now."""
    loyalty.backfill("stall")
    stall.sold.append(order("late", amount="1.00"))

    def begun() -> None:
        stall.fails.append(away())
        with pytest.raises(PlatformUnavailable):
            loyalty.backfill("stall", again=True)

    meanwhile(stall, begun)
    loyalty.reconcile("stall", pages=1)
    status = loyalty.connector_status("stall")
    assert (status.cursor, status.walking) == ("", True)
    assert loyalty.backfill("stall").inputs == 6
    assert not loyalty.connector_status("stall").walking
