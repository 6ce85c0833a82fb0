"""What holds for any history: the order of arrival is no matter, and a plain count agrees."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_core import Activity, KeepState, MemberView, day_of, period_start, start_of
from loyalty_gamification import commitment_of
from loyalty_gamification.config import Span, StreakRules, Unit, What
from loyalty_gamification.program import GamificationProgram
from loyalty_gamification.streaks import Streak, load
from plugins.gamification.tests.build import ADA, Shop, shop
from plugins.gamification.tests.build import settings as read
from tests.properties.engines import examples

START = datetime(2026, 2, 20, tzinfo=UTC)
ZONES = ["UTC", "America/New_York", "Pacific/Kiritimati", "Etc/GMT+12", "Australia/Lord_Howe"]
SECRET = "a secret of forty characters or so, made up"
CHANCES = f"""
[[quiz]]
quiz = "q"
points = 3
question = [{{ question = "right", answers = ["yes"] }}]

[[wheel]]
wheel = "w"
per = "week"
spins = 2
first_day = 2026-02-01
days = 60
secret = "{SECRET}"
commitment = "{commitment_of(SECRET, 60)}"
prize = [
    {{ prize = "ten", odds = 1, points = 1000 }},
    {{ prize = "twenty", odds = 2, points = 2000 }},
]
"""
GAMES = """
[[streak]]
streak = "s"
what = { kind = "visit" }
freezes = 1
freezes_per = "week"
prize = [{ at = 2, points = 5, repeat = true }]

[[streak]]
streak = "o"
what = { kind = "order" }
unit = "week"

[[mission]]
mission = "m"
per = "week"
within_days = 3
repeat = true
order = "in_order"
points = 100
step = [
    { step = "visit", what = { kind = "visit" }, needs = 2, points = 1 },
    { step = "spend", what = { kind = "order" }, counts = "spend", needs = "8.00", points = 2 },
]

[[badge]]
badge = "missions"
mission = "m"
level = [{ level = "one", needs = 1, points = 13 }]

[[badge]]
badge = "visits"
streak = "s"
expires_after_days = 3
level = [{ level = "one", needs = 2, points = 7 }, { level = "two", needs = 4, points = 9 }]

