"""What refunds leave of an order's points: N of them take exactly what one of the whole takes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from itertools import pairwise, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_core import (
    SHIPPING,
    GoodwillPolicy,
    Line,
    LineKind,
    Minor,
    Order,
    Refund,
    RefundKind,
    Tender,
    line_nets,
    order_total,
)
from loyalty_core.domain.orders import kept_share, refunded_values
from tests.unit.domain.purchases import (
    AT,
    MIXED,
    document,
    line,
    order,
    pieces,
    refund,
    worth,
)

MIXED_NETS = {"shirt": 2919, "mug": 730, "sticker": 0, "card": 5000, SHIPPING: 590}
POINTS = {"shirt": 30, "mug": 7, "sticker": 5, SHIPPING: 3, "": 11}
NOTHING = dict.fromkeys(POINTS, 0)


def kept(body: Order, *refunds: Refund) -> dict[str, int]:
    """What is left of two awards: one by line, and one of 11 points by the whole order."""
    return left_of(POINTS, body, refunds)


def left_of(points: dict[str, int], body: Order, refunds: Iterable[Refund]) -> dict[str, int]:
    given = document(body, refunds)
    by_line = {name: earned for name, earned in points.items() if name}
    return kept_share(by_line, given) | kept_share({"": points[""]}, given)


def test_the_mixed_order_is_worth_what_it_says() -> None:
    assert line_nets(MIXED) == MIXED_NETS
    assert order_total(MIXED) == 9493


def test_the_discount_of_an_order_falls_on_goods_by_value() -> None:
    body = order(
        line("a", 1000), line("b", 500), line("tip", 900, kind=LineKind.TIP), discount=Minor(100)
    )
    assert line_nets(body) == {"a": 933, "b": 467, "tip": 900}


def test_without_refunds_or_without_the_order_all_is_kept() -> None:
    assert kept(MIXED) == POINTS
    unknown = replace(document(MIXED, [refund("r")]), body=None)
    assert kept_share(POINTS, unknown) == POINTS


@pytest.mark.parametrize(
    ("given_back", "values", "left"),
    [
        ([refund("r")], MIXED_NETS, NOTHING),
        ([refund("r"), refund("s"), refund("t", amount=Minor(5))], MIXED_NETS, NOTHING),
        (
            [refund("r", pieces("shirt", 1))],
            {"shirt": 973},
            {"shirt": 20, "": 11 - 1},  # of 11 for 9239, 973 cost one
        ),
        ([refund("r", worth("mug", 365))], {"mug": 365}, {"mug": 7 - 3, "": 11}),
        ([refund("r", pieces("sticker", 1))], {}, {"sticker": 5 - 2}),
        ([refund("r", pieces("sticker", 2))], {}, {"sticker": 0}),
        ([refund("r", shipping=Minor(590))], {SHIPPING: 590}, {SHIPPING: 0}),
        ([refund("r", shipping=Minor(295))], {SHIPPING: 295}, {SHIPPING: 2}),
        (
            [refund("r", amount=Minor(9493))],  # what was paid, taxes included
            MIXED_NETS,
            dict.fromkeys(POINTS, 0),  # the free sticker's as well
        ),
        (
            [refund("r", amount=Minor(949))],
            {line: Fraction(949 * net, 9493) for line, net in MIXED_NETS.items()},
            {"shirt": 30 - 3, "mug": 7, SHIPPING: 3, "": 11 - 1},  # 2.999, 0.700 and 0.300 are 3
        ),
        (
            [refund("r", worth("shirt", 1)), refund("s", pieces("shirt", 3))],
            {"shirt": 2919},
            {"shirt": 0, "": 11 - 3},
        ),
    ],
)
def test_what_is_left(
    given_back: list[Refund], values: dict[str, int], left: dict[str, int]
) -> None:
    assert refunded_values(document(MIXED, given_back)) == dict.fromkeys(MIXED_NETS, 0) | values
    assert kept(MIXED, *given_back) == POINTS | left


def test_a_line_named_without_more_comes_back_whole() -> None:
    back = refund("r", replace(pieces("shirt", 1), quantity=None))
    assert refunded_values(document(MIXED, [back]))["shirt"] == 2919
    assert kept(MIXED, back) == POINTS | {"shirt": 0, "": 8}


def test_refunds_beyond_the_order_take_no_more_than_there_was() -> None:
    backs = [
        refund("r", pieces("shirt", 2), pieces("shirt", 2), worth("mug", 99999), pieces("x", 1)),
        refund("s", amount=Minor(10**12), shipping=Minor(10**6)),
    ]
    assert refunded_values(document(MIXED, backs)) == MIXED_NETS
    assert kept(MIXED, *backs) == POINTS | {
        "shirt": 0,
        "mug": 0,
        "sticker": 0,
        SHIPPING: 0,
        "": 0,
    }


@pytest.mark.hard_case("H2")
def test_75_of_100_given_back_leaves_a_quarter() -> None:
    body = order(line("a", 10000))
    assert kept_share({"a": 100}, document(body, [refund("r", amount=Minor(7500))])) == {"a": 25}
    twice = [refund(name, amount=Minor(2500)) for name in "rs"]
    assert kept_share({"a": 100}, document(body, twice)) == {"a": 50}


@pytest.mark.hard_case("H2")
def test_three_thirds_of_ten_points_are_ten_points() -> None:
    body = order(line("a", 1000, 3))
    left = [
        kept_share({"a": 10}, document(body, [refund(n, pieces("a", 1)) for n in "rst"[:count]]))
        for count in range(4)
    ]
    assert left == [{"a": 10}, {"a": 7}, {"a": 4}, {"a": 0}]


def test_a_free_order_goes_by_pieces_and_whole_refunds() -> None:
    body = order(line("gift", 0, 2))
    points = {"gift": 10, "": 4}
    one = document(body, [refund("r", pieces("gift", 1))])
    assert kept_share(points, one) == {"gift": 5, "": 4}
    both = document(body, [refund("r", pieces("gift", 1)), refund("s", pieces("gift", 1))])
    assert kept_share(points, both) == {"gift": 0, "": 0}
    assert kept_share(points, document(body, [refund("r", amount=Minor(0))])) == points


# -- any number of refunds, in any order -----------------------------------------------------------

LINES = st.lists(
    st.builds(lambda cents, quantity, tax: (cents, quantity, tax), *[st.integers(0, 9999)] * 3),
    min_size=1,
    max_size=4,
).map(
    lambda made: tuple(
        line(f"l{index}", cents, quantity % 6 + 1, tax=Minor(tax))
        for index, (cents, quantity, tax) in enumerate(made)
    )
)


@st.composite
def orders(draw: st.DrawFn, *, gifts: bool = True) -> Order:
    lines: tuple[Line, ...] = draw(LINES)
    if not gifts:
        lines = tuple(replace(one, amount=Minor(one.amount + 1)) for one in lines)
    goods = sum(one.amount for one in lines)
    return order(
        *lines,
        shipping=Minor(draw(st.integers(0, 999))),
        shipping_tax=Minor(draw(st.integers(0, 99))),
        discount=Minor(draw(st.integers(0, goods if gifts else 0))),
        tax_included=draw(st.booleans()),
    )


def cut(draw: st.DrawFn, total: int) -> list[int]:
    """Positive parts that sum to ``total``."""
    if not total:
        return []
    marks = sorted(draw(st.sets(st.integers(1, total), max_size=3)) - {total})
    return [high - low for low, high in zip([0, *marks], [*marks, total], strict=True)]


@st.composite
def refunded_by_lines(draw: st.DrawFn) -> tuple[Order, list[Refund]]:
    """An order given back bit by bit: each line by pieces, by amounts, or by both."""
    body = draw(orders())
    nets, parts = line_nets(body), []
    for one in body.lines:
        net = nets[one.id]
        some = draw(st.integers(0, one.quantity)) if net else one.quantity
        parts += [{"lines": (pieces(one.id, count),)} for count in cut(draw, some)]
        rest = net - (net * some // one.quantity)
        parts += [{"lines": (worth(one.id, cents),)} for cents in cut(draw, rest)]
    parts += [{"shipping": Minor(cents)} for cents in cut(draw, body.shipping)]
    shuffled = draw(st.permutations(parts))
    return body, [
        Refund(id=str(index), occurred_at=AT + timedelta(hours=index), **part)
        for index, part in enumerate(shuffled)
    ]


@st.composite
def refunded_by_amounts(draw: st.DrawFn) -> tuple[Order, list[Refund]]:
    """An order given back in amounts that name no lines, after a part of its shipping."""
    body = draw(orders(gifts=False))
    shipping = draw(st.integers(0, body.shipping))
    amounts = cut(draw, order_total(body) - shipping)
    backs = [refund("shipping", shipping=Minor(shipping))] if shipping else []
    backs += [refund(str(index), amount=Minor(cents)) for index, cents in enumerate(amounts)]
    return body, backs


def points_of(body: Order) -> dict[str, int]:
    earned = {name: 1 + net // 7 for name, net in line_nets(body).items()}
    return earned | {"": 1 + order_total(body) // 11}


@given(refunded_by_lines())
def test_refunds_by_line_take_all_in_the_end_and_nothing_back_on_the_way(
    made: tuple[Order, list[Refund]],
) -> None:
    body, backs = made
    points = points_of(body)
    left = [left_of(points, body, backs[:n]) for n in range(len(backs) + 1)]
    assert left[0] == points
    assert left[-1] == dict.fromkeys(points, 0) == kept_share(points, document(body, [refund("r")]))
    assert all(0 <= known[name] <= points[name] for known in left for name in points)
    for before, after in pairwise(left):
        assert after[""] <= before[""]
        assert sum(after.values()) <= sum(before.values())


@given(refunded_by_amounts())
def test_refunds_by_amount_take_all_in_the_end(made: tuple[Order, list[Refund]]) -> None:
    body, backs = made
    points = points_of(body)
    assert refunded_values(document(body, backs)) == line_nets(body)
    assert kept_share(points, document(body, backs)) == dict.fromkeys(points, 0)


@given(refunded_by_lines(), st.randoms(use_true_random=False))
def test_the_order_of_refunds_makes_no_difference(
    made: tuple[Order, list[Refund]], random: object
) -> None:
    body, backs = made
    some = [*backs[::2], refund("loose", amount=Minor(order_total(body) // 3))]
    turned = list(reversed(some))
    random.shuffle(turned)  # type: ignore[attr-defined]
    points = points_of(body)
    assert left_of(points, body, turned) == left_of(points, body, some)


def test_four_kinds_of_refund_in_all_24_orders() -> None:
    backs = [
        refund("a", pieces("shirt", 2)),
        refund("b", worth("mug", 100)),
        refund("c", amount=Minor(2000), shipping=Minor(90)),
        refund("d", pieces("sticker", 1)),
    ]
    found = [kept(MIXED, *chosen) for chosen in permutations(backs)]
    assert found == [{"shirt": 7, "mug": 5, "sticker": 3, SHIPPING: 2, "": 7}] * 24


# -- many small lines, goodwill, charge-backs, tenders ---------------------------------------------


def test_a_tenth_of_the_money_is_a_tenth_of_the_points_however_small_the_lines() -> None:
    """Rounded down line by line, a refund that names no lines would take nothing at all."""
    body = order(*(line(f"l{n}", 500) for n in range(20)))
    points = {f"l{n}": 5 for n in range(20)}
    left = kept_share(points, document(body, [refund("r", amount=Minor(1000))]))
    assert sum(left.values()) == 90
    assert set(left.values()) == {4, 5}
    most = kept_share(points, document(body, [refund("r", amount=Minor(9999))]))
    assert sum(most.values()) == 1


def test_goodwill_leaves_points_unless_the_program_takes_them() -> None:
    body, points = order(line("a", 10000)), {"a": 100}
    gesture = refund("g", amount=Minor(3000), kind=RefundKind.GOODWILL)
    goods = refund("r", amount=Minor(5000))
    assert kept_share(points, document(body, [gesture])) == {"a": 100}
    assert kept_share(points, document(body, [gesture, goods])) == {"a": 50}
    assert kept_share(points, document(body, [gesture, goods]), GoodwillPolicy.TAKE_BACK) == {
        "a": 20
    }
    whole = document(body, [refund("g", kind=RefundKind.GOODWILL)])
    assert kept_share(points, whole) == points
    assert kept_share(points, whole, GoodwillPolicy.TAKE_BACK) == {"a": 0}


def test_a_charge_back_takes_all_until_the_dispute_is_won() -> None:
    body, points = order(line("a", 10000)), {"a": 100}
    part, lost = refund("r", amount=Minor(2500)), refund("c", kind=RefundKind.CHARGEBACK)
    assert kept_share(points, document(body, [part, lost])) == {"a": 0}
    won = replace(lost, voided_at=AT + timedelta(days=40))
    assert kept_share(points, document(body, [part, won])) == {"a": 75}


def test_what_tenders_sum_to_is_the_amount_where_none_is_stated() -> None:
    body, points = order(line("a", 10000)), {"a": 100}
    tenders = (Tender(kind="card", amount=Minor(2000)), Tender(kind="points", amount=Minor(500)))
    assert kept_share(points, document(body, [refund("r", tenders=tenders)])) == {"a": 75}
    stated = refund("r", amount=Minor(5000), tenders=tenders)
    assert kept_share(points, document(body, [stated])) == {"a": 50}
    by_line = refund("r", worth("a", 100), tenders=tenders)
    assert kept_share(points, document(body, [by_line])) == {"a": 99}


KINDS = st.sampled_from(RefundKind)


@given(refunded_by_lines(), st.data())
def test_refunds_of_every_kind_take_all_in_the_end_where_goodwill_counts(
    made: tuple[Order, list[Refund]], data: st.DataObject
) -> None:
    body, backs = made
    mixed = [replace(one, kind=data.draw(KINDS)) for one in backs]
    points = points_of(body)
    assert kept_share(points, document(body, mixed), GoodwillPolicy.TAKE_BACK) == dict.fromkeys(
        points, 0
    )
    goods = [one for one in mixed if one.kind is not RefundKind.GOODWILL]
    assert left_of(points, body, mixed) == left_of(points, body, goods)
    undone = [replace(one, voided_at=AT) for one in mixed]
    assert left_of(points, body, undone) == points
