"""A household against its model: whatever its members buy, give back and spend, in any order."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Engine

from loyalty_core import InsufficientPoints, Loyalty, RedemptionEnded
from loyalty_core.testing import FrozenClock, ModelLedger
from loyalty_core.testing.books import books_of
from loyalty_core.testing.household import ModelHousehold
from tests.properties.engines import engine, examples, fresh_program
from tests.properties.histories import FACTS_FROM, MEMBERS, deliveries, histories
from tests.properties.sales import SHAPES, Shape
from tests.toy import START, Toy, config_of, order

__all__ = ["engine"]

NAMES = ("ada", "bob")
Who = st.sampled_from(NAMES)


@dataclass
class Purchase:
    """An order: whose it is, when it was, and what its latest version is worth."""

    name: str
    number: str
    at: datetime
    versions: list[int] = field(default_factory=list)


class Household(RuleBasedStateMachine):
    """Two members who share, told to the ledger and to the model; ``bob`` comes and goes."""

    def __init__(self, database: Engine, shape: Shape, share: int) -> None:
        super().__init__()
        self.database, self.shape, self.share = database, shape, share
        self.clock = FrozenClock(START)
        self.orders: list[Purchase] = []
        self.sent: list[Any] = []
        self.times: dict[str, list[tuple[datetime, datetime | None]]] = {}
        self.holds: dict[str, int] = {}
        self.commands = 0
        self.people: dict[str, str] = {}
        self.home = ""
        ledgers = {name: self._ledger() for name in NAMES}
        self.model = ModelHousehold(self._ledger(), ledgers)

    def _ledger(self) -> ModelLedger:
        return ModelLedger(self.shape.policy)

    def key(self) -> str:
        self.commands += 1
        return f"k{self.commands}"

    @initialize()
    def open(self) -> None:
        settings = {"pending_days": self.shape.pending}
        config = config_of(fresh_program(), wallet=self.shape.wallet(), settings=settings)
        config["household"] = {"wallets": {"points": {}}, "share": self.share, "days_between": 0}
        self.loyalty = Loyalty.open(config, self.database, plugins=[Toy()], clock=self.clock)
        self.people = {
            name: self.loyalty.enrol({"email": f"{name}@example.org"}).id for name in NAMES
        }
        self.home = self.loyalty.create_household(self.people["ada"], key=self.key()).household_id
        self.times = {"ada": [(START, None)], "bob": []}

    # -- who is in it -------------------------------------------------------------------------

    @rule()
    def come_or_go(self) -> None:
        bob, times = self.people["bob"], self.times["bob"]
        known = [one.at + timedelta.resolution for one in self.orders if one.name == "bob"]
        now = max([self.clock(), *known])
        if times and times[-1][1] is None:
            self.loyalty.leave_household(bob, key=self.key())
            times[-1] = (times[-1][0], now)
        else:
            self.loyalty.invite_to_household(self.home, bob, by=self.people["ada"], key=self.key())
            self.loyalty.join_household(self.home, bob, key=self.key())
            times.append((now, None))

    def shared(self, purchase: Purchase, worth: int) -> int:
        covers = [
            since <= purchase.at and (until is None or purchase.at < until)
            for since, until in self.times[purchase.name]
        ]
        return worth * self.share // 100 if any(covers) else 0

    # -- facts --------------------------------------------------------------------------------

    @rule(name=Who, units=st.integers(1, 60), days=st.integers(0, 20))
    def buy(self, name: str, units: int, days: int) -> None:
        at = self.clock() - timedelta(days=days)
        self.orders.append(Purchase(name, f"o{len(self.orders)}", at))
        self.version(self.orders[-1], units)

    @precondition(lambda self: self.orders)
    @rule(data=st.data(), units=st.integers(0, 60))
    def change(self, data: st.DataObject, units: int) -> None:
        self.version(data.draw(st.sampled_from(self.orders)), units)

    def version(self, purchase: Purchase, units: int) -> None:
        purchase.versions.append(units)
        self.sent.append(
            order(
                purchase.number,
                f"{units}.00",
                email=f"{purchase.name}@example.org",
                at=purchase.at,
                version=len(purchase.versions),
            )
        )
        assert self.loyalty.record(self.sent[-1]).error is None
        self.model.award(
            purchase.name,
            purchase.number,
            units,
            self.shared(purchase, units),
            self.clock(),
            created_at=purchase.at,
            activates_at=self.shape.activates(purchase.at),
            expires_at=self.shape.expires(purchase.at),
        )

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def again(self, data: st.DataObject) -> None:
        self.loyalty.record(data.draw(st.sampled_from(self.sent)))

    # -- spending -----------------------------------------------------------------------------

    @rule(name=Who, amount=st.integers(1, 70))
    def spend_own(self, name: str, amount: int) -> None:
        done = self.model.own[name].spend(amount, self.clock())
        self.answer(done, lambda: self.redeem(self.people[name], amount))

    @rule(amount=st.integers(1, 70))
    def spend(self, amount: int) -> None:
        done = self.model.common.spend(amount, self.clock())
        self.answer(done, lambda: self.redeem(self.home, amount, spender=self.people["ada"]))

    @rule(amount=st.integers(1, 70), days=st.integers(1, 10))
    def hold(self, amount: int, days: int) -> None:
        until = self.clock() + timedelta(days=days)
        key, ada = self.key(), self.people["ada"]
        done = self.model.common.hold(key, amount, self.clock(), until)

        def hold() -> None:
            minutes = days * 24 * 60
            made = self.loyalty.hold(
                self.home, points=amount, spender=ada, minutes=minutes, key=key
            )
            self.holds[made.redemption_id] = amount
            self.model.common.holds[made.redemption_id] = self.model.common.holds.pop(key)

        self.answer(done, hold)

    @precondition(lambda self: self.holds)
    @rule(data=st.data(), captures=st.booleans())
    def settle(self, data: st.DataObject, captures: bool) -> None:
        name = data.draw(st.sampled_from(sorted(self.holds)))
        amount = self.holds.pop(name)
        common, now = self.model.common, self.clock()
        done = common.capture(name, amount, now) if captures else common.release(name, now)
        try:
            (self.loyalty.capture if captures else self.loyalty.release)(name)
        except RedemptionEnded:
            assert not done
        else:
            assert done or not captures

    def redeem(self, owner: str, amount: int, **more: Any) -> None:
        self.loyalty.redeem(owner, points=amount, key=self.key(), **more)

    def answer(self, done: bool, command: Any) -> None:
        try:
            command()
        except InsufficientPoints:
            assert not done
        else:
            assert done

    # -- time ---------------------------------------------------------------------------------

    @rule(days=st.integers(0, 9), hours=st.integers(1, 20))
    def wait(self, days: int, hours: int) -> None:
        self.clock.advance(days=days, hours=hours)

    @rule()
    def tick(self) -> None:
        self.loyalty.tick()

    # -- what must hold -----------------------------------------------------------------------

    @invariant()
    def agrees(self) -> None:
        if not self.people:
            return
        owners = {self.home: self.model.common}
        owners |= {self.people[name]: ledger for name, ledger in self.model.own.items()}
        statements = self.loyalty.statements(list(owners))
        for owner, ledger in owners.items():
            ledger.advance(self.clock())
            wallet = statements[owner].wallet("points")
            found = (wallet.available, wallet.pending, wallet.held, wallet.debt)
            assert found == (ledger.available, ledger.pending, ledger.held, ledger.debt)
            now = self.clock()
            assert self.loyalty.statement(owner, at=now, known_at=now) == statements[owner]
        earned = sum(one.wallet("points").earned for one in statements.values())
        assert earned == sum(ledger.earned for ledger in owners.values())

    def teardown(self) -> None:
        if not self.people:
            return
        assert self.loyalty.verify().problems == ()
        before = {name: books_of(self.loyalty)[name] for name in ("facts", "wallets")}
        for fact in reversed(self.sent):
            self.loyalty.record(fact)
        assert {name: books_of(self.loyalty)[name] for name in before} == before


@pytest.mark.parametrize("share", [100, 50, 33])
@pytest.mark.parametrize("shape", ["plain", "negative", "clamp", "pending_first"])
def test_a_household_and_its_model(engine: Engine, shape: str, share: int) -> None:
    run_state_machine_as_test(
        lambda: Household(engine, SHAPES[shape], share),
        settings=examples(3, 150, stateful_step_count=25),
    )


def recorded(engine: Engine, batches: list[list[Any]]) -> Any:
    """The books after recording the batches; two share from the sixth day, one to the ninth."""
    clock = FrozenClock(FACTS_FROM + timedelta(days=5))
    settings = {"first_order": 30, "activities": {"review": 40, "check_in": 5}, "pending_days": 25}
    config = config_of(fresh_program(), settings=settings)
    config["household"] = {"wallets": {"points": {}}, "share": "33.3"}
    loyalty = Loyalty.open(config, engine, plugins=[Toy()], clock=clock)
    ada, bob = (loyalty.enrol({"customer_id": name}, source="web").id for name in MEMBERS[:2])
    home = loyalty.create_household(ada, key="c").household_id
    loyalty.invite_to_household(home, bob, by=ada, key="i")
    loyalty.join_household(home, bob, key="j")
    clock.set(FACTS_FROM + timedelta(days=8))
    loyalty.leave_household(bob, key="l")
    clock.set(START)
    for batch in batches:
        assert loyalty.record_many(batch).rejected == ()
    assert loyalty.verify().problems == ()
    return books_of(loyalty)


@pytest.mark.hard_case("H7")
@examples(12, 400)
@given(data=st.data())
def test_facts_in_any_order_share_the_same(engine: Engine, data: st.DataObject) -> None:
    facts = data.draw(histories())
    expected = recorded(engine, [[fact] for fact in facts])
    found = recorded(engine, data.draw(deliveries(facts)))
    for part in ("facts", "wallets", "lots"):
        assert found[part] == expected[part], part
