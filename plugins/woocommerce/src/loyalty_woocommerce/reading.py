"""An order as WooCommerce writes it, read into a fact: one reader for webhooks and walks.

All amounts are **without tax**, as the shop stores them, whether its prices are shown with tax or
not; the tax of each line stands beside it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from loyalty_core import (
    CodeUsed,
    Input,
    JsonObject,
    Line,
    LineKind,
    Minor,
    Order,
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
)
from loyalty_woocommerce.fields import amount, moment, name, number, pieces

DRAFTS = frozenset({"auto-draft", "checkout-draft", "new"})
"""Statuses of what is no order yet."""
STATUS = {
    "pending": OrderStatus.PENDING,
    "on-hold": OrderStatus.PENDING,
    "failed": OrderStatus.PENDING,  # it can be paid again
    "processing": OrderStatus.PENDING,  # where `paid` does not name it
    "completed": OrderStatus.PENDING,
    "cancelled": OrderStatus.CANCELLED,
    "trash": OrderStatus.CANCELLED,
}
RANKS = (OrderStatus.PENDING, OrderStatus.PAID, OrderStatus.CANCELLED)
NOTHING = "nothing"
"""The line of an order that has none, such as one of shipping alone."""
GIFT_CARD = "gift_card"


@dataclass(frozen=True, slots=True)
class Money:
    """How the amounts of one order are read."""

    currency: str
    digits: int

    def of(self, doc: JsonObject, field: str, where: str) -> int:
        """The amount in a field, in minor units; raises ``FactError``."""
        return amount(doc.get(field), self.digits, f"{where}.{field}")


@dataclass(frozen=True, slots=True)
class Reading:
    """How documents of one shop are read."""

    source: str
    currency: str
    paid: tuple[str, ...] = ("processing", "completed")
    gift_cards: tuple[str, ...] = ()
    money_refunds: RefundKind = RefundKind.GOODS

    def order_inputs(
        self, doc: JsonObject, refunds: Sequence[JsonObject], at: datetime | None
    ) -> list[Input]:
        """An order, and the coupons that were used on it; none for a draft. Raises ``FactError``.

        ``refunds`` are all there were ``at`` a moment of the shop's clock.
        """
        if as_text(doc.get("status")) in DRAFTS:
            return []
        order = self.order(doc, refunds, at)
        made: list[Input] = [order]
        if order.status is OrderStatus.PAID:
            codes = [as_text(one.get("code")) for one in as_objects(doc.get("coupon_lines"))]
            both = [one for code in codes for one in (code.upper(), code) if code]
            made += [CodeUsed(code=one, order=order) for one in dict.fromkeys(both)]
        return made

    def order(self, doc: JsonObject, refunds: Sequence[JsonObject], at: datetime | None) -> Order:
        """The order that a document describes; raises ``FactError``."""
        currency = as_text(doc.get("currency")) or self.currency
        money = Money(currency, minor_digits(currency))
        status = self._status(doc, refunds)
        changed = doc.get("date_modified_gmt") or doc.get("date_created_gmt")
        updated = moment(changed, "$.date_modified_gmt")
        sold, off = self._lines(doc, money)
        fees, fees_off = _fees(doc, money)
        lines = (*sold, *fees)
        shipping, shipping_tax = _shipping(doc, money)
        goods = sum(line.net for line in lines if line.kind is LineKind.GOODS)
        return Order(
            source=self.source,
            id=name(doc.get("id"), "$.id"),
            identities=identities_of(doc),
            currency=currency,
            occurred_at=moment(doc.get("date_created_gmt"), "$.date_created_gmt"),
            updated_at=updated + timedelta(microseconds=RANKS.index(status)),
            status=status,
            lines=lines or (Line(id=NOTHING, amount=Minor(0)),),
            refunds=tuple(one for doc in refunds for one in self.refunds(doc, money, lines)),
            refunds_listed_at=at,
            shipping=Minor(shipping),
            shipping_tax=Minor(shipping_tax),
            discount=Minor(min(off + fees_off, goods)),
            tax_included=False,
            tenders=tuple(_tenders(doc, money)),
            channel=as_text(doc.get("created_via")),
        )

    def refunds(self, doc: JsonObject, money: Money, sold: Sequence[Line]) -> Iterator[Refund]:
        """What one refund gives back: its lines, and apart from them money that names none.

        The shop writes what goes back as negative amounts of lines, and as a positive one of all
        of it, taxes included; that can be more than the lines come to, or there are no lines. Of
        pieces without money, those of lines that cost nothing count; others are back on the shelf.
        """
        costless = {line.id for line in sold if not line.net}
        fees = {line.id for line in sold if line.kind is LineKind.FEE}
        id = name(doc.get("id"), "$.refunds.id")
        where = f"$.refunds[{id}]"
        at = moment(doc.get("date_created_gmt"), f"{where}.date_created_gmt")
        back, free = Counter[str](), Counter[str]()
        explained = parts = 0
        for one in as_objects(doc.get("line_items")):
            value, tax = abs(money.of(one, "total", where)), abs(money.of(one, "total_tax", where))
            line = _refunded_item(one)
            if line and value:
                back[line] += value
            elif line in costless:
                free[line] += pieces(one.get("quantity"), f"{where}.quantity")
            explained, parts = explained + (value + tax if line else 0), parts + 1
        for one in as_objects(doc.get("fee_lines")):  # one that was below zero is taken again
            value, tax = -money.of(one, "total", where), -money.of(one, "total_tax", where)
            if (line := _refunded_item(one)) in fees:
                back[line] += max(value, 0)
            explained, parts = explained + value + tax, parts + 1
        charged = 0
        for one in as_objects(doc.get("shipping_lines")):
            value, tax = abs(money.of(one, "total", where)), abs(money.of(one, "total_tax", where))
            charged, explained, parts = charged + value, explained + value + tax, parts + 1
        paid = abs(money.of(doc, "amount", where))
        rest = paid - explained
        lines = [RefundLine(line=line, amount=Minor(back[line])) for line in sorted(+back)]
        lines += [RefundLine(line=line, quantity=free[line]) for line in sorted(free) if free[line]]
        if lines or charged:
            yield Refund(
                id=id,
                occurred_at=at,
                lines=tuple(lines),
                amount=Minor(min(paid, explained)),
                shipping=Minor(charged),
            )
        if rest > parts or not (lines or charged):  # less is what rounding makes of taxes
            yield Refund(
                id=f"{id}:rest" if lines or charged else id,
                occurred_at=at,
                kind=self.money_refunds,
                amount=Minor(max(rest, 0)),
            )

    # -- parts of an order --------------------------------------------------------------------

    def _status(self, doc: JsonObject, refunds: Sequence[JsonObject]) -> OrderStatus:
        said = as_text(doc.get("status")).removeprefix("wc-")
        if said in self.paid:
            return OrderStatus.PAID
        if said == "refunded":  # nearly always by refunds, which say what; else all of it
            return OrderStatus.PAID if refunds else OrderStatus.CANCELLED
        if said in STATUS:
            return STATUS[said]
        return OrderStatus.PAID if doc.get("date_paid_gmt") else OrderStatus.PENDING

    def _lines(self, doc: JsonObject, money: Money) -> tuple[tuple[Line, ...], int]:
        """The lines, and what those take off that cost less than nothing, as bundles have them."""
        made, off = [], 0
        for place, one in enumerate(as_objects(doc.get("line_items"))):
            where = f"$.line_items[{place}]"
            total, before = money.of(one, "total", where), money.of(one, "subtotal", where)
            if total < 0:
                off -= total
                total = before = 0
            before = max(before, total)  # a price that was raised by hand
            made.append(
                Line(
                    id=name(one.get("id"), f"{where}.id"),
                    amount=Minor(before),
                    quantity=max(pieces(one.get("quantity"), f"{where}.quantity"), 1),
                    discount=Minor(before - total),
                    tax=Minor(max(money.of(one, "total_tax", where), 0)),
                    sku=as_text(one.get("sku")),
                    kind=LineKind.GIFT_CARD if self._is_gift_card(one) else LineKind.GOODS,
                    tags=tuple(_products(one)),
                )
            )
        return tuple(made), off

    def _is_gift_card(self, doc: JsonObject) -> bool:
        names = {as_text(doc.get("sku")), *(str(number(doc.get(one))) for one in _PRODUCT)}
        return not names.isdisjoint(self.gift_cards)


_PRODUCT = ("product_id", "variation_id")


def identities_of(doc: JsonObject) -> dict[str, str]:
    """How the customer of an order is known; a guest by the e-mail address alone."""
    found = {}
    if customer := number(doc.get("customer_id")):
        found["customer_id"] = str(customer)
    return found | reached_by(as_object(doc.get("billing")))


def reached_by(billing: JsonObject) -> dict[str, str]:
    """E-mail address and phone number, as far as they are such.

    The address of whom the shop has forgotten is ``deleted@site.invalid``, and nobody's.
    """
    return contact_identities(
        email=as_text(billing.get("email")), phone=as_text(billing.get("phone"))
    )


def _products(doc: JsonObject) -> Iterator[str]:
    for field in _PRODUCT:
        if found := number(doc.get(field)):
            yield f"product:{found}"


def _shipping(doc: JsonObject, money: Money) -> tuple[int, int]:
    """The price of shipping, and the tax on it."""
    price = tax = 0
    for place, one in enumerate(as_objects(doc.get("shipping_lines"))):
        where = f"$.shipping_lines[{place}]"
        price += max(money.of(one, "total", where), 0)
        tax += max(money.of(one, "total_tax", where), 0)
    return price, tax


def _fees(doc: JsonObject, money: Money) -> tuple[list[Line], int]:
    """What is charged beside goods and shipping, as lines, and what fees take off.

    A fee below zero is how shops and their plugins take money off without a coupon.
    """
    made, off = [], 0
    for place, one in enumerate(as_objects(doc.get("fee_lines"))):
        where = f"$.fee_lines[{place}]"
        total = money.of(one, "total", where)
        off += max(-total, 0)
        if total > 0:
            tax = Minor(max(money.of(one, "total_tax", where), 0))
            id = name(one.get("id"), f"{where}.id")
            made.append(Line(id=id, amount=Minor(total), tax=tax, kind=LineKind.FEE))
    return made, off


def _tenders(doc: JsonObject, money: Money) -> Iterator[Tender]:
    """How it was paid: gift cards lower the total that is left for the other means."""
    for place, one in enumerate(as_objects(doc.get("gift_cards"))):
        yield Tender(
            kind=GIFT_CARD, amount=Minor(money.of(one, "amount", f"$.gift_cards[{place}]"))
        )
    left = money.of(doc, "total", "$")
    if (method := as_text(doc.get("payment_method"))) and left > 0:
        yield Tender(kind=method, amount=Minor(left))


def _refunded_item(doc: JsonObject) -> str:
    """The line of the order that a line of a refund gives back; empty if it does not say."""
    for one in as_objects(doc.get("meta_data")):
        if one.get("key") == "_refunded_item_id" and (found := number(one.get("value"))):
            return str(found)
    return ""
