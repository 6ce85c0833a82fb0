"""The provider by itself: what it answers when it is asked again, and what it cannot do."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from loyalty_core import (
    Charge,
    ConnectorError,
    Identity,
    IdentityKind,
    Line,
    LineKind,
    Minor,
    Money,
    Payment,
    PaymentState,
    PlatformUnavailable,
    Repayment,
)
from loyalty_core.testing import Fault, FrozenClock
from loyalty_stripe.config import Account
from loyalty_stripe.connector import StripeConnector
from loyalty_stripe.payments import StripePayments
from plugins.stripe.tests.build import START
from plugins.stripe.tests.double import Stripe
from plugins.stripe.tests.papers import customer, invoice, invoiced
from plugins.stripe.tests.till import error

CUSTOMER = Identity(IdentityKind.CUSTOMER_ID, "cus_1", "main")
FEE = Charge(
    key="a:2026-03-01/1",
    line=Line(
        id="a:2026-03-01", sku="club", amount=Minor(1000), kind=LineKind.MEMBERSHIP, tags=("for:X",)
    ),
    currency="USD",
    member_id="member",
    identities=(CUSTOMER, Identity(IdentityKind.EMAIL, "ada@example.org")),
    text="The Club",
    at=START,
)


@pytest.fixture
def provider(double: Stripe, clock: FrozenClock) -> StripePayments:
    double.clock = clock
    double.till.put(customer("cus_1"))
    double.till.methods["cus_1"] = ["pm_1"]
    return provider_of(double)


def provider_of(double: Stripe) -> StripePayments:
    account = Account(
        account="main",
        api_key="env:STRIPE_KEY",
        secrets=("env:STRIPE_SECRET",),
        return_url="https://tea.example",
        api_url=double.url,
        timeout_seconds=1,
    )
    return StripeConnector(account, "shop").payments


def test_asked_again_after_months_it_answers_what_it_did(
    provider: StripePayments, double: Stripe, clock: FrozenClock
) -> None:
    first = provider.charge(FEE)
    assert (first.state, first.source, first.at) == (PaymentState.PAID, "main", START)
    clock.advance(days=90)
    double.keys.clear()
    for number in range(5):  # among others of the customer
        double.till.paid(100 + number, customer="cus_1")
    assert provider_of(double).charge(FEE) == first
    assert double.till.taken == [1000, 100, 101, 102, 103, 104]


def test_a_page_is_found_again_whatever_became_of_it(
    provider: StripePayments, double: Stripe, clock: FrozenClock
) -> None:
    double.till.methods.clear()
    first = provider.charge(FEE)
    assert (first.state, first.identities) == (PaymentState.PENDING, {"customer_id": "cus_1"})
    page = double.till.things[first.reference]
    assert first.pay_url == page["url"]
    clock.advance(hours=2)
    double.till.pay(page, "pm_2")
    double.keys.clear()
    again = provider.charge(FEE)
    assert (again.state, again.reference) == (PaymentState.PAID, first.reference)
    assert again.at == START + timedelta(hours=2)
    double.till.expire(page)
    page["payment_status"] = "unpaid"
    assert provider.charge(FEE).state is PaymentState.DECLINED
    assert len(double.till.held("checkout.session")) == 1


def test_a_decline_is_answered_again(provider: StripePayments, double: Stripe) -> None:
    double.till.bank["pm_1"] = "insufficient_funds"
    first = provider.charge(FEE)
    assert (first.state, first.reason) == (PaymentState.DECLINED, "insufficient_funds")
    double.till.bank.clear()
    again = provider.charge(FEE)
    assert again == first
    assert double.till.taken == []
    assert provider.charge(replace(FEE, key="a:2026-03-01/2")).state is PaymentState.PAID


def test_a_decline_whose_end_broke_is_ended_and_asked_for_anew(
    provider: StripePayments, double: Stripe
) -> None:
    double.till.bank["pm_1"] = "lost_card"

    def breaking(asked: object) -> None:
        if len(double.asked) == 6:  # the payment was declined and looked at; it is ended next
            double.faults.append(Fault(kind="forget"))

    double.during = breaking
    with pytest.raises(PlatformUnavailable):
        provider.charge(FEE)
    double.during = None
    answer = provider.charge(FEE)
    assert (answer.state, double.till.taken) == (PaymentState.PENDING, [])
    (made,) = double.till.held("payment_intent")
    assert made["status"] == "canceled"


def test_what_is_written_says_no_more_than_the_fee(
    provider: StripePayments, double: Stripe
) -> None:
    provider.charge(FEE)
    (made,) = double.till.held("payment_intent")
    assert made["metadata"] == {
        "loyalty_program": "shop",
        "loyalty_member": "member",
        "loyalty_key": "a:2026-03-01/1",
        "loyalty_attempt": "1",
        "loyalty_line": "a:2026-03-01",
        "loyalty_sku": "club",
        "loyalty_kind": "membership",
        "loyalty_tags": "for:X",
        "loyalty_due": "2026-03-01T12:00:00+00:00",
    }
    assert b"example.org" not in b"".join(one.body for one in double.asked)
    (key,) = double.keys
    assert key.startswith("loyalty-")
    assert "2026" not in key


def test_a_payment_is_never_before_it_was_due(provider: StripePayments, double: Stripe) -> None:
    due = START + timedelta(microseconds=7)  # Stripe's clock has seconds, and may be slow
    answer = provider.charge(replace(FEE, at=due))
    assert answer.at == due
    given = Repayment(key="r", source="main", reference=answer.reference, amount=FEE.amount, at=due)
    assert provider.refund(given) == due


def test_other_parameters_under_a_key_are_not_known_to_be_done(
    provider: StripePayments, double: Stripe
) -> None:
    provider.charge(FEE)
    double.till.things.pop(double.till.held("payment_intent")[0]["id"])
    double.till.methods["cus_1"] = ["pm_2"]
    with pytest.raises(PlatformUnavailable):
        provider.charge(FEE)


def test_what_cannot_be_charged_is_said(provider: StripePayments, double: Stripe) -> None:
    odd = replace(FEE, currency="KWD", line=replace(FEE.line, amount=Minor(1005)))
    answer = provider.charge(odd)
    assert (answer.state, answer.reason) == (PaymentState.DECLINED, "invalid_charge_amount")
    assert (answer.reference, answer.at, double.till.taken) == ("", START, [])
    back = Repayment(key="r", source="main", reference="pi_1", amount=Money(5, "KWD"), at=START)
    with pytest.raises(ConnectorError):
        provider.refund(back)
    even = replace(FEE, currency="KWD", line=replace(FEE.line, amount=Minor(1010)))
    assert provider.charge(even).state is PaymentState.PAID


def test_a_method_that_is_gone_meanwhile_is_as_none(
    provider: StripePayments, double: Stripe
) -> None:
    double.till.things["cus_1"]["invoice_settings"] = {"default_payment_method": "pm_gone"}
    assert provider.charge(FEE).state is PaymentState.PENDING
    assert double.till.taken == []


def test_what_somebody_has_to_mend_declines_nothing(
    provider: StripePayments, double: Stripe, clock: FrozenClock
) -> None:
    refused = error(400, "invalid_request_error", "url_invalid", "Not a valid URL")
    double.after = lambda asked: (
        double.faults.append(Fault(kind="answer", answer=refused))
        if asked.path.endswith("payment_methods")
        else None
    )
    with pytest.raises(ConnectorError, match="url_invalid"):
        provider.charge(FEE)
    double.after = None
    assert provider.charge(FEE).state is PaymentState.PAID
    assert double.till.taken == [1000]


def test_a_refusal_to_look_declines_nothing(provider: StripePayments, double: Stripe) -> None:
    refused = error(400, "invalid_request_error", "parameter_unknown", "No such parameter")
    double.faults.append(Fault(kind="answer", answer=refused))
    with pytest.raises(ConnectorError, match="parameter_unknown"):
        provider.charge(FEE)  # it is not known whether it was paid
    missing = error(400, "invalid_request_error", "resource_missing", "No such session")
    double.faults.append(Fault(kind="answer", answer=missing))
    with pytest.raises(ConnectorError, match="resource_missing"):
        provider.charge(FEE)  # the customer is there
    assert double.till.taken == []


def test_a_customer_of_another_account_is_as_none(provider: StripePayments, double: Stripe) -> None:
    gone = Identity(IdentityKind.CUSTOMER_ID, "cus_elsewhere", "main")
    missing = error(400, "invalid_request_error", "resource_missing", "No such customer")
    double.faults += [Fault(kind="answer", answer=missing)] * 2  # its pages, and its payments
    answer = provider.charge(replace(FEE, identities=(gone,)))
    assert answer.state is PaymentState.PENDING
    assert answer.identities["customer_id"] not in ("cus_elsewhere", "cus_1")


def test_many_who_ask_at_once_charge_once(provider: StripePayments, double: Stripe) -> None:
    def ask(_: int) -> Payment | None:
        try:
            return provider_of(double).charge(FEE)
        except PlatformUnavailable:  # another one is asking just now
            return None

    with ThreadPoolExecutor(4) as pool:
        answers = {one.reference for one in pool.map(ask, range(8)) if one is not None}
    assert (len(answers), double.till.taken) == (1, [1000])


@pytest.mark.parametrize("fault", ["drop", "forget", "truncate"])
def test_a_refund_is_made_once(
    provider: StripePayments, double: Stripe, clock: FrozenClock, fault: str
) -> None:
    paid = provider.charge(FEE)
    asked = Repayment(
        key="r", source="main", reference=paid.reference, amount=Money(1000, "USD"), at=START
    )
    double.asked.clear()

    def breaking(_: object) -> None:
        if len(double.asked) == 1:
            double.faults.append(Fault(kind=fault))  # type: ignore[arg-type]

    double.during = breaking
    with pytest.raises(PlatformUnavailable):
        provider.refund(asked)
    double.during = None
    clock.advance(days=2)
    double.keys.clear()
    at = provider.refund(asked)
    assert at == provider.refund(asked)
    assert double.till.taken == [1000, -1000]


def test_what_an_invoice_paid_is_given_back_by_its_payment(
    provider: StripePayments, double: Stripe
) -> None:
    paid = double.till.paid(800)
    made = double.till.put(invoice("in_1", START, invoiced("il_1", 800)))
    payment = {"type": "payment_intent", "payment_intent": paid["id"]}
    made["payments"]["data"] = [{"id": "inpay_1", "status": "paid", "payment": payment}]
    back = Repayment(key="r", source="main", reference="in_1", amount=Money(800, "USD"), at=START)
    assert provider.refund(back) == START
    assert double.till.taken == [800, -800]


@pytest.mark.parametrize(
    ("source", "reference"),
    [
        ("till", "pi_1"),
        ("main", "7"),
        ("main", "cs_none"),
        ("main", "in_none"),
        ("main", "pi_none"),
    ],
)
def test_what_was_not_paid_here_is_not_given_back(
    provider: StripePayments, double: Stripe, source: str, reference: str
) -> None:
    back = Repayment(
        key="r", source=source, reference=reference, amount=Money(800, "USD"), at=START
    )
    with pytest.raises(ConnectorError) as error:
        provider.refund(back)
    assert not isinstance(error.value, PlatformUnavailable)  # that would be asked for ever
    assert double.till.taken == []


def test_a_refund_that_the_bank_refused_is_said(provider: StripePayments, double: Stripe) -> None:
    paid = provider.charge(FEE)
    back = Repayment(key="r", source="main", reference=paid.reference, amount=FEE.amount, at=START)
    provider.refund(back)
    double.till.take_back(double.till.held("refund")[0])
    with pytest.raises(ConnectorError, match="declined"):
        provider.refund(back)
    double.till.held("refund")[0]["status"] = "requires_action"
    assert provider.refund(back) is None
