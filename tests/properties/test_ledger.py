"""The ledger against the model ledger: whatever happens, and whether or not the jobs have run."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Engine, select

from loyalty_core import (
    Adjustment,
    AdjustmentOutcome,
    AdjustmentReceipt,
    InsufficientPoints,
    Loyalty,
    ReinstatementRefused,
    Transaction,
    TransactionKind,
)
from loyalty_core.storage import tables
from loyalty_core.testing import FrozenClock, ModelLedger
from tests.books import books_of
from tests.properties.engines import NIGHTLY, engine, examples, fresh_program
from tests.properties.shapes import PARTS, SHAPES, Sale, Shape
from tests.toy import START, Toy, activity, config_of

__all__ = ["engine"]


class Machine(RuleBasedStateMachine):
    """Everything that can happen to one member, told to the ledger and to the model."""

    def __init__(self, database: Engine, shape: Shape) -> None:
        super().__init__()
        self.database = database
        self.shape = shape
        self.clock = FrozenClock(START)
        self.model = ModelLedger(shape.policy, shape.inactivity)
        self.sales: list[Sale] = []
        self.sent: list[dict[str, Any]] = []
        self.keys = 0
        self.adjusted: dict[Any, Any] = {}

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
    )
    def give_back(self, data: st.DataObject, kind: str, line: str, size: int) -> None:
        sale = data.draw(st.sampled_from(self.sales))
        number = f"r{len(sale.refunds)}"
        sale.refunds[number] = (kind, line, min(size, 2) if kind == "quantity" else size)
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

    @rule(days=st.integers(0, 12), hours=st.integers(0, 23))
    def wait(self, days: int, hours: int) -> None:
        self.clock.advance(days=days, hours=hours)
        self.model.advance(self.clock())

    @rule()
    def tick(self) -> None:
        self.loyalty.tick()
        wallet = self.wallet()
        assert (wallet.balance, wallet.expired) == (self.model.balance, self.model.expired)
        assert self.loyalty.tick().expired == {}

    # -- what must hold -----------------------------------------------------------------------

    def wallet(self) -> Any:
        return self.loyalty.statement(self.member).wallet("points")

    @invariant()
    def agrees(self) -> None:
        wallet, model = self.wallet(), self.model
        assert (wallet.available, wallet.pending) == (model.available, model.pending)
        assert wallet.debt == model.debt
        assert (wallet.earned, wallet.redeemed) == (model.earned, model.redeemed)
        assert wallet.adjusted == model.adjusted
        assert wallet.balance + wallet.expired == model.balance + model.expired
        assert wallet.balance == (
            wallet.earned - wallet.redeemed - wallet.expired + wallet.adjusted
        )

    @invariant()
    def is_right(self) -> None:
        assert self.loyalty.verify().problems == ()

    def teardown(self) -> None:
        """Every lot holds what the model's does, and the history adds up to the balance."""
        if not hasattr(self, "member"):
            return
        self.tick()
        names = ("created_at", "activates_at", "expires_at", "left")
        modelled = [
            tuple(getattr(lot, name) for name in names)
            for lot in self.model.lots.values()
            if lot.left
        ]
        found = [lot[3:7] for lot in books_of(self.loyalty)["lots"]]
        assert sorted(found, key=str) == sorted(modelled, key=str)
        items = self.loyalty.history(self.member, first=1000).items
        moved = [(item.transaction.kind, item.transaction.amount) for item in items]
        assert sum(amount for _, amount in moved) == self.model.balance
        expired = sum(amount for kind, amount in moved if kind is TransactionKind.EXPIRY)
        assert expired == -self.model.expired


@pytest.mark.parametrize("shape", SHAPES)
def test_the_ledger_agrees_with_the_model(engine: Engine, shape: str) -> None:
    run_state_machine_as_test(
        lambda: Machine(engine, SHAPES[shape]),
        settings=examples(6, 300, stateful_step_count=60 if NIGHTLY else 25),
    )


# -- found by the test above, and kept ------------------------------------------------------------


def machine(engine: Engine, shape: str) -> Machine:
    made = Machine(engine, SHAPES[shape])
    made.open()
    return made


def test_points_given_again_after_their_expiry_are_not_taken_twice(engine: Engine) -> None:
    told = machine(engine, "clamp")
    told.buy(34, (29, 30), 1, "paid", late=True)
    for status, units in (("cancelled", (8, 4)), ("paid", (13, 40)), ("paid", (30, 40))):
        told.version(told.sales[0], status, units, 1)
        told.agrees()
    assert (told.model.earned, told.model.expired) == (70, 70)
    told.teardown()


def test_debt_is_paid_when_points_become_active_whether_or_not_the_jobs_ran(
    engine: Engine,
) -> None:
    told = machine(engine, "negative")
    told.adjust(-1)
    told.review(1)
    told.wait(11, 13)
    told.agrees()
    wallet = told.wallet()
    assert (wallet.available, wallet.debt, wallet.balance) == (6, 0, 6)
    told.teardown()


def test_points_that_come_after_their_expiry_pay_debt_first(engine: Engine) -> None:
    told = machine(engine, "negative")
    told.adjust(-1)
    told.review(30)
    told.agrees()
    told.tick()
    wallet = told.wallet()
    assert (wallet.available, wallet.debt, wallet.expired) == (0, 0, 6)
    told.teardown()
