"""An order as Shopify writes it, read into a fact: one reader for webhooks, walks and bulk files.

What is read is the JSON of webhooks. Queries name what they ask for by the same names, so that an
order is the same fact whichever way it came.

All money is **shop money**, the currency the shop keeps its books in: refunds, edits and reports
of one shop then add up, and rates of a program name one currency. What the buyer saw and paid
(presentment money) moves with exchange rates between an order and its refund.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from loyalty_core import (
    CodeUsed,
    Input,
    JsonObject,
    Line,
    LineKind,
    Minor,
    Order,
    OrderRefund,
    OrderStatus,
    Refund,
    RefundKind,
    RefundLine,
    Tender,
    as_object,
    as_objects,
    as_text,
    contact_identities,
    minor_digits,
    needed_moment,
)
from loyalty_shopify.fields import count, name, shop_money

STATUS = {
    "pending": OrderStatus.PENDING,
    "authorized": OrderStatus.AUTHORIZED,
    "partially_paid": OrderStatus.PARTLY_PAID,
    "paid": OrderStatus.PAID,
    "partially_refunded": OrderStatus.PAID,
    "refunded": OrderStatus.PAID,
    "voided": OrderStatus.CANCELLED,
    "expired": OrderStatus.CANCELLED,
}
RANKS = tuple(OrderStatus)
FAILED = ("failure", "error")
TIP = "tip"
TENDERS = {"gift_card": "gift_card", "shopify_store_credit": "store_credit"}
"""The gateways of what is no new money, which rules may leave out, as tenders."""
PAID = ("sale", "capture")


@dataclass(frozen=True, slots=True)
class Reading:
    """How documents of one shop are read: the source of its facts, and the shop's currency."""

    source: str
    currency: str
    money_refunds: RefundKind = RefundKind.GOODS

    def order_inputs(self, doc: JsonObject) -> list[Input]:
        """An order, and the codes that were used on it; raises ``FactError``."""
        order = self.order(doc)
        made: list[Input] = [order]
        if order.test or order.status is OrderStatus.CANCELLED:
            return made
        for code in _codes(doc):
            made += [CodeUsed(code=one, order=order) for one in dict.fromkeys((code, code.upper()))]
        return made

    def order(self, doc: JsonObject) -> Order:
        """The order that a document describes; raises ``FactError``."""
        currency = as_text(doc.get("currency")) or self.currency
        money = currency, minor_digits(currency)
        given = as_objects(doc.get("refunds"))
        refunds = tuple(made for one in given for made in self.refunds(one, money))
        status = STATUS.get(as_text(doc.get("financial_status")).lower(), OrderStatus.PENDING)
        if doc.get("cancelled_at") is not None:
            status = OrderStatus.CANCELLED
        shipping, shipping_tax = _shipping(doc, money)
        placed = doc.get("processed_at") or doc.get("created_at")
        pos = as_text(doc.get("source_name")) == "pos"
        return Order(
            source=self.source,
            id=name(doc.get("id"), "$.id"),
            identities=identities_of(doc),
            currency=currency,
            occurred_at=needed_moment(placed, "$.processed_at"),
            updated_at=needed_moment(doc.get("updated_at"), "$.updated_at")
            + _later(status, refunds),
            status=status,
            lines=tuple(_lines(doc, money, refunds)),
            refunds=refunds,
            shipping=Minor(shipping),
            shipping_tax=Minor(shipping_tax),
            tax_included=doc.get("taxes_included") is True,
            tenders=tuple(_tenders(doc, money)),
            channel=as_text(doc.get("source_name")),
            store=_location(doc) if pos else "",
            tags=tags_of(doc.get("tags")),
            test=doc.get("test") is True,
        )

    def refunds_alone(self, doc: JsonObject) -> list[OrderRefund]:
        """The refunds of a document that says which order it belongs to; raises ``FactError``."""
        found = (_currency_of(one) for one in as_objects(doc.get("refund_line_items")))
        currency = next((code for code in found if code), "") or self.currency
        order = name(doc.get("order_id"), "$.order_id")
        return [
            OrderRefund(source=self.source, order_id=order, currency=currency, refund=one)
            for one in self.refunds(doc, (currency, minor_digits(currency)))
        ]

    def refunds(self, doc: JsonObject, money: tuple[str, int]) -> Iterator[Refund]:
        """What a refund gives back: its lines, and apart from them money beyond what they come to.

        Its lines count by their pieces, as each piece has its part of the discount. What was paid
        out counts where there are none, or as far as the shop says that it is more than they come
        to; a refund of nothing at all, as an edit makes one, states zero, for a refund that says
        nothing gives the whole order back.
        """
        where = f"$.refunds[{name(doc.get('id'), '$.refunds.id')}]"
        pieces: Counter[str] = Counter()
        for one in as_objects(doc.get("refund_line_items")):
            line = name(one.get("line_item_id") or as_object(one.get("line_item")).get("id"), where)
            pieces[line] += count(one.get("quantity"), f"{where}.quantity")
        paid = [
            one
            for one in as_objects(doc.get("transactions"))
            if as_text(one.get("kind")).lower() == "refund"
        ]
        good = [one for one in paid if as_text(one.get("status")).lower() not in FAILED]
        amount = sum(shop_money(one, ("amount_set", "amount"), money, where) for one in good)
        at = needed_moment(doc.get("created_at"), f"{where}.created_at")
        voided = at if paid and not good else None
        beyond = _beyond(doc, money, where) if pieces and paid else 0
        rest = min(beyond, amount) if good else beyond
        lines = tuple(RefundLine(line=line, quantity=pieces[line]) for line in sorted(pieces))
        id = name(doc.get("id"), where)
        yield Refund(
            id=id,
            occurred_at=at,
            kind=RefundKind.GOODS if lines else self.money_refunds,
            lines=lines,
            amount=Minor(amount if voided else amount - rest),
            shipping=Minor(_shipping_refund(doc, money, where)),
            voided_at=None if lines else voided,
        )
        if rest:
            yield Refund(
                id=f"{id}:rest",
                occurred_at=at,
                kind=self.money_refunds,
                amount=Minor(rest),
                voided_at=voided,
            )


