"""An order as Square writes it, read into facts: one reader for webhooks and walks.

A sale, a return, and an exchange, which is both, are orders alike. What is sold is an order here;
what comes back is a refund of the order that it was sold on, by the id of the order it comes back
on. All amounts are **without tax**: the tax of each line, inside its price or on top of it, stands
beside it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from loyalty_core import (
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
    needed_id,
    needed_moment,
)
from loyalty_square.fields import money, pieces

TIP = "tip"
CHARGES = "service charges"
RANKS = tuple(OrderStatus)
KINDS = {"GIFT_CARD": LineKind.GIFT_CARD}
TENDERS = {"SQUARE_GIFT_CARD": "gift_card"}
FAILED = frozenset({"REJECTED", "FAILED"})
RESERVED, GONE = frozenset({"AUTHORIZED", "PENDING"}), frozenset({"VOIDED", "FAILED"})
DETAILS = ("card", "bank_account", "buy_now_pay_later", "square_account")

People = Mapping[str, JsonObject]
"""Customers by their ids."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How documents of one seller are read."""

    source: str
    currency: str
    money_refunds: RefundKind = RefundKind.GOODS

    def inputs(self, doc: JsonObject, people: People) -> list[Input]:
        """What an order sells, and what comes back on it; none of a draft. Raises ``FactError``."""
        made: list[Input] = []
        currency = self._currency(doc)
        if as_objects(doc.get("line_items")) and as_text(doc.get("state")) != "DRAFT":
            made.append(self.sale(doc, currency, people))
        if as_text(doc.get("state")) == "COMPLETED":
            made += self.returns(doc, currency)
        return made

    def sale(self, doc: JsonObject, currency: str, people: People) -> Order:
        """The order that a document sells; raises ``FactError``."""
        status = _status(doc, currency)
        changed = needed_moment(doc.get("updated_at") or doc.get("created_at"), "$.updated_at")
        return Order(
            source=self.source,
            id=needed_id(doc.get("id"), "$.id"),
            identities=identities_of(doc, people),
            currency=currency,
            occurred_at=needed_moment(doc.get("created_at"), "$.created_at"),
            updated_at=changed + timedelta(microseconds=RANKS.index(status)),
            status=status,
            lines=tuple(_lines(doc, currency)),
            tax_included=False,
            tenders=tuple(_tenders(doc, currency)),
            channel=as_text(as_object(doc.get("source")).get("name")),
            store=as_text(doc.get("location_id")),
        )

    def returns(self, doc: JsonObject, currency: str) -> Iterator[OrderRefund]:
        """What comes back on an order, of each order that it was sold on.

        A return that names no order, as tills make them without a receipt, takes nothing.
        """
        id = needed_id(doc.get("id"), "$.id")
        every = as_objects(doc.get("returns"))
        for place, one in enumerate(every):
            sold_on = as_text(one.get("source_order_id"))
            if sold_on:
                for refund in self._return(doc, one, currency, f"$.returns[{place}]", len(every)):
                    yield self._of(sold_on, currency, refund)
        if not every:  # a sale from before there were returns has its refunds itself
            for refund in self._paid_out(doc, currency):
                yield self._of(id, currency, refund)

    def _return(
        self, doc: JsonObject, one: JsonObject, currency: str, where: str, parts: int
    ) -> Iterator[Refund]:
        """The refunds that one return is: its lines, and apart from them money that names none."""
        id = needed_id(doc.get("id"), "$.id")
        at = needed_moment(doc.get("created_at"), "$.created_at")
        lines, loose = _returned(one, currency, where)
        total = money(as_object(one.get("return_amounts")), "total_money", currency, where)
        paid = as_objects(doc.get("refunds"))
        if not lines and parts == 1 and paid:
            yield from self._paid_out(doc, currency)
            return
        failed = bool(paid) and all(as_text(each.get("status")) in FAILED for each in paid)
        voided = at if failed else None
        if lines:
            yield Refund(
                id=id,
                occurred_at=at,
                lines=tuple(lines),
                amount=Minor(max(total - loose, 0)),
                voided_at=voided,
            )
        rest = loose if lines else total or loose
        if rest:
            yield Refund(
                id=f"{id}:rest" if lines else id,
                occurred_at=at,
                kind=self.money_refunds,
                amount=Minor(rest),
                voided_at=voided,
            )

    def _paid_out(self, doc: JsonObject, currency: str) -> Iterator[Refund]:
        """Money that went back, one refund for each tender it went to; voided if it did not."""
        for place, one in enumerate(as_objects(doc.get("refunds"))):
            where = f"$.refunds[{place}]"
            at = needed_moment(one.get("created_at") or doc.get("created_at"), where)
            yield Refund(
                id=needed_id(one.get("id"), where),
                occurred_at=at,
                kind=self.money_refunds,
                amount=Minor(money(one, "amount_money", currency, where)),
                voided_at=at if as_text(one.get("status")) in FAILED else None,
            )

    def _of(self, order: str, currency: str, refund: Refund) -> OrderRefund:
        return OrderRefund(source=self.source, order_id=order, currency=currency, refund=refund)

    def _currency(self, doc: JsonObject) -> str:
        """The order's currency: what it comes to, or what comes back on it, says it.

        Raises ``CurrencyUnknown``.
        """
        totals = (doc.get("total_money"), as_object(doc.get("return_amounts")).get("total_money"))
        found = (as_text(as_object(one).get("currency")) for one in totals)
        currency = next((one for one in found if one), self.currency)
        minor_digits(currency)
        return currency


