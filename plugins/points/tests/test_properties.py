"""What holds for any order, any rules and any cart."""

import copy
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_core import (
    Credit,
    LineKind,
    Minor,
    Order,
    PointsValue,
    Rounding,
    SpendRequest,
    Tender,
    line_nets,
)
from loyalty_points.config import Basis, Cap, EarnRule, OrderWhen, PointsConfig, Ratio, Redeem
from loyalty_points.program import PointsProgram
from loyalty_points.rewards import PointsDiscount
from plugins.points.tests.build import NOON, Shopper, kept, line, member, shop

TAGS = st.lists(st.sampled_from(["tea", "rich"]), unique=True, max_size=2).map(tuple)


@st.composite
def lines(draw: st.DrawFn, name: str) -> object:
    amount = draw(st.integers(0, 100_000))
    return line(
        name,
        amount,
        discount=draw(st.integers(0, amount)),
        quantity=draw(st.integers(1, 5)),
        kind=draw(st.sampled_from([LineKind.GOODS, LineKind.GOODS, LineKind.GIFT_CARD])),
        tags=draw(TAGS),
    )


@st.composite
def orders(draw: st.DrawFn) -> Order:
    made = [draw(lines(f"l{index}")) for index in range(draw(st.integers(1, 5)))]
    goods = sum(item.net for item in made if item.kind is LineKind.GOODS)
    tenders = draw(
        st.lists(
            st.builds(
                Tender,
                kind=st.sampled_from(["card", "gift_card", "app"]),
                amount=st.integers(0, 200_000).map(Minor),
            ),
            max_size=2,
        )
    )
    return Order(
        source="web",
        id="o",
        currency="USD",
        occurred_at=NOON + timedelta(hours=draw(st.integers(0, 2000))),
        lines=tuple(made),
        discount=Minor(draw(st.integers(0, goods))),
        shipping=Minor(draw(st.integers(0, 2_000))),
        tenders=tuple(tenders),
    )


RATES = st.decimals("0.001", "20", places=3)
WHENS = st.builds(
    OrderWhen, line_tags=st.sampled_from([(), ("tea",)]), payments=st.sampled_from([(), ("app",)])
)
CAPS = st.builds(
    Cap,
    period=st.sampled_from(["day", "month", "lifetime"]),
    limit=st.integers(1, 3000).map(Decimal),
    over=st.sampled_from(["cut", "refuse"]),
)


@st.composite
def rules(draw: st.DrawFn, name: str) -> EarnRule:
    gives = draw(
        st.sampled_from(
            [
                {"rate": {"USD": draw(RATES)}},
                {"per": {"USD": Decimal("2.50")}, "points": Decimal(5)},
                {"bonus": Decimal(draw(st.integers(1, 500)))},
                {"multiply": Decimal(1) + draw(RATES)},
            ]
        )
    )
    return EarnRule(
        rule=name,
        rounding=draw(st.sampled_from(Rounding)),
        round_per=draw(st.sampled_from(["order", "line"])),
        basis=Basis(
            shipping=draw(st.booleans()), discounts=draw(st.sampled_from(["after", "before"]))
        ),
        when=draw(WHENS),
        priority=draw(st.integers(0, 2)),
        group=draw(st.sampled_from(["", "g"])) if "multiply" not in gives else "",
        caps=tuple(draw(st.lists(CAPS, max_size=1))),
        **gives,
    )


@st.composite
def programs(draw: st.DrawFn) -> PointsProgram:
    earn = tuple(draw(rules(f"r{index}")) for index in range(draw(st.integers(1, 4))))
    combine = draw(st.sampled_from(["sum", "max", "first"]))
    return PointsProgram(PointsConfig(earn=earn, groups={"g": combine}), shop())


@given(programs(), orders())
def test_the_lines_of_an_award_sum_to_it(program: PointsProgram, bought: Order) -> None:
    for credit in program.decide(bought, member()):
        if isinstance(credit, Credit):
            assert credit.amount > 0
            assert sum(credit.lines.values()) == credit.amount
            assert credit.lines.keys() <= line_nets(bought).keys()
            assert all(points >= 0 for points in credit.lines.values())


