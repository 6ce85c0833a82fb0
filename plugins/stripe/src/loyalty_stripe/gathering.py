"""Asks Stripe for all there is about a payment, by whatever names it, and reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from loyalty_core import (
    Customer,
    Input,
    Json,
    JsonObject,
    PlatformUnavailable,
    Profile,
    as_object,
    as_text,
    contact_identities,
)
from loyalty_stripe.asking import Api
from loyalty_stripe.fields import ref, rows, whole
from loyalty_stripe.marks import elsewhere, fee_of, member_of
from loyalty_stripe.reading import Paid, Reading, alone
from loyalty_stripe.subscriptions import ended

WITH_CHARGE = {"expand": ["latest_charge.refunds"]}
CHARGED = {"expand": ["data.latest_charge.refunds"]}
WITH_REFUNDS = {"expand": ["refunds"]}
INTENTS_SINCE = 1_552_608_000
"""15 March 2019: invoices from then on are paid by PaymentIntents, and not by charges alone."""
SETTLED = frozenset({"succeeded", "requires_capture", "canceled"})
"""Where a payment stands that is told of, unless it is a fee; the others may come to nothing."""
CHARGED_FOR = frozenset({"succeeded", "requires_capture"})
"""Where it has a charge, though that may be seen a little later than the event that tells so."""


@dataclass(frozen=True, slots=True)
class Gathering:
    """One account, as far as it concerns one program."""

    api: Api
    reading: Reading
    program: str

    def payment(self, id: str, session: JsonObject | None = None) -> list[Input]:
        """The inputs of a PaymentIntent as it is now; none if it is not there."""
        found = self.api.get(f"payment_intents/{quote(id, safe='')}", WITH_CHARGE)
        return [] if found is None else self.intent(found, session)

    def intent(
        self, doc: JsonObject, session: JsonObject | None = None, *, walking: bool = False
    ) -> list[Input]:
        """The inputs of a PaymentIntent with its charge; ``walking``, those of invoices came."""
        if elsewhere(doc, self.program):
            return []
        fee, id = fee_of(doc, self.program), ref(doc)
        charge = as_object(doc.get("latest_charge"))
        status = as_text(doc.get("status"))
        if status in CHARGED_FOR and not charge and not walking:
            raise PlatformUnavailable(f"the charge of {id} is not there yet", where=id)
        if fee is None and (status not in SETTLED or not charge):
            return []
        if fee is not None:
            page = (session or self._page_of(id)) if fee.page else None
            if fee.page and page is None:
                raise PlatformUnavailable(f"the page that paid {id} is not listed yet", where=id)
            return self.reading.fee(fee, self._paid(doc, page))
        if invoice := self._invoice_of(id):
            return [] if walking else self.invoice(invoice)
        page = session or self._page_of(id)
        return self.reading.payment(self._paid(doc, page, items=True))

    def charge(self, id: str) -> list[Input]:
        """The inputs of a charge as it is now, which is a part of a payment, or one by itself."""
        found = self.api.get(f"charges/{quote(id, safe='')}", WITH_REFUNDS)
        if found is None:
            return []
        if intent := ref(found.get("payment_intent")):
            return self.payment(intent)
        return self.charged(found)

    def charged(self, doc: JsonObject, *, walking: bool = False) -> list[Input]:
        """The inputs of a charge with its refunds; none if it is a part of a PaymentIntent."""
        if ref(doc.get("payment_intent")) or elsewhere(doc, self.program):
            return []
        if invoice := self._invoice_of_charge(doc):
            return [] if walking else self.invoice(invoice)
        return self.reading.payment(self._paid(alone(doc), None))

    def page(self, id: str) -> list[Input]:
        """The inputs of a Checkout Session as it is now."""
        path = f"checkout/sessions/{quote(id, safe='')}"
        session = self.api.get(path)
        if session is None or elsewhere(session, self.program):
            return []
        if invoice := ref(session.get("invoice")):
            return self.invoice(invoice)
        if intent := ref(session.get("payment_intent")):
            return self.payment(intent, session)
        fee = fee_of(session, self.program)
        if fee is None or as_text(session.get("status")) != "expired":
            return []
        return self.reading.fee(fee, Paid(intent={}, session=session))

    def invoice(self, id: str) -> list[Input]:
        """The inputs of an invoice as it is now."""
        path = f"invoices/{quote(id, safe='')}"
        found = self.api.get(path, {"expand": ["payments"]})
        return [] if found is None else self.invoiced(found)

    def invoiced(self, doc: JsonObject) -> list[Input]:
        """The inputs of an invoice that says its payments."""
        if as_text(doc.get("status")) != "paid" or elsewhere(doc, self.program):
            return []
        id = ref(doc)
        items = self._all(doc.get("lines"), f"invoices/{id}/lines", {})
        made = self._all(doc.get("payments"), "invoice_payments", {"invoice": id})
        payments = [paid for one in made if (paid := self._paying(as_object(one.get("payment"))))]
        notes = list(self.api.every("credit_notes", {"invoice": id}))
        return self.reading.invoice(doc, items, payments, notes)

    def customer(self, id: str) -> list[Input]:
        """A customer as Stripe knows them now; none that was made for a member's fees.

        Those become the member's by the order of the fee: by themselves they would be somebody new.
        """
        found = self.api.get(f"customers/{quote(id, safe='')}")
        return [] if found is None else self.person(found)

    def person(self, doc: JsonObject) -> list[Input]:
        """The input of a customer that was listed."""
        gone = doc.get("deleted") is True or elsewhere(doc, self.program)
        if gone or member_of(doc) or self.reading.is_test(doc):
            return []
        reached = contact_identities(
            email=as_text(doc.get("email")), phone=as_text(doc.get("phone"))
        )
        if not reached:
            return []
        profile = Profile(name=as_text(doc.get("name")))
        identities, source = {"customer_id": ref(doc), **reached}, self.reading.source
        return [Customer(source=source, identities=identities, profile=profile, says=("name",))]

    def contract(self, id: str) -> list[Input]:
        """That a subscription to a membership ends, if it does."""
        found = self.api.get(f"subscriptions/{quote(id, safe='')}")
        return [] if found is None else ended(found, self.reading)

    # -- what belongs together ----------------------------------------------------------------

    def _paid(self, intent: JsonObject, session: JsonObject | None, *, items: bool = False) -> Paid:
        charge = as_object(intent.get("latest_charge"))
        whose = {"charge" if ref(charge) == ref(intent) else "payment_intent": ref(intent)}
        refunds = self._all(charge.get("refunds"), "refunds", whose) if charge else []
        disputes = []
        if charge.get("disputed") is True:
            disputes = list(self.api.every("disputes", whose))
        sold: list[dict[str, Json]] = []
        if session is not None and items:
            sold = list(self.api.every(f"checkout/sessions/{ref(session)}/line_items", {}))
        return Paid(intent=intent, refunds=refunds, disputes=disputes, session=session, items=sold)

    def _all(self, listed: Json, path: str, form: Mapping[str, object]) -> list[dict[str, Json]]:
        """A list that came inside a document; asked for if that has only a part of it."""
        if isinstance(listed, dict) and listed.get("has_more") is not True:
            return rows(listed)
        return list(self.api.every(path, form))

    def _invoice_of(self, intent: str) -> str:
        """The invoice that a payment pays; empty for none."""
        payment = {"type": "payment_intent", "payment_intent": intent}
        listed = self.api.page("invoice_payments", {"payment": payment, "limit": 1})
        return ref(listed.found[0].get("invoice")) if listed.found else ""

    def _invoice_of_charge(self, charge: JsonObject) -> str:
        """The old invoice that a charge pays by itself; they can only be asked what paid them."""
        customer = ref(charge.get("customer"))
        if not customer or whole(charge.get("created"), "$.created") >= INTENTS_SINCE:
            return ""
        form = {"customer": customer, "status": "paid", "expand": ["data.payments"]}
        for invoice in self.api.every("invoices", form):
            for one in rows(invoice.get("payments")):
                if ref(as_object(one.get("payment")).get("charge")) == ref(charge):
                    return ref(invoice)
        return ""

    def _paying(self, payment: JsonObject) -> Paid | None:
        """What pays an invoice: a PaymentIntent, or a charge in those of before there were any."""
        if intent := ref(payment.get("payment_intent")):
            found = self.api.get(f"payment_intents/{quote(intent, safe='')}", WITH_CHARGE)
        elif charge := ref(payment.get("charge")):
            made = self.api.get(f"charges/{quote(charge, safe='')}", WITH_REFUNDS)
            found = None if made is None else alone(made)
        else:
            return None  # it was paid elsewhere
        return None if found is None else self._paid(found, None)

    def _page_of(self, intent: str) -> dict[str, Json] | None:
        """The Checkout Session that a payment was made on."""
        listed = self.api.page("checkout/sessions", {"payment_intent": intent, "limit": 1})
        return listed.found[0] if listed.found else None