def paid_with_a_card_of_the_shop(doc: JsonObject) -> bool:
    """Whether a gift card or store credit paid some of an order; how much, transactions say."""
    names = doc.get("payment_gateway_names")
    return isinstance(names, list) and any(one in TENDERS for one in names)


def in_other_money(doc: JsonObject, currency: str) -> bool:
    """Whether money went back in another currency than the shop's, and only that is said."""
    return any(
        as_object(one.get("amount_set")).get("shop_money") is None
        and as_text(one.get("currency")) not in ("", currency)
        for one in as_objects(doc.get("transactions"))
    )


def identities_of(doc: JsonObject) -> dict[str, str]:
    """How the customer of an order is known; none for a sale to nobody in particular.

    What cannot be an address or a number, as tills have it, is left out: the sale counts anyway.
    """
    customer = as_object(doc.get("customer"))
    found = person_of(customer) if customer.get("id") is not None else {}
    reached = contact_identities(email=as_text(doc.get("email")), phone=as_text(doc.get("phone")))
    return reached | found


def person_of(customer: JsonObject) -> dict[str, str]:
    """How a customer is known; raises ``FactError`` for one without an id."""
    email, phone = (
        as_text(customer.get(kind)) or as_text(as_object(customer.get(f"default_{kind}")).get(kind))
        for kind in ("email", "phone")
    )
    id = name(customer.get("id"), "$.customer.id")
    return {"customer_id": id, **contact_identities(email=email, phone=phone)}


def tags_of(value: object) -> tuple[str, ...]:
    """Tags, sorted: a list, or a text with commas between them."""
    given = value.split(",") if isinstance(value, str) else value
    found = (
        [one.strip() for one in given if isinstance(one, str)] if isinstance(given, list) else []
    )
    return tuple(sorted({one for one in found if one}))


# -- parts of an order ----------------------------------------------------------------------------


def _later(status: OrderStatus, refunds: tuple[Refund, ...]) -> timedelta:
    """Which of the versions of one second is the later: Shopify's clock has no finer hands."""
    return timedelta(microseconds=len(RANKS) * len(refunds) + RANKS.index(status))


def _lines(doc: JsonObject, money: tuple[str, int], refunds: tuple[Refund, ...]) -> Iterator[Line]:
    back: Counter[str] = Counter()
    for refund in refunds:
        for part in refund.lines:
            back[part.line] += part.quantity or 0
    tips = shop_money(_tips(doc), ("set", "plain"), money, "$.total_tip_received")
    for place, one in enumerate(as_objects(doc.get("line_items"))):
        line = _line(one, money, back, f"$.line_items[{place}]", tips)
        tips -= line.amount if line.kind is LineKind.TIP else 0
        yield line
    if tips > 0:
        yield Line(id=TIP, amount=Minor(tips), kind=LineKind.TIP)


def _tenders(doc: JsonObject, money: tuple[str, int]) -> Iterator[Tender]:
    """What gift cards and store credit paid. Other means are left out: webhooks do not say them."""
    paid: Counter[str] = Counter()
    for place, one in enumerate(as_objects(doc.get("transactions"))):
        tender = TENDERS.get(as_text(one.get("gateway")))
        done = as_text(one.get("kind")).lower() in PAID
        if tender and done and as_text(one.get("status")).lower() == "success":
            where = f"$.transactions[{place}]"
            paid[tender] += shop_money(one, ("amount_set", "amount"), money, where)
    for kind, amount in sorted(paid.items()):
        yield Tender(kind=kind, amount=Minor(amount))


