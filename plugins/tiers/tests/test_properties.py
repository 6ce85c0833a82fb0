"""What holds for any history: the order of arrival is no matter, and a plain recount agrees."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.tiers.tests.build import Shop, ladder
from tests.properties.engines import examples

START = datetime(2024, 1, 1, tzinfo=UTC)
LONG = timedelta(days=1500)
RUNGS = [(50000, "gold"), (10000, "silver"), (0, "bronze")]


@dataclass(frozen=True)
class Bought:
    """An order, and how much of it comes back when."""

    number: int
    hours: int
    cents: int
    back: tuple[tuple[int, int], ...] = ()

    @property
    def at(self) -> datetime:
        return START + timedelta(hours=self.hours)

    @property
    def refunds(self) -> list[tuple[datetime, int]]:
        """Each refund's moment and what it takes, never more than is left."""
        left, made = self.cents, []
        for hours, cents in sorted(self.back):
            taken = min(cents, left)
            left -= taken
            made.append((self.at + timedelta(hours=hours), taken))
        return made


def bought(number: int) -> st.SearchStrategy[Bought]:
    return st.builds(
        Bought,
        number=st.just(number),
        hours=st.integers(0, 24 * 1200),
        cents=st.integers(1, 60000),
        back=st.lists(
            st.tuples(st.integers(1, 24 * 300), st.integers(1, 60000)), max_size=2, unique=True
        ).map(tuple),
    )


HISTORIES = st.integers(1, 7).flatmap(lambda many: st.tuples(*map(bought, range(many))))
RULES = [
    f'window = "{window}"\ndowngrade = "{downgrade}"\ngrace_days = {grace}\nrefunds = "{refunds}"'
    for window in ("lifetime", "calendar_year", "anniversary", "rolling")
    for downgrade, grace in (("full", 0), ("one", 20), ("none", 0))
    for refunds in ("keep", "recount")
]


def facts(history: tuple[Bought, ...]) -> list[Any]:
    """What is recorded of a history, in the order it happened."""
    made: list[tuple[datetime, Any]] = []
    for one in history:
        line = {"id": "1", "amount": f"{one.cents // 100}.{one.cents % 100:02}"}
        order = {
            "type": "order",
            "source": "web",
            "id": str(one.number),
            "identities": {"email": "ada@example.org"},
            "currency": "USD",
            "occurred_at": one.at.isoformat(),
            "lines": [line],
        }
        made.append((one.at, order))
        for number, (at, cents) in enumerate(one.refunds):
            refund = {
                "id": f"{one.number}-{number}",
                "occurred_at": at.isoformat(),
                "lines": [{"line": "1", "amount": f"{cents // 100}.{cents % 100:02}"}],
            }
            fact = {"type": "refund", "source": "web", "order_id": str(one.number)}
            if cents:
                made.append((at, {**fact, "currency": "USD", "refund": refund}))
    return [fact for _, fact in sorted(made, key=lambda pair: pair[0])]


def played(rules: str, recorded: list[Any]) -> Shop:
    shop = Shop(ladder(rules), plugins_on={"points": {}})
    shop.clock.now = START + LONG
    for fact in recorded:
        assert shop.loyalty.record(fact).error is None
    return shop


def seen(shop: Shop) -> list[Any]:
    """Where the member stands at moments after the last fact."""
    found = []
    for days in (0, 30, 200, 400, 800, 2000):
        shop.clock.now = START + LONG + timedelta(days=days)
        found.append(shop.statement.standings)
    return found


@pytest.mark.parametrize("rules", RULES)
@examples(6, 150)
@given(history=HISTORIES, seed=st.integers(0, 100))
def test_the_order_of_arrival_is_no_matter(
    rules: str, history: tuple[Bought, ...], seed: int
) -> None:
    recorded = facts(history)
    shuffled = Random(seed).sample(recorded, len(recorded))
    twice = shuffled + Random(seed).sample(recorded, len(recorded))
    assert seen(played(rules, recorded)) == seen(played(rules, twice))


def rank(cents: int) -> int:
    return next(2 - place for place, (least, _) in enumerate(RUNGS) if cents >= least)


def recounted(history: tuple[Bought, ...], end: datetime, *, recount: bool) -> str:
    """The tier at ``end`` by calendar years and full downgrades, counted from the raw amounts."""
    moments = [(one.at, 1, "order") for one in history]
    moments += [(at, 0, "refund") for one in history for at, cents in one.refunds if cents]
    moments += [(datetime(year, 1, 1, tzinfo=UTC), 0.5, "year") for year in range(2025, 2035)]

    def spent(year: int, now: datetime) -> int:
        mine = [one for one in history if one.at.year == year and one.at <= now]
        return sum(one.cents - sum(cents for at, cents in one.refunds if at <= now) for one in mine)

    held = carried = 0
    for at, _, what in sorted(moments):
        if at > end:
            break
        if what == "order":
            held = max(held, rank(spent(at.year, at)))
        elif what == "year":
            held = carried = min(held, rank(spent(at.year - 1, at)))
        elif recount:
            held = min(held, max(carried, rank(spent(at.year, at))))
    return RUNGS[2 - held][1]


@pytest.mark.parametrize("refunds", ["keep", "recount"])
@examples(40, 1000)
@given(history=HISTORIES, days=st.integers(0, 600))
def test_a_plain_recount_agrees(refunds: str, history: tuple[Bought, ...], days: int) -> None:
    shop = played(f'refunds = "{refunds}"', facts(history))
    shop.clock.now = START + LONG + timedelta(days=days)
    assert shop.tier == recounted(history, shop.clock.now, recount=refunds == "recount")