@given(programs(), st.lists(orders(), min_size=1, max_size=6))
def test_deciding_is_a_function_of_fact_and_member(
    program: PointsProgram, history: list[Order]
) -> None:
    shopper = Shopper(program)
    for bought in sorted(history, key=lambda item: item.occurred_at):
        before = copy.deepcopy((bought, shopper.view))
        effects = program.decide(bought, shopper.view)
        assert (bought, shopper.view) == before
        assert program.decide(bought, copy.deepcopy(shopper.view)) == effects
        state = kept(effects)
        assert state is None or state != shopper.view.state
        shopper.does(bought)


@given(
    st.lists(orders(), min_size=1, max_size=8),
    st.integers(1, 500),
    st.sampled_from(["cut", "refuse"]),
)
def test_no_day_gives_more_than_its_cap(history: list[Order], limit: int, over: str) -> None:
    cap = Cap(period="day", limit=Decimal(limit), over=over)  # type: ignore[arg-type]
    rule = EarnRule(rule="base", rate={"USD": Decimal(1)}, caps=(cap,))
    shopper = Shopper(PointsProgram(PointsConfig(earn=(rule,)), shop()))
    given_on: dict[object, int] = {}
    for bought in sorted(history, key=lambda item: item.occurred_at):
        day = bought.occurred_at.date()
        given_on[day] = given_on.get(day, 0) + sum(shopper.does(bought).values())
        assert given_on[day] <= limit


VALUES = st.builds(
    PointsValue,
    points=st.integers(1, 1000),
    amount=st.integers(1, 500).map(lambda cents: f"{Decimal(cents) / 100:.2f}"),
)
REDEEMS = st.builds(
    Redeem,
    minimum=st.integers(0, 300).map(Decimal),
    step=st.sampled_from([None, Decimal(1), Decimal(100)]),
    maximum_percent=st.decimals("0.01", "100", places=2),
    shipping=st.booleans(),
    ratio=st.sampled_from(
        [(), (Ratio(points=Decimal(100), amount=Decimal("2.00"), line_tags=("rich",)),)]
    ),
)


@pytest.mark.hard_case("H33")
@given(
    VALUES,
    REDEEMS,
    st.one_of(st.none(), orders()),
    st.integers(-100, 200_000),
    st.one_of(st.none(), st.integers(0, 200_000)),
)
def test_an_offer_keeps_every_limit_and_charges_exactly(
    value: PointsValue,
    redeem: Redeem,
    cart: Order | None,
    available: int,
    asked: int | None,
) -> None:
    reward = PointsDiscount(PointsConfig(redeem=redeem), shop(value=value))
    request = SpendRequest(wallet="points", available=available, points=asked, order=cart)
    found = reward.offer(request, member())
    assert found == reward.offer(request, member())
    worth = found.worth.amount_minor
    assert 0 <= found.points <= max(available, 0)
    assert asked is None or found.points <= asked
    assert (found.points == 0) == (worth == 0) == bool(found.refusal)
    assert found.points == 0 or found.points >= redeem.minimum
    if cart is None:
        assert found.lines == {}
        per_point = Fraction(value.amount) * 100 / value.points
        assert found.points == -(-worth // per_point)
        return
    nets = line_nets(cart)
    assert sum(found.lines.values()) == worth
    assert all(0 < minor <= nets[name] for name, minor in found.lines.items())
    payable = sum(nets.values()) if redeem.shipping else sum(nets[item.id] for item in cart.lines)
    assert worth * 100 <= payable * redeem.maximum_percent
    by_ratio: dict[Fraction, int] = {}
    rich = {item.id for item in cart.lines if redeem.ratio and "rich" in item.tags}
    for name, minor in found.lines.items():
        per_point = Fraction(2) if name in rich else Fraction(value.amount) * 100 / value.points
        by_ratio[per_point] = by_ratio.get(per_point, 0) + minor
    assert found.points == sum(-(-minor // ratio) for ratio, minor in by_ratio.items())