def _tips(doc: JsonObject) -> JsonObject:
    return {"set": doc.get("total_tip_received_set"), "plain": doc.get("total_tip_received")}


def _line(
    doc: JsonObject, money: tuple[str, int], back: Counter[str], where: str, tips: int
) -> Line:
    """One line, as much of it as is bought: what an edit took off is not, what came back is."""
    line = name(doc.get("id"), f"{where}.id")
    ordered = count(doc.get("quantity"), f"{where}.quantity")
    bought = ordered
    if doc.get("current_quantity") is not None:
        left = count(doc.get("current_quantity"), f"{where}.current_quantity")
        bought = min(left + back[line], ordered)
    price = shop_money(doc, ("price_set", "price"), money, where)
    discounts = as_objects(doc.get("discount_allocations"))
    taxes = as_objects(doc.get("tax_lines"))
    discount = sum(shop_money(one, ("amount_set", "amount"), money, where) for one in discounts)
    tax = sum(shop_money(one, ("price_set", "price"), money, where) for one in taxes)
    if bought != ordered:
        discount, tax = discount * bought // ordered, tax * bought // ordered
    return Line(
        id=line,
        amount=Minor(price * bought),
        quantity=bought,
        discount=Minor(min(discount, price * bought)),
        tax=Minor(tax),
        sku=as_text(doc.get("sku")),
        kind=_kind(doc, price * bought, tips),
        tags=tuple(_line_tags(doc)),
    )


def _kind(doc: JsonObject, amount: int, tips: int) -> LineKind:
    """What a line sells. A tip is a line that says so, or that is nothing else and as large."""
    if doc.get("gift_card") is True:
        return LineKind.GIFT_CARD
    nothing = not (
        doc.get("product_id") or as_object(doc.get("product")).get("id") or doc.get("sku")
    )
    if doc.get("tip_payment_gateway") or (nothing and 0 < amount == tips):
        return LineKind.TIP
    return LineKind.GOODS


def _line_tags(doc: JsonObject) -> Iterator[str]:
    product = doc.get("product_id") or as_object(doc.get("product")).get("id")
    if product is not None:
        yield f"product:{name(product, '$.product_id')}"
    if vendor := as_text(doc.get("vendor")):
        yield f"vendor:{vendor}"


def _shipping(doc: JsonObject, money: tuple[str, int]) -> tuple[int, int]:
    """What sending it costs after discounts, and the tax on that."""
    lines = [
        one for one in as_objects(doc.get("shipping_lines")) if one.get("is_removed") is not True
    ]
    if one := as_object(doc.get("shipping_line")):
        lines = [one]
    names, where = ("discounted_price_set", "discounted_price"), "$.shipping_lines"
    price = sum(shop_money(one, names, money, where) for one in lines)
    taxes = [tax for one in lines for tax in as_objects(one.get("tax_lines"))]
    return price, sum(shop_money(one, ("price_set", "price"), money, where) for one in taxes)


def _shipping_refund(doc: JsonObject, money: tuple[str, int], where: str) -> int:
    """What is given back of the shipping: lines of its own, adjustments in versions before 2024."""
    lines = as_objects(doc.get("refund_shipping_lines"))
    names = ("subtotal_amount_set", "subtotal_amount")
    if lines:
        return sum(shop_money(one, names, money, where) for one in lines)
    old = [
        one
        for one in as_objects(doc.get("order_adjustments"))
        if as_text(one.get("kind")).lower() == "shipping_refund"
    ]
    return abs(sum(shop_money(one, ("amount_set", "amount"), money, where) for one in old))


def _beyond(doc: JsonObject, money: tuple[str, int], where: str) -> int:
    """What was paid out beyond what the pieces come to; zero if it was as much, or less.

    The shop says it: an adjustment below zero. What was still owed for goods that came back before
    (``pending``) is not that: those took their points.
    """
    names = ("amount_set", "amount"), ("tax_amount_set", "tax_amount")
    found = [
        one
        for one in as_objects(doc.get("order_adjustments"))
        if as_text(one.get("kind")).lower() != "shipping_refund"
        and not as_text(one.get("reason")).lower().startswith("pending")
    ]
    total = sum(shop_money(one, pair, money, where) for one in found for pair in names)
    return max(-total, 0)


def _currency_of(line: JsonObject) -> str:
    return as_text(
        as_object(as_object(line.get("subtotal_set")).get("shop_money")).get("currency_code")
    )


def _location(doc: JsonObject) -> str:
    found = doc.get("location_id") or as_object(doc.get("retail_location")).get("id")
    return name(found, "$.location_id") if found is not None else ""


def _codes(doc: JsonObject) -> Iterator[str]:
    """The codes used on an order: texts, or objects with a ``code``."""
    given = doc.get("discount_codes")
    for one in given if isinstance(given, list) else []:
        if code := as_text(one if isinstance(one, str) else as_object(one).get("code")):
            yield code
