"""Payments as Stripe writes them, read into orders: one reader for webhooks and walks.

Amounts are **with tax**, as Stripe has charged them; the tax of each line stands beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from loyalty_core import (
    Activity,
    Input,
    Json,
    JsonObject,
    Line,
    Order,
    OrderStatus,
    Refund,
    RefundKind,
    RefundLine,
    as_object,
    as_text,
    contact_identities,
)
from loyalty_stripe.fields import currency_of, minor, moment, name, ref, rows, whole
from loyalty_stripe.lines import Sold, plain_lines
from loyalty_stripe.marks import REFUND, Fee, due_of, member_of

FAILED = "paid.payment_failed"
"""The activity by which a fee that could not be had is told."""
STATUS = {
    "succeeded": OrderStatus.PAID,
    "requires_capture": OrderStatus.AUTHORIZED,
    "canceled": OrderStatus.CANCELLED,
}
VERSIONS = {
    OrderStatus.PENDING: 1,
    OrderStatus.AUTHORIZED: 2,
    OrderStatus.PAID: 3,
    OrderStatus.CANCELLED: 4,
}
"""Stripe does not say when a payment changed: how far it went on is its version."""
UNDONE = ("failed", "canceled")
GIVEN_UP = "abandoned"
"""Why a payment was ended that was declined: by the provider, who has answered so."""
NOT_TAKEN = ("warning_needs_response", "warning_under_review", "warning_closed", "prevented")
"""Disputes that are questions: no money was taken."""
WON = "won"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """What there is of one payment: the PaymentIntent, what went back, what was sold by it."""

    intent: JsonObject
    refunds: Sequence[JsonObject] = ()
    disputes: Sequence[JsonObject] = ()
    session: JsonObject | None = None
    items: Sequence[JsonObject] = ()


def alone(charge: JsonObject) -> dict[str, Json]:
    """A charge without a PaymentIntent, of the older API, as the payment that it is.

    It is named by the charge, and is what a PaymentIntent with this one charge would be.
    """
    taken, reserved = charge.get("captured") is True, charge.get("refunded") is not True
    stands = "succeeded" if taken else "requires_capture" if reserved else "canceled"
    alike = ("id", "amount", "created", "currency", "customer", "livemode", "metadata")
    made = {name: charge.get(name) for name in (*alike, "receipt_email")}
    return {
        **made,
        "amount_received": (charge.get("amount_captured") or charge.get("amount")) if taken else 0,
        "latest_charge": dict(charge),
        "status": stands if charge.get("status") == "succeeded" else "",
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How the documents of one account are read."""

    source: str
    live: bool = True
    memberships: frozenset[str] = field(default_factory=frozenset)
    money_refunds: RefundKind = RefundKind.GOODS

    def payment(self, paid: Paid) -> list[Input]:
        """The order that a payment is; none for one that never came to anything."""
        intent, charge = paid.intent, as_object(paid.intent.get("latest_charge"))
        status = STATUS.get(as_text(intent.get("status")))
        if status is None or as_text(charge.get("status")) not in ("succeeded", "pending"):
            return []
        currency, session = currency_of(intent), paid.session or {}
        received = whole(intent.get("amount_received"), "$.amount_received")
        amount = received if status is OrderStatus.PAID else whole(intent.get("amount"), "$.amount")
        sold = Sold.of_page(session, paid.items, currency, self.memberships)
        lines = sold.lines or plain_lines(intent, amount, currency)
        customer = as_object(session.get("customer_details"))
        email = (
            as_text(customer.get("email"))
            or as_text(intent.get("receipt_email"))
            or as_text(as_object(charge.get("billing_details")).get("email"))
        )
        who = self.identities(intent, email, as_text(customer.get("phone")))
        order = self._order(name(intent.get("id"), "$.id"), intent, status, lines, currency)
        back = self.refunds(paid, currency, None)
        shipping, tax = sold.shipping
        return [replace(order, identities=who, refunds=back, shipping=shipping, shipping_tax=tax)]

    def fee(self, fee: Fee, paid: Paid) -> list[Input]:
        """The order that a fee became, and that it could not be had if it is so.

        The provider's answer has told it before, but for what banks and members decide later.
        """
        intent, session = paid.intent, paid.session or {}
        status = STATUS.get(as_text(intent.get("status")), OrderStatus.PENDING)
        charge, page = as_object(intent.get("latest_charge")), as_text(session.get("status"))
        lost, failed = page == "expired", as_text(charge.get("status")) == "failed"
        if status is not OrderStatus.PAID and (lost or failed or status is OrderStatus.CANCELLED):
            waits = fee.page and page == "open"
            ended = as_text(intent.get("cancellation_reason")) == GIVEN_UP
            answered = not fee.page and (ended or _method(charge) in ("card", ""))
            if waits or answered:  # another card may be tried there; or it was told at once
                return []
            status = OrderStatus.CANCELLED
        doc = intent if intent.get("id") else session
        currency, id = currency_of(doc), name(session.get("id") or intent.get("id"), "$.id")
        amount = minor(whole(doc.get("amount") or doc.get("amount_total"), "$.amount"), currency)
        line = Line(id=fee.line, sku=fee.sku, amount=amount, kind=fee.kind, tags=fee.tags)
        order = self._order(id, doc, status, (line,), currency)
        who = {"member_id": fee.member}
        if customer := ref(doc.get("customer")):
            who["customer_id"] = customer
        made: list[Input] = [
            replace(order, identities=who, refunds=self.refunds(paid, currency, line))
        ]
        if status is OrderStatus.CANCELLED:
            made.append(self._failed(fee, id, "expired" if lost else why_declined(intent), order))
        return made

    def invoice(
        self,
        doc: JsonObject,
        items: Sequence[JsonObject],
        payments: Sequence[Paid],
        notes: Sequence[JsonObject],
    ) -> list[Input]:
        """The order that a paid invoice is; none for one that sells nothing, such as a trial."""
        currency = currency_of(doc)
        sold = Sold.of_invoice(doc, items, currency, self.memberships)
        if as_text(doc.get("status")) != "paid" or not sold.lines:
            return []
        at = moment(as_object(doc.get("status_transitions")).get("paid_at"), "$.paid_at")
        contract = as_object(as_object(doc.get("parent")).get("subscription_details"))
        named = doc if member_of(doc) else {**doc, "metadata": contract.get("metadata")}
        who = self.identities(
            named, as_text(doc.get("customer_email")), as_text(doc.get("customer_phone"))
        )
        refunds = [one for paid in payments for one in self.refunds(paid, currency, None)]
        refunds += [one for note in notes for one in self._credited(note, currency)]
        shipping, tax = sold.shipping
        return [
            Order(
                source=self.source,
                id=name(doc.get("id"), "$.id"),
                identities=who,
                currency=currency,
                occurred_at=at,
                updated_at=at,
                version=VERSIONS[OrderStatus.PAID],
                lines=sold.lines,
                refunds=tuple(refunds),
                shipping=shipping,
                shipping_tax=tax,
                test=self.is_test(doc),
            )
        ]

    # -- parts --------------------------------------------------------------------------------

    def is_test(self, doc: JsonObject) -> bool:
        """Whether a document is of the other mode."""
        return doc.get("livemode") is not self.live

    def identities(self, doc: JsonObject, email: str, phone: str) -> dict[str, str]:
        """How who paid is known: by the member that the document names, else by all there is."""
        found = {}
        if customer := ref(doc.get("customer")):
            found["customer_id"] = customer
        if member := member_of(doc):
            return {**found, "member_id": member}
        return found | contact_identities(email=email, phone=phone)

    def refunds(self, paid: Paid, currency: str, fee: Line | None) -> tuple[Refund, ...]:
        """What went back of a payment: refunds, and what banks took in disputes."""
        made = [
            self._refund(one, currency, fee)
            for one in paid.refunds
            if as_text(one.get("status")) != "requires_action"
        ]
        for one in paid.disputes:
            if as_text(one.get("status")) in NOT_TAKEN:
                continue
            at = moment(one.get("created"), "$.disputes.created")
            same = currency_of(one) == currency  # of another one nobody knows the rate: it is all
            won = as_text(one.get("status")) == WON
            made.append(
                Refund(
                    id=name(one.get("id"), "$.disputes.id"),
                    occurred_at=at,
                    kind=RefundKind.CHARGEBACK,
                    amount=minor(_taken(one), currency) if same else None,
                    voided_at=at if won else None,
                )
            )
        return tuple(made)

    def _refund(self, doc: JsonObject, currency: str, fee: Line | None) -> Refund:
        """One refund; that of all of a fee is told as the provider's answer has told it."""
        at = max(moment(doc.get("created"), "$.refunds.created"), due_of(doc))
        amount = minor(whole(doc.get("amount"), "$.refunds.amount"), currency)
        ours = as_text(as_object(doc.get("metadata")).get(REFUND))
        whole_fee = fee is not None and amount == fee.amount
        return Refund(
            id=ours or name(doc.get("id"), "$.refunds.id"),
            occurred_at=at,
            kind=RefundKind.GOODS if fee is not None else self.money_refunds,
            lines=(RefundLine(line=fee.id),) if fee is not None and whole_fee else (),
            amount=None if whole_fee else amount,
            voided_at=at if as_text(doc.get("status")) in UNDONE else None,
        )

    def _credited(self, note: JsonObject, currency: str) -> Iterable[Refund]:
        """What a credit note gives back beside refunds: to the customer's balance, or elsewhere."""
        given = whole(note.get("post_payment_amount"), "$.credit_notes.post_payment_amount")
        paid_out = sum(
            whole(one.get("amount_refunded"), "$.credit_notes.refunds")
            for one in rows(note.get("refunds"))
            if ref(one.get("refund"))  # others were made elsewhere, and are no refunds of ours
        )
        if given > paid_out:
            at = moment(note.get("created"), "$.credit_notes.created")
            yield Refund(
                id=name(note.get("id"), "$.credit_notes.id"),
                occurred_at=at,
                kind=self.money_refunds,
                amount=minor(given - paid_out, currency),
                voided_at=at if as_text(note.get("status")) == "void" else None,
            )

    def _order(
        self, id: str, doc: JsonObject, status: OrderStatus, lines: tuple[Line, ...], currency: str
    ) -> Order:
        at = max(happened_at(doc), due_of(doc))
        return Order(
            source=self.source,
            id=id,
            currency=currency,
            occurred_at=at,
            updated_at=at,
            version=VERSIONS[status],
            status=status,
            lines=lines,
            test=self.is_test(doc),
        )

    def _failed(self, fee: Fee, id: str, reason: str, order: Order) -> Activity:
        return Activity(
            source=self.source,
            id=f"{id} failed",
            kind=FAILED,
            identities={"member_id": fee.member},
            occurred_at=order.occurred_at,
            data={"charge": fee.line, "attempt": fee.attempt, "reason": reason},
        )


def happened_at(doc: JsonObject) -> datetime:
    """When a payment was made: its charge, or itself as long as there is none."""
    charge = as_object(doc.get("latest_charge"))
    return moment(charge.get("created") or doc.get("created"), "$.created")


def _taken(dispute: JsonObject) -> int:
    return whole(dispute.get("amount"), "$.disputes.amount")


def _method(charge: JsonObject) -> str:
    return as_text(as_object(charge.get("payment_method_details")).get("type"))


def why_declined(intent: JsonObject) -> str:
    """Why a payment was declined, by the bank's code or Stripe's; it is the same ever after."""
    charge = as_object(intent.get("latest_charge"))
    outcome = as_object(charge.get("outcome"))
    return as_text(outcome.get("reason")) or as_text(charge.get("failure_code")) or "declined"
