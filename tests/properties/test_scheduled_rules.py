"""Configurations that are opened, stated ahead and withdrawn by many processes, beside a model."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Engine

from loyalty_core import Loyalty, RulesState, RulesVersion
from loyalty_core.testing import FrozenClock
from tests.properties.engines import engine, examples, fresh_program
from tests.toy import START, Toy, config_of

__all__ = ["engine"]

CART: dict[str, Any] = {"currency": "USD", "lines": [{"id": "a", "amount": "1.00"}]}
RATES = st.integers(1, 4)
MINUTES = st.sampled_from([-30, 0, 2, 10, 60, 61])
Statement = tuple[int, datetime]


@dataclass
class Model:
    """What was in force, what is stated, and which versions came by their moment."""

    versions: list[Statement] = field(default_factory=list)
    by_moment: set[int] = field(default_factory=set)
    stated: set[Statement] = field(default_factory=set)
    waiting: Statement | None = None

    def settle(self, now: datetime) -> None:
        if self.waiting is not None and self.waiting[1] <= now:
            rate, moment = self.waiting
            self.start(rate, moment)
            self.waiting = None

    def start(self, rate: int, at: datetime) -> None:
        self.take(rate, at)
        self.by_moment.add(len(self.versions))

    def take(self, rate: int, at: datetime) -> None:
        if not self.versions or self.versions[-1][0] != rate:
            self.versions.append((rate, at))

    def opened(self, rate: int, moment: datetime | None, now: datetime) -> int:
        """The version that a process has which is opened with a file."""
        self.settle(now)
        old = any(rate == one for one, _ in self.versions)
        if moment is None:
            if not (old and len(self.versions) in self.by_moment):
                self.take(rate, now)
        elif (rate, moment) not in self.stated:
            self.stated.add((rate, moment))
            if not self.versions or moment <= now:
                self.start(rate, now)
            else:
                self.waiting = rate, moment
        return len(self.versions)


def stated(version: RulesVersion) -> Statement:
    plugins: Any = version.document["plugins"]
    return plugins["toy"]["per_unit"], version.in_force_from


class Machine(RuleBasedStateMachine):
    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self.engine = engine
        self.program = fresh_program()
        self.clock = FrozenClock(START)
        self.model = Model()
        self.processes: list[Loyalty] = []
        self.known: list[int] = []

    @initialize(rate=RATES)
    def first(self, rate: int) -> None:
        self.open(rate, None)

    @rule(rate=RATES)
    def open_now(self, rate: int) -> None:
        self.open(rate, None)

    @rule(rate=RATES, minutes=MINUTES)
    def open_ahead(self, rate: int, minutes: int) -> None:
        self.open(rate, START + timedelta(minutes=minutes) + (self.clock() - START) // 60 * 60)

    def open(self, rate: int, moment: datetime | None) -> None:
        stated = {} if moment is None else {"in_force_from": moment.isoformat()}
        config = config_of(self.program, settings={"per_unit": rate}, **stated)
        made = Loyalty.open(config, self.engine, plugins=[Toy()], clock=self.clock)
        self.processes.append(made)
        self.known.append(self.model.opened(rate, moment, self.clock()))
        self.check(len(self.processes) - 1)

    @precondition(lambda self: self.model.waiting)
    @rule(data=st.data())
    def withdraw(self, data: st.DataObject) -> None:
        one = data.draw(st.sampled_from(self.processes))
        self.model.settle(self.clock())
        found = one.withdraw_scheduled()
        assert (found and found.in_force_from) == (self.model.waiting and self.model.waiting[1])
        self.model.waiting = None

    @rule(minutes=st.sampled_from([1, 2, 9, 10, 60]))
    def pass_time(self, minutes: int) -> None:
        self.stand_at(self.clock() + timedelta(minutes=minutes))

    def stand_at(self, now: datetime) -> None:
        """Every process looks, for a minute has passed, or a moment has come."""
        self.clock.set(now)
        self.model.settle(now)
        for place, known in enumerate(self.known):
            self.known[place] = max({known, *self.model.by_moment})
            self.check(place)

    @precondition(lambda self: self.model.waiting)
    @rule()
    def reach_the_moment(self) -> None:
        """To the microsecond before it, and then to it."""
        assert self.model.waiting is not None
        moment = self.model.waiting[1]
        if moment > self.clock() + timedelta(minutes=1):
            self.stand_at(moment - timedelta(microseconds=1))
            self.stand_at(moment)

    def check(self, place: int) -> None:
        """One process goes by the version that it should, and knows what is to come."""
        process, version = self.processes[place], self.known[place]
        quote = process.quote(CART)
        assert (quote.config_version, quote.earned("points")) == (
            version,
            self.model.versions[version - 1][0],
        )
        found = process.versions()
        coming = [self.model.waiting] if self.model.waiting else []
        assert [stated(one) for one in found[::-1]] == [*self.model.versions, *coming]
        assert [one.version for one in found if one.state is RulesState.IN_FORCE] == [
            len(self.model.versions)
        ]

    def teardown(self) -> None:
        for one in self.processes:
            one.close()


def test_every_process_goes_by_what_is_stated(engine: Engine) -> None:
    run_state_machine_as_test(
        lambda: Machine(engine), settings=examples(5, 100, stateful_step_count=25)
    )
