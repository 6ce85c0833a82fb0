"""What holds for any history: every cent has its place, and the order of arrival is no matter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from loyalty_core import format_scaled
from loyalty_donation import choice
from plugins.donation.tests.build import (
    ADA,
    BOB,
    NOON,
    OAKS,
    ONE_PERCENT,
    REEF,
    SHELTER,
    STEPS,
    Shop,
    gift,
    order,
    refund,
)
from tests.properties.engines import examples

PEOPLE = (ADA, BOB)
RULES: Mapping[str, Any] = {
    "charity": [{**REEF, "match": {"percent": "33.3", "budget": "3.00"}}, SHELTER],
    "campaign": [
        {**OAKS, "starts_on": "2026-03-05", "ends_on": "2026-03-08", "goal": "2.50"}
        | {"when_reached": "stop", "match": {"percent": 10}}
    ],
    "percent": [ONE_PERCENT],
    "points": STEPS,
}


@dataclass(frozen=True)
class Bought:
    """An order with a gift, and how much of each comes back."""

    person: int
    hours: int
    goods: int
    gift: int
    tag: str
    back: tuple[int, int]


BOUGHT = st.builds(
    Bought,
    person=st.integers(0, 1),
    hours=st.integers(0, 200),
    goods=st.integers(1, 90_000),
    gift=st.integers(0, 300),
    tag=st.sampled_from(["", "charity:reef", "charity:shelter"]),
    back=st.tuples(st.integers(0, 90_000), st.integers(0, 300)),
)
CHOICES = st.tuples(st.integers(0, 1), st.integers(0, 200), st.sampled_from(["reef", "shelter"]))


def text(minor: int) -> str:
    return format_scaled(minor, 2)


def facts(bought: list[Bought], choices: list[tuple[int, int, str]]) -> list[Any]:
    made: list[Any] = []
    for number, one in enumerate(bought):
        at = (NOON + timedelta(hours=one.hours)).isoformat()
        more = [gift(text(one.gift))] if one.gift else []
        given: dict[str, Any] = {"identities": PEOPLE[one.person], "occurred_at": at}
        tags = [one.tag] if one.tag else []
        made.append(order(str(number), text(one.goods), more=more, tags=tags, **given))
        for line, back, most in (("a", one.back[0], one.goods), ("gift", one.back[1], one.gift)):
            if amount := min(back, most):
                lines = [{"line": line, "amount": text(amount)}]
                made.append(refund(str(number), f"{number} {line}", lines=lines))
    for number, (person, hours, charity) in enumerate(choices):
        moment = NOON + timedelta(hours=hours)
        made.append(choice(charity, identities=PEOPLE[person], at=moment, key=str(number)))
    return made


def played(recorded: list[Any]) -> Shop:
    shop = Shop(settings=RULES)
    for person in PEOPLE:
        shop.loyalty.enrol(person)
    for fact in recorded:
        shop.record(fact)
    return shop


def seen(shop: Shop) -> Any:
    given = [shop.charities.given(shop.member(person)) for person in PEOPLE]
    return shop.charities.accounts(), given


def money(shop: Shop) -> int:
    """What the members' wallets hold of all charities."""
    names = [account.wallet for account in shop.charities.accounts()]
    return sum(shop.balance(name, person) for name in names for person in PEOPLE)


@examples(12, 400)
@given(
    bought=st.lists(BOUGHT, min_size=1, max_size=5),
    choices=st.lists(CHOICES, max_size=2),
    seed=st.integers(0, 100),
)
def test_the_order_of_arrival_and_duplicates_are_no_matter(
    bought: list[Bought], choices: list[tuple[int, int, str]], seed: int
) -> None:
    recorded = facts(bought, choices)
    shuffled = Random(seed).sample(recorded, len(recorded))
    twice = shuffled + Random(seed).sample(recorded, len(recorded))
    one, other = played(recorded), played(twice)
    assert seen(one) == seen(other)
    one.loyalty.close()
    other.loyalty.close()


@examples(15, 600)
@given(
    bought=st.lists(BOUGHT, min_size=1, max_size=6),
    steps=st.integers(0, 3),
    paid=st.integers(0, 2000),
)
def test_every_cent_is_accounted_for(bought: list[Bought], steps: int, paid: int) -> None:
    shop = played(facts(bought, []))
    donated = 0
    for person in PEOPLE:
        wallet = shop.loyalty.statement(shop.member(person)).wallet("points")
        if points := min(steps * 500, wallet.available // 500 * 500):
            member, key = shop.member(person), person["email"]
            shop.loyalty.redeem(member, points=points, reward="donation.shelter", key=key)
            donated += points // 500 * 1000
    gifts = sum(one.gift - min(one.back[1], one.gift) for one in bought)
    percents = [int(Fraction(one.goods, 100) + Fraction(1, 2)) for one in bought]
    kept = [
        percent - percent * min(one.back[0], one.goods) // one.goods
        for one, percent in zip(bought, percents, strict=True)
    ]
    accounts = {account.wallet: account for account in shop.charities.accounts()}
    assert sum(one.given for one in accounts.values()) == gifts + sum(kept) + donated
    assert money(shop) == gifts + sum(kept) + donated
    assert sum(one.passed for one in accounts.values()) == 0
    assert accounts["reef"].matched == min(accounts["reef"].given * 333 // 1000, 300)
    assert accounts["oaks"].total <= 250
    if amount := min(paid, max(accounts["reef"].open, 0)):
        shop.charities.pay_out("reef", amount, reference="1", actor="sam")
    shop.charities.book(actor="sam")
    after = {account.wallet: account for account in shop.charities.accounts()}
    assert {name: one.total for name, one in after.items()} == {
        name: one.total for name, one in accounts.items()
    }
    assert shop.outstanding() == {name: one.open for name, one in after.items()}
    assert sum(one.amount for person in PEOPLE for one in given_by(shop, person)) == money(shop)
    assert shop.loyalty.verify().problems == ()
    shop.loyalty.close()


def given_by(shop: Shop, person: Mapping[str, str]) -> Any:
    return shop.charities.given(shop.member(person))


@examples(12, 500)
@given(steps=st.integers(1, 3), parts=st.lists(st.integers(1, 400), min_size=1, max_size=4))
def test_money_for_points_goes_back_with_the_points(steps: int, parts: list[int]) -> None:
    shop = played([order("1", "1500.00")])
    member, worth = shop.member(), steps * 1000
    paid = {"source": "web", "order_id": "2"}
    made = shop.loyalty.redeem(
        member, points=steps * 500, reward="donation.shelter", key="k", **paid
    )
    shop.record(order("2", "7.77", identities=BOB))
    before = shop.balance("shelter")
    for number, cents in enumerate(parts):
        shop.refund("2", str(number), amount=text(cents))
        back = shop.loyalty.redemption(made.redemption_id).returned
        left = worth - worth * back // made.points
        assert shop.balance("points") == 1500 - made.points + back
        assert shop.balance("shelter") == shop.outstanding()["shelter"] == left <= before
        before = left
    shop.refund("2", "all")
    assert (shop.balance("points"), shop.balance("shelter")) == (1500, 0)
    assert shop.loyalty.verify().problems == ()
    shop.loyalty.close()