def customer_in(doc: JsonObject) -> str:
    """The id of the customer of an order, which tills may note with the payment alone."""
    noted = [doc.get("customer_id")]
    noted += [one.get("customer_id") for one in as_objects(doc.get("tenders"))]
    return next((found for one in noted if (found := as_text(one))), "")


def identities_of(doc: JsonObject, people: People) -> dict[str, str]:
    """How the customer of an order is known; none for a sale to nobody in particular."""
    customer = customer_in(doc)
    if not customer:
        return {}
    return {"customer_id": customer, **reached_by(people.get(customer, {}))}


def reached_by(customer: JsonObject) -> dict[str, str]:
    """E-mail address and phone number of a customer, as far as they are such."""
    return contact_identities(
        email=as_text(customer.get("email_address")), phone=as_text(customer.get("phone_number"))
    )


# -- parts of an order ----------------------------------------------------------------------------


def _status(doc: JsonObject, currency: str) -> OrderStatus:
    """An open order is paid once all of it is captured, as one that waits to be picked up is."""
    state = as_text(doc.get("state"))
    if state in ("COMPLETED", "CANCELED"):
        return OrderStatus.PAID if state == "COMPLETED" else OrderStatus.CANCELLED
    captured = reserved = 0
    for one in as_objects(doc.get("tenders")):
        amount, said = money(one, "amount_money", currency, "$.tenders"), _tender_status(one)
        captured += 0 if said in RESERVED | GONE else amount
        reserved += amount if said in RESERVED else 0
    if not captured and not reserved:
        return OrderStatus.PENDING
    owed = money(doc, "total_money", currency, "$")
    if captured >= owed:
        return OrderStatus.PAID
    return OrderStatus.AUTHORIZED if captured + reserved >= owed else OrderStatus.PARTLY_PAID


def _tender_status(one: JsonObject) -> str:
    details = (as_object(one.get(f"{kind}_details")).get("status") for kind in DETAILS)
    return next((found for said in details if (found := as_text(said))), "")


def _lines(doc: JsonObject, currency: str) -> Iterator[Line]:
    for place, one in enumerate(as_objects(doc.get("line_items"))):
        where = f"$.line_items[{place}]"
        net = max(_without_tax(one, currency, where), 0)
        discount = max(money(one, "total_discount_money", currency, where), 0)
        article = as_text(one.get("catalog_object_id"))
        yield Line(
            id=needed_id(one.get("uid"), f"{where}.uid"),
            amount=Minor(net + discount),
            quantity=max(pieces(one.get("quantity"), f"{where}.quantity"), 1),
            discount=Minor(discount),
            tax=Minor(max(money(one, "total_tax_money", currency, where), 0)),
            sku=article,
            kind=KINDS.get(as_text(one.get("item_type")), LineKind.GOODS),
            tags=(f"product:{article}",) if article else (),
        )
    if tip := money(doc, "total_tip_money", currency, "$"):
        yield Line(id=TIP, amount=Minor(tip), kind=LineKind.TIP)
    charged, tax = _charges(doc, currency)
    if charged:
        yield Line(id=CHARGES, amount=Minor(charged), tax=Minor(tax), kind=LineKind.FEE)


def _without_tax(one: JsonObject, currency: str, where: str) -> int:
    """What a line comes to, less its taxes and its part of service charges."""
    total, tax = (money(one, f"total{part}", currency, where) for part in ("_money", "_tax_money"))
    return total - tax - money(one, "total_service_charge_money", currency, where)


def _charges(doc: JsonObject, currency: str) -> tuple[int, int]:
    """Service charges, and the tax on them: they are charged beside the goods, and no purchase.

    The tax on those that are apportioned stands with the lines.
    """
    charged = tax = 0
    for place, one in enumerate(as_objects(doc.get("service_charges"))):
        where = f"$.service_charges[{place}]"
        charged += _without_tax(one, currency, where)
        if as_text(one.get("treatment_type")) != "APPORTIONED_TREATMENT":
            tax += money(one, "total_tax_money", currency, where)
    return max(charged, 0), max(tax, 0)


def _returned(one: JsonObject, currency: str, where: str) -> tuple[list[RefundLine], int]:
    """The lines that come back, and what lines come to that name none of the sale.

    Such as a refund of an amount has, which Square writes as a line of its own.
    """
    back, count = Counter[str](), Counter[str]()
    loose = 0
    for place, each in enumerate(as_objects(one.get("return_line_items"))):
        here = f"{where}.return_line_items[{place}]"
        line = as_text(each.get("source_line_item_uid"))
        if not line:
            loose += money(each, "total_money", currency, here)
            continue
        back[line] += max(_without_tax(each, currency, here), 0)
        count[line] += pieces(each.get("quantity"), f"{here}.quantity")
    tips = as_objects(one.get("return_tips"))
    if tip := sum(money(each, "applied_money", currency, where) for each in tips):
        back[TIP] += tip
    charges = as_objects(one.get("return_service_charges"))
    if charged := sum(_without_tax(each, currency, where) for each in charges):
        back[CHARGES] += charged
    lines = [
        RefundLine(line=line, quantity=count[line] or None, amount=Minor(back[line]))
        for line in sorted(back)
    ]
    return lines, loose


def _tenders(doc: JsonObject, currency: str) -> Iterator[Tender]:
    for place, one in enumerate(as_objects(doc.get("tenders"))):
        amount = money(one, "amount_money", currency, f"$.tenders[{place}]")
        if amount > 0 and _tender_status(one) not in GONE:
            kind = as_text(one.get("type"))
            yield Tender(kind=TENDERS.get(kind, kind.lower()), amount=Minor(amount))
