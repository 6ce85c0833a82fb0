"""Sales and what comes back: taxes, tips, service charges, tenders, exchanges, states."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from loyalty_core import (
    FactError,
    Line,
    LineKind,
    Loyalty,
    Minor,
    Order,
    OrderRefund,
    OrderStatus,
)
from loyalty_square.reading import CHARGES, Reading
from plugins.square.tests.build import CONNECTOR, opened, points, sent
from plugins.square.tests.double import Square
from plugins.square.tests.papers import (
    TEN,
    Doc,
    about_order,
    about_payment,
    about_refund,
    back,
    customer,
    line,
    money,
    of_money,
    paid_out,
    returned,
    sale,
    stamp,
    tender,
    webhook,
)

READING = Reading("till", "USD")


def read(document: Doc) -> Order:
    found = READING.inputs(document, {"ADA": customer()})[0]
    assert isinstance(found, Order)
    return found


def refunds(
    document: Doc, reading: Reading = READING
) -> list[tuple[str, str, dict[str, Any], Any]]:
    return [
        (
            one.order_id,
            one.refund.id,
            {part.line: part.amount for part in one.refund.lines},
            one.refund.amount,
        )
        for one in reading.inputs(document, {})
        if isinstance(one, OrderRefund)
    ]


def told(loyalty: Loyalty, double: Square, *documents: Doc) -> int:
    """The points after the documents came to be and webhooks told of them."""
    double.hold(*documents)
    events = (f"event {len(double.asked)} {one['id']}" for one in documents)
    sent(loyalty, *(about_order(d["id"], e) for d, e in zip(documents, events, strict=True)))
    return points(loyalty)


# -- sales ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["ADDITIVE", "INCLUSIVE"])
def test_lines_are_without_tax_whether_it_is_inside_or_on_top(kind: str) -> None:
    """What a line comes to has its tax in it either way."""
    gross = 5000 if kind == "ADDITIVE" else 6000
    one = line(total=6000, gross_sales_money=money(gross), total_tax_money=money(1000))
    found = read(sale("S1", TEN, one))
    assert [(part.net, part.tax) for part in found.lines] == [(5000, 1000)]
    assert not found.tax_included


def test_discounts_are_inside_the_lines() -> None:
    one = line(total=4000, total_discount_money=money(2000), quantity="4")
    (found,) = read(sale("S1", TEN, one)).lines
    assert (found.amount, found.discount, found.quantity) == (6000, 2000, 4)


def test_a_tip_is_no_purchase(loyalty: Loyalty, double: Square) -> None:
    given = sale(total_tip_money=money(900), total_money=money(6900), tenders=[tender(6900)])
    assert [(part.id, part.amount) for part in read(given).lines][1:] == [("tip", 900)]
    assert told(loyalty, double, given) == 60


def test_service_charges_are_charged_beside_the_goods(loyalty: Loyalty, double: Square) -> None:
    charge = {"uid": "c", "total_money": money(660), "total_tax_money": money(60)}
    given = sale(service_charges=[charge], total_money=money(6660))
    kind, amount, tax = LineKind.FEE, Minor(600), Minor(60)
    assert read(given).lines[-1] == Line(id=CHARGES, kind=kind, amount=amount, tax=tax)
    assert read(given).shipping == 0
    assert told(loyalty, double, given) == 60


def test_a_service_charge_on_the_lines_is_no_part_of_their_price() -> None:
    charge = {
        "uid": "c",
        "treatment_type": "APPORTIONED_TREATMENT",
        "total_money": money(550),
        "total_tax_money": money(50),
    }
    one = line(total=6550, total_service_charge_money=money(500), total_tax_money=money(50))
    found = read(sale("S1", TEN, one, service_charges=[charge]))
    assert [(part.kind, part.net, part.tax) for part in found.lines] == [
        ("goods", 6000, 50),
        ("fee", 500, 0),
    ]


def test_gift_cards_are_no_purchase_and_a_means_of_payment(
    loyalty: Loyalty, double: Square
) -> None:
    lines = line(total=1000), line("card", 2500, item_type="GIFT_CARD")
    given = sale("S1", TEN, *lines)
    given["tenders"] = [tender(500, "SQUARE_GIFT_CARD"), tender(3000, "CASH")]
    found = read(given)
    assert found.lines[1].kind is LineKind.GIFT_CARD
    assert [(one.kind, one.amount) for one in found.tenders] == [("gift_card", 500), ("cash", 3000)]
    assert told(loyalty, double, given) == 8  # what a gift card pays has earned before


def test_measures_count_as_pieces_begun() -> None:
    assert read(sale("S1", TEN, line(quantity="2.25"))).lines[0].quantity == 3


def test_money_of_currencies_without_cents() -> None:
    yen = {"amount": 6000, "currency": "JPY"}
    one = {**line(), "total_money": yen}
    found = read(sale("S1", TEN, one, total_money=yen, tenders=[]))
    assert (found.currency, found.lines[0].amount) == ("JPY", 6000)


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"state": "COMPLETED"}, OrderStatus.PAID),
        ({"state": "CANCELED"}, OrderStatus.CANCELLED),
        ({"state": "OPEN", "tenders": []}, OrderStatus.PENDING),
        ({"state": "OPEN", "tenders": [tender(6000)]}, OrderStatus.PAID),
        ({"state": "OPEN", "tenders": [tender(2000, "CASH")]}, OrderStatus.PARTLY_PAID),
        ({"state": "OPEN", "tenders": [tender(2000, "CASH"), tender(4000)]}, OrderStatus.PAID),
        ({"state": "OPEN", "tenders": [tender(6000, status="AUTHORIZED")]}, OrderStatus.AUTHORIZED),
        ({"state": "OPEN", "tenders": [tender(6000, status="VOIDED")]}, OrderStatus.PENDING),
        ({"state": "OPEN", "tenders": [tender(6000, status="FAILED")]}, OrderStatus.PENDING),
    ],
)
def test_an_order_counts_once_its_money_is_there(more: dict[str, Any], status: OrderStatus) -> None:
    assert read(sale(**more)).status is status


def test_a_draft_is_no_order() -> None:
    assert READING.inputs(sale(state="DRAFT"), {}) == []


@pytest.mark.parametrize(
    "broken",
    [
        {"line_items": [line(total_money={"amount": "6000", "currency": "USD"})]},
        {"line_items": [line(total_money={"amount": 6000, "currency": "EUR"})]},
        {"line_items": [{**line(), "uid": ""}]},
        {"line_items": [line(quantity="many")]},
        {"line_items": [line(quantity="NaN")]},
        {"created_at": "yesterday"},
        {"updated_at": "2024-06-01T10:00:00"},
        {"id": None},
    ],
)
def test_what_cannot_be_read_is_told(broken: dict[str, Any]) -> None:
    with pytest.raises(FactError):
        READING.inputs({**sale(), **broken}, {})


def test_an_order_that_cannot_be_read_holds_up_no_other(double: Square) -> None:
    double.hold(sale("S1"), sale("S2", TEN, line(quantity="many")), sale("S3"))
    with opened(double) as loyalty:
        report = loyalty.backfill(CONNECTOR)
        assert (report.refused, points(loyalty)) == (1, 120)
        assert loyalty.connector_status(CONNECTOR).dead == 1


# -- who it was -----------------------------------------------------------------------------------


def test_a_customer_may_stand_with_the_payment_alone(loyalty: Loyalty, double: Square) -> None:
    given = sale(customer_id=None, tenders=[{**tender(6000), "customer_id": "ADA"}])
    assert told(loyalty, double, given) == 60


def test_a_sale_to_nobody_waits_for_a_claim(loyalty: Loyalty, double: Square) -> None:
    assert told(loyalty, double, sale(customer_id=None)) == 0
    member = loyalty.enrol({"email": "ada@example.org"})
    loyalty.claim(member.id, source="till", order_id="S1", key="claim")
    assert points(loyalty) == 60


def test_a_profile_of_a_card_becomes_somebody_once_they_are_known(
    loyalty: Loyalty, double: Square
) -> None:
    """Square makes a profile of every card; an address comes later, or never."""
    double.customers["ADA"] = {"id": "ADA", "created_at": stamp(TEN), "updated_at": stamp(TEN)}
    assert told(loyalty, double, sale()) == 0
    double.customers["ADA"] = customer(phone_number="+4930901820", birthday="0000-05-01")
    sent(loyalty, webhook("customer.updated", "ADA"))
    assert points(loyalty) == 60
    found = loyalty.find({"phone": "+4930901820"})
    assert found is not None
    assert (found.profile.name, found.profile.birthday) == ("Ada Lovelace", None)


def test_profiles_that_are_made_one_are_one_member(loyalty: Loyalty, double: Square) -> None:
    double.customers["OLD"] = customer("OLD", "", family_name="L.")
    assert told(loyalty, double, sale("S1", customer_id="OLD")) == 0
    del double.customers["OLD"]
    double.merged["OLD"] = "NEW"
    double.customers["NEW"] = customer("NEW")
    merge = {"merge": {"from_customer_ids": ["OLD"], "to_customer_id": "NEW"}}
    sent(loyalty, webhook("customer.created", "NEW", {"event_context": merge}))
    assert points(loyalty) == 60
    assert told(loyalty, double, sale("S2", customer_id="NEW")) == 120


def test_nobody_who_was_deleted_comes_back(loyalty: Loyalty, double: Square) -> None:
    late = webhook("customer.updated", "ADA")
    double.customers.clear()
    sent(loyalty, webhook("customer.deleted", "ADA"), late)
    assert loyalty.find({"email": "ada@example.org"}) is None


# -- what comes back ------------------------------------------------------------------------------


def test_lines_that_come_back_name_those_of_the_sale() -> None:
    given = returned("R1", back("tea", 3000), back("cup", 1100, total_tax_money=money(100)))
    assert refunds(given) == [("S1", "R1", {"cup": 1000, "tea": 3000}, 4100)]


def test_an_amount_goes_back_by_the_value_of_the_sale_taxes_included(
    loyalty: Loyalty, double: Square
) -> None:
    one = line(total=7200, total_tax_money=money(1200))
    assert told(loyalty, double, sale("S1", TEN, one)) == 60
    assert told(loyalty, double, returned("R1", of_money(3600))) == 30


@pytest.mark.parametrize(("kind", "left"), [("goods", 45), ("goodwill", 60)])
def test_money_alone_is_what_the_seller_says(double: Square, kind: str, left: int) -> None:
    with opened(double, money_refunds=kind) as loyalty:
        assert told(loyalty, double, sale(), returned("R1", of_money(1500))) == left


def test_several_tenders_of_one_return_take_its_lines_once(
    loyalty: Loyalty, double: Square
) -> None:
    sold = sale(tenders=[tender(2000, "CASH"), tender(4000)])
    paid = [paid_out("r1", 1000), paid_out("r2", 2000)]
    given = returned("R1", back("tea", 3000), refunds=paid)
    assert told(loyalty, double, sold) == 60
    double.hold(given)
    sent(loyalty, about_refund("r1", "R1"), about_refund("r2", "R1"), about_order("R1"))
    assert points(loyalty) == 30


def test_several_tenders_of_an_amount_are_each_a_refund() -> None:
    paid = [paid_out("r1", 1000), paid_out("r2", 2000, "PENDING"), paid_out("r3", 500, "FAILED")]
    given = returned("R1", of_money(3500), refunds=paid)
    assert [one[1:] for one in refunds(given)] == [
        ("r1", {}, 1000),
        ("r2", {}, 2000),
        ("r3", {}, 500),
    ]


def test_a_payout_that_fails_gives_the_points_back(loyalty: Loyalty, double: Square) -> None:
    assert told(loyalty, double, sale(), returned("R1", of_money(1500))) == 45
    failed = returned("R1", of_money(1500), refunds=[paid_out("refund-R1", 1500, "REJECTED")])
    assert told(loyalty, double, failed) == 60


def test_an_exchange_is_a_return_and_a_sale(loyalty: Loyalty, double: Square) -> None:
    """No money may move at all: then there are no refunds on it."""
    assert told(loyalty, double, sale("S1", TEN, line("tea", 4000), line("cup", 2000))) == 60
    given = returned("X1", back("cup", 2000), refunds=[])
    bought = sale("X1", TEN, line("pot", 2500))
    assert told(loyalty, double, {**given, **bought, "returns": given["returns"]}) == 65


def test_a_return_comes_before_its_sale_and_twice(loyalty: Loyalty, double: Square) -> None:
    given = returned("R1", back("tea", 2000))
    assert told(loyalty, double, given, given) == 0
    assert told(loyalty, double, sale()) == 40


def test_a_return_without_a_receipt_takes_nothing(loyalty: Loyalty, double: Square) -> None:
    assert told(loyalty, double, sale(), returned("R1", back("tea", 2000), of=None)) == 60
    assert loyalty.connector_status(CONNECTOR).dead == 0


def test_a_return_that_is_not_done_yet_takes_nothing() -> None:
    assert refunds(returned("R1", back("tea", 2000), state="OPEN")) == []


def test_a_sale_from_before_there_were_returns_has_its_refunds_itself(
    loyalty: Loyalty, double: Square
) -> None:
    double.hold(sale(refunds=[paid_out("r1", 1500)]))
    sent(loyalty, about_refund("r1", "S1"), about_order("S1"))
    assert points(loyalty) == 45


def test_tips_and_charges_that_go_back_take_no_points() -> None:
    given = returned("R1", back("tea", 3000))
    entry = given["returns"][0]
    entry["return_tips"] = [{"uid": "t", "applied_money": money(900)}]
    entry["return_service_charges"] = [{"uid": "c", "total_money": money(500)}]
    entry["return_amounts"] = {"total_money": money(4400)}
    (found,) = [one for one in READING.inputs(given, {}) if isinstance(one, OrderRefund)]
    amounts = {part.line: part.amount for part in found.refund.lines}
    assert amounts == {"tea": 3000, "tip": 900, CHARGES: 500}
    assert (found.refund.amount, found.refund.shipping) == (4400, 0)


def test_a_service_charge_that_goes_back_alone_takes_no_points(
    loyalty: Loyalty, double: Square
) -> None:
    charge = {"uid": "c", "total_money": money(600)}
    charged = sale(service_charges=[charge], total_money=money(6600), tenders=[tender(6600)])
    assert told(loyalty, double, charged) == 60
    given = returned("R1", refunds=[paid_out("r1", 600)])
    given["returns"][0]["return_service_charges"] = [charge]
    given["returns"][0]["return_amounts"] = {"total_money": money(600)}
    assert told(loyalty, double, given) == 60


def test_partial_returns_in_any_order_sum_to_the_whole(double: Square) -> None:
    lines = line("a", 3333, quantity="3"), line("b", 2667)
    parts = [
        returned("R1", back("a", 1111)),
        returned("R2", back("a", 2222, "2")),
        returned("R3", back("b", 2667)),
    ]
    for chosen in permutations(parts):
        with opened(double) as loyalty:
            told(loyalty, double, *chosen[:1], sale("S1", TEN, *lines))
            assert told(loyalty, double, *chosen) == 0
            canceled = sale("S1", TEN, *lines, state="CANCELED", updated_at="2024-06-09T10:00:00Z")
            assert told(loyalty, double, canceled) == 0


def test_a_line_that_cost_nothing_comes_back_as_a_piece() -> None:
    found = READING.inputs(returned("R1", back("gift", 0, "2")), {})
    parts = [p for one in found if isinstance(one, OrderRefund) for p in one.refund.lines]
    assert [(part.line, part.quantity, part.amount) for part in parts] == [("gift", 2, 0)]


# -- topics ---------------------------------------------------------------------------------------


def test_a_payment_tells_of_its_order(loyalty: Loyalty, double: Square) -> None:
    double.hold(sale())
    sent(loyalty, about_payment("p1", "S1"))
    assert points(loyalty) == 60


@pytest.mark.parametrize(
    "topic",
    ["loyalty.event.created", "loyalty.account.updated", "inventory.count.updated", "nonsense"],
)
def test_other_topics_are_kept_and_mean_nothing(
    loyalty: Loyalty, double: Square, topic: str
) -> None:
    """Square's own loyalty events most of all: it would give points twice."""
    sent(loyalty, webhook(topic, "S1", {"loyalty_event": {"order_id": "S1"}}))
    status = loyalty.connector_status(CONNECTOR)
    assert (status.dead, status.pending, double.asked) == (0, 0, [])


def test_a_test_webhook_about_nothing_there_is_fine(loyalty: Loyalty) -> None:
    sent(loyalty, about_order("made up"), webhook("customer.created", "made up"))
    assert loyalty.connector_status(CONNECTOR).dead == 0


def test_a_currency_nobody_knows_is_told(double: Square) -> None:
    odd = {"amount": 6000, "currency": "QQQ"}
    double.hold(sale("S1", TEN, {**line(), "total_money": odd}, total_money=odd, tenders=[]))
    with opened(double) as loyalty:
        assert loyalty.backfill(CONNECTOR).refused == 1
