"""An order as Saleor's API has it, read into a fact: one reader for webhooks and walks.

All amounts are **without tax**, whether the shop's prices are shown with tax or not; the tax of
each line stands beside it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from loyalty_core import (
    CodeUsed,
    Customer,
    FactError,
    Input,
    Json,
    JsonObject,
    Line,
    LineKind,
    Minor,
    Order,
    OrderStatus,
    Profile,
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
    round_scaled,
)

NO_ORDERS = frozenset({"DRAFT"})
OVER = frozenset({"CANCELED", "EXPIRED"})
DONE, GOING = frozenset({"SUCCESS", "PENDING"}), frozenset({"REFUNDED", "REFUNDED_AND_RETURNED"})
GIFT_CARD, PAYMENT = "gift_card", "payment"
CARD_DETAILS = "GiftCardPaymentMethodDetails"


@dataclass(frozen=True, slots=True)
class Money:
    """How the amounts of one order are read."""

    currency: str
    digits: int

    def of(self, value: Json, where: str) -> int:
        """The amount of a ``Money``, in minor units, half of one and more up; zero for null.

        Raises ``FactError``. Saleor writes amounts as JSON numbers.
        """
        given: object = as_object(value).get("amount")
        if given is None:
            return 0
        if isinstance(given, bool) or not isinstance(given, int | Decimal):
            raise FactError("it is not an amount", where=where)
        return round_scaled(given, self.digits, where)

    def net_tax(self, price: Json, where: str) -> tuple[int, int]:
        """A taxed price without its tax, and the tax; raises ``FactError``."""
        both = as_object(price)
        net = self.of(both.get("net"), f"{where}.net")
        return net, max(self.of(both.get("gross"), f"{where}.gross") - net, 0)


@dataclass(frozen=True, slots=True)
class Reading:
    """How documents of one shop are read."""

    source: str
    currency: str
    money_refunds: RefundKind = RefundKind.GOODS

    def order_inputs(self, doc: JsonObject, at: datetime | None) -> list[Input]:
        """An order, and the voucher that was used on it; none for a draft. Raises ``FactError``.

        It has all the refunds that there were ``at`` a moment of the shop's clock.
        """
        if as_text(doc.get("status")) in NO_ORDERS:
            return []
        order = self.order(doc, at)
        code = as_text(doc.get("voucherCode"))
        if not code or order.status is not OrderStatus.PAID:
            return [order]
        return [order, CodeUsed(code=code, order=order)]

    def order(self, doc: JsonObject, at: datetime | None) -> Order:
        """The order that a document describes; raises ``FactError``."""
        gross = as_object(as_object(doc.get("total")).get("gross"))
        currency = as_text(gross.get("currency")) or self.currency
        money = Money(currency, minor_digits(currency))
        shipping, shipping_tax = money.net_tax(doc.get("shippingPrice"), "$.shippingPrice")
        lines = tuple(_lines(doc, money))
        return Order(
            source=self.source,
            id=needed_id(doc.get("id"), "$.id"),
            identities=identities_of(doc),
            currency=currency,
            occurred_at=needed_moment(doc.get("created"), "$.created"),
            updated_at=needed_moment(doc.get("updatedAt"), "$.updatedAt"),
            status=_status(doc, money),
            lines=lines or (Line(id="nothing", amount=Minor(0)),),
            refunds=tuple(self._refunds(doc, money, shipping)),
            refunds_listed_at=at,
            shipping=Minor(shipping),
            shipping_tax=Minor(shipping_tax),
            tax_included=False,
            tenders=tuple(_tenders(doc, money, lines, shipping + shipping_tax)),
            channel=as_text(as_object(doc.get("channel")).get("slug")),
            tags=(f"origin:{origin.lower()}",) if (origin := as_text(doc.get("origin"))) else (),
        )

    # -- refunds ------------------------------------------------------------------------------

    def _refunds(self, doc: JsonObject, money: Money, shipping: int) -> Iterator[Refund]:
        """What went back: lines, as grants and fulfillments tell them, and the rest as money.

        Payments tell of all money, and so of that which went back for lines: what is left of each
        is a refund of money. Its id has how much that is where it is not all, for another rest is
        another refund, and the one from before is not listed any more.
        """
        paid = sorted(_paid_back(doc, money), key=lambda one: (one[1], one[0]))
        left = {id: amount for id, _, amount, kind in paid if kind is None}
        for refund, events in [*_granted(doc, money, shipping), *_fulfillments(doc, money)]:
            _take_off(left, refund.amount or 0, events)
            yield refund
        for id, at, amount, kind in paid:
            rest = left.get(id, amount)
            if rest:
                yield Refund(
                    id=id if rest == amount else f"{id}:{rest}",
                    occurred_at=at,
                    kind=kind or self.money_refunds,
                    amount=Minor(rest),
                )


def _take_off(left: dict[str, int], amount: int, events: tuple[str, ...]) -> None:
    """Takes an amount off the payments it was, or might have been, paid back by.

    Those that the shop names; else one of this very amount; else the earliest.
    """
    same = [id for id, rest in left.items() if rest == amount]
    for id in [one for one in events if one in left] or same[:1] or list(left):
        part = min(left[id], amount)
        left[id] -= part
        amount -= part


def identities_of(doc: JsonObject) -> dict[str, str]:
    """How the customer of an order is known; a guest by the e-mail address alone."""
    user = as_object(doc.get("user"))
    email = as_text(doc.get("userEmail")) or as_text(user.get("email"))
    phone = as_text(as_object(doc.get("billingAddress")).get("phone"))
    reached = contact_identities(email=email, phone=phone)
    id = as_text(user.get("id"))
    return {"customer_id": id, **reached} if id else reached


def customer_of(doc: JsonObject, source: str) -> list[Customer]:
    """A customer as the shop knows them now; nobody of its staff. Raises ``FactError``."""
    if doc.get("isStaff") is True:
        return []
    phone = as_text(as_object(doc.get("defaultBillingAddress")).get("phone"))
    reached = contact_identities(email=as_text(doc.get("email")), phone=phone)
    full = " ".join(filter(None, (as_text(doc.get("firstName")), as_text(doc.get("lastName")))))
    language, _, country = as_text(doc.get("languageCode")).partition("_")
    locale = "-".join(filter(None, (language.lower(), country)))
    identities = {"customer_id": needed_id(doc.get("id"), "$.id"), **reached}
    profile = Profile(name=full, locale=locale)
    says = "name", "locale"
    return [Customer(source=source, identities=identities, profile=profile, says=says)]


# -- parts of an order ----------------------------------------------------------------------------


def _status(doc: JsonObject, money: Money) -> OrderStatus:
    """Where an order stands by its money: what was refunded had been charged."""
    if as_text(doc.get("status")) in OVER:
        return OrderStatus.CANCELLED
    total, charged, back, reserved = (
        money.of(value, f"$.{field}")
        for field, value in (
            ("total.gross", as_object(doc.get("total")).get("gross")),
            ("totalCharged", doc.get("totalCharged")),
            ("totalRefunded", doc.get("totalRefunded")),
            ("totalAuthorized", doc.get("totalAuthorized")),
        )
    )
    paid = charged + back
    if paid >= total or doc.get("isPaid") is True:
        return OrderStatus.PAID
    if paid + reserved >= total:
        return OrderStatus.AUTHORIZED
    return OrderStatus.PARTLY_PAID if paid else OrderStatus.PENDING


def _lines(doc: JsonObject, money: Money) -> Iterator[Line]:
    for place, one in enumerate(as_objects(doc.get("lines"))):
        where = f"$.lines[{place}]"
        quantity = one.get("quantity")
        if isinstance(quantity, bool) or not isinstance(quantity, int) or quantity < 0:
            raise FactError("it is not a number of pieces", where=f"{where}.quantity")
        net, tax = money.net_tax(one.get("totalPrice"), f"{where}.totalPrice")
        before = as_object(one.get("undiscountedTotalPrice"))
        full = max(money.of(before.get("net"), f"{where}.undiscountedTotalPrice"), net)
        product = as_object(as_object(one.get("variant")).get("product"))
        kind = as_text(as_object(product.get("productType")).get("kind"))
        category = as_text(as_object(product.get("category")).get("slug"))
        tags = [f"product:{id}" for id in (as_text(product.get("id")),) if id]
        yield Line(
            id=needed_id(one.get("id"), f"{where}.id"),
            amount=Minor(full),
            quantity=max(quantity, 1),
            discount=Minor(full - net),
            tax=Minor(tax),
            sku=as_text(one.get("productSku")),
            kind=LineKind.GIFT_CARD if kind == "GIFT_CARD" else LineKind.GOODS,
            categories=(category,) if category else (),
            tags=tuple(tags),
        )


def _tenders(
    doc: JsonObject, money: Money, lines: tuple[Line, ...], shipping: int
) -> Iterator[Tender]:
    """How it was paid. Gift cards lower the total, or are charged as other means are."""
    total = money.of(as_object(doc.get("total")).get("gross"), "$.total.gross")
    owed = sum(line.net + line.tax for line in lines) + shipping
    charged = _charged_to_cards(doc, money)
    lowered = max(owed - total, 0) if as_objects(doc.get("giftCards")) else 0
    if charged + lowered > 0:
        yield Tender(kind=GIFT_CARD, amount=Minor(charged + lowered))
        if total > charged:
            yield Tender(kind=PAYMENT, amount=Minor(total - charged))


def _charged_to_cards(doc: JsonObject, money: Money) -> int:
    return sum(
        money.of(one.get("amount"), "$.transactions.amount")
        for transaction in as_objects(doc.get("transactions"))
        if as_object(transaction.get("paymentMethodDetails")).get("__typename") == CARD_DETAILS
        for one in as_objects(transaction.get("events"))
        if as_text(one.get("type")) == "CHARGE_SUCCESS"
    )


Told = tuple[Refund, tuple[str, ...]]
"""A refund of lines, and the ids of what was paid back for it, as far as the shop says."""


def _granted(doc: JsonObject, money: Money, shipping: int) -> Iterator[Told]:
    """Refunds that were granted for lines, once they are on their way."""
    for place, one in enumerate(as_objects(doc.get("grantedRefunds"))):
        where = f"$.grantedRefunds[{place}]"
        lines = _returned(one)
        if as_text(one.get("status")) in DONE and lines:
            refund = Refund(
                id=needed_id(one.get("id"), f"{where}.id"),
                occurred_at=needed_moment(one.get("createdAt"), f"{where}.createdAt"),
                lines=lines,
                amount=Minor(money.of(one.get("amount"), f"{where}.amount")),
                shipping=Minor(shipping if one.get("shippingCostsIncluded") is True else 0),
            )
            events = as_objects(one.get("transactionEvents"))
            yield refund, tuple(as_text(each.get("id")) for each in events)


def _fulfillments(doc: JsonObject, money: Money) -> Iterator[Told]:
    """Lines that were refunded by the older payments: each time makes a fulfillment."""
    for place, one in enumerate(as_objects(doc.get("fulfillments"))):
        where = f"$.fulfillments[{place}]"
        lines = _returned(one)
        if as_text(one.get("status")) in GOING and lines:
            amount = money.of(one.get("totalRefundedAmount"), f"{where}.totalRefundedAmount")
            shipping = money.of(one.get("shippingRefundedAmount"), f"{where}.shipping")
            refund = Refund(
                id=needed_id(one.get("id"), f"{where}.id"),
                occurred_at=needed_moment(one.get("created"), f"{where}.created"),
                lines=lines,
                amount=Minor(amount),
                shipping=Minor(shipping),
            )
            yield refund, ()


def _returned(one: JsonObject) -> tuple[RefundLine, ...]:
    pieces = Counter[str]()
    for each in as_objects(one.get("lines")):
        quantity = each.get("quantity")
        line = as_text(as_object(each.get("orderLine")).get("id"))
        if line and isinstance(quantity, int) and quantity > 0:
            pieces[line] += quantity
    return tuple(RefundLine(line=line, quantity=pieces[line]) for line in sorted(pieces))


Paid = tuple[str, datetime, int, RefundKind | None]
"""Money that went back: its id, when, how much, and why if that is known."""


def _paid_back(doc: JsonObject, money: Money) -> Iterator[Paid]:
    """All money that went back, by transactions and by the older payments."""
    for transaction in as_objects(doc.get("transactions")):
        events = as_objects(transaction.get("events"))
        undone = {_reference(one) for one in events if one.get("type") == "REFUND_REVERSE"}
        for one in events:
            kind = as_text(one.get("type"))
            if kind == "CHARGE_BACK":
                yield _paid(one, "createdAt", money, RefundKind.CHARGEBACK)
            elif kind == "REFUND_SUCCESS" and (_reference(one) or None) not in undone:
                yield _paid(one, "createdAt", money, None)
    for payment in as_objects(doc.get("payments")):
        for one in as_objects(payment.get("transactions")):
            if as_text(one.get("kind")) == "REFUND" and one.get("isSuccess") is True:
                yield _paid(one, "created", money, None)


def _paid(one: JsonObject, moment: str, money: Money, kind: RefundKind | None) -> Paid:
    id = needed_id(one.get("id"), "$.transactions.id")
    where = f"$.transactions[{id}]"
    at = needed_moment(one.get(moment), f"{where}.{moment}")
    return id, at, money.of(one.get("amount"), f"{where}.amount"), kind


def _reference(one: JsonObject) -> str:
    return as_text(one.get("pspReference"))
