"""Corrections by operators: adjustments, opening balances, and expired points given back."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule
from sqlalchemy import Engine, select

from loyalty_core import (
    Adjustment,
    AdjustmentOutcome,
    AdjustmentReceipt,
    Loyalty,
    ReinstatementRefused,
    Transaction,
    TransactionKind,
)
from loyalty_core.storage import tables
from loyalty_core.testing import FrozenClock, ModelLedger
from tests.properties.sales import Shape
from tests.toy import START


class Corrections(RuleBasedStateMachine):
    """What operators do to a member's balance, told to the ledger and to the model."""

    loyalty: Loyalty
    member: str

    def __init__(self, database: Engine, shape: Shape) -> None:
        super().__init__()
        self.database = database
        self.shape = shape
        self.clock = FrozenClock(START)
        self.model = ModelLedger(shape.policy, shape.inactivity)
        self.keys = 0
        self.adjusted: dict[Any, Any] = {}
        self.known: dict[datetime, tuple[int, ...]] = {}

    @rule(amount=st.integers(-70, 40).filter(bool))
    def adjust(self, amount: int) -> None:
        self.keys += 1
        receipt = self.loyalty.adjust(
            self.member, "points", amount, reason="test", actor="ada", key=f"k{self.keys}"
        )
        now = self.clock()
        until, name = self.shape.expires(now), self.name_of(receipt)
        assert receipt.amount == self.model.adjust(amount, now, until, name=name)

    @rule(
        amount=st.integers(1, 60),
        awarded=st.integers(0, 60),
        pending=st.integers(0, 20),
        lasting=st.integers(1, 60) | st.sampled_from(["never", "by_rule"]),
    )
    def import_lot(self, amount: int, awarded: int, pending: int, lasting: int | str) -> None:
        """An opening balance: expired already, pending, or not to expire at all."""
        now = self.clock()
        created = now - timedelta(days=awarded)
        activates = created + timedelta(days=pending)
        ends: datetime | None = None
        if lasting == "by_rule":
            ends = self.shape.expires(created)
            if ends is not None and ends <= activates:
                return  # refused: there is no time at which these points could be spent
        elif lasting != "never":
            ends = activates + timedelta(days=int(lasting))
        self.keys += 1
        one = Adjustment(
            member_id=self.member,
            wallet="points",
            amount=amount,
            reason="opening balance",
            actor="ada",
            key=f"k{self.keys}",
            awarded_at=created,
            activates_at=activates if pending else None,
            expires_at="never" if lasting == "never" else None if lasting == "by_rule" else ends,
        )
        told: list[AdjustmentOutcome] = []
        self.loyalty.adjust_many([one], on_receipt=lambda _, outcome: told.append(outcome))
        (outcome,) = told
        assert outcome.receipt
        moments = {"created_at": created, "activates_at": activates}
        name = self.name_of(outcome.receipt)
        assert outcome.receipt.amount == amount
        assert self.model.adjust(amount, now, ends, name=name, **moments) == amount

    def name_of(self, receipt: AdjustmentReceipt) -> Any:
        """The model's name of the lot that an adjustment made, if it made one."""
        if receipt.amount > 0:
            made = self.loyalty.explain(receipt.transaction_id or "").transaction
            self.adjusted[made.entries[0].lot_id] = made.id
            return made.id
        return None

    @rule(
        data=st.data(), points=st.none() | st.integers(1, 60), days=st.none() | st.integers(1, 40)
    )
    def reinstate(self, data: st.DataObject, points: int | None, days: int | None) -> None:
        expiries = self.expiries()
        if not expiries:
            return
        expiry, left = data.draw(st.sampled_from(expiries))
        now, name = self.clock(), self.lot_names()[expiry.entries[0].lot_id]
        lot = self.model.lots[name]
        if lot.activates_at > now:
            return  # it lapsed before its time, and the moment given may be before it
        ends = now + timedelta(days=days) if days else None
        wanted = min(left, lot.gone - lot.forgiven) if points is None else points
        self.keys += 1
        given = {"reason": "goodwill", "actor": "eve", "key": f"k{self.keys}"}
        until = ends or self.shape.expires(now)
        if wanted > left or not self.model.reinstate(name, wanted, now, until):
            with pytest.raises(ReinstatementRefused):
                self.loyalty.reinstate(
                    self.member, expiry.id, points=points, expires_at=ends, **given
                )
            return
        self.known.clear()  # the dates that the lot has now count for its past as well
        receipt = self.loyalty.reinstate(
            self.member, expiry.id, points=points, expires_at=ends, **given
        )
        assert (receipt.points, receipt.expires_at) == (wanted, lot.expires_at)

    def expiries(self) -> list[tuple[Transaction, int]]:
        """Each expiry in the books, with what has not been given back of it."""
        items = self.loyalty.history(self.member, first=1000).items
        kind = TransactionKind.EXPIRY
        found = [item.transaction for item in items if item.transaction.kind is kind]
        back: Counter[Any] = Counter()
        for made in found:
            back[made.detail.get("corrects")] += made.amount
        return [(made, -made.amount - back[made.id]) for made in found if made.amount < 0]

    def lot_names(self) -> dict[Any, Any]:
        """The model's names of the ledger's lots."""
        lot, fact = tables.lot, tables.fact
        chosen = select(lot.c.id, fact.c.external_id, lot.c.fact_id)
        rows = chosen.join(fact, fact.c.id == lot.c.fact_id).where(lot.c.member_id == self.member)
        with self.database.connect() as connection:
            return {row[0]: row[1] for row in connection.execute(rows)} | self.adjusted
