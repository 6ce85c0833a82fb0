"""A board for a segment has who is in it by the last count, whatever came after their last fact."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from loyalty_core import Loyalty, MemberStatus, Profile
from loyalty_core.application import closing
from plugins.gamification.tests.build import Clock, moment
from plugins.gamification.tests.test_boards import BOARD, Club
from tests.properties.engines import engine, examples

__all__ = ["engine"]

CORE = {"all_of": [{"metric": "spend", "within_days": 30, "at_least": "100"}]}
BOARDS = [
    {**BOARD, "tags": ["core"]},
    {"board": "tea", "tags": ["tea", "core"]},
    {"board": "everybody"},
]


def opened(
    database: Any, clock: Clock, program: str, segments: Any, boards: Any = BOARDS
) -> Loyalty:
    config: Any = {
        "program": {"id": program, "currency": "USD"},
        "wallets": {"points": {}},
        "rewards": {"tea": {"kind": "product", "product": "TEA"}},
        "segments": segments,
        "plugins": {"gamification": {"board": boards}},
    }
    return Loyalty.open(config, database, clock=clock)


@pytest.fixture
def club(database_url: str) -> Iterator[Club]:
    clock = Clock()
    made = opened(database_url, clock, f"club-{uuid4()}", {"core": CORE})
    yield Club(made, clock)
    made.close()


def test_who_enters_has_a_place_at_once_and_who_leaves_has_none(club: Club) -> None:
    ada = club.buy("ada", "150.00", "2026-03-01")
    club.buy("bob", "50.00", "2026-03-01")
    assert club.order() == []
    assert club.loyalty.tick().segments == 1
    assert club.order() == club.order("tea") == [("ada", 15000)]
    assert (club.shown(ada)["rank"], club.shown(ada)["title"]) == (1, "Best friend")
    club.buy("bob", "60.00", "2026-03-20")
    assert club.order() == [("ada", 15000)]  # nobody has counted since
    club.clock.now = moment("2026-03-21")
    assert club.loyalty.recount_segments().entered == {"core": 1}
    assert club.order() == [("ada", 15000), ("bob", 11000)]
    club.clock.now = moment("2026-04-01")
    assert club.loyalty.tick().segments == 2
    assert club.loyalty.tick().counted_scores == 0  # the same tick counted what it moved
    assert club.order() == club.order("tea") == []
    assert (club.shown(ada)["rank"], club.shown(ada)["title"]) == (None, None)
    assert club.order("everybody") == [("ada", 15000), ("bob", 11000)]
    assert club.loyalty.rebuild().rebuilt == 0
    assert club.loyalty.verify().problems == ()


def changed(club: Club, database: Any, **board: Any) -> Club:
    """The same program with the first board changed, and opened once more."""
    program = club.loyalty.config.program.id
    boards = [{**BOARDS[0], **board}, *BOARDS[1:]]
    return Club(opened(database, club.clock, program, {"core": CORE}, boards), club.clock)


def test_the_next_tick_ranks_by_tags_that_are_new(
    club: Club, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(closing, "MEMBERS_A_CHUNK", 2)
    for name in ("ada", "bob", "cy", "dan", "eve"):
        member = club.buy(name, "150.00", "2026-03-01")
        if name in ("bob", "eve"):
            club.loyalty.update_member(member, profile=Profile(tags=("tea",)))
    club.loyalty.tick()
    everybody = [(name, 15000) for name in ("ada", "bob", "cy", "dan", "eve")]
    assert club.order() == everybody
    late = changed(club, database_url, tags=["tea"])
    assert late.order() == everybody
    assert late.loyalty.tick().counted_scores == 3
    assert late.order() == [("bob", 15000), ("eve", 15000)]
    club.loyalty.tick()  # a process that has yet to get the new configuration
    assert late.order() == [("bob", 15000), ("eve", 15000)]
    back = changed(late, database_url, tags=["core"])
    back.loyalty.tick()
    assert back.order() == everybody
    assert back.loyalty.rebuild().rebuilt == 0
    assert back.loyalty.verify().problems == ()
    late.loyalty.close()
    back.loyalty.close()


def test_a_period_that_is_closed_keeps_its_ranking(club: Club, database_url: str) -> None:
    club.buy("ada", "150.00", "2026-03-01")
    club.loyalty.tick()
    club.clock.now = moment("2027-03-01")
    assert club.loyalty.tick().closed_boards == 1
    late = changed(club, database_url, tags=["tea"])
    late.loyalty.tick()
    page = late.loyalty.board("friends", day=date(2026, 3, 1))
    assert [(one.rank, one.amount) for one in page.places] == [(1, 15000)]
    late.loyalty.close()


def test_other_settings_than_the_games_rank_nobody(
    club: Club, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    club.buy("ada", "150.00", "2026-03-01")
    club.loyalty.tick()
    scored: list[object] = []
    monkeypatch.setattr(closing, "keep_scores", lambda *given: scored.append(given))
    program = club.loyalty.config.program.id
    again = opened(database_url, club.clock, program, {"core": CORE, "more": CORE})
    again.tick()
    assert again.config.version == club.loyalty.config.version + 1
    assert scored == []
    again.close()


def test_one_tag_of_several_is_enough(club: Club) -> None:
    ada = club.buy("ada", "150.00", "2026-03-01")
    club.loyalty.update_member(ada, profile=Profile(tags=("tea",)))
    club.loyalty.tick()
    club.clock.now = moment("2026-05-01")
    assert club.loyalty.tick().segments == 1
    assert (club.order(), club.order("tea")) == ([], [("ada", 15000)])


def test_who_has_left_the_program_gets_no_place_by_a_count(club: Club) -> None:
    ada = club.buy("ada", "150.00", "2026-03-01")
    club.loyalty.tick()
    club.loyalty.update_member(ada, status=MemberStatus.CLOSED)
    club.clock.now = moment("2026-03-02")
    assert club.loyalty.tick().segments == 1
    assert club.order() == []
    club.loyalty.update_member(ada, status=MemberStatus.ACTIVE)
    assert club.order() == []
    club.loyalty.recount_segments()
    assert club.order() == [("ada", 15000)]


def test_a_segment_that_is_no_more_has_nobody(club: Club, database_url: str) -> None:
    club.buy("ada", "150.00", "2026-03-01")
    club.loyalty.tick()
    program = club.loyalty.config.program.id
    with opened(database_url, club.clock, program, {}) as without:
        assert without.tick().segments == 1
        assert without.board("friends").ranked == 0


def test_prizes_go_to_those_who_are_in_it_by_the_last_count_before_it_is_closed(club: Club) -> None:
    gone = club.buy("ada", "500.00", "2026-03-01")
    club.loyalty.tick()
    club.clock.now = moment("2026-12-20")
    club.loyalty.tick()
    here = club.buy("bob", "120.00", "2026-12-30")
    late = club.buy("cem", "90.00", "2026-12-30")
    club.clock.now = moment("2027-01-28")
    club.loyalty.tick()
    club.buy("cem", "110.00", "2027-01-29")
    club.clock.now = moment("2027-01-31")  # it is closed, then members are counted
    done = club.loyalty.tick()
    assert (done.closed_boards, done.board_prizes, done.segments) == (1, 1, 2)
    year = date(2026, 6, 1)
    assert club.order(day=year) == [("bob", 12000)]
    assert [club.loyalty.balance(one) for one in (here, gone, late)] == [1000, 0, 0]
    assert [one.reward for one in club.loyalty.grants(here)] == ["tea"]
    assert (club.loyalty.grants(gone), club.loyalty.grants(late)) == ((), ())
    assert club.order() == [("cem", 11000)]
    assert club.order(day=year) == [("bob", 12000)]


@examples(20, 200)
@given(
    orders=st.lists(
        st.tuples(st.integers(0, 7), st.integers(0, 100), st.integers(1, 12)),
        min_size=1,
        max_size=30,
    ),
    seed=st.integers(0, 1000),
)
def test_it_is_a_sort_over_the_members_of_the_segment(
    engine: Engine, orders: list[Any], seed: int
) -> None:
    random, clock = Random(seed), Clock()
    with opened(engine, clock, f"club-{uuid4()}", {"core": CORE}) as loyalty:
        club, totals = Club(loyalty, clock), dict[str, tuple[int, Any]]()
        for number, (who, day, tens) in enumerate(sorted(orders, key=lambda one: one[1])):
            at = moment("2026-01-02") + timedelta(days=day, seconds=number)
            member = club.buy(f"m{who}", f"{10 * tens}.00", at.isoformat())
            totals[member] = totals.get(member, (0, at))[0] + 1000 * tens, at
            if random.random() < 0.3:
                loyalty.tick()
        clock.now += timedelta(days=random.randint(1, 31))
        loyalty.tick()
        inside = [one.id for one in loyalty.segment_members("core").members]
        ordered = sorted(inside, key=lambda one: (-totals[one][0], totals[one][1]))
        for board in ("friends", "tea"):
            page = loyalty.board(board)
            assert [one.member_id for one in page.places] == ordered
            assert page.ranked == len(ordered)
        assert loyalty.rebuild().rebuilt == 0
        assert loyalty.verify().problems == ()
