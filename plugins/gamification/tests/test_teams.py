"""Teams and their missions: who is in, what counts for all, and who wins when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import permutations
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_core import FactError, Loyalty
from loyalty_gamification import team_with
from plugins.gamification.tests.build import Shop, faults
from tests.properties.engines import examples

START = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
NAMES = ("ada", "bob", "cal", "dan")
WALK = """
[team]
members = 3

[[mission]]
mission = "walk"
team = true
share = 20
points = 100
step = [{ step = "walk", what = { kind = "walk" }, needs = 5 }]

[[badge]]
badge = "walker"
mission = "walk"
level = [{ level = "one", needs = 1, points = 7 }]
"""
SPEND = """
[[mission]]
mission = "spend"
team = true
points = 50
repeat = true
per = "month"
step = [
    { step = "spend", what = { kind = "order" }, counts = "spend", needs = "20.00" },
    { step = "look", what = { kind = "view" }, needs = 2, once_per = ["product"] },
]
"""


class Crowd(Shop):
    """A shop with four members, each with their name as their code; hours are since noon."""

    def __init__(self, toml: str = WALK, **given: Any) -> None:
        super().__init__(toml, **given)
        self.clock.now = START + 1000 * HOUR
        self.ids = {}
        for name in NAMES:
            member = self.loyalty.enrol(by(name))
            self.loyalty.member_code(member.id, name.upper())
            self.ids[name] = member.id

    def all(self, *facts: Any) -> Crowd:
        for fact in facts:
            assert self.loyalty.record(fact).error is None
        return self

    def have(self, *names: str) -> list[int]:
        return [self.loyalty.balance(self.ids[name]) for name in names]

    def team(self, name: str) -> Mapping[str, Any]:
        """The first team that a member is shown; empty if there is none."""
        shown: Any = self.loyalty.statement(self.ids[name]).shown["gamification"]
        return shown["teams"][0] if shown["teams"] else {}


def by(name: str) -> dict[str, str]:
    return {"email": f"{name}@example.org"}


def did(name: str, kind: str, hours: float, **data: Any) -> dict[str, Any]:
    at = START + hours * HOUR
    known = {"source": "web", "id": f"{name}-{kind}-{hours}-{data}", "identities": by(name)}
    return {"type": "activity", "kind": kind, "occurred_at": at.isoformat(), "data": data, **known}


def founded(name: str, hours: float) -> dict[str, Any]:
    return did(name, "gamification.team_founded", hours)


def joined(name: str, code: str, hours: float) -> dict[str, Any]:
    return did(name, "gamification.team_joined", hours, code=code)


def left(name: str, hours: float) -> dict[str, Any]:
    return did(name, "gamification.team_left", hours)


def bought(name: str, hours: float, amount: str, *, back: float | None = None) -> dict[str, Any]:
    at = START + hours * HOUR
    refunds = [{"id": "R", "occurred_at": (START + back * HOUR).isoformat()}] if back else []
    known = {"source": "web", "id": f"{name}-{hours}", "identities": by(name), "refunds": refunds}
    lines = [{"id": "1", "amount": amount}]
    order = {"type": "order", "currency": "USD", "occurred_at": at.isoformat(), "lines": lines}
    return {**order, **known}


def given_back(name: str, hours: float, at: float) -> dict[str, Any]:
    refund = {"id": "R", "occurred_at": (START + at * HOUR).isoformat()}
    known = {"source": "web", "order_id": f"{name}-{hours}", "currency": "USD"}
    return {"type": "refund", "refund": refund, **known}


PAIR = [founded("ada", 0), joined("bob", "ADA", 1)]
WALKS = [did("ada", "walk", 2), did("bob", "walk", 3), did("bob", "walk", 4)]
REST = [did("ada", "walk", 5), did("ada", "walk", 6)]


def steps(crowd: Crowd, name: str) -> list[int]:
    (mission,) = crowd.team(name)["missions"]
    return [step["have"] for step in mission["steps"]]


def test_what_any_member_does_counts_for_all_and_each_wins() -> None:
    crowd = Crowd(listens_to="mission_completed").all(*PAIR, *WALKS, did("cal", "walk", 4))
    assert steps(crowd, "ada") == [3]
    assert crowd.have("ada", "bob", "cal") == [0, 0, 0]
    crowd.all(*REST)
    assert crowd.have("ada", "bob", "cal") == [107, 107, 0]
    assert crowd.team("ada")["missions"][0]["completed"] is True
    crowd.all(did("bob", "walk", 7))
    assert crowd.have("ada", "bob", "cal") == [107, 107, 0]
    crowd.loyalty.tick()
    assert crowd.told == [{"mission": "walk", "times": 1}] * 2
    assert crowd.loyalty.verify().problems == ()


def test_who_did_too_little_wins_nothing() -> None:
    share = WALK.replace("share = 20", "share = 40")
    crowd = Crowd(share).all(*PAIR, *WALKS[:2], *REST, did("ada", "walk", 7))
    assert crowd.have("ada", "bob") == [107, 0]  # bob did one of five
    crowd = Crowd(share).all(*PAIR, *WALKS, *REST)
    assert crowd.have("ada", "bob") == [107, 107]  # two of five are forty percent
    crowd = Crowd(WALK.replace("share = 20", "")).all(*PAIR, joined("cal", "ADA", 1), *WALKS, *REST)
    assert crowd.have("ada", "bob", "cal") == [107, 107, 0]  # something, at least


def test_a_team_has_so_many_places() -> None:
    crowd = Crowd().all(*PAIR, joined("cal", "ADA", 2), joined("dan", "ADA", 3))
    assert (crowd.team("ada")["members"], crowd.team("dan")) == (3, {})
    crowd.all(left("bob", 4), joined("dan", "ADA", 5))
    assert (crowd.team("ada")["members"], crowd.team("bob")) == (3, {})
    assert crowd.team("dan")["team"] == crowd.team("ada")["team"]
    crowd.all(left("cal", 2.5))  # late: so there was a place when dan first asked
    assert crowd.team("ada")["members"] == 2
    crowd.all(did("dan", "walk", 3.5))
    assert steps(crowd, "ada") == [1]


def test_one_is_in_one_team_at_a_time() -> None:
    crowd = Crowd().all(*PAIR, founded("bob", 2), founded("cal", 2), joined("bob", "CAL", 3))
    assert crowd.team("bob")["founder_id"] == crowd.ids["ada"]
    assert crowd.team("cal")["members"] == 1
    crowd.all(joined("ada", "CAL", 4))
    assert crowd.team("ada")["founder"] is True
    crowd.all(left("bob", 5), joined("bob", "CAL", 6))
    assert (crowd.team("ada")["members"], crowd.team("cal")["members"]) == (1, 2)


def test_who_asks_two_at_the_same_moment_is_in_one_of_them() -> None:
    crowd = Crowd().all(founded("ada", 0), founded("cal", 0))
    second = {**joined("bob", "CAL", 1), "id": "second"}
    crowd.all(joined("bob", "ADA", 1), second)
    assert sorted(crowd.team(name)["members"] for name in ("ada", "cal")) == [1, 2]
    own = crowd.team("bob")["founder_id"]
    assert crowd.team("ada" if own == crowd.ids["ada"] else "cal")["members"] == 2


def test_what_was_done_stays_with_the_team_and_its_prize_is_for_those_who_are_in_it() -> None:
    crowd = Crowd().all(*PAIR, *WALKS, left("bob", 4.5), did("bob", "walk", 4.6), *REST)
    assert crowd.have("ada", "bob") == [107, 0]


def test_a_team_ends_with_its_founder() -> None:
    crowd = Crowd().all(*PAIR, *WALKS, left("ada", 4.5), *REST, did("bob", "walk", 7))
    assert (crowd.team("ada"), crowd.team("bob"), crowd.have("ada", "bob")) == ({}, {}, [0, 0])
    crowd.all(founded("bob", 8), joined("ada", "BOB", 9), did("ada", "walk", 10))
    assert steps(crowd, "bob") == [1]


def test_strangers_and_unknown_codes_are_no_team() -> None:
    crowd = Crowd().all(joined("bob", "ADA", 1), did("bob", "walk", 2))
    assert crowd.team("bob") == {}
    crowd.all(founded("ada", 0))  # late: the code was good when it was given
    assert crowd.team("bob")["member"] is True
    assert steps(crowd, "ada") == [1]
    forged = {"mission": "walk", "team": crowd.team("ada")["team"], "member": crowd.ids["ada"]}
    with pytest.raises(FactError, match=r"declares no activity 'gamification\.team_won'"):
        crowd.all(did("ada", "gamification.team_won", 3, times=1, **forged))
    with pytest.raises(FactError, match="team"):
        crowd.all(did("ada", "gamification.team_left", 4, team=forged["team"]))
    assert (crowd.have("ada"), crowd.team("ada")["team"]) == ([0], forged["team"])


@pytest.mark.parametrize("back_first", [False, True])
def test_refunds_take_steps_and_prizes_back(back_first: bool) -> None:
    looks = [did("ada", "view", 2, product="A"), did("bob", "view", 4, product="B")]
    looks.append(did("bob", "view", 3, product="A"))  # the same one counts once for the team
    orders = [bought("ada", 5, "15.00"), bought("bob", 6, "5.00")]
    back = given_back("bob", 6, 7)
    crowd = Crowd(SPEND)
    crowd.clock.now = START + 10 * HOUR
    crowd.all(*PAIR, *([back] if back_first else []), *looks, *orders)
    if not back_first:
        assert crowd.have("ada", "bob") == [50, 50]
        crowd.all(back)
    assert crowd.have("ada", "bob") == [0, 0]
    assert steps(crowd, "ada") == [1500, 2]
    crowd.all(bought("ada", 8, "5.00"))
    assert crowd.have("ada", "bob") == [50, 50]
    assert steps(crowd, "ada") == [0, 0]  # repeat: it has begun again
    assert crowd.loyalty.verify().problems == ()


def test_a_reward_that_was_used_stays_with_who_used_it() -> None:
    crowd = Crowd(SPEND.replace("points = 50", 'reward = "tea"'))
    looks = [did("ada", "view", 2, product=one) for one in ("A", "B")]
    crowd.all(*PAIR, *looks, bought("bob", 5, "20.00"), bought("ada", 4, "0.01"))
    (mine,), (theirs,) = (crowd.loyalty.grants(crowd.ids[name]) for name in ("ada", "bob"))
    crowd.loyalty.use_grant(mine.grant_id, key="use")
    crowd.all(given_back("bob", 5, 7))
    states = [crowd.loyalty.grant(one.grant_id).state.value for one in (mine, theirs)]
    assert states == ["used", "revoked"]


@pytest.mark.parametrize("arrival", list(permutations(range(4))))
def test_a_late_founder_or_member_is_no_matter(arrival: Sequence[int]) -> None:
    facts = [PAIR[0], PAIR[1], WALKS[1], REST[1]]
    crowd = Crowd(WALK.replace("needs = 5", "needs = 2")).all(*(facts[one] for one in arrival))
    assert crowd.have("ada", "bob") == [107, 107]


def test_members_and_founders_who_are_merged() -> None:
    crowd = Crowd().all(*PAIR, *WALKS)
    crowd.loyalty.merge(crowd.ids["cal"], crowd.ids["bob"], key="m")
    crowd.loyalty.merge(crowd.ids["dan"], crowd.ids["ada"], key="f")
    crowd.clock.now = START + 2000 * HOUR
    crowd.all(did("bob", "walk", 1100), did("ada", "walk", 1101))
    assert crowd.have("cal", "dan") == [107, 107]
    assert (crowd.team("dan")["founder"], crowd.team("dan")["members"]) == (True, 2)
    assert crowd.team("cal")["founder_id"] == crowd.ids["ada"]
    assert crowd.loyalty.verify().problems == ()


def test_who_was_two_members_of_a_team_wins_once() -> None:
    crowd = Crowd().all(*PAIR, joined("cal", "ADA", 1), *WALKS, did("cal", "walk", 4))
    crowd.loyalty.merge(crowd.ids["bob"], crowd.ids["cal"], key="m")
    crowd.clock.now = START + 2000 * HOUR
    crowd.all(did("ada", "walk", 1100))
    assert crowd.have("ada", "bob") == [107, 107]


def test_erasure_leaves_the_others_their_team() -> None:
    crowd = Crowd().all(*PAIR, *WALKS)
    crowd.loyalty.erase(crowd.ids["bob"], reason="asked", actor="ops", key="e")
    crowd.all(*REST)
    assert crowd.have("ada") == [107]
    assert crowd.loyalty.verify().problems == ()


def test_a_team_whose_founder_was_erased_stands_still_until_its_members_leave() -> None:
    crowd = Crowd().all(*PAIR, *WALKS)
    crowd.loyalty.erase(crowd.ids["ada"], reason="asked", actor="ops", key="e")
    crowd.all(*(did("bob", "walk", 10 + n) for n in range(5)))
    assert crowd.have("bob") == [0]
    assert team_with(crowd.loyalty, crowd.ids["bob"]) is None
    crowd.all(left("bob", 20), founded("bob", 21), did("bob", "walk", 22))
    assert steps(crowd, "bob") == [1]
    assert crowd.loyalty.verify().problems == ()


def test_settings_that_cannot_be_meant() -> None:
    step = 'step = [{ step = "s", what = { kind = "walk" }, points = 3 }]'
    mission = f'[[mission]]\nmission = "m"\n{step}\n'
    assert faults(f"{mission}share = 3") == ["mission[0].share"]
    assert faults(f"{mission}team = true\nshare = 101") == [
        "mission[0].share",
        "mission[0].step[0]",
    ]
    assert faults("[team]\nmembers = 1") == ["team.members"]


WHO = st.sampled_from(NAMES)
HISTORY = st.lists(
    st.tuples(
        st.integers(0, 900),
        WHO,
        st.sampled_from(
            ["found", "join", "join", "join", "leave", "walk", "walk", "view", "buy", "back"]
        ),
        WHO,
    ),
    min_size=5,
    max_size=16,
    unique_by=lambda one: one[0],
)


def fact(hours: int, name: str, kind: str, other: str) -> dict[str, Any]:
    if kind in ("buy", "back"):
        return bought(name, hours, "12.00", back=hours + 1 if kind == "back" else None)
    if kind == "found":
        return founded(name, hours)
    if kind == "leave":
        return left(name, hours)
    return (
        joined(name, other.upper(), hours)
        if kind == "join"
        else did(name, kind, hours, product=other)
    )


@examples(5, 200)
@given(history=HISTORY, seed=st.integers(0, 100), merged=st.booleans())
def test_the_order_of_arrival_is_no_matter(history: Any, seed: int, merged: bool) -> None:
    """Half of it before two founders are one person, half after: each half in any order."""
    first = [founded("ada", -3), founded("bob", -2), joined("cal", "ADA", -1)]
    middle = len(history) // 2 if merged else len(history)
    early = [*first, *(fact(*one) for one in history[:middle])]
    late = [fact(1010 + hours, *one) for hours, *one in history[middle:]]
    seen = []
    for shuffled in (False, True):
        crowd = Crowd(WALK.replace("needs = 5", "needs = 2") + SPEND)
        for part in (early, late):
            given = sorted(part, key=lambda one: str(one["occurred_at"]))
            crowd.all(*(Random(seed).sample(part, len(part)) + part[:3] if shuffled else given))
            if merged and part is early:
                crowd.loyalty.merge(crowd.ids["ada"], crowd.ids["bob"], key="m")
                crowd.clock.now = START + 2000 * HOUR
        seen.append(ended(crowd.loyalty, crowd.ids))
        assert crowd.loyalty.verify().problems == ()
        crowd.loyalty.close()
    assert seen[0] == seen[1]


def ended(loyalty: Loyalty, ids: Mapping[str, str]) -> Any:
    """What every member has and is shown, with names for ids."""
    names = {member: name for name, member in ids.items()}
    found = []
    for name in NAMES:
        shown: Any = loyalty.statement(ids[name]).shown["gamification"]
        teams = [{**one, "founder_id": names.get(one["founder_id"])} for one in shown["teams"]]
        found.append((loyalty.balance(ids[name]), teams, shown["badges"]))
    return found


def test_members_who_work_at_the_same_time(database_url: str) -> None:
    crowd = Crowd(WALK.replace("needs = 5", "needs = 12"), database=database_url)
    crowd.all(*PAIR, joined("cal", "ADA", 1))
    walks = [did(name, "walk", 2 + n) for n in range(4) for name in ("ada", "bob", "cal")]
    with ThreadPoolExecutor(4) as pool:
        receipts = list(pool.map(crowd.loyalty.record, walks))
    assert {one.error for one in receipts} == {None}
    assert crowd.have("ada", "bob", "cal") == [107, 107, 107]
    assert crowd.loyalty.verify().problems == ()
    crowd.loyalty.close()
