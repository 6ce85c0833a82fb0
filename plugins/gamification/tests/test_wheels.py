"""Wheels: that a spin is what the secret says, and that what was published shows it."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_core import ProofInvalid
from loyalty_gamification import check_spin, commitment_of
from loyalty_gamification.fair import SPACE, chain, spun
from loyalty_gamification.wheels import Wheel
from plugins.gamification.tests.build import Shop, faults, settings, shop

SECRET = "a secret of forty characters or so, made up"
FIRST = date(2026, 3, 1)
ODDS = [("ten", 1), ("none", 3)]
RULES = f"""
[[wheel]]
wheel = "w"
first_day = 2026-03-01
days = 5
secret = "{SECRET}"
commitment = "{commitment_of(SECRET, 5)}"
prize = [{{ prize = "ten", odds = 1, points = 10 }}, {{ prize = "none", odds = 3 }}]
"""


def spin(opened: Shop, when: str, id: str) -> Any:
    return opened.do("spin", when, id=id, data={"wheel": "w"})


def checked(day: date, secret: str, **changed: Any) -> str:
    known = {"first_day": FIRST, "wheel": "w", "spin": "web/s", "odds": ODDS, **changed}
    return check_spin(commitment_of(SECRET, 5), day=day, day_secret=secret, **known)


def test_a_spin_can_be_checked_by_what_was_published_alone() -> None:
    opened = Shop(RULES, listens_to="spun")
    won = [spin(opened, f"2026-03-0{day}", f"s{day}").changes for day in range(1, 6)]
    shown = opened.shown("wheels", "2026-03-06")
    assert shown["commitment"] == commitment_of(SECRET, 5)
    prizes = []
    for one in shown["spins"]:
        prize = check_spin(
            shown["commitment"],
            first_day=date.fromisoformat(shown["first_day"]),
            day=date.fromisoformat(one["day"]),
            day_secret=one["day_secret"],
            wheel="w",
            spin=one["spin"],
            odds=[(prize["prize"], prize["odds"]) for prize in shown["prizes"]],
        )
        assert prize == one["prize"]
        prizes.append(prize)
    assert [{"points": 10} if prize == "ten" else {} for prize in prizes] == won
    opened.loyalty.tick()
    assert [one["prize"] for one in opened.told] == prizes
    assert opened.told[0] == {
        "wheel": "w",
        "spin": "web/s1",
        "day": "2026-03-01",
        "prize": prizes[0],
        "drawn": prizes[0],
    }


def test_a_secret_is_told_when_its_day_is_over_and_tells_nothing_of_later_days() -> None:
    opened = Shop(RULES)
    spin(opened, "2026-03-01", "s")
    assert opened.shown("wheels", "2026-03-01T23:59:59")["spins"][0]["day_secret"] is None
    secret = opened.shown("wheels", "2026-03-02T00:00")["spins"][0]["day_secret"]
    assert secret == chain(SECRET, 5)[-2]
    assert hashlib.sha256(bytes.fromhex(chain(SECRET, 5)[-3])).hexdigest() == secret
    assert checked(FIRST, secret) in ("ten", "none")


@pytest.mark.parametrize(
    ("day", "secret"),
    [
        (date(2026, 3, 2), chain(SECRET, 5)[-2]),
        (date(2026, 3, 1), chain(SECRET, 5)[-3]),
        (date(2026, 2, 28), commitment_of(SECRET, 5)),
        (date(2026, 3, 1), chain("another secret", 5)[-2]),
        (date(2026, 3, 1), "no hexadecimal"),
    ],
)
def test_another_secret_is_found_out(day: date, secret: str) -> None:
    with pytest.raises(ProofInvalid, match="does not lead to the commitment"):
        checked(day, secret)


def test_a_spin_is_the_hmac_counted_off_along_the_odds() -> None:
    key = chain(SECRET, 5)[-2]
    for number in range(50):
        text = json.dumps(["w", f"web/{number}", 0], separators=(",", ":")).encode()
        drawn = int(hmac.new(bytes.fromhex(key), text, hashlib.sha256).hexdigest(), 16) % 4
        assert checked(FIRST, key, spin=f"web/{number}") == ("ten" if drawn < 1 else "none")


@given(odds=st.lists(st.integers(1, 1000), min_size=1, max_size=6), seed=st.text(max_size=5))
def test_every_spin_has_a_place(odds: list[int], seed: str) -> None:
    assert 0 <= spun("00" * 32, "w", seed, odds) < len(odds)


def test_what_is_above_the_last_whole_multiple_is_drawn_again() -> None:
    odds = [SPACE // 2 + 1, 1]  # almost half of all numbers are above the only whole multiple
    drawn = Counter(spun("11" * 32, "w", str(number), odds) for number in range(200))
    assert drawn == {0: 200}


def test_places_come_up_as_their_odds_say() -> None:
    drawn = Counter(spun("22" * 32, "w", str(number), [1, 2, 7]) for number in range(10_000))
    expected = {0: 1000, 1: 2000, 2: 7000}
    squares = sum((drawn[place] - many) ** 2 * 10_000 // many for place, many in expected.items())
    assert squares < 138_155  # chi squared of 2 degrees: once in a thousand secrets it is more


def test_a_spin_stays_what_it_is_whatever_arrives_before_it() -> None:
    early = Shop(RULES.replace("days = 5", "days = 5\nspins = 2"))
    late = Shop(RULES.replace("days = 5", "days = 5\nspins = 2"))
    for opened, order in ((early, "12"), (late, "21")):
        for number in order:
            spin(opened, f"2026-03-01T1{number}:00", f"s{number}")
    assert early.shown("wheels") == late.shown("wheels")
    assert early.points == late.points
    assert late.shown("wheels")["left"] == 0


def test_spins_beyond_those_of_the_period_are_refused_and_told() -> None:
    opened = Shop(RULES.replace("days = 5", 'days = 5\nper = "week"'), listens_to="spin_refused")
    spin(opened, "2026-03-01", "s1")  # a Sunday
    spin(opened, "2026-03-02", "s2")
    spin(opened, "2026-03-03", "s3")
    opened.loyalty.tick()
    assert opened.told == [{"wheel": "w", "spin": "web/s3"}]
    assert [one["spin"] for one in opened.shown("wheels")["spins"]] == ["web/s1", "web/s2"]


def test_only_the_wheels_days_and_its_own_spins_count() -> None:
    opened = Shop(RULES)
    spin(opened, "2026-02-28", "s0")
    opened.do("spin", "2026-03-01", data={"wheel": "other"})
    opened.do("other", "2026-03-01", data={"wheel": "w"})
    spin(opened, "2026-03-06", "s6")
    assert opened.shown("wheels")["spins"] == []
    assert opened.shown("wheels")["left"] == 0


def test_two_members_who_are_one_have_spun_what_both_did() -> None:
    (rules,) = settings(RULES).wheel
    wheel = Wheel(rules, shop())
    day = "2026-03-02"
    ours = {"window": day, "count": 1, "last": [["a", "2026-03-02T10", day, "x", "x"]]}
    same = {"window": day, "count": 1, "last": [["b", "2026-03-02T09", day, "y", "x"]]}
    early = {"window": "2026-03-01", "count": 7, "last": []}
    assert wheel.united(ours, same)["count"] == 2
    assert [one[0] for one in wheel.united(ours, same)["last"]] == ["b", "a"]
    assert wheel.united(ours, early) == wheel.united(early, ours) == ours


LIMITED = RULES.replace(
    "days = 5", 'days = 5\nspins = 9\ninstead = "none"\nlimits_per = "day"'
).replace("points = 10", "points = 10, stock = 2")


def drawn_as(prize: str, day: int, count: int) -> list[str]:
    """The ids of so many spins of a day that the secret lets come to a prize."""
    key = chain(SECRET, 5)[-1 - day]
    ids = (f"{day}-{number}" for number in range(10_000))
    made = (one for one in ids if ODDS[spun(key, "w", f"web/{one}", [1, 3])][0] == prize)
    return [next(made) for _ in range(count)]


def test_a_prize_that_is_gone_is_another_one_and_both_are_seen() -> None:
    opened = Shop(LIMITED, listens_to="spun")
    first, second, third = drawn_as("ten", 1, 3)
    won = [
        spin(opened, f"2026-03-01T0{hour}:00", one).changes
        for hour, one in enumerate((first, second, third))
    ]
    assert won == [{"points": 10}, {"points": 10}, {}]
    shown = opened.shown("wheels")
    assert [(one["prize"], one["drawn"]) for one in shown["spins"]] == [
        ("ten", "ten"),
        ("ten", "ten"),
        ("none", "ten"),
    ]
    assert [one["stock"] for one in shown["prizes"]] == [2, None]
    assert shown["instead"] == "none"
    opened.loyalty.tick()
    assert [(one["prize"], one["drawn"]) for one in opened.told][-1] == ("none", "ten")
    (next_day,) = drawn_as("ten", 2, 1)
    assert spin(opened, "2026-03-02", next_day).changes == {"points": 10}
    assert opened.loyalty.verify().problems == ()


def test_a_budget_is_of_points_and_no_more_is_won() -> None:
    rules = LIMITED.replace(", stock = 2", "").replace("days = 5", "days = 5\nbudget = 25")
    opened = Shop(rules)
    won = [spin(opened, "2026-03-01", one).changes for one in drawn_as("ten", 1, 4)]
    assert won == [{"points": 10}, {"points": 10}, {}, {}]


def test_limits_that_cannot_be_are_found() -> None:
    assert faults(LIMITED) == []
    assert faults(LIMITED.replace("stock = 2", "stock = -1")) == ["wheel[0].prize[0].stock"]
    assert faults(LIMITED.replace('instead = "none"', "")) == ["wheel[0].instead"]
    assert faults(LIMITED.replace('instead = "none"', 'instead = "ten"')) == ["wheel[0].instead"]
    assert faults(LIMITED.replace(", stock = 2", "")) == ["wheel[0].instead"]
    budget = LIMITED.replace("days = 5", "days = 5\nbudget = 9")
    assert faults(budget) == []
    assert faults(budget.replace("odds = 3 }", "odds = 3, points = 1 }")) == ["wheel[0].instead"]
    assert faults(budget.replace("budget = 9", "budget = 0.5")) == ["wheel[0].budget"]
    stars = 'odds = 3, points = 1, wallet = "stars" }'
    assert faults(budget.replace("odds = 3 }", stars))[0] == "wheel[0].budget"
    long = LIMITED.replace('prize = "ten"', f'prize = "{"t" * 41}"')
    assert faults(long.replace('wheel = "w"', f'wheel = "{"w" * 39}"')) == []
    wide = long.replace('wheel = "w"', f'wheel = "{"w" * 40}"')
    assert faults(wide) == ["wheel[0].prize[0].prize"]


def test_the_commitment_must_be_that_of_the_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    assert faults(RULES) == []
    assert faults(RULES.replace("days = 5", "days = 6")) == ["wheel[0].commitment"]
    assert faults(RULES.replace("days = 5", "days = 0")) == ["wheel[0].days"]
    assert faults(RULES.replace(SECRET, "short")) == ["wheel[0].secret"]
    hidden = RULES.replace(SECRET, "env:WHEEL")
    assert faults(hidden) == ["wheel[0].secret"]
    monkeypatch.setenv("WHEEL", SECRET)
    assert faults(hidden) == []
    assert faults(RULES.replace("odds = 1", "odds = 0")) == ["wheel[0].prize[0].odds"]
    assert faults(RULES.replace("days = 5", "days = 5\nspins = 0")) == ["wheel[0].spins"]
    last = FIRST + timedelta(days=4)
    assert checked(last, hashlib.sha256(SECRET.encode()).hexdigest()) in ("ten", "none")
