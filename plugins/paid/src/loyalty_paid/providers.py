"""Two payment providers that move no money: an operator's word, and a script for tests."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from loyalty_core import Charge, Payment, PaymentState, Repayment
from loyalty_paid.config import Answer

STATES: Mapping[str, PaymentState] = {state.value: state for state in PaymentState}


class ManualPayments:
    """Every fee is pending until an operator records that it was paid (``fee_paid``)."""

    id = "paid.manual"

    def charge(self, charge: Charge) -> Payment:
        """Pending: the order with the fee's own name waits for its next version."""
        return Payment(
            state=PaymentState.PENDING, source="paid", reference=charge.line.id, at=charge.at
        )

    def refund(self, repayment: Repayment) -> datetime | None:
        """None: the operator records the refund."""
        return None


class ScriptedPayments:
    """Answers what a script says: by "day.attempt" of a fee, else by "attempt", else it is paid.

    It depends on the script alone, so asked again by a key it answers the same, in any process.
    """

    id = "paid.test"

    def __init__(self, answers: Mapping[str, Answer]) -> None:
        self._answers = answers

    def charge(self, charge: Charge) -> Payment:
        """What the script says, at the moment the fee was due."""
        name, _, attempt = charge.key.rpartition("/")
        day = f"{name.rpartition(':')[2]}.{attempt}"
        state = STATES[self._answers.get(day, self._answers.get(attempt, "paid"))]
        page = f"https://pay.example/{charge.line.id}" if state is PaymentState.PENDING else ""
        return Payment(
            state=state,
            source="test",
            reference=charge.line.id,
            at=charge.at,
            reason="declined by the script" if state is PaymentState.DECLINED else "",
            pay_url=page,
        )

    def refund(self, repayment: Repayment) -> datetime | None:
        """Given back at the moment it was asked for."""
        return repayment.at
