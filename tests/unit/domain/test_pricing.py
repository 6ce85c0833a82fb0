"""Member prices: exact to the cent, stacked as stated, per line and in sum."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_core import (
    SHIPPING,
    Benefit,
    BenefitKind,
    Checkout,
    GrantedBenefit,
    Line,
    LineKind,
    Minor,
    Order,
    Rounding,
    Stacking,
    line_nets,
    points_multiplier,
)
from loyalty_core.domain.pricing import apportion, discounted, price

TODAY = date(2026, 6, 18)
POLICIES: list[Stacking] = ["multiply", "add", "best"]


def granted(kind: BenefitKind, name: str = "b", **fields: Any) -> GrantedBenefit:
    return GrantedBenefit(
        benefit=Benefit(benefit=name, kind=kind, **fields), source="test.source", why="a test"
    )


def percent(name: str, off: str, **fields: Any) -> GrantedBenefit:
    return granted(BenefitKind.PERCENT_OFF, name, percent=Decimal(off), **fields)


def amount(name: str, off: str, **fields: Any) -> GrantedBenefit:
    return granted(BenefitKind.AMOUNT_OFF, name, amount={"USD": Decimal(off)}, **fields)


def cart(*cents: int, shipping: int = 0, discount: int = 0, **fields: Any) -> Order:
    lines = [Line(id=f"l{n}", amount=Minor(value), **fields) for n, value in enumerate(cents)]
    return Order(
        source="web", id="c", currency="USD", occurred_at=datetime(2026, 6, 18, tzinfo=UTC),
        lines=tuple(lines), shipping=Minor(shipping), discount=Minor(discount),
    )  # fmt: skip


def paid(order: Order, *benefits: GrantedBenefit, **checkout: Any) -> int:
    return price(order, benefits, Checkout(**checkout), TODAY).member_price.amount_minor


@pytest.mark.parametrize(("policy", "left"), [("multiply", 7040), ("add", 6800), ("best", 8000)])
def test_two_percents_go_together_as_stated(policy: str, left: int) -> None:
    assert paid(cart(10000), percent("vip", "12"), percent("day", "20"), stacking=policy) == left


def test_a_group_goes_together_first() -> None:
    three = percent("a", "10", group="x"), percent("b", "20", group="x"), percent("c", "50")
    assert paid(cart(10000), *three) == 4000  # the best of the group, then the other
    assert paid(cart(10000), *three, groups={"x": "add"}) == 3500
    assert paid(cart(10000), *three, groups={"x": "add"}, stacking="best") == 5000


def test_no_more_than_everything_is_taken_off() -> None:
    assert paid(cart(999), percent("a", "70"), percent("b", "60"), stacking="add") == 0
    assert paid(cart(999, shipping=100), percent("a", "50"), amount("b", "90")) == 100


@pytest.mark.parametrize(("policy", "left"), [("multiply", 8000), ("add", 8000), ("best", 9000)])
def test_amounts_come_after_percents(policy: str, left: int) -> None:
    assert paid(cart(10000), percent("a", "10"), amount("b", "10"), stacking=policy) == left
    best = price(
        cart(10000), [percent("a", "10"), amount("b", "10.01")], Checkout(stacking="best"), TODAY
    )
    assert [(use.benefit, use.amount.amount_minor) for use in best.used] == [("b", 1001)]


def test_only_goods_that_fit_are_reduced() -> None:
    order = cart(1000, 1000, kind=LineKind.GIFT_CARD)
    assert paid(order, percent("a", "50")) == 2000
    one = Line(id="x", amount=Minor(1000), categories=("tea",), tags=("new",))
    two = Line(id="y", amount=Minor(1000), categories=("tea", "sale"), tags=("old",))
    order = cart(1000)
    order = Order(source="", id="", currency="USD", occurred_at=order.occurred_at, lines=(one, two))
    some = percent("a", "50", categories=("tea",), without_categories=("sale",))
    found = price(order, [some], Checkout(), TODAY)
    assert [line.member_price for line in found.lines] == [500, 1000]
    tagged = percent("a", "50", line_tags=("old", "rare"))
    found = price(order, [tagged], Checkout(), TODAY)
    assert [line.member_price for line in found.lines] == [1000, 500]


def test_free_shipping_with_a_condition_and_what_is_missing() -> None:
    free = granted(BenefitKind.FREE_SHIPPING, minimum={"USD": Decimal("50.00")}, text="Free!")
    found = price(cart(5100, shipping=499, discount=101), [free], Checkout(), TODAY)
    assert (found.member_price.amount_minor, found.used) == (5498, ())
    assert [(one.text, str(one.missing)) for one in found.missed] == [("Free!", "0.01 USD")]
    found = price(cart(5100, shipping=499, discount=100), [free], Checkout(), TODAY)
    assert (found.member_price.amount_minor, found.missed) == (5000, ())
    euros = granted(BenefitKind.FREE_SHIPPING, minimum={"EUR": Decimal(1)})
    assert price(cart(100, shipping=9), [euros], Checkout(), TODAY).member_price.amount_minor == 109


def test_a_benefit_counts_on_its_days_alone() -> None:
    day = percent("a", "50", dates=(TODAY,))
    late = percent("b", "50", starts_on=date(2026, 6, 19))
    past = percent("c", "50", ends_on=date(2026, 6, 17))
    assert paid(cart(1000), day, late, past) == 500
    assert price(cart(1000), [day], Checkout(), date(2027, 6, 18)).member_price.amount_minor == 1000


def test_the_largest_multiplier_counts_and_never_less_than_one() -> None:
    twice = granted(BenefitKind.POINTS_MULTIPLIER, multiplier=Decimal(2))
    more = granted(BenefitKind.POINTS_MULTIPLIER, "c", multiplier=Decimal("2.5"))
    other = granted(BenefitKind.POINTS_MULTIPLIER, "d", multiplier=Decimal(9), wallet="stars")
    assert points_multiplier([twice, more, other], "points", TODAY) == Decimal("2.5")
    assert points_multiplier([other], "points", TODAY) == 1


BENEFITS = st.lists(
    st.one_of(
        st.builds(
            percent,
            st.sampled_from("abcdef"),
            st.decimals("0.1", "100", places=1).map(str),
            group=st.sampled_from(["", "x", "y"]),
        ),
        st.builds(amount, st.sampled_from("ghij"), st.decimals("0.01", "300", places=2).map(str)),
        st.just(granted(BenefitKind.FREE_SHIPPING, "ship")),
    ),
    max_size=5,
    unique_by=lambda one: one.benefit.benefit,
)


@given(
    st.lists(st.integers(0, 30000), min_size=1, max_size=6),
    st.integers(0, 1000),
    BENEFITS,
    st.sampled_from(POLICIES),
    st.sampled_from(Rounding),
    st.data(),
)
def test_sums_are_exact(
    cents: list[int],
    shipping: int,
    benefits: list[GrantedBenefit],
    stacking: Stacking,
    rounding: Rounding,
    data: st.DataObject,
) -> None:
    order = cart(*cents, shipping=shipping, discount=data.draw(st.integers(0, sum(cents))))
    found = price(order, benefits, Checkout(stacking=stacking, rounding=rounding), TODAY)
    nets = line_nets(order)
    assert {line.line: line.price for line in found.lines} == nets
    assert found.price.amount_minor == sum(nets.values())
    assert found.member_price.amount_minor == sum(line.member_price for line in found.lines)
    off = found.price.amount_minor - found.member_price.amount_minor
    assert off == sum(use.amount.amount_minor for use in found.used)
    for line in found.lines:
        assert 0 <= line.member_price == line.price - sum(line.discounts.values())
        assert all(discount > 0 for discount in line.discounts.values())
    after = discounted(order, found)
    prices = {line.line: line.member_price for line in found.lines}
    assert {**line_nets(after), SHIPPING: after.shipping} == {SHIPPING: 0, **prices}


@given(st.lists(st.fractions(0, 100), min_size=1, max_size=6), st.booleans())
def test_shares_are_rounded_down_or_up_and_sum_up(shares: list[Fraction], up: bool) -> None:
    whole = sum(shares, Fraction(0))
    total = -(-whole.numerator // whole.denominator) if up else int(whole)
    made = apportion(total, {str(n): share for n, share in enumerate(shares)})
    assert sum(made.values()) == total
    assert all(abs(made[str(n)] - share) < 1 for n, share in enumerate(shares))
