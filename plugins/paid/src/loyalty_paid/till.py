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
        tag = data.get("tag")
        charge = Charge(
            key=str(data["key"]),
            attempt=cast(int, data["attempt"]),
            line=Line(
                id=str(data["charge"]),
                sku=str(data["plan"]),
                amount=Minor(cast(int, data["amount"])),
                kind=LineKind.MEMBERSHIP,
                tags=(str(tag),) if tag else (),
            ),
            currency=str(data["currency"]),
            member_id=event.member_id,
            identities=event.identities,
            text=str(data["name"]),
            at=event.occurred_at,
        )
        answer = self._provider.charge(charge)
        if answer.state is not PaymentState.DECLINED:
            yield _order(charge, answer)
        if answer.state is PaymentState.DECLINED:
            yield _activity(FAILED, charge, answer, "reason", answer.reason)
        elif answer.pay_url:
            yield _activity(PENDING, charge, answer, "pay_url", answer.pay_url)

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


def _order(charge: Charge, answer: Payment) -> Order:
    return Order(
        source=answer.source,
        id=answer.reference,
        identities={**answer.identities, "member_id": charge.member_id},
        currency=charge.currency,
        occurred_at=answer.at,
        updated_at=answer.at,
        status=STATUSES[answer.state],
        lines=(charge.line,),
    )


def _activity(kind: str, charge: Charge, answer: Payment, name: str, value: str) -> Activity:
    return Activity(
        source=answer.source,
        id=f"{charge.key} {kind}",
        kind=kind,
        identities={**answer.identities, "member_id": charge.member_id},
        occurred_at=answer.at,
        data={"charge": charge.line.id, "attempt": charge.attempt, name: value},
    )
