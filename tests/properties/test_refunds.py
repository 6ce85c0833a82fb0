"""Refunds of one order, as pure functions: any order of them, any way to cut them, one result."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import floor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_core import (
    SHIPPING,
    GoodwillPolicy,
    IdempotencyConflict,
    Line,
    Minor,
    Order,
    Refund,
    RefundKind,
    RefundLine,
    Tender,
)
from loyalty_core.domain.order_checks import refund_problems
from loyalty_core.domain.orders import (
    OrderDocument,
    kept_share,
    line_nets,
    order_total,
    refunded_values,
)
from tests.properties.engines import examples

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def sale(*lines: Line, **more: Any) -> Order:
    return Order(source="web", id="1", currency="USD", occurred_at=NOON, lines=lines, **more)


def line(name: str, amount: int, **more: Any) -> Line:
    return Line(id=name, amount=Minor(amount), **more)


def back(number: str, *lines: RefundLine, **more: Any) -> Refund:
    return Refund(id=number, occurred_at=NOON, lines=lines, **more)


def document(order: Order, *refunds: Refund) -> OrderDocument:
    return OrderDocument.of(replace(order, refunds=refunds))


@st.composite
def sales(draw: st.DrawFn) -> Order:
    names = "abcd"[: draw(st.integers(1, 4))]
    lines = [
        line(
            name,
            draw(st.integers(1, 9999)),
            quantity=draw(st.integers(1, 5)),
            tax=Minor(draw(st.sampled_from([0, 1, 190]))),
        )
        for name in names
    ]
    discount = draw(st.integers(0, sum(one.amount for one in lines) - len(lines)))
    shipping = draw(st.sampled_from([0, 499]))
    included = draw(st.booleans())
    return sale(*lines, discount=Minor(discount), shipping=Minor(shipping), tax_included=included)


@st.composite
def points_by_line(draw: st.DrawFn, order: Order) -> dict[str, int]:
    if draw(st.booleans()):
        return {"": draw(st.integers(0, 500))}
    return {name: draw(st.integers(0, 200)) for name in line_nets(order)}


def cut(total: int, draw: Any) -> list[int]:
    """``total`` in one to four parts."""
    at = sorted(draw(st.lists(st.integers(0, total), max_size=3)))
    return [end - start for start, end in zip([0, *at], [*at, total], strict=True)]


@pytest.mark.hard_case("H2")
@examples(60, 3000)
@given(data=st.data())
def test_parts_take_exactly_what_the_whole_takes(data: st.DataObject) -> None:
    """H2: by amount, by quantity, by line, with shipping, or loose; in any order."""
    order = data.draw(sales())
    points = data.draw(points_by_line(order))
    nets = line_nets(order)
    parts: list[Refund] = []
    if data.draw(st.booleans()):
        for amount in cut(order_total(order), data.draw):
            parts.append(back(f"r{len(parts)}", amount=Minor(amount)))
    else:
        for sold in order.lines:
            how = data.draw(st.sampled_from(["line", "quantity", "amount"]))
            if how == "line":
                pieces = [RefundLine(line=sold.id)]
            elif how == "quantity":
                sizes = cut(sold.quantity, data.draw)
                pieces = [RefundLine(line=sold.id, quantity=size) for size in sizes]
            else:
                sizes = cut(nets[sold.id], data.draw)
                pieces = [RefundLine(line=sold.id, amount=Minor(size)) for size in sizes]
            parts += [back(f"r{len(parts) + n}", piece) for n, piece in enumerate(pieces)]
        if SHIPPING in nets:
            parts += [back(f"s{n}", shipping=Minor(size)) for n, size in enumerate((200, 299))]
    shuffled = data.draw(st.permutations(parts))
    kept = sum(points.values())
    for number in range(1, len(shuffled) + 1):
        known = kept_share(points, document(order, *shuffled[:number]))
        assert 0 <= sum(known.values()) <= kept
        kept = sum(known.values())
    assert refunded_values(document(order, *shuffled)) == nets
    assert kept == 0
    assert sum(kept_share(points, document(order, back("whole"))).values()) == 0


@examples(60, 3000)
@given(data=st.data())
def test_some_lines_and_the_money_of_the_others_are_everything(data: st.DataObject) -> None:
    """Found: where taxes come on top, and lines are taxed at different rates, points were left."""
    order = data.draw(sales())
    points = data.draw(points_by_line(order))
    nets, rest, parts = line_nets(order), order.shipping, []
    for sold in order.lines:
        if nets[sold.id] and data.draw(st.booleans()):
            parts.append(back(f"r{len(parts)}", RefundLine(line=sold.id)))
        else:
            rest += nets[sold.id] + (0 if order.tax_included else sold.tax)
    parts.append(back("rest", amount=Minor(rest)))
    given = document(order, *data.draw(st.permutations(parts)))
    assert refund_problems(given) == ()
    if rest:
        assert refunded_values(given) == nets
        assert sum(kept_share(points, given).values()) == 0


@st.composite
def some_refunds(draw: st.DrawFn, order: Order) -> list[Refund]:
    """Refunds of any kind, by line or not, too much or not, undone or not."""
    made = []
    for number in range(draw(st.integers(1, 6))):
        part: dict[str, Any] = {"kind": draw(st.sampled_from(RefundKind))}
        how = draw(st.sampled_from(["line", "quantity", "worth", "amount", "tenders", "shipping"]))
        name = draw(st.sampled_from([*line_nets(order), "gone"]))
        cents = Minor(draw(st.integers(0, 4000)))
        if how in ("line", "quantity", "worth"):
            sizes = {"quantity": {"quantity": draw(st.integers(1, 3))}, "worth": {"amount": cents}}
            part["lines"] = (RefundLine(line=name, **sizes.get(how, {})),)
        elif how == "tenders":
            part["tenders"] = (Tender(kind="card", amount=cents),)
        else:
            part[how] = cents
        undone = draw(st.integers(0, 3)) == 0
        at = NOON + timedelta(hours=number)
        made.append(
            Refund(id=f"r{number}", occurred_at=at, voided_at=at if undone else None, **part)
        )
    return made


@examples(60, 3000)
@given(data=st.data())
def test_refunds_of_every_kind_never_take_twice_nor_give(data: st.DataObject) -> None:
    """In any order and however many: goodwill as the program says, what is undone takes nothing."""
    order = data.draw(sales())
    points = data.draw(points_by_line(order))
    refunds = data.draw(some_refunds(order))
    shuffled = data.draw(st.permutations(refunds))
    for goodwill in GoodwillPolicy:
        counting = [
            one
            for one in refunds
            if one.voided_at is None
            and (one.kind is not RefundKind.GOODWILL or goodwill is GoodwillPolicy.TAKE_BACK)
        ]
        kept = kept_share(points, document(order, *shuffled), goodwill)
        plain = [replace(one, kind=RefundKind.GOODS) for one in counting]
        assert kept == kept_share(points, document(order, *plain))
        assert all(0 <= kept[name] <= points[name] for name in points)
        before = sum(points.values())
        for number in range(1, len(shuffled) + 1):
            now = sum(kept_share(points, document(order, *shuffled[:number]), goodwill).values())
            assert 0 <= now <= before
            before = now
        back = refunded_values(document(order, *shuffled), goodwill)
        assert all(0 <= back[name] <= net for name, net in line_nets(order).items())
        exact = sum(points.get(name, 0) * back[name] / net for name, net in nets_of(order))
        priced = len(nets_of(order)) == len(back)  # what is free goes by pieces, not by value
        if priced and "" not in points and back != line_nets(order):
            assert sum(points.values()) - sum(kept.values()) == floor(exact)


def nets_of(order: Order) -> list[tuple[str, int]]:
    return [(name, net) for name, net in line_nets(order).items() if net]


@examples(60, 3000)
@given(data=st.data())
def test_merging_is_a_join(data: st.DataObject) -> None:
    """Commutative, associative and idempotent, for versions and refunds alike."""
    order = data.draw(sales())

    def some() -> OrderDocument:
        body = replace(
            order,
            version=data.draw(st.integers(1, 2)),
            updated_at=NOON + timedelta(hours=data.draw(st.integers(0, 1))),
            discount=Minor(data.draw(st.integers(0, 1))),
        )
        number, amount = data.draw(st.integers(0, 2)), data.draw(st.integers(0, 2))
        undone = data.draw(st.sampled_from([None, NOON]))
        own = document(body, back(f"r{number}", amount=Minor(amount), voided_at=undone))
        stray = OrderDocument("EUR", None, {f"r{number}": back(f"r{number}", amount=Minor(amount))})
        return own.merge(stray) if data.draw(st.booleans()) else own

    one, two, three = some(), some(), some()
    assert one.merge(two) == two.merge(one)
    assert one.merge(two).merge(three) == one.merge(two.merge(three))
    assert one.merge(one) == one
    assert one.merge(two).merge(two) == one.merge(two)


def test_bodies_that_do_not_say_which_is_later_conflict() -> None:
    one, two = document(sale(line("a", 100))), document(sale(line("a", 200)))
    with pytest.raises(IdempotencyConflict):
        one.merge(two)


@pytest.mark.parametrize(
    ("refunds", "kept"),
    [
        ([back("r", RefundLine(line="a", amount=Minor(7500)))], 25),
        ([back("r", RefundLine(line="a", amount=Minor(1)))], 100),
        ([back("r", RefundLine(line="a", amount=Minor(9999)))], 1),
        ([back("r", RefundLine(line="a", amount=Minor(10000)))], 0),
        ([back("r", RefundLine(line="a", amount=Minor(99999)))], 0),
        ([back("r", RefundLine(line="a", quantity=1))], 67),
        ([back("r", RefundLine(line="a", quantity=2))], 34),
        ([back("r", RefundLine(line="a", quantity=3))], 0),
        ([back("r", RefundLine(line="x"))], 100),
        ([back("r", amount=Minor(2500))], 75),
        ([back("r", amount=Minor(2500)), back("s", RefundLine(line="a", quantity=1))], 42),
        ([back("r", shipping=Minor(100))], 100),
        ([back("r")], 0),
    ],
)
def test_what_is_kept_of_a_hundred_points_for_a_hundred_dollars(
    refunds: list[Refund], kept: int
) -> None:
    order = sale(line("a", 10000, quantity=3))
    shuffled = random.Random(1).sample(refunds, len(refunds))
    for given_back in (refunds, shuffled):
        assert kept_share({"a": 100}, document(order, *given_back)) == {"a": kept}


def test_half_of_the_money_is_half_of_the_points_when_taxes_come_on_top() -> None:
    order = sale(line("a", 10000, tax=Minor(1000)), tax_included=False)
    assert order_total(order) == 11000
    half = document(order, back("r", amount=Minor(5500)))
    assert kept_share({"a": 100}, half) == {"a": 50}
    rest = document(order, back("r", amount=Minor(5500)), back("s", amount=Minor(5500)))
    assert kept_share({"a": 100}, rest) == {"a": 0}


def test_a_line_and_the_money_for_the_other_are_both_though_only_one_is_taxed() -> None:
    order = sale(line("food", 5000), line("mug", 5000, tax=Minor(1000)), tax_included=False)
    points = {"food": 50, "mug": 50}
    for name, paid in (("food", 6000), ("mug", 5000)):
        parts = [back("r", RefundLine(line=name)), back("s", amount=Minor(paid))]
        assert kept_share(points, document(order, *parts)) == {"food": 0, "mug": 0}
        assert refund_problems(document(order, *parts)) == ()


def test_a_line_that_cost_nothing_goes_with_its_last_piece() -> None:
    order = sale(line("a", 10000), line("gift", 0, quantity=2))
    points = {"a": 100, "gift": 5}
    one = document(order, back("r", RefundLine(line="gift", quantity=1)))
    assert kept_share(points, one) == {"a": 100, "gift": 3}
    both = document(order, back("r", RefundLine(line="gift", quantity=2)))
    assert kept_share(points, both) == {"a": 100, "gift": 0}
    whole = document(order, back("r", RefundLine(line="gift")))
    assert kept_share(points, whole) == {"a": 100, "gift": 0}


def test_a_line_that_cost_nothing_comes_back_by_an_amount_of_nothing() -> None:
    """Found: its points stayed, though every line of the order was given back."""
    order = sale(line("a", 1, quantity=4, discount=Minor(1)), line("b", 1302))
    parts = [back("r1", RefundLine(line="a", amount=Minor(0))), back("r2", RefundLine(line="b"))]
    points = {"a": 6, "b": 62}
    assert kept_share(points, document(order, parts[0])) == {"a": 0, "b": 62}
    assert kept_share(points, document(order, *parts)) == {"a": 0, "b": 0}
