"""What was sold by a payment: lines of Stripe's page, of an invoice, or the payment alone."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from loyalty_core import JsonObject, Line, LineKind, Minor, as_object, as_text
from loyalty_stripe.fields import minor, name, ref, rows, whole

PAYMENT, TIP = "payment", "tip"
"""The lines of a payment of which nothing more is known."""


def plain_lines(intent: JsonObject, amount: int, currency: str) -> tuple[Line, ...]:
    """A payment as one line, the tip in it apart."""
    details = as_object(intent.get("amount_details"))
    tip = min(whole(as_object(details.get("tip")).get("amount"), "$.amount_details.tip"), amount)
    tax = whole(as_object(details.get("tax")).get("total_tax_amount"), "$.amount_details.tax")
    goods, given = minor(amount - tip, currency), minor(tip, currency)
    made = [Line(id=PAYMENT, amount=goods, tax=Minor(min(minor(tax, currency), goods)))]
    if given:
        made.append(Line(id=TIP, amount=given, kind=LineKind.TIP))
    return tuple(made)


@dataclass(frozen=True, slots=True)
class Sold:
    """The lines of an order, and its shipping with the tax in it."""

    lines: tuple[Line, ...] = ()
    shipping: tuple[Minor, Minor] = (Minor(0), Minor(0))

    @staticmethod
    def of_page(
        session: JsonObject,
        items: Sequence[JsonObject],
        currency: str,
        memberships: Collection[str],
    ) -> Sold:
        """What was sold on a page of Stripe: each line says its discount and its tax."""
        lines = []
        for place, one in enumerate(items):
            where = f"$.line_items[{place}]"
            total, off = _amount(one, "amount_total", where), _amount(one, "amount_discount", where)
            price = as_object(one.get("price"))
            kind, sku = _sold(ref(price), ref(price.get("product")), memberships)
            lines.append(
                Line(
                    id=name(one.get("id"), where),
                    amount=minor(total + off, currency),
                    quantity=max(_amount(one, "quantity", where), 1),
                    discount=minor(off, currency),
                    tax=minor(_amount(one, "amount_tax", where), currency),
                    sku=sku,
                    kind=kind,
                    tags=_tags(ref(price.get("product"))),
                )
            )
        return Sold(tuple(lines), _shipping(session, currency))

    @staticmethod
    def of_invoice(
        doc: JsonObject, items: Sequence[JsonObject], currency: str, memberships: Collection[str]
    ) -> Sold:
        """What an invoice sells; what its lines or credit notes take off makes the others less.

        A line of a membership that costs nothing is a trial, and no fee. Proration is no fee of a
        period either: it is told without the article.
        """
        lines = []
        off = _amount(doc, "pre_payment_credit_notes_amount", "$")
        for place, one in enumerate(items):
            line, less = _invoiced(one, f"$.lines[{place}]", currency, memberships)
            off += less
            if line is not None:
                lines.append(line)
        return Sold(tuple(_reduced(lines, minor(off, currency))), _shipping(doc, currency))


def _invoiced(
    one: JsonObject, where: str, currency: str, memberships: Collection[str]
) -> tuple[Line | None, int]:
    """A line of an invoice, or what it takes off."""
    amount = _amount(one, "amount", where)
    taxes = rows(one.get("taxes"))
    tax = sum(_amount(each, "amount", where) for each in taxes)
    on_top = sum(
        _amount(each, "amount", where)
        for each in taxes
        if as_text(each.get("tax_behavior")) == "exclusive"
    )
    off = sum(_amount(each, "amount", where) for each in rows(one.get("discount_amounts")))
    if amount < 0:
        return None, -(amount + on_top)
    priced = as_object(as_object(one.get("pricing")).get("price_details"))
    product = ref(priced.get("product"))
    kind, sku = _sold(ref(priced.get("price")), product, memberships)
    if kind is LineKind.MEMBERSHIP:
        if not amount:
            return None, 0
        sku = "" if _prorated(one) else sku
    made = Line(
        id=name(one.get("id"), where),
        amount=minor(amount + on_top, currency),
        quantity=max(_amount(one, "quantity", where), 1),
        discount=minor(min(off, amount + on_top), currency),
        tax=minor(max(tax, 0), currency),
        sku=sku,
        kind=kind,
        tags=_tags(product),
    )
    return made, 0


def _reduced(lines: Sequence[Line], off: int) -> Iterator[Line]:
    """The lines with so much less to pay, one after the other."""
    for line in lines:
        less = min(off, line.net)
        off -= less
        yield replace(line, discount=Minor(line.discount + less)) if less else line


def _sold(price: str, product: str, memberships: Collection[str]) -> tuple[LineKind, str]:
    """What a line sells, and the article: that of a membership is the name it is listed by."""
    for one in (price, product):
        if one in memberships:
            return LineKind.MEMBERSHIP, one
    return LineKind.GOODS, price


def _prorated(line: JsonObject) -> bool:
    parent = as_object(line.get("parent"))
    kinds = ("subscription_item_details", "invoice_item_details")
    return any(as_object(parent.get(kind)).get("proration") is True for kind in kinds)


def _shipping(doc: JsonObject, currency: str) -> tuple[Minor, Minor]:
    cost = as_object(doc.get("shipping_cost"))
    total, tax = (_amount(cost, one, "$.shipping_cost") for one in ("amount_total", "amount_tax"))
    return minor(total, currency), minor(tax, currency)


def _tags(product: str) -> tuple[str, ...]:
    return (f"product:{product}",) if product else ()


def _amount(doc: JsonObject, field: str, where: str) -> int:
    return whole(doc.get(field), f"{where}.{field}")
