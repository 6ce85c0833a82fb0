"""The wallets that the ledger is tested with, and the orders of the member they belong to."""

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
PARTS = ("whole", "line", "quantity", "amount")


@dataclass
class Sale:
    """An order as the test knows it: its versions' lines as units by quantity, and its refunds."""

    number: str
    at: datetime
    versions: list[tuple[str, dict[str, tuple[int, int]]]] = field(default_factory=list)
    refunds: dict[str, tuple[str, str, int]] = field(default_factory=dict)

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
        kind, line, size = self.refunds[number]
        given: dict[str, Any] = {"id": number, "occurred_at": self.at.isoformat()}
        if kind == "line":
            given["lines"] = [{"line": line}]
        elif kind != "whole":
            amount = f"{size}.00" if kind == "amount" else size
            given["lines"] = [{"line": line, kind: amount}]
        return {
            "type": "refund",
            "source": "web",
            "order_id": self.number,
            "currency": "USD",
            "refund": given,
        }

    def worth(self) -> int:
        """What the order is worth now: a point a unit, less what refunds took, line by line."""
        status, lines = self.versions[-1]
        if status != "paid" or any(kind == "whole" for kind, _, _ in self.refunds.values()):
            return 0
        return sum(units - self._returned(name, *lines[name]) for name, (units, _) in lines.items())

    def _returned(self, line: str, units: int, quantity: int) -> int:
        mine = [(kind, size) for kind, name, size in self.refunds.values() if name == line]
        pieces = sum(size for kind, size in mine if kind == "quantity")
        cents = sum(size * 100 for kind, size in mine if kind == "amount")
        cents += units * 100 * pieces // quantity
        if any(kind == "line" for kind, _ in mine):
            cents = units * 100
        return min(cents, units * 100) * units // (units * 100) if units else 0
