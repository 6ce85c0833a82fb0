"""What the double of Stripe holds, and what members, banks and the merchant do to it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from typing import Any

from loyalty_core.testing import Answer
from plugins.stripe.tests import papers
from plugins.stripe.tests.papers import Doc, seconds

RETRYABLE = ("requires_payment_method", "requires_capture", "requires_action", "processing")


class Refused(Exception):
    """A write that Stripe refuses."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer


def error(status: int, kind: str, code: str, message: str, **more: Any) -> Answer:
    said = {"type": kind, "code": code or None, "message": message, **more}
    return Answer.of({"error": {key: one for key, one in said.items() if one is not None}}, status)


class Till:
    """Documents by id, in the order they were made. ``bank`` says what a method comes to.

    That is ``ok``, ``later`` for a debit that takes days, ``unasked`` for a card that wants its
    owner, or the code of a decline. ``least`` is the smallest amount that is taken.
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self.things: dict[str, Doc] = {}
        self.lines: dict[str, list[Doc]] = defaultdict(list)
        self.methods: dict[str, list[str]] = defaultdict(list)
        self.bank: dict[str, str] = {}
        self.kind = "card"
        self.advice = ""
        self.least = 0
        self.taken: list[int] = []
        self._numbers = 0

    def held(self, kind: str) -> list[Doc]:
        """All documents of a kind, the newest first."""
        found = [one for one in self.things.values() if one["object"] == kind]
        return sorted(found, key=lambda one: (one["created"], one["id"][-5:]), reverse=True)

    def put(self, document: Doc) -> Doc:
        self.things[document["id"]] = document
        return document

    def invoice_payments(self, intent: str | None, invoice: str | None) -> list[Doc]:
        return [
            {**payment, "invoice": one["id"]}
            for one in self.held("invoice")
            for payment in one["payments"]["data"]
            if invoice in (None, one["id"])
            and intent in (None, payment["payment"]["payment_intent"])
        ]

    def methods_of(self, customer: str) -> list[Doc]:
        kept = reversed(self.methods[customer])
        return [{"id": one, "object": "payment_method", "type": "card"} for one in kept]

    def tell(self, topic: str, document: Doc) -> Doc:
        """An event, as it is listed and sent."""
        made = papers.event(topic, document, self.clock(), number=f"{len(self.things)}")
        return self.put(made)

    def told(self) -> list[Doc]:
        """All events, the oldest first."""
        return [one for one in self.things.values() if one["object"] == "event"]

    # -- what is written through the API --------------------------------------------------------

    def write(self, path: str, form: Doc) -> Doc:
        kind, _, rest = path.partition("/")
        if path == "customers":
            made = papers.customer(self._id("cus"), metadata=form["metadata"])
            made["created"] = seconds(self.clock())
            self.put(made)
            self.tell("customer.created", made)
            return made
        if path == "checkout/sessions":
            return self._page(form)
        if path == "payment_intents":
            return self._pay_directly(form)
        if kind == "payment_intents":
            return self._cancel(self.things[rest.partition("/")[0]], form)
        if path == "refunds":
            return self._refund(form)
        found = self.things[rest]
        found.update(cancel_at_period_end=True, canceled_at=seconds(self.clock()))
        self.tell("customer.subscription.updated", found)
        return found

    def end(self, id: str) -> Doc:
        """A subscription that ends at once."""
        now = seconds(self.clock())
        self.things[id].update(status="canceled", canceled_at=now, ended_at=now)
        self.tell("customer.subscription.deleted", self.things[id])
        return self.things[id]

    def _page(self, form: Doc) -> Doc:
        priced = form["line_items"]["0"]["price_data"]
        self._enough(int(priced["unit_amount"]))
        made = papers.page(
            self._id("cs"),
            self.clock(),
            int(priced["unit_amount"]),
            currency=priced["currency"],
            customer=form["customer"],
            metadata=form["metadata"],
        )
        assert form["success_url"]
        assert form["payment_intent_data"]["setup_future_usage"] == "off_session"
        made["intended"] = form["payment_intent_data"]["metadata"]
        return self.put(made)

    def _pay_directly(self, form: Doc) -> Doc:
        method = form["payment_method"]
        if method not in self.methods[form["customer"]]:
            answer = error(400, "invalid_request_error", "resource_missing", "No such method")
            raise Refused(Answer(status=400, body=answer.body, headers={"invalid": "1"}))
        assert (form["confirm"], form["off_session"]) == ("true", "true")
        self._enough(int(form["amount"]))
        made = papers.intent(
            self._id("pi"),
            self.clock(),
            int(form["amount"]),
            currency=form["currency"],
            customer=form["customer"],
            description=form["description"],
            metadata=form["metadata"],
        )
        self.put(made)
        self._charge(made, self.bank.get(method, "ok"))
        if made["status"] == "requires_payment_method":
            raise Refused(self._declined(made))
        charge = self.things[made["latest_charge"]]
        return {**made, "latest_charge": charge}

    def _enough(self, amount: int) -> None:
        if amount < self.least:
            said = error(400, "invalid_request_error", "amount_too_small", "It is too small")
            raise Refused(Answer(status=400, body=said.body, headers={"invalid": "1"}))

    def _declined(self, made: Doc) -> Answer:
        said = made["last_payment_error"]
        return error(
            402,
            "card_error",
            said["code"],
            "declined",
            decline_code=said.get("decline_code"),
            payment_intent=dict(made),
        )

    def _charge(self, made: Doc, says: str) -> None:
        """Asks the bank, unless Stripe knows by itself that the card wants its owner."""
        if says == "unasked":
            said = {"code": "authentication_required", "decline_code": "authentication_required"}
            made.update(status="requires_payment_method", last_payment_error=said)
            self.tell("payment_intent.payment_failed", made)
            return
        charge = papers.charge(self._id("ch"), self.clock(), made)
        self.put(charge)
        made["latest_charge"] = charge["id"]
        if says == "ok":
            made.update(status="succeeded", amount_received=made["amount"], last_payment_error=None)
            self.taken.append(made["amount"])
            self.tell("payment_intent.succeeded", made)
            self.tell("charge.succeeded", charge)
        elif says == "later":
            charge.update(status="pending", payment_method_details={"type": "sepa_debit"})
            made["status"] = "processing"
            self.tell("payment_intent.processing", made)
        else:
            self._fail(made, charge, says)

    def _fail(self, made: Doc, charge: Doc, says: str) -> None:
        alone = says in ("authentication_required", "expired_card")
        code = says if alone else "card_declined"
        made["status"] = "requires_payment_method"
        made["last_payment_error"] = {"code": code, "decline_code": says}
        charge.update(status="failed", failure_code=code)
        if charge["payment_method_details"]["type"] == "card":
            charge["payment_method_details"] = {"type": self.kind}
        said = {"reason": says, "advice_code": self.advice or None}
        charge["outcome"] = {"type": "issuer_declined", **said}
        self.tell("payment_intent.payment_failed", made)

    def _cancel(self, made: Doc, form: Doc) -> Doc:
        if made["status"] not in RETRYABLE:
            code = "payment_intent_unexpected_state"
            raise Refused(error(400, "invalid_request_error", code, "You cannot cancel it"))
        made.update(status="canceled", canceled_at=seconds(self.clock()), last_payment_error=None)
        made["cancellation_reason"] = form.get("cancellation_reason")
        self.tell("payment_intent.canceled", made)
        return made

    def _refund(self, form: Doc) -> Doc:
        taken = form.get("payment_intent") or form["charge"]
        return self.give_back(taken, int(form["amount"]), metadata=form["metadata"])

    # -- what happens at Stripe -----------------------------------------------------------------

    def paid(self, amount: int, **more: Any) -> Doc:
        """A payment that the merchant's own shop has taken."""
        made = self.put(papers.intent(self._id("pi"), self.clock(), amount, **more))
        self._charge(made, "ok")
        return made

    def charged(self, amount: int, **more: Any) -> Doc:
        """A charge of the older API, which no PaymentIntent has made."""
        of = papers.intent("", self.clock(), amount)
        made = papers.charge(self._id("ch"), self.clock(), of, payment_intent=None, **more)
        self.put(made)
        self.tell("charge.succeeded", made)
        return made

    def pay(self, page: Doc, method: str, says: str = "ok", email: str = "a@example.com") -> Doc:
        """A member pays on a page; the method stays with them if that went well."""
        made = page["payment_intent"] and self.things[page["payment_intent"]]
        if not made:
            made = papers.intent(self._id("pi"), self.clock(), page["amount_total"])
            made.update(currency=page["currency"], customer=page["customer"])
            made["metadata"] = page.get("intended", {})
            self.put(made)
            page["payment_intent"] = made["id"]
        page["customer_details"] = {"email": email, "phone": None}
        self._charge(made, says)
        if says in ("ok", "later"):
            page.update(status="complete", url=None)
            page["payment_status"] = "paid" if says == "ok" else "unpaid"
            if page["customer"]:
                self.methods[page["customer"]].append(method)
            self.tell("checkout.session.completed", page)
        return made

    def settle(self, made: Doc, *, well: bool, page: Doc | None = None) -> None:
        """A debit that took days comes in, or does not."""
        charge = self.things[made["latest_charge"]]
        if well:
            charge["status"] = "succeeded"
            made.update(status="succeeded", amount_received=made["amount"])
            self.taken.append(made["amount"])
            self.tell("payment_intent.succeeded", made)
        else:
            self._fail(made, charge, "insufficient_funds")
        if page is not None:
            page["payment_status"] = "paid" if well else "unpaid"
            outcome = "succeeded" if well else "failed"
            self.tell(f"checkout.session.async_payment_{outcome}", page)

    def expire(self, page: Doc) -> None:
        page.update(status="expired", url=None)
        if page["payment_intent"]:
            self.things[page["payment_intent"]]["status"] = "canceled"
        self.tell("checkout.session.expired", page)

    def give_back(self, taken: str, amount: int, **more: Any) -> Doc:
        if taken not in self.things:
            code = "resource_missing"
            raise Refused(error(404, "invalid_request_error", code, f"No such payment: {taken}"))
        made = self._by(taken)
        charge = self.things[made["latest_charge"]]
        if charge["amount_refunded"] + amount > charge["amount"]:
            code = "charge_already_refunded"
            raise Refused(error(400, "invalid_request_error", code, "It has been refunded"))
        back = self.put(papers.refund(self._id("re"), self.clock(), made, amount, **more))
        charge["amount_refunded"] += amount
        charge["refunded"] = charge["amount_refunded"] == charge["amount"]
        self.taken.append(-amount)
        self.tell("refund.created", back)
        self.tell("charge.refunded", charge)
        return back

    def take_back(self, back: Doc) -> None:
        """A refund that fails: the money is Stripe's again."""
        back.update(status="failed", failure_reason="declined")
        charge = self.things[back["charge"]]
        charge["amount_refunded"] -= back["amount"]
        charge["refunded"] = False
        self.tell("refund.failed", back)

    def _by(self, taken: str) -> Doc:
        """What has taken money: a payment, or a charge as one that has no id."""
        made = self.things[taken]
        return made if made["object"] != "charge" else {**made, "id": None, "latest_charge": taken}

    def doubt(self, taken: str, amount: int, **more: Any) -> Doc:
        """A dispute."""
        made = self._by(taken)
        self.things[made["latest_charge"]]["disputed"] = True
        found = papers.dispute(self._id("dp"), self.clock(), made, amount, **more)
        self.put(found)
        self.tell("charge.dispute.created", found)
        return found

    def decide(self, found: Doc, status: str) -> None:
        found["status"] = status
        self.tell("charge.dispute.closed", found)

    def _id(self, prefix: str) -> str:
        self._numbers += 1
        return f"{prefix}_{self._numbers:05}"
