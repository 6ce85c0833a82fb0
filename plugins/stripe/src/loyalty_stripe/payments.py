"""Collects what members owe: by a method that they have kept, or on a page of Stripe.

Stripe forgets its idempotency keys after a day, and answers a key with its first answer, also if
that was an error. So before anything is made, what was made for a charge is looked for among the
customer's payments and pages, which are listed as they are.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from loyalty_core import (
    Charge,
    ConnectorError,
    JsonObject,
    Payment,
    PaymentState,
    PlatformUnavailable,
    Repayment,
    as_object,
    as_text,
    customer_ids,
)
from loyalty_stripe.asking import NOT_THERE, Api, CardRefused, Form, RequestRefused
from loyalty_stripe.fields import at_stripe, moment, ref, rows
from loyalty_stripe.gathering import CHARGED, WITH_CHARGE
from loyalty_stripe.marks import (
    DUE,
    KEY,
    MEMBER,
    PAGE,
    PROGRAM,
    REFUND,
    due_mark,
    key_for,
    marked,
    marks_of,
)
from loyalty_stripe.reading import GIVEN_UP, happened_at, why_declined

logger = logging.getLogger("loyalty_stripe")

EARLY = timedelta(days=2)
"""How long before a charge was due its payment may have been made, by clocks that differ."""
NEVER_AGAIN = frozenset(
    {"authentication_required", "highest_risk_level", "incorrect_number", "lost_card"}
    | {"pickup_card", "revocation_of_all_authorizations", "revocation_of_authorization"}
    | {"stolen_card", "transaction_not_allowed"}
)
"""Codes after which Stripe itself asks a bank for the same card no more, whoever tries."""
ANOTHER_CARD = NEVER_AGAIN | frozenset(
    {"card_not_supported", "currency_not_supported", "expired_card", "expired_payment_method"}
    | {"india_recurring_payment_mandate_canceled", "invalid_account", "invalid_number"}
    | {"new_account_information_available", "payment_intent_mandate_invalid"}
    | {"restricted_card", "stop_payment_order"}
)
"""Codes after which the same method would be declined again, unless the member does something."""
ADVISED = frozenset({"do_not_try_again", "confirm_card_data"})
PAGE_PAID = {"expand": ["data.payment_intent.latest_charge"]}
NO_AMOUNT = "invalid_charge_amount"
FOR_GOOD = frozenset({NO_AMOUNT, "amount_too_large", "amount_too_small"})
"""What Stripe says of amounts that it never charges; any other refusal may be mended."""
NOT_ANY_MORE = "payment_intent_unexpected_state"
NOT_THIS = "payment_method_"
"""How the codes begin by which Stripe says that a method cannot be charged like this."""


class StripePayments:
    """``loyalty_core.PaymentProvider``: asked again by a key, it answers what became of it."""

    def __init__(self, id: str, api: Api, *, source: str, program: str, return_url: str) -> None:
        self.id = id
        self._api = api
        self._source = source
        self._program = program
        self._return_url = return_url

    def charge(self, charge: Charge) -> Payment:
        """Paid or declined where a method is kept, else pending with a page to pay on.

        A method that would be declined again, or wants the member themselves, is as if there were
        none. An amount that Stripe never charges is declined by its code for why: nothing was made.
        Raises ``PlatformUnavailable`` where it is not known what was done, and ``ConnectorError``
        for what somebody has to mend.
        """
        known = customer_ids(charge.identities, self._source)
        for customer in known:
            if page := self._made("checkout/sessions", customer, charge, PAGE_PAID, page=True):
                return self._of_page(page, charge)
        found = [
            (customer, intent)
            for customer in known
            if (intent := self._made("payment_intents", customer, charge, CHARGED, page=False))
        ]
        try:
            if found:
                customer, intent = found[0]
                return self._of_intent(intent, charge, customer)
            return self._anew(charge, known)
        except RequestRefused as refused:
            if refused.said not in FOR_GOOD:
                raise
            logger.warning("the fee %s cannot be collected: %s", charge.key, refused)
            return Payment(
                state=PaymentState.DECLINED,
                source=self._source,
                reference="",
                at=charge.at.astimezone(UTC),
                reason=refused.said,
            )

    def _anew(self, charge: Charge, known: Sequence[str]) -> Payment:
        """The answer to a charge for which nothing was made before."""
        methods = {customer: self._method(customer) for customer in known}
        for customer, method in methods.items():
            if method:
                return self._directly(charge, customer, method)
        there = [customer for customer, method in methods.items() if method is not None]
        return self._by_page(charge, there[0] if there else self._new_customer(charge, known))

    def refund(self, repayment: Repayment) -> datetime | None:
        """When the money was given back; None while the member has to say where to.

        Raises ``PlatformUnavailable`` where it is not known, and ``ConnectorError`` for a payment
        that is not Stripe's, or that Stripe does not give back.
        """
        taken = self._taken_by(repayment)
        marks = {PROGRAM: self._program, REFUND: repayment.key}
        made = [one for one in self._api.every("refunds", taken) if marked(one, marks)]
        if not made:
            form = {
                **taken,
                "amount": self._amount(repayment.amount.amount_minor, repayment.amount.currency),
                "metadata": {**marks, DUE: due_mark(repayment.at)},
            }
            key = key_for(self._program, "refund", repayment.key)
            made = [self._api.post("refunds", form, key)]
        status = as_text(made[0].get("status"))
        if status in ("failed", "canceled"):
            why = as_text(made[0].get("failure_reason")) or status
            message = f"Stripe could not give back {ref(made[0])}: {why}"
            where = repayment.reference
            raise ConnectorError(message, where=where, remedy="Give it back in another way.")
        if status == "requires_action":
            return None
        given = moment(made[0].get("created"), "$.created")
        return max(given, repayment.at.astimezone(UTC))

    # -- what was made before -----------------------------------------------------------------

    def _made(
        self, path: str, customer: str, charge: Charge, more: Form, *, page: bool
    ) -> JsonObject | None:
        """What was made for a charge before; the oldest, should there ever be two."""
        marks = {PROGRAM: self._program, KEY: charge.key, PAGE: "1" if page else ""}
        since = int((charge.at.astimezone(UTC) - EARLY).timestamp())
        form = {**more, "customer": customer, "created": {"gte": max(since, 0)}}
        try:
            found = [one for one in self._api.every(path, form) if marked(one, marks)]
        except RequestRefused as refused:
            if refused.said != NOT_THERE or self._customer(customer) is not None:
                raise
            return None  # the customer is of another account, or of the other mode
        return found[-1] if found else None

    def _method(self, customer: str) -> str | None:
        """The method a customer pays by: the default, or the newest; empty for none.

        None if there is no such customer any more.
        """
        found = self._customer(customer)
        if found is None or found.get("deleted") is True:
            return None
        default = ref(as_object(found.get("invoice_settings")).get("default_payment_method"))
        if default:
            return default
        path = f"customers/{quote(customer, safe='')}/payment_methods"
        listed = self._api.page(path, {"limit": 1})
        return ref(listed.found[0]) if listed.found else ""

    def _customer(self, id: str) -> JsonObject | None:
        return self._api.get(f"customers/{quote(id, safe='')}")

    def _new_customer(self, charge: Charge, gone: Iterable[str]) -> str:
        """A customer for a member who has none any more: the page asks them for their address."""
        form = {"metadata": {PROGRAM: self._program, MEMBER: charge.member_id}}
        key = key_for(self._program, "customer", charge.member_id, *gone)
        return ref(self._api.post("customers", form, key))

    # -- by a method that was kept ------------------------------------------------------------

    def _directly(self, charge: Charge, customer: str, method: str) -> Payment:
        form = {
            "amount": self._amount(charge.amount.amount_minor, charge.currency),
            "currency": charge.currency.lower(),
            "customer": customer,
            "payment_method": method,
            "confirm": True,
            "off_session": True,
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
            "description": charge.text,
            "metadata": marks_of(charge, self._program, page=False),
            "expand": ["latest_charge"],
        }
        try:
            made = self._api.post("payment_intents", form, self._key("payment", charge))
        except CardRefused as refused:
            declined = quote(ref(refused.error.get("payment_intent")), safe="")
            found = self._api.get(f"payment_intents/{declined}", WITH_CHARGE) if declined else None
            if found is None:
                raise PlatformUnavailable("the payment that was declined is not there") from None
            made = found
        except RequestRefused as refused:
            if refused.said == NOT_THERE or refused.said.startswith(NOT_THIS):
                return self._by_page(charge, customer)
            raise
        return self._of_intent(made, charge, customer)

    def _of_intent(self, intent: JsonObject, charge: Charge, customer: str) -> Payment:
        """What became of a payment by a kept method.

        Why it was declined is told by its charge, which stays as it is when the payment is ended.
        """
        status = as_text(intent.get("status"))
        if status in ("succeeded", "processing"):
            state = PaymentState.PAID if status == "succeeded" else PaymentState.PENDING
            return self._answer(charge, state, ref(intent), happened_at(intent), customer)
        if status != "canceled":
            self._cancel(ref(intent))
        if _wants_another(intent):
            return self._by_page(charge, customer)
        reason = why_declined(intent)
        at = moment(intent.get("created"), "$.created")
        return self._answer(charge, PaymentState.DECLINED, ref(intent), at, customer, reason=reason)

    def _cancel(self, intent: str) -> None:
        """Ends a payment that was declined, so that nobody pays it besides the next one."""
        try:
            path = f"payment_intents/{quote(intent, safe='')}/cancel"
            self._api.post(path, {"cancellation_reason": GIVEN_UP})
        except RequestRefused as error:
            if error.said != NOT_ANY_MORE:
                raise

    # -- on a page of Stripe ------------------------------------------------------------------

    def _by_page(self, charge: Charge, customer: str) -> Payment:
        """A page on which the member pays within a day, and which keeps the method they pay by."""
        marks = marks_of(charge, self._program, page=True)
        priced = {
            "currency": charge.currency.lower(),
            "unit_amount": self._amount(charge.amount.amount_minor, charge.currency),
            "product_data": {"name": charge.text},
        }
        form = {
            "mode": "payment",
            "adaptive_pricing": {"enabled": False},  # a fee is in the program's currency
            "customer": customer,
            "client_reference_id": charge.member_id,
            "line_items": [{"price_data": priced, "quantity": 1}],
            "payment_intent_data": {
                "setup_future_usage": "off_session",
                "description": charge.text,
                "metadata": marks,
            },
            "metadata": marks,
            "success_url": self._return_url,
        }
        return self._of_page(
            self._api.post("checkout/sessions", form, self._key("page", charge)), charge
        )

    def _of_page(self, page: JsonObject, charge: Charge) -> Payment:
        """What became of a page: ids and moments of its own, as its payment comes with the card."""
        customer, status = ref(page.get("customer")), as_text(page.get("status"))
        created = moment(page.get("created"), "$.created")
        intent = as_object(page.get("payment_intent"))
        if as_text(page.get("payment_status")) == "paid":
            at = happened_at(intent) if intent else created
            return self._answer(charge, PaymentState.PAID, ref(page), at, customer)
        failed = as_text(as_object(intent.get("latest_charge")).get("status")) == "failed"
        if status == "expired" or (status == "complete" and failed):
            reason = "expired" if status == "expired" else why_declined(intent)
            return self._answer(
                charge, PaymentState.DECLINED, ref(page), created, customer, reason=reason
            )
        url = as_text(page.get("url")) if status == "open" else ""
        return self._answer(charge, PaymentState.PENDING, ref(page), created, customer, pay_url=url)

    # -- small parts --------------------------------------------------------------------------

    def _answer(
        self,
        charge: Charge,
        state: PaymentState,
        reference: str,
        at: datetime,
        customer: str,
        *,
        reason: str = "",
        pay_url: str = "",
    ) -> Payment:
        return Payment(
            state=state,
            source=self._source,
            reference=reference,
            at=max(at, charge.at.astimezone(UTC)),
            reason=reason,
            pay_url=pay_url,
            identities={"customer_id": customer},
        )

    def _key(self, what: str, charge: Charge) -> str:
        return key_for(self._program, what, charge.key)

    @staticmethod
    def _amount(amount: int, currency: str) -> int:
        found = at_stripe(amount, currency)
        if found is None:
            remedy = "Stripe takes three-digit currencies in steps of ten: change the price."
            message = f"{amount} of {currency} cannot be paid"
            raise RequestRefused(message, said=NO_AMOUNT, remedy=remedy)
        return found

    def _taken_by(self, repayment: Repayment) -> dict[str, str]:
        """What took the money: the order's id is its own, or that of its page or invoice."""
        if repayment.source == self._source:
            kind, _, _ = repayment.reference.partition("_")
            id = quote(repayment.reference, safe="")
            if kind == "pi":
                return {"payment_intent": repayment.reference}
            paid: list[JsonObject] = []
            if kind == "cs":
                paid = [self._api.get(f"checkout/sessions/{id}") or {}]
            if kind == "in":
                found = self._api.get(f"invoices/{id}", {"expand": ["payments"]}) or {}
                made = [one for one in rows(found.get("payments")) if one.get("status") == "paid"]
                paid = [as_object(one.get("payment")) for one in made]
            for one in paid:
                for name in ("payment_intent", "charge"):
                    if taken := ref(one.get(name)):
                        return {name: taken}
        message = f"{repayment.reference!r} of {repayment.source!r} was not paid here"
        raise ConnectorError(message, remedy="Give it back where it was paid.")


def _wants_another(intent: JsonObject) -> bool:
    """Whether the same method would be declined again, unless the member does something.

    The charge says so for good. The payment's own error is gone as soon as that is ended, and says
    it alone where no bank was asked.
    """
    charge, error = as_object(intent.get("latest_charge")), intent.get("last_payment_error")
    said = (charge, as_object(charge.get("outcome")), as_object(error))
    names = ("reason", "failure_code", "code", "decline_code")
    codes = {as_text(one.get(name)) for one in said for name in names}
    advice = {as_text(one.get("advice_code")) for one in said}
    return not codes.isdisjoint(ANOTHER_CARD) or not advice.isdisjoint(ADVISED)
