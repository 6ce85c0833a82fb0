"""Boards: who is ahead, what moves it, and what is won when a period is closed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import delete, select, update

from loyalty_core import BoardUnknown, FactError, Loyalty, MemberNotFound, MemberStatus, Profile
from loyalty_core.storage.board_tables import fence, score
from plugins.gamification.tests.build import Clock, faults, moment

BOARD: dict[str, Any] = {
    "board": "friends",
    "per": "year",
    "settles_after_days": 30,
    "prize": [
        {"places": 1, "title": "Best friend", "points": 1000, "reward": "tea"},
        {"places": 3, "title": "Friend", "points": 100},
    ],
}


@dataclass
class Club:
    loyalty: Loyalty
    clock: Clock

    def buy(self, who: str, amount: str, when: str, name: str = "") -> str:
        """An order; the id of the member."""
        self.clock.now = max(self.clock.now, moment(when))
        receipt = self.loyalty.record(
            {
                "type": "order",
                "source": "web",
                "id": name or f"{who} {when}",
                "identities": {"email": f"{who}@example.org"},
                "currency": "USD",
                "occurred_at": moment(when).isoformat(),
                "lines": [{"id": "1", "amount": amount}],
            }
        )
        assert receipt.error is None
        assert receipt.member_id is not None
        return receipt.member_id

    def give_back(self, name: str, when: str, **fields: Any) -> None:
        self.clock.now = max(self.clock.now, moment(when))
        refund = {"id": f"R{name}{when}", "occurred_at": moment(when).isoformat(), **fields}
        fact = {"type": "refund", "source": "web", "order_id": name, "currency": "USD"}
        assert self.loyalty.record({**fact, "refund": refund}).error is None

    def order(self, board: str = "friends", day: date | None = None) -> list[tuple[str, int]]:
        """Who is where, with how much; the ranks are without a gap."""
        page = self.loyalty.board(board, day=day)
        assert [one.rank for one in page.places] == list(range(1, len(page.places) + 1))
        assert page.closed or page.ranked == len(page.places)
        found = [(self.loyalty.member(one.member_id), one.amount) for one in page.places]
        return [(member.identities[0].value.partition("@")[0], have) for member, have in found]

    def shown(self, member: str) -> Any:
        shown: Any = self.loyalty.statement(member).shown["gamification"]
        return shown["boards"][0]


@pytest.fixture
def club(database_url: str) -> Iterator[Club]:
    clock = Clock()
    made = opened(database_url, clock, [BOARD, {"board": "tea", "tags": ["tea"]}])
    yield Club(made, clock)
    made.close()


def opened(database: Any, clock: Clock, boards: list[Any], **more: Any) -> Loyalty:
    config: Any = {
        "program": {"id": f"club-{uuid4()}", "currency": "USD"},
        "wallets": {"points": {}},
        "rewards": {"tea": {"kind": "product", "product": "TEA"}},
        "plugins": {"gamification": {"board": boards, **more}},
    }
    return Loyalty.open(config, database, clock=clock)


def test_the_larger_amount_is_ahead_and_of_equal_ones_the_earlier(club: Club) -> None:
    club.buy("ada", "20.00", "2026-03-03")
    club.buy("bob", "10.00", "2026-03-01")
    club.buy("cem", "30.00", "2026-03-04")
    club.buy("bob", "10.00", "2026-03-02")
    expected = [("cem", 3000), ("bob", 2000), ("ada", 2000)]
    assert club.order() == expected
    assert club.loyalty.tick().counted_scores == 3
    assert club.loyalty.tick().counted_scores == 0
    assert club.order() == expected
    club.buy("dan", "20.00", "2026-03-01T00:00")  # late, and so the first with 20.00
    assert club.order() == [("cem", 3000), ("dan", 2000), ("bob", 2000), ("ada", 2000)]


def test_refunds_move_it_and_a_member_with_nothing_has_no_place(club: Club) -> None:
    club.buy("ada", "20.00", "2026-03-01", "a")
    bob = club.buy("bob", "15.00", "2026-03-02", "b")
    club.loyalty.tick()
    club.give_back("a", "2026-04-01", lines=[{"line": "1", "amount": "6.00"}])
    assert club.order() == [("bob", 1500), ("ada", 1400)]
    club.give_back("b", "2026-04-02")
    assert club.order() == [("ada", 1400)]
    assert club.loyalty.board_around("friends", bob).place is None
    club.loyalty.tick()
    assert club.order() == [("ada", 1400)]


def test_a_member_sees_the_neighbours_under_made_up_names(club: Club) -> None:
    members = [club.buy(f"m{n}", f"{90 - n}.00", "2026-03-01") for n in range(7)]
    club.loyalty.update_member(members[2], profile=Profile(name="Cem", consents={"boards": True}))
    club.loyalty.update_member(members[4], profile=Profile(name="Eve", consents={"boards": False}))
    found = club.loyalty.board_around("friends", members[3], neighbours=2)
    assert found.place is not None
    assert (found.place.rank, found.place.amount, found.page.ranked) == (4, 8700, 7)
    assert [one.rank for one in found.above] == [2, 3]
    assert [one.rank for one in found.below] == [5, 6]
    assert found.above[1].shown_as == "Cem"
    assert found.below[0].name == ""
    assert found.below[0].shown_as.startswith("Member ")
    assert len({one.alias for one in (*found.above, *found.below)}) == 4
    best = club.loyalty.board_around("friends", members[0], neighbours=1)
    assert (best.above, [one.rank for one in best.below]) == ((), [2])


def test_pages_follow_each_other_by_cursors(club: Club) -> None:
    for number in range(5):
        club.buy(f"m{number}", f"{90 - number}.00", "2026-03-01")
    pages, after = [], None
    while True:
        page = club.loyalty.board("friends", first=2, after=after)
        pages.append([one.rank for one in page.places])
        after = page.places[-1].cursor
        if not page.more:
            break
    assert pages == [[1, 2], [3, 4], [5]]
    with pytest.raises(FactError):
        club.loyalty.board("friends", after="nothing")


def test_a_board_for_a_tag_has_those_who_have_it_now(club: Club) -> None:
    ada = club.buy("ada", "20.00", "2026-03-01")
    assert club.order("tea") == []
    club.loyalty.update_member(ada, profile=Profile(tags=("tea",)))
    assert club.order("tea") == [("ada", 2000)]
    club.loyalty.update_member(ada, profile=Profile())
    assert club.order("tea") == []
    assert club.order() == [("ada", 2000)]


def test_who_leaves_has_no_place_and_has_it_again_on_coming_back(club: Club) -> None:
    ada, bob = club.buy("ada", "20.00", "2026-03-01"), club.buy("bob", "10.00", "2026-03-01")
    club.loyalty.tick()
    club.loyalty.update_member(ada, status=MemberStatus.CLOSED)
    assert club.order() == [("bob", 1000)]
    club.loyalty.update_member(ada, status=MemberStatus.ACTIVE)
    assert club.order() == [("ada", 2000), ("bob", 1000)]
    club.loyalty.erase(ada, key="e", reason="asked", actor="sam")
    assert club.order() == [("bob", 1000)]
    club.loyalty.tick()
    assert club.loyalty.verify().problems == ()
    assert club.loyalty.board_around("friends", bob).page.ranked == 1


def test_who_become_one_have_one_place_and_two_again_when_they_part(club: Club) -> None:
    ada, eve = club.buy("ada", "20.00", "2026-03-01"), club.buy("eve", "15.00", "2026-03-02")
    club.buy("bob", "30.00", "2026-03-03")
    club.loyalty.tick()
    club.loyalty.merge(ada, eve, key="m", actor="sam", reason="one person")
    assert club.order() == [("ada", 3500), ("bob", 3000)]
    club.loyalty.tick()
    club.loyalty.unmerge(eve, key="u", actor="sam", reason="they are two")
    assert club.order() == [("bob", 3000), ("ada", 2000), ("eve", 1500)]
    club.loyalty.tick()
    assert club.loyalty.verify().problems == ()


def test_a_period_is_closed_once_after_its_settling_time(club: Club) -> None:
    ada = club.buy("ada", "50.00", "2026-03-01", "a")
    bob = club.buy("bob", "40.00", "2026-03-01")
    club.buy("cem", "40.00", "2026-03-02")
    club.buy("dan", "10.00", "2026-03-02")
    club.clock.now = moment("2027-01-30T23:59")
    assert club.shown(ada)["won"] is None
    club.give_back("a", "2027-01-30T23:59", lines=[{"line": "1", "amount": "5.00"}])
    assert club.loyalty.tick().closed_boards == 0
    club.clock.now = moment("2027-01-31T00:00")
    done = club.loyalty.tick()
    assert (done.closed_boards, done.board_prizes) == (1, 3)
    again = club.loyalty.tick()
    assert (again.closed_boards, again.board_prizes, again.dropped_scores) == (0, 0, 0)
    year = date(2026, 6, 1)
    places = [("ada", 4500), ("bob", 4000), ("cem", 4000), ("dan", 1000)]
    assert club.order(day=year) == places
    assert [club.loyalty.balance(one) for one in (ada, bob)] == [1000, 100]
    assert [one.reward for one in club.loyalty.grants(ada)] == ["tea"]
    assert club.shown(bob)["won"] == {
        "title": "Friend",
        "period": "2026-01-01",
        "rank": 2,
        "until": "2028-01-31T00:00:00+00:00",
    }
    club.give_back("a", "2027-02-01")  # a refund after that moves nothing any more
    club.loyalty.tick()
    assert club.order(day=year) == places
    assert club.loyalty.balance(ada) == 1000
    around = club.loyalty.board_around("friends", bob, day=year, neighbours=1)
    assert around.place is not None
    assert (around.place.rank, around.page.ranked, around.page.closed) == (2, 4, True)
    assert ([one.rank for one in around.above], [one.rank for one in around.below]) == ([1], [3])
    page = club.loyalty.board("friends", day=year, first=2)
    assert page.more
    rest = club.loyalty.board("friends", day=year, first=2, after=page.places[-1].cursor)
    assert ([one.rank for one in rest.places], rest.more) == ([3, 4], False)
    club.clock.now = moment("2028-01-31T00:00")
    assert club.shown(bob)["won"] is None
    assert club.loyalty.verify().problems == ()


def test_a_top_hundred_has_exactly_a_hundred(database_url: str) -> None:
    """G2: of 101 members with the same sum the last to get there is not among them."""
    prize, clock = [{"places": 100, "title": "Brand friend", "points": 5}], Clock()
    with opened(database_url, clock, [{**BOARD, "prize": prize}]) as loyalty:
        club = Club(loyalty, clock)
        members = [
            club.buy(f"m{n}", "10.00", f"2026-03-01T{n // 60:02}:{n % 60:02}") for n in range(101)
        ]
        assert [club.shown(one)["title"] for one in members[98:]] == ["Brand friend"] * 2 + [None]
        assert club.shown(members[100])["rank"] == 101
        club.clock.now = moment("2027-01-31T00:00")
        assert club.loyalty.tick().board_prizes == 100
        page = club.loyalty.board("friends", day=date(2026, 6, 1), first=200)
        assert (page.ranked, [one.member_id for one in page.places]) == (101, members[:100])
        assert [club.loyalty.balance(one) for one in members] == [5] * 100 + [0]


def test_what_was_won_by_who_is_somebody_else_by_now_is_theirs(club: Club) -> None:
    ada, bob = club.buy("ada", "50.00", "2026-03-01"), club.buy("bob", "40.00", "2026-03-01")
    club.clock.now = moment("2027-02-01")
    store, closing = club.loyalty._store, club.loyalty._ticker._closing
    for step in (closing.count, closing.close):  # and then the process is gone
        store.write(lambda uow, step=step: step(uow, now=club.clock.now))  # type: ignore[misc]
    club.loyalty.merge(bob, ada, key="m", actor="sam", reason="one person")
    assert club.loyalty.tick().board_prizes == 2
    assert club.loyalty.balance(bob) == 1100


def test_nobody_can_write_down_a_win_from_outside(club: Club) -> None:
    ada = club.buy("ada", "50.00", "2026-03-01")
    win = {"board": "friends", "period": "2026-01-01", "rank": 1, "amount": 1, "ranked": 1}
    activity = {"type": "activity", "id": "friends/2026-01-01/1", "kind": "board.placed"}
    known = {"identities": {"email": "ada@example.org"}, "occurred_at": "2026-03-02T00:00:00Z"}
    with pytest.raises(FactError):
        club.loyalty.record({**activity, **known, "source": "~boards", "data": win})
    club.loyalty.record({**activity, **known, "source": "web", "data": win})
    assert club.loyalty.balance(ada) == 0


def test_a_title_is_shown_while_it_is_held(club: Club) -> None:
    members = [club.buy(f"m{n}", f"{90 - n}.00", "2026-03-01", f"o{n}") for n in range(4)]
    seen = [club.shown(one) for one in members]
    assert [one["title"] for one in seen] == ["Best friend", "Friend", "Friend", None]
    assert [one["rank"] for one in seen] == [1, 2, 3, 4]
    club.give_back("o0", "2026-03-05")
    assert club.shown(members[0])["title"] is None
    assert club.shown(members[3])["title"] == "Friend"


def test_counts_are_mended_and_so_are_scores(club: Club) -> None:
    for number in range(9):
        club.buy(f"m{number}", f"{90 - number}.00", "2026-03-01")
    club.loyalty.tick()
    assert club.loyalty.verify().problems == ()
    engine: Any = club.loyalty._store._engine  # type: ignore[attr-defined]
    with engine.begin() as made:
        made.execute(update(fence).values(scores=fence.c.scores + 1))
        lost = made.scalars(select(score.c.member_id)).first()
        made.execute(delete(score).where(score.c.member_id == lost))
    assert [one.code for one in club.loyalty.verify().problems] == ["ledger_fault"]
    assert club.loyalty.rebuild().rebuilt > 0
    assert club.loyalty.verify().problems == ()
    assert len(club.order()) == 9
    club.loyalty.tick()
    assert len(club.order()) == 9


def test_what_is_not_there_is_refused(club: Club) -> None:
    with pytest.raises(BoardUnknown):
        club.loyalty.board("nobody")
    with pytest.raises(MemberNotFound):
        club.loyalty.board_around("friends", str(uuid4()))


@pytest.mark.parametrize(
    ("rules", "where"),
    [
        ('counts = "times"', "board[0].what"),
        ('counts = "points"\nwallet = "gold"', "board[0].wallet"),
        ('counts = "measure"', "board[0].metric"),
        ("settles_after_days = 400", "board[0].settles_after_days"),
        ("keeps = 0", "board[0].keeps"),
        ('per = "year"\nprize = [{ places = 0 }]', "board[0].prize[0].places"),
        ('per = "year"\nprize = [{ places = 2 }, { places = 2 }]', "board[0].prize[1].places"),
        ("prize = [{ places = 2, points = 1 }]", "board[0].prize[0]"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(rules: str, where: str) -> None:
    assert faults(f'[[board]]\nboard = "b"\n{rules}') == [where]
