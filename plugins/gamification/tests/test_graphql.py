"""What a front-end sees: streaks and badges on a member, typed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.tests.shop import Front, signed
from loyalty_core import Loyalty, Profile
from loyalty_gamification import commitment_of, plugin
from loyalty_gamification.fair import chain
from loyalty_gateway.testing import check_extension, check_schema_files
from plugins.gamification.tests.build import ADA, Clock, moment

SECRET = "a secret of forty characters or so, made up"
CONFIG: dict[str, Any] = {
    "program": {"id": "shop", "currency": "USD"},
    "wallets": {"points": {"value": {"points": 100, "amount": "1.00"}}},
    "plugins": {
        "gamification": {
            "streak": [{"streak": "days", "name": "Days in a row", "what": {"kind": "visit"}}],
            "mission": [
                {
                    "mission": "june",
                    "ends_on": "2026-06-30",
                    "step": [{"step": "look", "what": {"kind": "view"}, "needs": 2}],
                },
                {
                    "mission": "walk",
                    "team": True,
                    "step": [{"step": "walk", "what": {"kind": "walk"}, "needs": 2}],
                },
            ],
            "quiz": [
                {
                    "quiz": "daily",
                    "question": [
                        {"question": "sum", "answers": ["4"]},
                        {"question": "day", "answers": ["2 May"], "on": "2026-05-02"},
                    ],
                }
            ],
            "wheel": [
                {
                    "wheel": "w",
                    "first_day": "2026-05-01",
                    "days": 3,
                    "secret": SECRET,
                    "commitment": commitment_of(SECRET, 3),
                    "prize": [{"prize": "tea", "odds": 2}],
                }
            ],
            "board": [
                {
                    "board": "visits",
                    "what": {"kind": "visit"},
                    "counts": "times",
                    "prize": [{"places": 1, "title": "Star"}],
                },
                {"board": "secret", "what": {"kind": "visit"}, "counts": "times", "hidden": True},
            ],
            "badge": [
                {
                    "badge": "regular",
                    "streak": "days",
                    "expires_after_days": 7,
                    "level": [{"level": "one", "needs": 2}, {"level": "two", "needs": 5}],
                }
            ],
        }
    },
}


@pytest.fixture
def clock() -> Clock:
    made = Clock()
    made.now = moment("2026-05-02")
    return made


@pytest.fixture
def front(clock: Clock) -> Iterator[Front]:
    with Loyalty.open(CONFIG, "sqlite://", clock=clock) as loyalty:
        yield Front(loyalty)


def did(front: Front, kind: str, number: str, when: str, who: Any = None, **data: str) -> str:
    receipt = front.loyalty.record(
        {
            "type": "activity",
            "source": "app",
            "id": number,
            "kind": kind,
            "identities": who or ADA,
            "occurred_at": moment(when).isoformat(),
            "data": data,
        }
    )
    assert receipt.error is None
    assert receipt.member_id
    return receipt.member_id


def test_a_member_sees_streaks_and_badges(front: Front) -> None:
    did(front, "visit", "1", "2026-05-01")
    member = did(front, "visit", "2", "2026-05-02")
    query = """streaks { streak name unit length best counted since endsAt }
        badges { badge name level levelName earnedAt until have next needs }"""
    seen = front.data(f"{{ me {{ {query} }} }}", signed(member))["me"]
    assert seen["streaks"] == [
        {
            "streak": "days",
            "name": "Days in a row",
            "unit": "day",
            "length": 2,
            "best": 2,
            "counted": True,
            "since": "2026-05-01",
            "endsAt": "2026-05-04T00:00:00Z",
        }
    ]
    assert seen["badges"] == [
        {
            "badge": "regular",
            "name": "regular",
            "level": "one",
            "levelName": "one",
            "earnedAt": "2026-05-02T12:00:00Z",
            "until": "2026-05-09T00:00:00Z",
            "have": 2,
            "next": "two",
            "needs": 5,
        }
    ]
    every = front.admin_data(f'{{ member(id: "{member}") {{ {query} }} }}')["member"]
    assert every == seen


def test_a_member_sees_how_far_a_mission_is(front: Front) -> None:
    member = did(front, "view", "1", "2026-05-01")
    query = """missions { mission name completed times endsAt
        steps { step name have needs done } }"""
    seen = front.data(f"{{ me {{ {query} }} }}", signed(member))["me"]
    assert seen["missions"] == [
        {
            "mission": "june",
            "name": "june",
            "completed": False,
            "times": 0,
            "endsAt": "2026-07-01T00:00:00Z",
            "steps": [{"step": "look", "name": "look", "have": 1, "needs": 2, "done": False}],
        }
    ]


def test_a_member_sees_the_questions_of_the_day_and_not_their_answers(front: Front) -> None:
    member = did(front, "other", "1", "2026-05-01")
    query = "quizzes { quiz name questions answered right total }"
    before = {
        "quiz": "daily",
        "name": "daily",
        "questions": ["sum", "day"],
        "answered": False,
        "right": None,
        "total": 0,
    }
    seen = front.data(f"{{ me {{ {query} }} }}", signed(member))["me"]
    assert seen["quizzes"] == [before]
    did(front, "quiz", "2", "2026-05-02", quiz="daily", sum="4")
    seen = front.data(f"{{ me {{ {query} }} }}", signed(member))["me"]
    assert seen["quizzes"] == [{**before, "answered": True, "right": 1, "total": 1}]


def test_a_member_sees_spins_and_what_checks_them(front: Front) -> None:
    did(front, "spin", "1", "2026-05-01", wheel="w")
    member = did(front, "spin", "2", "2026-05-02", wheel="w")
    query = """wheels { wheel name left firstDay commitment instead prizes { prize name odds stock }
        spins { spin at day prize drawn daySecret } }"""
    seen = front.data(f"{{ me {{ {query} }} }}", signed(member))["me"]
    assert seen["wheels"] == [
        {
            "wheel": "w",
            "name": "w",
            "left": 0,
            "firstDay": "2026-05-01",
            "commitment": commitment_of(SECRET, 3),
            "instead": None,
            "prizes": [{"prize": "tea", "name": "tea", "odds": 2, "stock": None}],
            "spins": [
                {
                    "spin": "app/1",
                    "at": "2026-05-01T12:00:00Z",
                    "day": "2026-05-01",
                    "prize": "tea",
                    "drawn": "tea",
                    "daySecret": chain(SECRET, 3)[-2],
                },
                {
                    "spin": "app/2",
                    "at": "2026-05-02T12:00:00Z",
                    "day": "2026-05-02",
                    "prize": "tea",
                    "drawn": "tea",
                    "daySecret": None,
                },
            ],
        }
    ]


def test_somebody_who_has_not_begun_sees_what_there_is(front: Front) -> None:
    member = did(front, "other", "1", "2026-05-01")
    query = "streaks { length since endsAt } badges { level have needs }"
    seen = front.data(f"{{ me {{ {query} }} }}", signed(member))["me"]
    assert seen["streaks"] == [{"length": 0, "since": None, "endsAt": None}]
    assert seen["badges"] == [{"level": None, "have": 0, "needs": 2}]


def test_a_member_sees_the_own_place_and_nobody_elses_person(front: Front) -> None:
    member = did(front, "visit", "1", "2026-05-01")
    did(front, "visit", "2", "2026-05-02")
    other = did(front, "visit", "3", "2026-05-01", {"email": "eve@example.org"})
    front.loyalty.update_member(other, profile=Profile(name="Eve"))
    query = """boards { board unit amount rank title won { title } times }
        boardPlaces(board: "visits") { rank shownAs amount own }
        hidden: boardPlaces(board: "secret") { rank }"""
    seen = front.data(f"{{ me {{ {query} }} }}", signed(member))["me"]
    assert seen["boards"] == [
        {
            "board": "visits",
            "unit": "",
            "amount": "2",
            "rank": 1,
            "title": "Star",
            "won": None,
            "times": 0,
        }
    ]
    assert seen["hidden"] == []
    own, next_to = seen["boardPlaces"]
    assert (own["rank"], own["amount"], own["own"]) == (1, "2", True)
    assert (next_to["rank"], next_to["amount"], next_to["own"]) == (2, "1", False)
    assert next_to["shownAs"].startswith("Member ")
    front.loyalty.update_member(other, profile=Profile(name="Eve", consents={"boards": True}))
    seen = front.data(f"{{ me {{ {query} }} }}", signed(member))["me"]
    assert seen["boardPlaces"][1]["shownAs"] == "Eve"


def test_operators_see_who_is_where_page_by_page(front: Front) -> None:
    member = did(front, "visit", "1", "2026-05-01")
    other = did(front, "visit", "2", "2026-05-02", {"email": "eve@example.org"})
    query = """query ($after: String) {
        gamificationRanking(board: "secret", first: 1, after: $after) {
            ranked more closed period places { rank memberId amount reachedAt cursor }
        } }"""
    page = front.admin_data(query, after=None)["gamificationRanking"]
    assert (page["ranked"], page["more"], page["closed"], page["period"]) == (2, True, False, None)
    assert page["places"][0]["memberId"] == member
    after = page["places"][0].pop("cursor")
    assert page["places"] == [
        {"rank": 1, "memberId": member, "amount": "1", "reachedAt": "2026-05-01T12:00:00Z"}
    ]
    rest = front.admin_data(query, after=after)["gamificationRanking"]
    assert [one["memberId"] for one in rest["places"]] == [other]
    assert not rest["more"]
    refused = front.ask('{ gamificationRanking(board: "secret") { ranked } }', signed(member))
    assert "gamificationRanking" in refused["errors"][0]["message"]


TEAM = """{ team member founder members most
  missions { mission completed times steps { have needs } } }"""
FOUND = 'mutation { gamificationFoundTeam(idempotencyKey: "k") { code } }'
JOIN = f"""mutation J($code: String!) {{
  gamificationJoinTeam(code: $code, idempotencyKey: "k") {TEAM} }}"""
LEAVE = f'mutation {{ gamificationLeaveTeam(idempotencyKey: "k") {TEAM} }}'
BOB = {"email": "bob@example.org"}


def test_members_found_join_and_leave_teams_and_see_how_far_they_are(
    front: Front, clock: Clock
) -> None:
    ada = did(front, "other", "1", "2026-05-01")
    bob = did(front, "other", "2", "2026-05-01", BOB)
    code = front.data(FOUND, signed(ada))["gamificationFoundTeam"]["code"]
    assert front.data(FOUND, signed(ada))["gamificationFoundTeam"]["code"] == code
    assert front.data(JOIN, signed(bob), code="NOBODY")["gamificationJoinTeam"] == []
    again = JOIN.replace('"k"', '"l"')
    (joined,) = front.data(again, signed(bob), code=code)["gamificationJoinTeam"]
    walk = {"mission": "walk", "completed": False, "times": 0, "steps": [{"have": 0, "needs": 2}]}
    assert joined == {
        "team": joined["team"],
        "member": True,
        "founder": False,
        "members": 2,
        "most": 10,
        "missions": [walk],
    }
    clock.now = moment("2026-05-02T13:00")
    did(front, "walk", "3", "2026-05-02T13:00", BOB)
    mine = f"{{ me {{ teams {TEAM} missions {{ mission }} }} }}"
    for who in (ada, bob):
        seen = front.data(mine, signed(who))["me"]
        (team,) = seen["teams"]
        assert team["founder"] is (who == ada)
        assert team["missions"] == [{**walk, "steps": [{"have": 1, "needs": 2}]}]
        assert seen["missions"] == [{"mission": "june"}]
    assert front.data(LEAVE, signed(bob))["gamificationLeaveTeam"] == []
    (left,) = front.data(mine, signed(ada))["me"]["teams"]
    assert left["members"] == 1
    assert ada not in str(joined)
    assert front.admin_data(f'{{ member(id: "{ada}") {{ teams {TEAM} }} }}')["member"]["teams"]


def test_strangers_have_no_team(front: Front) -> None:
    assert front.ask(FOUND)["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


def test_what_is_added_fits_the_gateway_and_is_committed() -> None:
    check_extension(plugin)
    check_schema_files(plugin, Path(__file__).parents[1] / "graphql")
