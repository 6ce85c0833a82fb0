"""Where money moves: events go to the payment provider, and its answers come back as facts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from loyalty_core import (
    Activity,
    Charge,
    Event,
    Fact,
    Line,
    LineKind,
    Minor,
    Money,
    Order,
    OrderRefund,
    OrderStatus,
    Payment,
    PaymentProvider,
    PaymentState,
    Refund,
    RefundLine,
    Repayment,
)
from loyalty_paid.facts import FAILED, PENDING

STATUSES = {PaymentState.PAID: OrderStatus.PAID, PaymentState.PENDING: OrderStatus.PENDING}


class Till:
    """Asks one provider, outside any transaction; a retry asks by the same key."""

    def __init__(self, provider: PaymentProvider) -> None:
        self._provider = provider

    def charge(self, event: Event) -> Iterable[Fact]:
        """The order that the fee became, or that it was declined."""
        data = event.data
        charge = Charge(
            key=str(data["key"]),
            charge=str(data["charge"]),
            member_id=event.member_id,
            amount=Money(cast(int, data["amount"]), str(data["currency"])),
            text=str(data["name"]),
            at=event.occurred_at,
        )
        answer = self._provider.charge(charge)
        if answer.state is not PaymentState.DECLINED:
            yield _order(charge, answer, event)
        if answer.state is PaymentState.DECLINED:
            yield _activity(FAILED, charge, answer, event, "reason", answer.reason)
        elif answer.pay_url:
            yield _activity(PENDING, charge, answer, event, "pay_url", answer.pay_url)

    def refund(self, event: Event) -> Iterable[Fact]:
        """The refund, if the provider says at once when it was made."""
        data = event.data
        source, order = str(data["source"]), str(data["order"])
        amount = Money(cast(int, data["amount"]), str(data["currency"]))
        key = f"{order}/{data['line']}"
        at = self._provider.refund(
            Repayment(key=key, source=source, reference=order, amount=amount, at=event.occurred_at)
        )
        if at is not None:
            back = Refund(id=key, occurred_at=at, lines=(RefundLine(line=str(data["line"])),))
            yield OrderRefund(source=source, order_id=order, currency=amount.currency, refund=back)


def _order(charge: Charge, answer: Payment, event: Event) -> Order:
    tag = event.data.get("tag")
    line = Line(
        id=charge.charge,
        sku=str(event.data["plan"]),
        amount=Minor(charge.amount.amount_minor),
        kind=LineKind.MEMBERSHIP,
        tags=(str(tag),) if tag else (),
    )
    return Order(
        source=answer.source,
        id=answer.reference,
        identities={"member_id": event.member_id},
        currency=charge.amount.currency,
        occurred_at=answer.at,
        updated_at=answer.at,
        status=STATUSES[answer.state],
        lines=(line,),
    )


def _activity(
    kind: str, charge: Charge, answer: Payment, event: Event, name: str, value: str
) -> Activity:
    return Activity(
        source=answer.source,
        id=f"{charge.key} {kind}",
        kind=kind,
        identities={"member_id": event.member_id},
        occurred_at=answer.at,
        data={"charge": charge.charge, "attempt": cast(int, event.data["attempt"]), name: value},
    )
