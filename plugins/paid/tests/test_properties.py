"""Whatever order facts arrive in, and however often: one membership, of whole periods."""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from hashlib import sha256
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from loyalty_paid.course import begin, extend, pause, resume
from loyalty_paid.memory import Membership, Span, load
from loyalty_paid.plans import Plans
from plugins.paid.tests.build import Shop, moment, program
from plugins.paid.tests.build import settings as settings_of
from tests.properties.engines import examples

START = moment("2026-01-31T10:00")
MEMBERSHIP = sha256(b"web\0activity\0join").hexdigest()[:16]
END = moment("2026-09-01")


def later(days: int, hours: int = 0) -> str:
    return (START + timedelta(days=days, hours=hours)).isoformat()


def activity(number: str, kind: str, at: str, **data: Any) -> dict[str, Any]:
    return {
        "type": "activity",
        "id": number,
        "kind": f"paid.{kind}",
        "occurred_at": at,
        "data": data,
    }


def fee(number: str, plan: str, at: str, charge: str, **more: Any) -> dict[str, Any]:
    line = {"id": charge, "sku": plan, "kind": "membership", "amount": "10.00"}
    order = {"type": "order", "id": number, "currency": "USD", "lines": [line], "occurred_at": at}
    return {**order, **more}


def refund(number: str, order: str, at: str, **more: Any) -> dict[str, Any]:
    given = {"id": number, "occurred_at": at, **more}
    return {"type": "refund", "order_id": order, "currency": "USD", "refund": given}


@st.composite
def histories(draw: st.DrawFn) -> list[dict[str, Any]]:
    """A member comes to a plan; fees are asked for, declined, paid, given back; and commands."""
    facts = [activity("join", "subscribe", later(0), plan=draw(st.sampled_from(["basic", "plus"])))]
    dues = ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]
    for number, due in enumerate(draw(st.lists(st.sampled_from(dues), max_size=5))):
        charge = f"{MEMBERSHIP}:{due}"
        at = (moment(f"{due}T10:00") + timedelta(days=draw(st.integers(0, 9)))).isoformat()
        if draw(st.booleans()):
            data = {"charge": charge, "attempt": 1, "reason": "no"}
            facts.append(activity(f"no{number}", "payment_failed", at, **data))
        plan = draw(st.sampled_from(["basic", "plus", "pass", "life"]))
        sold = draw(st.sampled_from([charge, charge, "fee"]))
        facts.append(fee(f"f{number}", plan, at, sold))
        if draw(st.booleans()):
            whole = refund(f"r{number}", f"f{number}", later(draw(st.integers(40, 120)), 1))
            voided = draw(st.booleans())
            facts.append(whole)
            if voided:
                back = dict(whole["refund"], voided_at=later(150))
                facts.append({**whole, "refund": back})
    words: dict[str, dict[str, Any]] = {
        "cancel": {"when": draw(st.sampled_from(["now", "period_end"]))},
        "pause": {"days": 10},
        "resume": {},
        "change": {"plan": draw(st.sampled_from(["basic", "plus", "life"]))},
        "subscribe": {"plan": draw(st.sampled_from(["basic", "year", "life", "pass"]))},
        "gift": {"plan": "basic", "code": "BOB-1"},
        "payment_failed": {"reason": "no"},
    }
    for number, word in enumerate(draw(st.lists(st.sampled_from(sorted(words)), max_size=4))):
        at = later(draw(st.integers(1, 130)), number + 2)
        facts.append(activity(f"c{number}", word, at, **words[word]))
    return facts


def outcome(facts: Sequence[dict[str, Any]], *, ticks: bool) -> Any:
    """What is remembered, shown and given at the end."""
    shop = Shop(bank="paid.manual")
    shop.clock.now = END
    try:
        for fact in facts:
            shop.record(fact)
            if ticks:
                shop.loyalty.tick()
        shop.loyalty.tick()
        found = shop.loyalty.find({"email": "ada@example.org"})
        assert found is not None
        statement = shop.loyalty.statement(found.id)
        assert shop.loyalty.verify().problems == ()
        assert shop.loyalty.status().deferred_facts == 0  # the plugin has failed on nothing
        return statement.shown["paid"], statement.benefits
    finally:
        shop.loyalty.close()


