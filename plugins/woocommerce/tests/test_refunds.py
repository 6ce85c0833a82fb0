"""Refunds: with lines and without, of more than the lines, and those that the shop deletes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from examples.shops.woocommerce.double import WooCommerce
from examples.shops.woocommerce.papers import Doc, back, gmt, item, order, refund, webhook
from loyalty_core import Line, LineKind, Loyalty, Minor, RefundKind
from loyalty_core.testing import FrozenClock
from loyalty_woocommerce.reading import Money, Reading
from plugins.woocommerce.tests.build import CONNECTOR, NOW, opened, points, sent

READING = Reading("tea", "USD")
USD = Money("USD", 2)
FEE = Line(id="3", amount=Minor(200), kind=LineKind.FEE)


def read(
    document: Doc, reading: Reading = READING
) -> list[tuple[str, dict[str, int | None], Any, int]]:
    return [
        (one.id, {part.line: part.amount for part in one.lines}, one.amount, one.shipping)
        for one in reading.refunds(document, USD, [FEE])
    ]


def told(loyalty: Loyalty, double: WooCommerce, document: Doc, delivery: str) -> int:
    """The points after a webhook about an order, some seconds after the last one."""
    assert isinstance(double.clock, FrozenClock)
    double.clock.advance(seconds=5)
    sent(loyalty, webhook("order.updated", document, delivery=delivery))
    return points(loyalty)


def test_lines_of_a_refund_are_negative_and_name_the_original_in_their_meta() -> None:
    document = refund(9, "44.00", back(1, "-30.00", -2, "-3.00"), back(2, "-10.00", -1, "-1.00"))
    assert read(document) == [("9", {"1": 3000, "2": 1000}, 4400, 0)]


def test_a_refund_without_lines_is_money() -> None:
    assert read(refund(9, "9.00")) == [("9", {}, 900, 0)]
    kind = Reading("tea", "USD", money_refunds=RefundKind.GOODWILL)
    made = kind.refunds(refund(9, "9.00"), USD, [])
    assert [one.kind for one in made] == [RefundKind.GOODWILL]


def test_a_refund_of_more_than_its_lines_is_both() -> None:
    document = refund(9, "25.00", back(1, "-10.00", -1, "-1.00"))
    assert read(document) == [("9", {"1": 1000}, 1100, 0), ("9:rest", {}, 1400, 0)]


def test_a_cent_of_rounding_is_no_money_of_its_own() -> None:
    assert read(refund(9, "11.01", back(1, "-10.00", -1, "-1.00"))) == [("9", {"1": 1000}, 1100, 0)]


def test_shipping_and_fees_that_go_back_take_no_points() -> None:
    document = refund(9, "7.70", shipping_lines=[back(2, "-5.00", tax="-0.50")])
    document["fee_lines"] = [back(3, "-2.00", tax="-0.20")]
    assert read(document) == [("9", {"3": 200}, 770, 500)]


def test_a_fee_that_goes_back_takes_no_points(loyalty: Loyalty, double: WooCommerce) -> None:
    charged = {"fee_lines": [{"id": 3, "name": "Packing", "total": "20.00", "total_tax": "0.00"}]}
    assert told(loyalty, double, double.hold(order(**charged)), "1") == 60
    given = refund(8, "20.00", fee_lines=[back(3, "-20.00")])
    assert told(loyalty, double, double.hold(order(**charged), given), "2") == 60
    rest = refund(9, "60.00", back(315, "-60.00"))
    assert told(loyalty, double, double.hold(order(**charged), given, rest), "3") == 0


def test_a_fee_below_zero_is_taken_back_with_what_it_took_off(
    loyalty: Loyalty, double: WooCommerce
) -> None:
    less = {"fee_lines": [{"id": 3, "name": "Because", "total": "-10.00", "total_tax": "0.00"}]}
    assert told(loyalty, double, double.hold(order(**less)), "1") == 50
    document = refund(9, "50.00", back(315, "-60.00"), fee_lines=[back(3, "10.00")])
    assert [(one.id, one.amount, one.shipping) for one in READING.refunds(document, USD, [])] == [
        ("9", 5000, 0)
    ]
    assert told(loyalty, double, double.hold(order(**less), document), "2") == 0


def test_a_line_that_names_no_original_is_money() -> None:
    nameless = {**back(1, "-10.00"), "meta_data": []}
    assert read(refund(9, "10.00", nameless)) == [("9", {}, 1000, 0)]


def test_pieces_back_on_the_shelf_without_money_take_nothing(
    loyalty: Loyalty, double: WooCommerce
) -> None:
    document = double.hold(order(), refund(9, "0.00", back(315, "0.00")))
    assert told(loyalty, double, document, "1") == 60


def test_a_piece_that_cost_nothing_comes_back_as_a_piece() -> None:
    gift = Line(id="1", amount=Minor(0))
    made = [*READING.refunds(refund(9, "0.00", back(1, "0.00", -1)), USD, [gift])]
    assert [(part.line, part.quantity) for one in made for part in one.lines] == [("1", 1)]


def test_refunds_come_with_the_order_and_are_asked_for_with_their_lines(
    loyalty: Loyalty, double: WooCommerce
) -> None:
    lines = [item(1, "40.00", quantity=4), item(2, "20.00")]
    one, other = refund(8, "10.00", back(1, "-10.00")), refund(9, "30.00", back(1, "-30.00", -3))
    assert told(loyalty, double, double.hold(order(line_items=lines)), "1") == 60
    assert told(loyalty, double, double.hold(order(line_items=lines), one), "2") == 50
    assert told(loyalty, double, double.hold(order(line_items=lines), one, other), "3") == 20
    status = {"line_items": lines, "status": "refunded"}
    rest = refund(10, "20.00", back(2, "-20.00"))
    assert told(loyalty, double, double.hold(order(**status), one, other, rest), "4") == 0


def test_partial_refunds_in_any_order_sum_to_the_whole(double: WooCommerce) -> None:
    lines = [item(1, "33.33", quantity=3), item(2, "26.67")]
    parts = [
        refund(7, "11.11", back(1, "-11.11")),
        refund(8, "22.22", back(1, "-22.22", -2)),
        refund(9, "26.67", back(2, "-26.67")),
    ]
    for chosen in permutations(parts):
        with opened(double) as loyalty:
            for count in range(4):
                document = double.hold(order(line_items=lines), *chosen[:count])
                told(loyalty, double, document, str(count))
            assert points(loyalty) == 0
            assert told(loyalty, double, double.hold(order(status="cancelled"), *chosen), "9") == 0


def test_money_back_by_the_value_of_the_order_taxes_included(
    loyalty: Loyalty, double: WooCommerce
) -> None:
    lines = [item(1, "60.00", total_tax="12.00")]
    document = double.hold(order(line_items=lines, total="72.00"), refund(9, "36.00"))
    assert told(loyalty, double, document, "1") == 30


def test_a_refund_that_the_shop_deletes_gives_the_points_back(double: WooCommerce) -> None:
    """The order says nothing of it: not even that it was changed."""
    with opened(double) as loyalty:
        first = refund(8, "25.00", back(315, "-10.00"), at=NOW)
        second = refund(9, "20.00", back(315, "-20.00"), at=NOW)
        changed = {"date_modified_gmt": gmt(NOW)}
        assert told(loyalty, double, double.hold(order(**changed), first, second), "1") == 15
        assert told(loyalty, double, double.hold(order(**changed), second), "2") == 40
        assert told(loyalty, double, double.hold(order(**changed)), "3") == 60
        found = loyalty.reconcile(CONNECTOR)
        assert (found.missing, found.different) == (0, 0)
        assert points(loyalty) == 60
        assert loyalty.verify().problems == ()


def test_a_lost_deletion_is_found_by_a_walk_through_everything(double: WooCommerce) -> None:
    clock = FrozenClock(NOW)
    back_then = refund(9, "20.00", back(315, "-20.00"), at=NOW - timedelta(days=1))
    with opened(double, clock=clock) as loyalty:
        double.hold(order(), back_then)
        loyalty.backfill(CONNECTOR)
        assert points(loyalty) == 40
        clock.advance(days=1)
        double.hold(order())
        loyalty.backfill(CONNECTOR, again=True)
        assert points(loyalty) == 60


def test_a_refund_that_is_made_while_we_ask_is_not_taken_for_deleted(
    double: WooCommerce,
) -> None:
    with opened(double) as loyalty:
        assert told(loyalty, double, double.hold(order()), "1") == 60
        late = refund(9, "20.00", back(315, "-20.00"), at=double.clock())  # the same second
        assert told(loyalty, double, double.hold(order(), late), "2") == 40


@pytest.mark.parametrize("decimals", ["", "00"])
def test_refunds_are_asked_for_page_by_page(
    loyalty: Loyalty, double: WooCommerce, decimals: str
) -> None:
    made = [
        refund(
            100 + place,
            "1.00" + decimals,
            back(315, "-1.00"),
            at=datetime(2024, 6, 2, place, tzinfo=UTC),
        )
        for place in range(8)
    ]
    assert told(loyalty, double, double.hold(order(), *made), "1") == 52
