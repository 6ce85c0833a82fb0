"""One member in one program, as hypothesis plays them: facts, commands, time, what must hold."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule
from sqlalchemy import Engine

from loyalty_core import DebtPolicy, InsufficientPoints, Loyalty, RedemptionEnded, TransactionKind
from loyalty_core.application import seal as sealing
from loyalty_core.testing.books import books_of
from tests.properties.corrections import Corrections
from tests.properties.engines import fresh_program
from tests.properties.sales import PARTS, REASONS, Back, Sale, Shape
from tests.toy import Toy, activity, config_of


class Machine(Corrections):
    """Everything that can happen to one member, told to the ledger and to the model."""

    def __init__(self, database: Engine, shape: Shape) -> None:
        super().__init__(database, shape)
        self.sales: list[Sale] = []
        self.sent: list[dict[str, Any]] = []
        self.heads: list[str] = []
        self.held: dict[str, tuple[str, int]] = {}
        self.was_held = False

    @initialize()
    def open(self) -> None:
        rules = {"pending_days": self.shape.pending, "activities": {"review": 7}}
        config = config_of(fresh_program(), wallet=self.shape.wallet(), settings=rules)
        self.loyalty = Loyalty.open(config, self.database, plugins=[Toy()], clock=self.clock)
        self.member = self.loyalty.enrol({"email": "ada@example.org"}).id

    # -- facts --------------------------------------------------------------------------------

    @rule(
        days=st.integers(0, 50),
        units=st.tuples(st.integers(0, 60), st.integers(1, 40)),
        quantity=st.integers(1, 3),
        status=st.sampled_from(["paid", "paid", "pending"]),
        late=st.booleans(),
    )
    def buy(
        self, days: int, units: tuple[int, int], quantity: int, status: str, late: bool
    ) -> None:
        at = self.clock() - timedelta(days=days if late else 0)
        sale = Sale(f"o{len(self.sales)}", at)
        self.sales.append(sale)
        self.version(sale, status, units, quantity)

    @precondition(lambda self: self.sales)
    @rule(
        data=st.data(),
        units=st.tuples(st.integers(0, 60), st.integers(1, 40)),
        quantity=st.integers(1, 3),
        status=st.sampled_from(["paid", "paid", "cancelled"]),
    )
    def edit(self, data: st.DataObject, units: tuple[int, int], quantity: int, status: str) -> None:
        self.version(data.draw(st.sampled_from(self.sales)), status, units, quantity)

    def version(self, sale: Sale, status: str, units: tuple[int, int], quantity: int) -> None:
        sale.versions.append((status, {"a": (units[0], quantity), "b": (units[1], 1)}))
        self.send(sale.document(len(sale.versions) - 1))
        self.award(sale)

    @precondition(lambda self: self.sales)
    @rule(
        data=st.data(),
        kind=st.sampled_from(PARTS),
        line=st.sampled_from("ab"),
        size=st.integers(1, 30),
        reason=st.sampled_from(REASONS),
    )
    def give_back(self, data: st.DataObject, kind: str, line: str, size: int, reason: str) -> None:
        sale = data.draw(st.sampled_from(self.sales))
        number = f"r{len(sale.refunds)}"
        size = min(size, 2) if kind == "quantity" else size
        sale.refunds[number] = Back(kind, line, size, reason)
        self.send(sale.refund(number))
        self.award(sale)

    @precondition(lambda self: any(sale.refunds for sale in self.sales))
    @rule(data=st.data())
    def undo(self, data: st.DataObject) -> None:
        """A dispute is won, or a payout fails: its refund counts as never given."""
        sale = data.draw(st.sampled_from([sale for sale in self.sales if sale.refunds]))
        number = data.draw(st.sampled_from(sorted(sale.refunds)))
        if not sale.refunds[number].undone:
            sale.refunds[number].undone = True
            self.send(sale.refund(number))
            self.award(sale)

    @rule(days=st.integers(0, 50))
    def review(self, days: int) -> None:
        at = self.clock() - timedelta(days=days)
        number = f"a{len(self.sent)}"
        self.send(activity(number, at=at))
        self.model.award(number, 7, self.clock(), **self.moments(at))

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def send_again(self, data: st.DataObject) -> None:
        again = data.draw(st.sampled_from(self.sent))
        assert self.loyalty.record(again).status == "duplicate"

    def send(self, document: dict[str, Any]) -> None:
        self.sent.append(document)
        assert self.loyalty.record(document).error is None

    def award(self, sale: Sale) -> None:
        self.model.award(sale.number, sale.worth(), self.clock(), **self.moments(sale.at))
        for name, points in sale.paid_by:
            self.model.give_back(name, sale.back(points), self.clock())

    def moments(self, at: datetime) -> dict[str, Any]:
        return {
            "created_at": at,
            "activates_at": self.shape.activates(at),
            "expires_at": self.shape.expires(at),
        }

    # -- commands -----------------------------------------------------------------------------

    @rule(amount=st.integers(1, 80))
    def redeem(self, amount: int) -> None:
        self.keys += 1
        if self.model.spend(amount, self.clock()):
            receipt = self.loyalty.redeem(self.member, points=amount, key=f"k{self.keys}")
            assert receipt.points == amount
            return
        with pytest.raises(InsufficientPoints) as refused:
            self.loyalty.redeem(self.member, points=amount, key=f"k{self.keys}")
        assert refused.value.facts["needed"] == amount
        assert refused.value.facts["available"] == self.model.available

    @precondition(lambda self: self.sales)
    @rule(data=st.data(), amount=st.integers(1, 80))
    def pay(self, data: st.DataObject, amount: int) -> None:
        """Points spent on an order that is known already, and perhaps refunded already."""
        sale = data.draw(st.sampled_from(self.sales))
        name, now = f"p{len(self.sent)}-{self.keys}", self.clock()
        self.keys += 1
        if self.model.hold(name, amount, now, None):
            self.model.capture(name, amount, now)
            sale.paid_by.append((name, amount))
            order = {"source": "web", "order_id": sale.number}
            self.loyalty.redeem(self.member, points=amount, key=f"k{self.keys}", **order)
            self.model.give_back(name, sale.back(amount), now)

    @rule(amount=st.integers(1, 80), hours=st.integers(1, 100))
    def hold(self, amount: int, hours: int) -> None:
        self.keys += 1
        key, now = f"k{self.keys}", self.clock()
        if self.model.hold(key, amount, now, now + timedelta(hours=hours)):
            receipt = self.loyalty.hold(self.member, points=amount, minutes=hours * 60, key=key)
            assert (receipt.state, receipt.points) == ("held", amount)
            self.held[key] = (receipt.redemption_id, amount)
            self.was_held = True
            return
        with pytest.raises(InsufficientPoints):
            self.loyalty.hold(self.member, points=amount, minutes=hours * 60, key=key)

    @precondition(lambda self: self.held)
    @rule(data=st.data(), percent=st.integers(1, 100))
    def capture(self, data: st.DataObject, percent: int) -> None:
        key = data.draw(st.sampled_from(sorted(self.held)))
        name, amount = self.held.pop(key)
        part = max(amount * percent // 100, 1)
        if self.model.capture(key, part, self.clock()):
            assert self.loyalty.capture(name, points=part).points == part
            assert self.loyalty.capture(name, points=part).state == "captured"
            return
        with pytest.raises(RedemptionEnded):
            self.loyalty.capture(name, points=part)

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.held)))
        name, _ = self.held.pop(key)
        stood = self.model.release(key, self.clock())
        state = self.loyalty.release(name).state
        assert state == ("released" if stood else "timed_out")

    @rule(days=st.integers(0, 12), hours=st.integers(0, 23))
    def wait(self, days: int, hours: int) -> None:
        self.clock.advance(days=days, hours=hours)
        self.model.advance(self.clock())

    @rule()
    def tick(self) -> None:
        self.loyalty.tick()
        wallet = self.wallet()
        assert (wallet.balance, wallet.expired) == (self.model.balance, self.model.expired)
        totals = self.loyalty.report().wallets[0]
        assert (totals.outstanding, totals.debt) == (self.model.balance, self.model.debt)
        assert totals.due == 0
        assert self.loyalty.tick().expired == {}

    @rule(size=st.integers(1, 5))
    def seal(self, size: int) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sealing, "TRANSACTIONS_A_BLOCK", size)
            self.loyalty.seal()
        head = self.loyalty.head()
        self.heads += [head.head] if head else []

    # -- what must hold -----------------------------------------------------------------------

    def wallet(self) -> Any:
        return self.loyalty.statement(self.member).wallet("points")

    @invariant()
    def agrees(self) -> None:
        wallet, model = self.wallet(), self.model
        assert (wallet.available, wallet.pending) == (model.available, model.pending)
        assert (wallet.debt, wallet.held) == (model.debt, model.held)
        assert (wallet.earned, wallet.redeemed) == (model.earned, model.redeemed)
        assert wallet.adjusted == model.adjusted
        assert wallet.balance + wallet.expired == model.balance + model.expired
        assert wallet.balance == (
            wallet.earned - wallet.redeemed - wallet.expired + wallet.adjusted
        )

    @invariant()
    def debt_is_paid_first(self) -> None:
        """Debt and points that could be spent never stand side by side, in any policy."""
        wallet = self.wallet()
        assert wallet.debt == 0 or wallet.available == -wallet.debt
        assert wallet.balance >= wallet.available + wallet.pending
        clamped = self.shape.policy is DebtPolicy.CLAMP and not self.was_held
        assert wallet.debt == 0 or not clamped

    @invariant()
    def is_right(self) -> None:
        head = self.heads[-1] if self.heads else None
        assert self.loyalty.verify(head=head).problems == ()

    @invariant()
    def remembers(self) -> None:
        """As of now is now; what was known then is known for ever."""
        now = self.clock()
        shown = self.loyalty.statement(self.member)
        assert self.loyalty.statement(self.member, at=now, known_at=now) == shown
        self.known[now] = self.sums(now, now)

    def sums(self, at: datetime, known_at: datetime) -> tuple[int, ...]:
        shown = self.loyalty.statement(self.member, at=at, known_at=known_at).wallet("points")
        assert shown.balance == self.loyalty.balance(self.member, at=at, known_at=known_at)
        names = ("balance", "debt", "held", "earned", "redeemed", "expired", "adjusted")
        return tuple(getattr(shown, name) for name in names)

    def teardown(self) -> None:
        """Every lot holds what the model's does, and the history adds up to the balance."""
        if not hasattr(self, "member"):
            return
        assert {at: self.sums(at, at) for at in self.known} == self.known
        assert self.loyalty.rebuild().rebuilt == 0
        self.tick()
        for head in self.heads:
            assert self.loyalty.verify(head=head).problems == ()
        names = ("created_at", "activates_at", "expires_at", "left", "held")
        modelled = [
            tuple(getattr(lot, name) for name in names)
            for lot in self.model.lots.values()
            if lot.left
        ]
        found = [lot[3:8] for lot in books_of(self.loyalty)["lots"]]
        assert sorted(found, key=str) == sorted(modelled, key=str)
        items = self.loyalty.history(self.member, first=1000).items
        moved = [(item.transaction.kind, item.transaction.amount) for item in items]
        assert sum(amount for _, amount in moved) == self.model.balance
        expired = sum(amount for kind, amount in moved if kind is TransactionKind.EXPIRY)
        assert expired == -self.model.expired
