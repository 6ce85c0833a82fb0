"""Whatever people do together is replayed to the same: households, merges, and both undone.

No model says what should come of it; what was refused is left out. What is tested is that a
backtest under the same configuration comes to what was, with everybody replayed.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Engine

from loyalty_core import Loyalty, LoyaltyError
from loyalty_core.application.backtest.case import Case
from loyalty_core.testing import FrozenClock
from tests.properties.engines import NIGHTLY, engine, examples, fresh_program
from tests.properties.sales import SHAPES, Shape
from tests.properties.test_backtest import Replayed
from tests.toy import START, Toy, config_of, order, refund

__all__ = ["engine"]

NAMES = ("ada", "bob", "cy")
Who = st.sampled_from(NAMES)
Pair = st.permutations(NAMES).map(lambda names: names[:2])
Points = st.integers(1, 70)


class Together(RuleBasedStateMachine):
    """Three people who share, spend, become one, part and are forgotten."""

    def __init__(self, database: Engine, shape: Shape, leaving: str) -> None:
        super().__init__()
        self.database, self.shape, self.leaving = database, shape, leaving
        self.clock = FrozenClock(START)
        self.homes: list[str] = []
        self.held: list[str] = []
        self.orders: list[tuple[str, Any, int]] = []
        self.keys = 0

    @initialize()
    def open(self) -> None:
        settings = {"pending_days": self.shape.pending, "first_order": 20}
        wallet = {**self.shape.wallet(), "transfer": {"allowed": True}}
        config = config_of(fresh_program(), wallet=wallet, settings=settings)
        config["household"] = {
            "wallets": {"points": {"per_day": 90}},
            "share": "50",
            "least_share": "0",
            "most_share": "100",
            "days_between": 0,
            "on_leaving": self.leaving,
        }
        self.loyalty = Loyalty.open(config, self.database, plugins=[Toy()], clock=self.clock)
        self.ids = {name: self.loyalty.enrol({"email": mail(name)}).id for name in NAMES}
        self.found("ada")
        self.joins("bob", self.homes[0])
        for name in NAMES:
            self.buy(name, 50, 0)

    def tries(self, command: str, *given: Any, keyed: bool = True, **named: Any) -> Any:
        """What a command returns, or None if it is refused."""
        self.keys += 1
        named |= {"key": f"k{self.keys}"} if keyed else {}
        with suppress(LoyaltyError):
            return getattr(self.loyalty, command)(*given, **named)
        return None

    # -- facts --------------------------------------------------------------------------------

    @rule(name=Who, units=st.integers(1, 60), days=st.integers(0, 15))
    def buy(self, name: str, units: int, days: int) -> None:
        at = self.clock() - timedelta(days=days)
        self.orders.append((name, at, 1))
        self.send(len(self.orders) - 1, units)

    @precondition(lambda self: self.orders)
    @rule(data=st.data(), units=st.integers(0, 60))
    def change(self, data: st.DataObject, units: int) -> None:
        place = data.draw(st.integers(0, len(self.orders) - 1))
        name, at, version = self.orders[place]
        self.orders[place] = (name, at, version + 1)
        self.send(place, units)

    def send(self, place: int, units: int) -> None:
        name, at, version = self.orders[place]
        given = order(f"o{place}", f"{units}.00", email=mail(name), at=at, version=version)
        self.loyalty.record(given)

    @precondition(lambda self: self.orders)
    @rule(data=st.data(), undone=st.booleans())
    def give_back(self, data: st.DataObject, undone: bool) -> None:
        place = data.draw(st.integers(0, len(self.orders) - 1))
        at = self.orders[place][1]
        more = {"voided_at": at.isoformat()} if undone else {}
        self.loyalty.record(refund("r", f"o{place}", at=at, **more))

    # -- points -------------------------------------------------------------------------------

    @rule(name=Who, amount=Points, shared=st.booleans(), data=st.data())
    def redeem(self, name: str, amount: int, shared: bool, data: st.DataObject) -> None:
        member, more = self.ids[name], self.paying(data)
        if shared and self.homes:
            home = data.draw(st.sampled_from(self.homes))
            self.tries("redeem", home, points=amount, spender=member, **more)
        else:
            self.tries("redeem", member, points=amount, **more)

    def paying(self, data: st.DataObject) -> dict[str, Any]:
        if self.orders and data.draw(st.booleans()):
            place = data.draw(st.integers(0, len(self.orders) - 1))
            return {"source": "web", "order_id": f"o{place}"}
        return {}

    @rule(name=Who, amount=Points, shared=st.booleans(), hours=st.integers(1, 90), data=st.data())
    def hold(self, name: str, amount: int, shared: bool, hours: int, data: st.DataObject) -> None:
        owner, more = self.ids[name], {}
        if shared and self.homes:
            more = {"spender": owner}
            owner = data.draw(st.sampled_from(self.homes))
        made = self.tries("hold", owner, points=amount, minutes=hours * 60, **more)
        self.held += [made.redemption_id] if made else []

    @precondition(lambda self: self.held)
    @rule(data=st.data(), captures=st.booleans())
    def settle(self, data: st.DataObject, captures: bool) -> None:
        one = data.draw(st.sampled_from(self.held))
        self.tries("capture" if captures else "release", one, keyed=False)

    @rule(name=Who, amount=st.integers(-40, 40).filter(bool))
    def adjust(self, name: str, amount: int) -> None:
        self.tries("adjust", self.ids[name], "points", amount, reason="r", actor="a")

    @rule(pair=Pair, amount=Points)
    def transfer(self, pair: list[str], amount: int) -> None:
        self.tries("transfer", *(self.ids[name] for name in pair), "points", amount)

    # -- people -------------------------------------------------------------------------------

    @rule(name=Who)
    def found(self, name: str) -> None:
        made = self.tries("create_household", self.ids[name])
        self.homes += [made.household_id] if made else []

    @rule(name=Who, data=st.data())
    def join(self, name: str, data: st.DataObject) -> None:
        self.joins(name, data.draw(st.sampled_from(self.homes)))

    def joins(self, name: str, home: str) -> None:
        for head in self.ids.values():
            self.tries("invite_to_household", home, self.ids[name], by=head)
        self.tries("join_household", home, self.ids[name])

    @rule(name=Who)
    def leave(self, name: str) -> None:
        self.tries("leave_household", self.ids[name])

    @rule(name=Who, share=st.integers(0, 100))
    def share(self, name: str, share: int) -> None:
        self.tries("change_household_share", self.ids[name], Decimal(share))

    @rule(pair=Pair)
    def merge(self, pair: list[str]) -> None:
        self.tries("merge", *(self.ids[name] for name in pair))

    @rule(name=Who)
    def part(self, name: str) -> None:
        self.tries("unmerge", self.ids[name])

    @precondition(lambda self: len(self.orders) > 3)
    @rule(name=Who, really=st.integers(0, 5))
    def erase(self, name: str, really: int) -> None:
        if not really:
            self.tries("erase", self.ids[name], reason="r", actor="a")

    # -- time ---------------------------------------------------------------------------------

    @rule(days=st.integers(0, 9), hours=st.integers(0, 20))
    def wait(self, days: int, hours: int) -> None:
        self.clock.advance(days=days, hours=hours)

    @rule()
    def tick(self) -> None:
        self.loyalty.tick()


def mail(name: str) -> str:
    return f"{name}@example.org"


@pytest.mark.parametrize("leaving", ["stay", "return"])
@pytest.mark.parametrize(
    "shape", ["plain", "clamp", "pending_first", "lapsing"] if NIGHTLY else ["clamp"]
)
def test_people_are_replayed_alike(
    engine: Engine, shape: str, leaving: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Machine(Replayed, Together):
        folder = tmp_path

    monkeypatch.setattr(Case, "decided_alike", lambda case: False)
    run_state_machine_as_test(
        lambda: Machine(engine, SHAPES[shape], leaving),
        settings=examples(3, 100, stateful_step_count=60 if NIGHTLY else 30),
    )
