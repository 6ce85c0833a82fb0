"""What an event of Stripe is about: only ids are read of it, and Stripe is asked what is the case.

What is in an event was written by the version of the API that its endpoint has, when it happened;
a thin event says nothing else anyway. So old and new shapes come to the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import quote

from loyalty_core import FactError, Input, Json, JsonObject, as_object, needed_object
from loyalty_stripe.fields import name, ref
from loyalty_stripe.gathering import Gathering
from loyalty_stripe.signing import topic_of
from loyalty_stripe.subscriptions import unpaid

PLACES: Mapping[str, str] = {"refund": "refunds", "dispute": "disputes"}
"""Where that is to be asked for which does not say its payment."""
ABOUT: Mapping[str, str] = {
    "payment_intent.succeeded": "payment",
    "payment_intent.amount_capturable_updated": "payment",
    "payment_intent.processing": "payment",
    "payment_intent.canceled": "payment",
    "payment_intent.payment_failed": "payment",
    "charge.succeeded": "alone",
    "charge.captured": "alone",
    "charge.expired": "alone",
    "charge.refunded": "charge",
    "charge.refund.updated": "refund",
    "refund.created": "refund",
    "refund.updated": "refund",
    "refund.failed": "refund",
    "charge.dispute.created": "dispute",
    "charge.dispute.updated": "dispute",
    "charge.dispute.closed": "dispute",
    "charge.dispute.funds_withdrawn": "dispute",
    "charge.dispute.funds_reinstated": "dispute",
    "checkout.session.completed": "page",
    "checkout.session.expired": "page",
    "checkout.session.async_payment_succeeded": "page",
    "checkout.session.async_payment_failed": "page",
    "invoice.paid": "invoice",
    "invoice.payment_succeeded": "invoice",
    "invoice.payment_failed": "unpaid",
    "credit_note.created": "note",
    "credit_note.updated": "note",
    "credit_note.voided": "note",
    "customer.created": "customer",
    "customer.updated": "customer",
    "customer.subscription.updated": "contract",
    "customer.subscription.deleted": "contract",
}
"""The events that mean something here, and what each is about."""


class Events:
    """Makes inputs of events, whether they were sent or listed."""

    def __init__(self, gathering: Gathering) -> None:
        self._gathering = gathering
        self._asked: Mapping[str, Callable[[JsonObject, JsonObject], list[Input]]] = {
            "payment": lambda event, about: gathering.payment(_id(about)),
            "alone": self._alone,
            "page": lambda event, about: gathering.page(_id(about)),
            "invoice": lambda event, about: gathering.invoice(_id(about)),
            "customer": lambda event, about: gathering.customer(_id(about)),
            "contract": lambda event, about: gathering.contract(_id(about)),
            "unpaid": self._unpaid,
            "note": self._note,
        }

    def inputs(self, event: JsonObject) -> list[Input]:
        """What is the case with what an event is about; none where that means nothing here."""
        kind = ABOUT.get(topic_of(event), "")
        if not kind:
            return []
        about = _about(event)
        ask = self._asked.get(kind)
        return ask(event, about) if ask else self._of_payment(kind, about)

    @staticmethod
    def named(event: JsonObject) -> str:
        """What is asked for because of an event, so that a walk asks for it once."""
        kind = ABOUT.get(topic_of(event), "unpaid")
        thin, data = as_object(event.get("related_object")), as_object(event.get("data"))
        about = thin or as_object(data.get("object"))
        intent = ref(about.get("payment_intent"))
        if kind == "unpaid" or (kind == "alone" and intent):  # of that, nothing is asked for
            return ref(event)
        return intent or ref(about)

    def _of_payment(self, kind: str, about: JsonObject) -> list[Input]:
        """A charge, a refund or a dispute is a part of its payment."""
        if intent := ref(about.get("payment_intent")):
            return self._gathering.payment(intent)
        charge = _id(about) if kind == "charge" else ref(about.get("charge"))
        if not charge:
            path = f"{PLACES[kind]}/{quote(_id(about), safe='')}"
            charge = ref((self._gathering.api.get(path) or {}).get("charge"))
        return self._gathering.charge(charge) if charge else []

    def _alone(self, event: JsonObject, about: JsonObject) -> list[Input]:
        """A charge that is a payment by itself; of any other its PaymentIntent tells."""
        return [] if ref(about.get("payment_intent")) else self._gathering.charge(_id(about))

    def _unpaid(self, event: JsonObject, about: JsonObject) -> list[Input]:
        found = self._gathering.api.get(f"invoices/{quote(_id(about), safe='')}")
        return [] if found is None else unpaid(event, found, self._gathering.reading)

    def _note(self, event: JsonObject, about: JsonObject) -> list[Input]:
        invoice = ref(about.get("invoice"))
        if not invoice:
            found = self._gathering.api.get(f"credit_notes/{quote(_id(about), safe='')}") or {}
            invoice = ref(found.get("invoice"))
        return self._gathering.invoice(invoice) if invoice else []


def _about(event: JsonObject) -> dict[str, Json]:
    """The object an event is about: a picture of it, or its id alone where the event is thin."""
    thin = event.get("related_object")
    if thin is not None:
        return needed_object(thin, "$.related_object")
    return needed_object(as_object(event.get("data")).get("object"), "$.data.object")


def _id(about: JsonObject) -> str:
    found = name(about.get("id"), "$.data.object.id")
    if len(found) > 255 or not found.isascii():
        raise FactError("it is no id of Stripe", where="$.data.object.id")
    return found
