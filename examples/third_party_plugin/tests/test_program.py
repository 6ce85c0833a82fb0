"""What a book gives and what it does not, to the point; settings and facts that are refused."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from club import EMMA, HOMER, NOW, PRIDE, SENSE, changes, finished, member, opened
from loyalty_core import ConfigError, FactError, RedemptionRefused

DAY = timedelta(days=1)


def test_a_book_gives_points_once() -> None:
    with opened(points=7) as loyalty:
        again = finished(EMMA, number="again", at=NOW + DAY)
        assert changes(loyalty, finished(EMMA), again) == [{"points": 7}, {}]


def test_points_go_where_the_settings_say() -> None:
    with opened(wallet="stars") as loyalty:
        assert changes(loyalty, finished(EMMA)) == [{"stars": 10}]


def test_so_many_books_a_day_give_points_and_all_count() -> None:
    with opened(books_a_day=1) as loyalty:
        night = NOW.replace(hour=22)  # past midnight in Berlin
        later = NOW + timedelta(hours=1)
        facts = [finished(EMMA), finished(PRIDE, at=later), finished(SENSE, at=night)]
        assert changes(loyalty, *facts) == [{"points": 10}, {}, {"points": 10}]
        shown = loyalty.statement(member(loyalty)).shown["book_club"]
        assert shown == {"books": 3, "latest": SENSE}


def test_the_pick_gives_more_in_its_month() -> None:
    with opened(pick=[{"month": "2026-06", "isbn": EMMA, "points": 30}]) as loyalty:
        early = NOW.replace(month=5)
        facts = [finished(EMMA), finished(PRIDE), finished(EMMA, "bob", at=early)]
        assert changes(loyalty, *facts) == [{"points": 40}, {"points": 10}, {"points": 10}]


def test_a_late_fact_changes_which_reading_was_the_first() -> None:
    with opened(pick=[{"month": "2026-06", "isbn": EMMA, "points": 30}]) as loyalty:
        early = finished(EMMA, number="early", at=NOW.replace(month=5))
        changes(loyalty, finished(EMMA))
        assert loyalty.balance(member(loyalty), "points") == 40
        changes(loyalty, early)
        assert loyalty.balance(member(loyalty), "points") == 10


def test_two_who_become_one_have_read_what_either_has() -> None:
    with opened() as loyalty:
        changes(loyalty, finished(EMMA), finished(EMMA, "bob"), finished(PRIDE, "bob"))
        ada = member(loyalty)
        loyalty.merge(ada, member(loyalty, "bob"), key="1", reason="one person", actor="sam")
        assert loyalty.statement(ada).shown["book_club"]["books"] == 2
        after = NOW + 7 * DAY + timedelta(hours=1)
        assert changes(loyalty, finished(PRIDE, at=after, number="again")) == [{}]


EVENING: dict[str, Any] = {"points": 20, "worth": "15.00", "books": 2}


def test_a_seat_is_for_those_who_have_read_enough() -> None:
    with opened(points=20, evening=EVENING) as loyalty:
        loyalty.record(finished(EMMA))
        ada = member(loyalty)
        with pytest.raises(RedemptionRefused, match="1 more to read first"):
            loyalty.redeem(ada, reward="book_club.evening", key="1")
        assert loyalty.balance(ada, "points") == 20
        loyalty.record(finished(PRIDE))
        receipt = loyalty.redeem(ada, reward="book_club.evening", key="1")
        assert (receipt.points, str(receipt.worth)) == (20, "15.00 EUR")
        assert loyalty.balance(ada, "points") == 20


def test_a_seat_costs_what_it_costs() -> None:
    with opened(evening={**EVENING, "points": 21}) as loyalty:
        changes(loyalty, finished(EMMA), finished(PRIDE), finished(HOMER))
        with pytest.raises(RedemptionRefused, match="a seat costs 21"):
            loyalty.redeem(member(loyalty), reward="book_club.evening", key="1")
        assert loyalty.balance(member(loyalty), "points") == 20


@pytest.mark.parametrize(
    ("data", "problems"),
    [
        (
            {"isbn": "978014143958X"},
            "$.data.isbn: '978014143958X' is no ISBN. "
            "Send the 13 digits below the bar code, without hyphens.",
        ),
        (
            {"isbn": "9780141439588"},
            "$.data.isbn: '9780141439588' is no ISBN. "
            "Send the 13 digits below the bar code, without hyphens.",
        ),
        (
            {"pages": 0},
            "$.data.pages: 0 is no number of pages. Send a whole number from 1 to 10,000.",
        ),
        ({"stars": 6}, "$.data.stars: 6 is no number of stars. Send 1 to 5, or leave it out."),
        ({"star": 5}, "$.data.star: unknown key. Did you mean stars?"),
    ],
)
def test_what_is_no_book_is_refused(data: dict[str, Any], problems: str) -> None:
    with opened() as loyalty:
        with pytest.raises(FactError) as raised:
            loyalty.record(finished(EMMA) | {"data": {"isbn": EMMA, "pages": 100} | data})
        assert [str(problem) for problem in raised.value.problems] == [problems]
        assert loyalty.report().activities == 0


def test_every_fault_of_the_settings_is_told_at_once() -> None:
    picks = [
        {"month": "June", "isbn": "1", "points": 0},
        {"month": "2026-06", "isbn": EMMA, "points": 1},
        {"month": "2026-06", "isbn": PRIDE, "points": 1},
        {"month": "2026-07", "isbn": "9780141439588", "points": 1},
    ]
    evening = {"points": 0, "worth": "15.001", "books": -1}
    with pytest.raises(ConfigError) as raised:
        opened(points=0, books_a_day=0, wallet="moons", pick=picks, evening=evening)
    assert sorted(problem.where for problem in raised.value.problems) == [
        "plugins.book_club.books_a_day",
        "plugins.book_club.evening.books",
        "plugins.book_club.evening.points",
        "plugins.book_club.evening.worth",
        "plugins.book_club.pick[0].isbn",
        "plugins.book_club.pick[0].month",
        "plugins.book_club.pick[0].points",
        "plugins.book_club.pick[2].month",
        "plugins.book_club.pick[3].isbn",
        "plugins.book_club.points",
        "plugins.book_club.wallet",
    ]


def test_evenings_need_points_that_can_be_spent() -> None:
    with pytest.raises(ConfigError) as raised:
        opened(wallet="counted", evening={**EVENING, "worth": "0"})
    assert [problem.where for problem in raised.value.problems] == [
        "plugins.book_club.evening",
        "plugins.book_club.evening.worth",
    ]
