"""What holds for any history: the order of arrival is no matter, and nobody closes a circle."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from random import Random
from typing import Any
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from plugins.referral.tests.build import (
    FRIEND,
    NOON,
    REFERRER,
    TENT,
    Shop,
    activity,
    joined,
    order,
    refund,
    state_of,
)
from tests.properties.engines import examples

NAMES = ("ada", "bob", "cal", "dan")
RULES: Mapping[str, Any] = {
    "touch": "first",
    "window_days": 1,
    "velocity": {"most": 2, "hours": 10},
    "reward": [
        {**FRIEND, "when": "sign_up"},
        {**REFERRER, "after_days": 1, "most": 1, "per": "day", "at_least": "10.00"},
        {"rule": "second", "to": "friend", "order": 2, "points": 1000},
        {"rule": "up", "to": "referrer", "step": 2, "points": 10_000},
    ],
    "milestone": [
        {"rule": "two", "needs": 2, "points": 100_000},
        {"rule": "buyers", "counts": "order", "needs": 1, "repeat": True, "points": 1_000_000},
    ],
    "deal": [{**TENT, "points": 10_000_000}],
}
WHO, WHEN = st.sampled_from(NAMES), st.integers(0, 40)
DEVICES = st.sampled_from(["", "", "x", "y"])


@st.composite
def histories(draw: Any) -> list[dict[str, Any]]:
    """Facts of four people, each once, at few moments so that many meet."""
    made: list[dict[str, Any]] = []
    for number, (name, by, hours, device) in enumerate(
        draw(st.lists(st.tuples(WHO, WHO, WHEN, DEVICES), min_size=1, max_size=6))
    ):
        data = {"device": device} if device else {}
        made.append(joined(name, by, hours, id=f"join {number}", **data))
    for number, (name, by, hours) in enumerate(
        draw(st.lists(st.tuples(WHO, WHO, WHEN), max_size=3))
    ):
        made.append(activity("touched", name, hours, id=f"touch {number}", code=f"{by}-10"))
    tags = st.sampled_from(["", "referral:ADA-10", "group:ADA-10/g", "group:BOB-10/g"])
    amounts, back = st.sampled_from(["9.99", "10.00"]), st.sampled_from(["", "", "all", "0.01"])
    for number, (name, hours, tag, amount, part) in enumerate(
        draw(st.lists(st.tuples(WHO, WHEN, tags, amounts, back), max_size=6))
    ):
        more: dict[str, Any] = {"tags": [tag]} if tag else {}
        more["occurred_at"] = (NOON + timedelta(hours=hours, seconds=number)).isoformat()
        made.append(order(str(number), name, amount, hours, **more))
        if part:
            amount_back = {} if part == "all" else {"amount": part}
            made.append(refund(str(number), "r", hours + 3, **amount_back))
    made += [
        activity("group_opened", opener, draw(WHEN), deal="tent", group="g")
        for opener in sorted(draw(st.sets(st.sampled_from(["ada", "bob"]))))
    ]
    kinds = st.sampled_from(["group_joined", "group_left"])
    for number, (kind, name, hours) in enumerate(
        draw(st.lists(st.tuples(kinds, WHO, WHEN), max_size=4))
    ):
        made.append(activity(kind, name, hours, id=f"group {number}", code="ada-10", group="g"))
    return made


@contextmanager
def played(
    url: str, facts: list[dict[str, Any]], *, batches: Random | None = None, program: str = "shop"
) -> Iterator[Shop]:
    shop = Shop(url, RULES, program)
    shop.enrol(*NAMES)
    if batches is None:
        for fact in facts:
            shop.record(fact)
    else:
        size = batches.randint(1, 5)
        for start in range(0, len(facts), size):
            shop.loyalty.record_many(facts[start : start + size])
    shop.loyalty.tick()
    try:
        yield shop
    finally:
        shop.loyalty.close()


def seen(shop: Shop) -> Any:
    assert shop.loyalty.verify().problems == ()
    assert shop.loyalty.status().deferred_facts == 0
    return shop.points(*NAMES), [shop.shown(name) for name in NAMES]


def same(url: str, facts: list[dict[str, Any]], random: Random, program: str = "shop") -> None:
    """Facts in their order on SQLite, and shuffled, twice and in batches on a database."""
    shuffled = random.sample(facts, len(facts))
    twice = shuffled + random.sample(facts, len(facts))
    in_time = sorted(facts, key=lambda fact: str(fact.get("occurred_at", "9")))
    with (
        played("sqlite://", in_time) as one,
        played(url, twice, batches=random, program=program) as other,
    ):
        assert seen(one) == seen(other)


@examples(10, 300)
@given(facts=histories(), seed=st.integers(0, 1000))
def test_the_order_of_arrival_duplicates_and_batches_are_no_matter(
    facts: list[dict[str, Any]], seed: int
) -> None:
    same("sqlite://", facts, Random(seed))


@examples(4, 60)
@given(facts=histories(), seed=st.integers(0, 1000))
def test_each_database_comes_to_the_same(
    database_url: str, facts: list[dict[str, Any]], seed: int
) -> None:
    same(database_url, facts, Random(seed), program=f"shop-{uuid4()}")


@examples(10, 300)
@given(facts=histories())
def test_nobody_closes_a_circle_or_brings_themselves(facts: list[dict[str, Any]]) -> None:
    with played("sqlite://", facts) as shop:
        up = {name: referrer_of(shop, name) for name in NAMES}
        for name in NAMES:
            line = [name]
            while above := up[line[-1]]:
                assert above not in line
                line.append(above)
        accepted = sum(shop.shown(name)["accepted"] for name in NAMES)
        assert accepted == sum(above is not None for above in up.values())


def referrer_of(shop: Shop, name: str) -> str | None:
    """Who accepted somebody, by what is remembered of them."""
    claim = shop.shown(name)["invited_by"]
    if claim is None or claim["state"] != "accepted":
        return None
    claim = state_of(shop, name)["claim"]
    return str(claim["code"]).removesuffix("-10").lower()
