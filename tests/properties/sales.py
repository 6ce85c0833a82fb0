"""What the model machine knows of wallets and orders: shapes, sales, and what refunds leave."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from loyalty_core import DebtPolicy
from tests.toy import order


@dataclass(frozen=True)
class Shape:
    """A wallet's rules: debt policy, days until points become active, expire and lapse."""

    policy: DebtPolicy
    pending: int = 0
    expiry: int | None = None
    inactivity: int | None = None

    def wallet(self) -> dict[str, Any]:
        expiry: dict[str, Any] = {}
        if self.expiry:
            expiry["after_days"] = self.expiry
        if self.inactivity:
            expiry["inactivity_days"] = self.inactivity
        return {"debt": self.policy.value, "expiry": expiry}

    def activates(self, at: datetime) -> datetime:
        return at + timedelta(days=self.pending)

    def expires(self, at: datetime) -> datetime | None:
        if self.expiry is None:
            return None
        day = at.date() + timedelta(days=self.expiry)
        return datetime(day.year, day.month, day.day, tzinfo=UTC)


SHAPES = {
    "plain": Shape(DebtPolicy.NEGATIVE),
    "negative": Shape(DebtPolicy.NEGATIVE, pending=5, expiry=30),
    "clamp": Shape(DebtPolicy.CLAMP, pending=5, expiry=20),
    "pending_first": Shape(DebtPolicy.PENDING_FIRST, pending=10, expiry=25),
    "lapsing": Shape(DebtPolicy.NEGATIVE, pending=8, expiry=40, inactivity=15),
    "never_active": Shape(DebtPolicy.NEGATIVE, pending=6, expiry=4),
}
SHAPES |= {  # every debt policy with points that wait and points that end
    f"{policy}-{pending}-{expiry}": Shape(policy, pending=pending, expiry=expiry)
    for policy in DebtPolicy
    for pending, expiry in ((0, 12), (14, 18))
}
PARTS = ("whole", "line", "quantity", "amount")
REASONS = ("goods", "goods", "chargeback", "goodwill")


@dataclass
class Back:
    """A refund as the test knows it; goodwill takes nothing here, nor does what was undone."""

    kind: str
    line: str
    size: int
    reason: str = "goods"
    undone: bool = False

    @property
    def counts(self) -> bool:
        return self.reason != "goodwill" and not self.undone


@dataclass
class Sale:
    """An order as the test knows it: its versions' lines as units by quantity, and its refunds."""

    number: str
    at: datetime
    versions: list[tuple[str, dict[str, tuple[int, int]]]] = field(default_factory=list)
    refunds: dict[str, Back] = field(default_factory=dict)
    paid_by: list[tuple[str, int]] = field(default_factory=list)

    def document(self, version: int) -> dict[str, Any]:
        status, lines = self.versions[version]
        return order(
            self.number,
            at=self.at,
            version=version + 1,
            status=status,
            lines=[
                {"id": name, "amount": f"{units}.00", "quantity": quantity}
                for name, (units, quantity) in lines.items()
            ],
        )

    def refund(self, number: str) -> dict[str, Any]:
        back = self.refunds[number]
        given: dict[str, Any] = {"id": number, "occurred_at": self.at.isoformat()}
        given |= {"kind": back.reason}
        given |= {"voided_at": self.at.isoformat()} if back.undone else {}
        if back.kind == "line":
            given["lines"] = [{"line": back.line}]
        elif back.kind != "whole":
            amount = f"{back.size}.00" if back.kind == "amount" else back.size
            given["lines"] = [{"line": back.line, back.kind: amount}]
        return {
            "type": "refund",
            "source": "web",
            "order_id": self.number,
            "currency": "USD",
            "refund": given,
        }

    def worth(self) -> int:
        """What the order is worth now: a point a unit, less what refunds took, rounded once."""
        status, lines = self.versions[-1]
        counting = [back for back in self.refunds.values() if back.counts]
        if status != "paid" or any(back.kind == "whole" for back in counting):
            return 0
        units = sum(units for units, _ in lines.values())
        mine = [(lines[name], [b for b in counting if b.line == name]) for name in lines]
        return units - sum(self._cents_back(*line, backs) for line, backs in mine) // 100

    def back(self, points: int) -> int:
        """How many of the points that paid for it are given back: the share that was refunded."""
        status, lines = self.versions[-1]
        counting = [back for back in self.refunds.values() if back.counts]
        total = sum(units * 100 for units, _ in lines.values())
        mine = [(lines[name], [b for b in counting if b.line == name]) for name in lines]
        cents = sum(self._cents_back(*line, backs) for line, backs in mine)
        whole = any(back.kind == "whole" for back in counting)
        if status == "cancelled" or whole or cents >= total:
            return points
        return points * cents // total

    def _cents_back(self, units: int, quantity: int, backs: list[Back]) -> int:
        pieces = sum(back.size for back in backs if back.kind == "quantity")
        cents = sum(back.size * 100 for back in backs if back.kind == "amount")
        cents += units * 100 * min(pieces, quantity) // quantity
        if any(back.kind == "line" for back in backs):
            cents = units * 100
        return min(cents, units * 100)