[[badge]]
badge = "spend"
what = { kind = "order" }
counts = "spend"
level = [{ level = "one", needs = "5.00", points = 11 }]
"""


def played(program: GamificationProgram, moments: list[datetime]) -> MemberView:
    """A member after visits at these moments."""
    member = MemberView()
    for number, at in enumerate(sorted(moments)):
        visit = Activity(source="web", id=str(number), kind="visit", occurred_at=at)
        for effect in program.decide(visit, member):
            if isinstance(effect, KeepState):
                member = MemberView(state=effect.state)
    return member


MOMENTS = st.lists(st.integers(0, 40 * 24 * 60), min_size=1, max_size=30).map(
    lambda minutes: [START + timedelta(minutes=minute) for minute in minutes]
)


@examples(150, 5000)
@given(moments=MOMENTS, zone=st.sampled_from(ZONES), hours=st.integers(0, 100))
@pytest.mark.parametrize("unit", ["day", "week"])
def test_a_streak_is_a_plain_count_of_units(
    unit: Unit, moments: list[datetime], zone: str, hours: int
) -> None:
    rules = f'[[streak]]\nstreak = "s"\nwhat = {{ kind = "visit" }}\nunit = "{unit}"'
    program = GamificationProgram(read(rules), shop(zone))
    now = max(moments) + timedelta(hours=hours)
    shown: Any = program.show(played(program, moments), now)["streaks"]
    assert shown[0]["length"] == counted(moments, now, zone, unit, 0, "month")


@examples(150, 5000)
@given(
    moments=MOMENTS,
    zone=st.sampled_from(ZONES),
    hours=st.integers(0, 200),
    freezes=st.integers(1, 3),
    per=st.sampled_from(["week", "month"]),
)
def test_a_streak_with_freezes_is_a_plain_count_as_well(
    moments: list[datetime], zone: str, hours: int, freezes: int, per: Span
) -> None:
    rules = f'[[streak]]\nstreak = "s"\nwhat = {{ kind = "visit" }}\nfreezes = {freezes}\n'
    program = GamificationProgram(read(f'{rules}freezes_per = "{per}"'), shop(zone))
    now = max(moments) + timedelta(hours=hours)
    shown: Any = program.show(played(program, moments), now)["streaks"]
    assert shown[0]["length"] == counted(moments, now, zone, "day", freezes, per)


def counted(
    moments: list[datetime], now: datetime, zone: str, unit: Unit, freezes: int, per: Span
) -> int:
    """The streak at ``now``, counted over the calendar from the first unit to the present one."""
    size = {"day": 1, "week": 7}[unit]
    units = {period_start(day_of(at, zone), unit) for at in moments}
    today = period_start(day_of(now, zone), unit)
    length, missed, used, unit_day = 0, list[date](), dict[date, int](), min(units)
    while unit_day <= today:
        if unit_day in units:
            for one in missed if length else []:
                used[period_start(one, per)] = used.get(period_start(one, per), 0) + 1
            length, missed = length + 1, []
        elif length and unit_day < today:
            missed.append(unit_day)
            asked = [period_start(one, per) for one in missed]
            if any(used.get(one, 0) + asked.count(one) > freezes for one in asked):
                length, missed = 0, []
        unit_day += timedelta(days=size)
    return length


@examples(150, 5000)
@given(
    visits=st.lists(
        st.tuples(st.integers(0, 20 * 24 * 60), st.sampled_from(ZONES)), min_size=1, max_size=20
    )
)
def test_who_travels_has_no_shorter_streak_than_the_days_of_their_places(
    visits: list[tuple[int, str]],
) -> None:
    rules = StreakRules(streak="s", what=What(kind="visit"), zone="member")
    streak, run, days = Streak(rules, shop()), None, {date.min}
    for minutes, zone in sorted(visits):
        at = START + timedelta(minutes=minutes)
        run = streak.after(run, at, zone)
        days.add(max(*days, day_of(at, zone)))  # a day that comes again counts for nothing
    days.remove(date.min)
    assert run is not None
    last, straight = max(days), 0
    while last - timedelta(days=straight) in days:
        straight += 1
    assert run.length >= straight
    assert run.length <= len(days)
    assert run.last == last
    assert streak.ends_at(run, run.zone) >= start_of(last + timedelta(days=2), run.zone)


HISTORY = st.lists(
    st.tuples(
        st.integers(0, 15 * 24),
        st.sampled_from(["visit", "visit", "visit", "order", "back", "quiz", "spin"]),
        st.integers(1, 900),
    ),
    min_size=1,
    max_size=12,
)


@examples(25, 1000)
@given(history=HISTORY, seed=st.integers(0, 100))
def test_the_order_of_arrival_is_no_matter(history: list[Any], seed: int) -> None:
    facts = [fact(number, *one) for number, one in enumerate(history)]
    shuffled = Random(seed).sample(facts, len(facts))
    twice = shuffled + Random(seed + 1).sample(facts, len(facts))
    assert seen(facts) == seen(twice)


def fact(number: int, hours: int, kind: str, cents: int) -> Any:
    at = (START + timedelta(hours=hours)).isoformat()
    known = {"source": "web", "identities": ADA}
    if kind in ("visit", "quiz", "spin"):
        data = {"quiz": "q", "wheel": "w", "right": "yes" if cents % 2 else "no"}
        activity = {"type": "activity", "id": str(number), "kind": kind, "data": data}
        return {**known, **activity, "occurred_at": at}
    amount = f"{cents // 100}.{cents % 100:02}"
    refunds = [{"id": "R", "occurred_at": at}] if kind == "back" else []
    lines = [{"id": "1", "amount": amount}]
    order = {"type": "order", "id": str(number), "currency": "USD", "lines": lines}
    return {**known, **order, "occurred_at": at, "refunds": refunds}


def seen(facts: list[Any]) -> Any:
    """What is shown and what was won in the end, and at moments after it."""
    opened = Shop(GAMES + CHANCES)
    opened.clock.now = START + timedelta(days=16)
    for one in facts:
        assert opened.loyalty.record(one).error is None
    found = opened.loyalty.find(ADA)
    assert found is not None
    shown = []
    for days in (16, 17, 20, 30):
        opened.clock.now = START + timedelta(days=days)
        shown.append(opened.loyalty.statement(found.id).shown)
    return opened.points, shown


@given(moments=MOMENTS)
def test_the_state_stays_small(moments: list[datetime]) -> None:
    program = GamificationProgram(read(GAMES), shop())
    state: Any = played(program, moments).state
    assert len(str(state)) < 900
    assert load(state["streaks"]["s"]) is not None