@examples(12, 400)
@given(histories(), st.integers(0, 2**32))
def test_any_order_and_duplication_of_facts_ends_in_the_same_membership(
    facts: list[dict[str, Any]], seed: int
) -> None:
    shuffled = Random(seed).sample([*facts, *facts], 2 * len(facts))
    assert outcome(facts, ticks=False) == outcome(shuffled, ticks=True)


def plain_months(first: date, months: int) -> date:
    """The day so many months later, by looking at each month in turn."""
    year, month = first.year, first.month
    for _ in range(months):
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return date(year, month, min(first.day, calendar.monthrange(year, month)[1]))


@examples(12, 400)
@given(
    st.dates(date(2026, 1, 1), date(2028, 12, 31)),
    st.integers(0, 86399),
    st.sampled_from(["UTC", "America/New_York", "Pacific/Kiritimati", "Europe/Berlin"]),
    st.integers(1, 12),
    st.lists(st.integers(0, 7 * 86400 - 1), min_size=1, max_size=8),
)
def test_periods_are_those_of_a_plain_calendar(
    first: date, second: int, zone: str, months: int, delays: list[int]
) -> None:
    plan = f'[[plan]]\nplan = "p"\nprice = "10.00"\nperiod = "month"\nperiods = {months}\n'
    shop = Shop(plans=plan, zone=zone, bank="paid.manual")
    midnight = datetime.combine(first, time(), ZoneInfo(zone)).astimezone(
        moment("2026-01-01").tzinfo
    )
    began = midnight + timedelta(seconds=second)
    if began.astimezone(ZoneInfo(zone)).date() != first:
        began = midnight
    shop.clock.now = began
    shop.record(activity("join", "subscribe", began.isoformat(), plan="p"))
    at = began
    for number, delay in enumerate(delays):
        day = plain_months(first, number * months)
        if number:
            due = datetime.combine(day, time(), ZoneInfo(zone)).astimezone(began.tzinfo)
            at = due + timedelta(seconds=min(delay, 6 * 86400))
        shop.clock.now = at
        charge = f"{MEMBERSHIP}:{day.isoformat()}"
        shop.record(fee(f"f{number}", "p", at.isoformat(), charge))
    found = shop.loyalty.find({"email": "ada@example.org"})
    assert found is not None
    shown = shop.loyalty.statement(found.id).shown["paid"]
    ends = datetime.combine(plain_months(first, len(delays) * months), time(), ZoneInfo(zone))
    assert datetime.fromisoformat(str(shown["paid_until"])) == ends
    assert shown["fees"] == 1000 * len(delays)
    shop.loyalty.close()


def days_of(membership: Membership, plans: Plans) -> set[date]:
    """The days on which it gives something, by looking at each."""
    days: set[date] = set()
    for span in membership.spans:
        assert span.ends is not None
        day = plans.day(span.begins)
        while plans.start(day) < span.ends:
            days.add(day)
            day += timedelta(days=1)
    return days


@given(
    st.dates(date(2026, 1, 1), date(2028, 12, 31)),
    st.sampled_from(["UTC", "America/New_York", "Pacific/Kiritimati", "Europe/Berlin"]),
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 86399), st.integers(1, 30)), max_size=6),
    st.booleans(),
)
def test_however_often_it_is_paused_no_day_is_lost(
    first: date, zone: str, moves: list[tuple[int, int, int]], ahead: bool
) -> None:
    rules = settings_of('[[plan]]\nplan = "p"\nprice = "1.00"\nperiod = "month"\npause_days = 30\n')
    plans = Plans.of(rules, program(zone))
    (plan,) = rules.plan
    at = plans.start(first)
    membership = Membership(id="m", plan="p", anchor=first)
    begin(membership, plan, plans, at, Span("p", begins=at))
    if ahead:
        extend(membership, plan, plans, at, Span("p", begins=at))
    paid_for = len(days_of(membership, plans))
    for days, seconds, length in moves:
        at += timedelta(days=days, seconds=seconds)
        if membership.paused(at):
            resume(membership, plans, at)
        elif membership.span(at) is not None:
            pause(membership, plans, at, length)
        assert len(days_of(membership, plans)) == paid_for


def test_nothing_is_remembered_of_whom_nothing_is_known() -> None:
    assert load({}) is None
