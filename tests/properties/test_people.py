"""Several members who give, become one and are forgotten, against a model ledger of each."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
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

from loyalty_core import InsufficientPoints, Loyalty, MemberErased
from loyalty_core.storage import tables
from loyalty_core.testing import FrozenClock, ModelLedger
from tests.properties.engines import NIGHTLY, engine, examples, fresh_program
from tests.properties.sales import PARTS, REASONS, SHAPES, Back, Sale, Shape
from tests.toy import START, Toy, activity, config_of

__all__ = ["engine"]

NAMES = ("ada", "bob", "cy")


def mail(name: str) -> str:
    return f"{name}@example.org"


class Machine(RuleBasedStateMachine):
    """A few people in one program; ``holder`` says who answers for each of them by now."""

    def __init__(self, database: Engine, shape: Shape) -> None:
        super().__init__()
        self.database = database
        self.shape = shape
        self.clock = FrozenClock(START)
        self.sales: dict[str, tuple[str, Sale]] = {}
        self.sent: list[dict[str, Any]] = []
        self.erased: list[str] = []
        self.ended = 0
        self.keys = 0

    @initialize()
    def open(self) -> None:
        rules = {"pending_days": self.shape.pending, "activities": {"review": 7}}
        wallet = self.shape.wallet() | {"transfer": {"allowed": True}}
        config = config_of(fresh_program(), wallet=wallet, settings=rules)
        self.loyalty = Loyalty.open(config, self.database, plugins=[Toy()], clock=self.clock)
        numbers = count()
        self.ids = {name: self.loyalty.enrol({"email": mail(name)}).id for name in NAMES}
        self.holder = {name: name for name in NAMES}
        self.models = {
            name: ModelLedger(self.shape.policy, self.shape.inactivity, numbers=numbers)
            for name in NAMES
        }

    def key(self) -> str:
        self.keys += 1
        return f"k{self.keys}"

    def model(self, name: str) -> ModelLedger | None:
        """The ledger of who answers for somebody; None once they are forgotten."""
        return self.models.get(self.holder[name])

    # -- facts --------------------------------------------------------------------------------

    @rule(
        name=st.sampled_from(NAMES),
        days=st.integers(0, 20),
        units=st.tuples(st.integers(0, 60), st.integers(1, 40)),
    )
    def buy(self, name: str, days: int, units: tuple[int, int]) -> None:
        if self.model(name) is None:
            return
        number = f"o{len(self.sales)}"
        sale = Sale(number, self.clock() - timedelta(days=days))
        self.sales[number] = name, sale
        self.version(name, sale, "paid", units)

    @precondition(lambda self: self.sales)
    @rule(
        data=st.data(),
        units=st.tuples(st.integers(0, 60), st.integers(1, 40)),
        status=st.sampled_from(["paid", "cancelled"]),
    )
    def edit(self, data: st.DataObject, units: tuple[int, int], status: str) -> None:
        name, sale = self.sales[data.draw(st.sampled_from(sorted(self.sales)))]
        self.version(name, sale, status, units)

    def version(self, name: str, sale: Sale, status: str, units: tuple[int, int]) -> None:
        sale.versions.append((status, {"a": (units[0], 1), "b": (units[1], 1)}))
        document = sale.document(len(sale.versions) - 1)
        self.send(document | {"identities": {"email": mail(name)}})
        self.award(name, sale)

    @precondition(lambda self: self.sales)
    @rule(
        data=st.data(),
        kind=st.sampled_from([part for part in PARTS if part != "quantity"]),
        line=st.sampled_from("ab"),
        size=st.integers(1, 30),
        reason=st.sampled_from(REASONS),
    )
    def refund(self, data: st.DataObject, kind: str, line: str, size: int, reason: str) -> None:
        name, sale = self.sales[data.draw(st.sampled_from(sorted(self.sales)))]
        number = f"r{len(sale.refunds)}"
        sale.refunds[number] = Back(kind, line, size, reason)
        self.send(sale.refund(number))
        self.award(name, sale)

    @rule(name=st.sampled_from(NAMES), days=st.integers(0, 20))
    def review(self, name: str, days: int) -> None:
        model, number = self.model(name), f"a{len(self.sent)}"
        if model is None:
            return
        at = self.clock() - timedelta(days=days)
        self.send(activity(number, at=at) | {"identities": {"email": mail(name)}})
        model.award(number, 7, self.clock(), **self.moments(at))

    def send(self, document: dict[str, Any]) -> None:
        self.sent.append(document)
        self.loyalty.record(document)

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def send_again(self, data: st.DataObject) -> None:
        """What was sent before changes nothing, not even for who was forgotten since."""
        before = self.everything() if self.erased else None
        self.loyalty.record(data.draw(st.sampled_from(self.sent)))
        assert before is None or self.everything() == before

    def award(self, name: str, sale: Sale) -> None:
        model = self.model(name)
        if model is not None:
            model.award(sale.number, sale.worth(), self.clock(), **self.moments(sale.at))
            for paid, points in sale.paid_by:
                model.give_back(paid, sale.back(points), self.clock())

    def moments(self, at: Any) -> dict[str, Any]:
        activates, expires = self.shape.activates(at), self.shape.expires(at)
        return {"created_at": at, "activates_at": activates, "expires_at": expires}

    # -- commands -----------------------------------------------------------------------------

    @rule(name=st.sampled_from(NAMES), amount=st.integers(-40, 60).filter(bool))
    def adjust(self, name: str, amount: int) -> None:
        model, given = self.model(name), {"reason": "r", "actor": "a", "key": self.key()}
        if model is None:
            with pytest.raises(MemberErased):
                self.loyalty.adjust(self.ids[name], "points", amount, **given)
            return
        now = self.clock()
        receipt = self.loyalty.adjust(self.ids[name], "points", amount, **given)
        assert receipt.amount == model.adjust(amount, now, self.shape.expires(now))

    @rule(name=st.sampled_from(NAMES), amount=st.integers(1, 60))
    def redeem(self, name: str, amount: int) -> None:
        model = self.model(name)
        if model is None:
            return
        if model.spend(amount, self.clock()):
            self.loyalty.redeem(self.ids[name], points=amount, key=self.key())
            return
        with pytest.raises(InsufficientPoints):
            self.loyalty.redeem(self.ids[name], points=amount, key=self.key())

    @precondition(lambda self: self.sales)
    @rule(data=st.data(), amount=st.integers(1, 60))
    def pay(self, data: st.DataObject, amount: int) -> None:
        name, sale = self.sales[data.draw(st.sampled_from(sorted(self.sales)))]
        model, now, paid = self.model(name), self.clock(), self.key()
        if model is not None and model.hold(paid, amount, now, None):
            model.capture(paid, amount, now)
            sale.paid_by.append((paid, amount))
            order = {"source": "web", "order_id": sale.number}
            self.loyalty.redeem(self.ids[name], points=amount, key=paid, **order)
            model.give_back(paid, sale.back(amount), now)

    @rule(pair=st.permutations(NAMES), amount=st.integers(1, 60))
    def transfer(self, pair: list[str], amount: int) -> None:
        giver, receiver = (self.holder[name] for name in pair[:2])
        if giver == receiver or {giver, receiver} - self.models.keys():
            return
        there = self.models[giver].give(self.models[receiver], amount, self.clock())
        given = (self.ids[pair[0]], self.ids[pair[1]], "points", amount)
        if there:
            self.loyalty.transfer(*given, key=self.key())
            return
        with pytest.raises(InsufficientPoints):
            self.loyalty.transfer(*given, key=self.key())

    @rule(pair=st.permutations(NAMES))
    def merge(self, pair: list[str]) -> None:
        kept, gone = (self.holder[name] for name in pair[:2])
        if kept == gone or {kept, gone} - self.models.keys():
            return
        self.loyalty.merge(self.ids[kept], self.ids[gone], key=self.key())
        self.models[kept].absorb(self.models.pop(gone), self.clock())
        self.holder = {
            name: kept if holder == gone else holder for name, holder in self.holder.items()
        }

    @precondition(lambda self: len(self.models) > 1 and self.sent)
    @rule(name=st.sampled_from(NAMES))
    def erase(self, name: str) -> None:
        holder = self.holder[name]
        if holder not in self.models:
            return
        self.loyalty.erase(self.ids[name], reason="asked for it", actor="op", key=self.key())
        del self.models[holder]
        self.erased += [mail(one) for one in NAMES if self.holder[one] == holder]

    @rule(days=st.integers(0, 12), hours=st.integers(0, 23))
    def wait(self, days: int, hours: int) -> None:
        self.clock.advance(days=days, hours=hours)
        for model in self.models.values():
            model.advance(self.clock())

    @rule()
    def tick(self) -> None:
        self.loyalty.tick()
        outstanding = sum(model.balance for model in self.models.values())
        totals = self.loyalty.report().wallets[0]
        assert (totals.outstanding, totals.due) == (outstanding, 0)

    # -- what must hold -----------------------------------------------------------------------

    @invariant()
    def agrees(self) -> None:
        for name, model in self.models.items():
            wallet = self.loyalty.statement(self.ids[name]).wallet("points")
            assert (wallet.available, wallet.pending) == (model.available, model.pending)
            assert (wallet.debt, wallet.held) == (model.debt, model.held)
            assert wallet.balance + wallet.expired == model.balance + model.expired
            assert (wallet.redeemed, wallet.adjusted) == (model.redeemed, model.adjusted)
            assert wallet.earned == model.earned

    @invariant()
    def who_was_merged_is_answered_for(self) -> None:
        for name, holder in self.holder.items():
            if holder in self.models:
                assert self.loyalty.statement(self.ids[name]).member.id == self.ids[holder]

    @invariant()
    def is_right(self) -> None:
        assert self.loyalty.verify().problems == ()

    @invariant()
    def nothing_personal_is_left(self) -> None:
        if self.erased:
            written = str(self.everything())
            assert [one for one in self.erased if one in written] == []

    def everything(self) -> dict[str, list[Any]]:
        """Every row of this program, ids of moments alone left out."""
        found: dict[str, list[Any]] = {}
        with self.database.connect() as connection:
            for table in tables.metadata.sorted_tables:
                if "program" in table.c:
                    mine = table.c.program == self.loyalty.config.program.id
                elif "member_id" in table.c:
                    mine = table.c.member_id.in_(self.ids.values())
                else:
                    continue
                found[table.name] = list(connection.execute(select(table).where(mine)))
        return found

    def teardown(self) -> None:
        """Every model's points are there once the jobs have run, and no cache was wrong."""
        if not hasattr(self, "ids"):
            return
        assert self.loyalty.rebuild().rebuilt == 0
        self.tick()
        for name, model in self.models.items():
            wallet = self.loyalty.statement(self.ids[name]).wallet("points")
            assert (wallet.balance, wallet.expired) == (model.balance, model.expired)
            if wallet.balance > 0:  # without points there is nothing to lapse
                assert wallet.lapses_at == model.lapses_at


@pytest.mark.parametrize("shape", ["plain", "clamp", "pending_first", "lapsing"])
def test_members_agree_with_their_models(engine: Engine, shape: str) -> None:
    run_state_machine_as_test(
        lambda: Machine(engine, SHAPES[shape]),
        settings=examples(2, 200, stateful_step_count=60 if NIGHTLY else 25),
    )
