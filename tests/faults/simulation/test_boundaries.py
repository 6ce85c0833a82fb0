"""Every kind of write, stopped at every boundary in every way: it is whole or not at all.

A boundary is a statement or a commit. What does not end the process, nobody notices: the command
answers as if nothing had happened. After a death the command is sent again by a new process.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import Engine, select

from loyalty_core import Loyalty, Profile
from loyalty_core.storage import grant_tables, tables
from loyalty_core.storage.engine import open_engine
from loyalty_core.testing import FrozenClock
from loyalty_core.testing.books import books_of
from tests.faults.simulation.faults import Fault, Faults, Killed
from tests.properties.engines import NIGHTLY, engine, fresh_program
from tests.toy import START, Toy, config_of, order, refund

__all__ = ["engine"]


AFTER_COMMIT = (Fault.ANSWER_LOST, Fault.DIES_AFTER)
CARD = {"kind": "gift_card", "amount": "5.00", "points": 20, "stock": 2, "code": {"pool": "cards"}}
QUICK = 5
"""How many of all cases of a kind the quick run takes."""


class Trap:
    """Springs once, at the boundary of its number; those after a commit count commits alone."""

    def __init__(self) -> None:
        self.set(Fault.NONE, 0)

    def set(self, fault: Fault, place: int) -> None:
        self.fault, self.place = fault, place
        self.boundaries = self.commits = 0

    def choose(self, boundary: str) -> Fault:
        commit = boundary == "COMMIT"
        self.boundaries += 1
        self.commits += commit
        passed = self.commits if self.fault in AFTER_COMMIT else self.boundaries
        if passed != self.place or (self.fault in AFTER_COMMIT and not commit):
            return Fault.NONE
        fault, self.fault = self.fault, Fault.NONE
        return fault

    def cases(self) -> list[tuple[Fault, int]]:
        """All that can happen at the boundaries that were passed."""
        return [
            (fault, place + 1)
            for fault in list(Fault)[1:]
            for place in range(self.commits if fault in AFTER_COMMIT else self.boundaries)
        ]


@dataclass
class Scene:
    """A program of its own on the shared database; ``open`` is what a new process does."""

    engine: Engine
    config: dict[str, Any]
    clock: FrozenClock = field(default_factory=lambda: FrozenClock(START))
    failing: set[str] = field(default_factory=set)
    received: Counter[str] = field(default_factory=Counter)

    def open(self) -> Loyalty:
        toy = Toy(subscribed=("points_credited",), failing=self.failing)
        toy.on_event = lambda event: self.received.update([event.id])
        return Loyalty.open(self.config, self.engine, plugins=[toy], clock=self.clock)


def ada(loyalty: Loyalty) -> str:
    member = loyalty.find({"email": "ada@example.org"})
    assert member is not None
    return member.id


@dataclass(frozen=True)
class Kind:
    """A kind of write: what there is before it, and what it answers that never changes."""

    act: Callable[[Scene, Loyalty], Any]
    prepare: Callable[[Scene, Loyalty], Any] = lambda scene, loyalty: None
    program: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    sections: Mapping[str, Any] = field(default_factory=dict)


def sell(_: Scene, loyalty: Loyalty) -> Any:
    return loyalty.record(order()).fact_id


def sell_and_spend(_: Scene, loyalty: Loyalty) -> None:
    loyalty.redeem(loyalty.record(order()).member_id or "", points=50, key="before")


def sell_and_hold(_: Scene, loyalty: Loyalty) -> None:
    loyalty.hold(loyalty.record(order()).member_id or "", points=7, key="before")


def held(loyalty: Loyalty) -> str:
    (redemption,) = loyalty.redemptions(ada(loyalty))
    return redemption.redemption_id


def stock(scene: Scene, loyalty: Loyalty) -> None:
    sell(scene, loyalty)
    loyalty.import_codes("cards", ["one", "two", "three"])


def share(scene: Scene, loyalty: Loyalty) -> None:
    head = loyalty.enrol({"email": "ada@example.org"}).id
    loyalty.create_household(head, key="home")
    sell(scene, loyalty)


def spend_shared(_: Scene, loyalty: Loyalty) -> Any:
    home = loyalty.statement(ada(loyalty)).household_id or ""
    return loyalty.redeem(home, points=7, spender=ada(loyalty), key="k")


def fail_once(scene: Scene, loyalty: Loyalty) -> None:
    scene.failing.add("1")
    loyalty.record(order())
    scene.failing.clear()
    scene.clock.advance(hours=1)


def sell_and_wait(scene: Scene, loyalty: Loyalty) -> None:
    loyalty.record_many([order(str(number), email=f"m{number}@example.org") for number in range(3)])
    scene.clock.advance(days=10)


KINDS = {
    "first order": Kind(sell),
    "order": Kind(
        lambda scene, loyalty: loyalty.record(order("2")).fact_id, prepare=sell_and_spend
    ),
    "refund into debt": Kind(
        lambda scene, loyalty: loyalty.record(refund("r")).fact_id, prepare=sell_and_spend
    ),
    "redemption": Kind(
        lambda scene, loyalty: loyalty.redeem(ada(loyalty), points=7, key="k"), prepare=sell
    ),
    "hold": Kind(
        lambda scene, loyalty: loyalty.hold(ada(loyalty), points=7, key="k"), prepare=sell
    ),
    "capture": Kind(
        lambda scene, loyalty: loyalty.capture(held(loyalty), points=5), prepare=sell_and_hold
    ),
    "release": Kind(lambda scene, loyalty: loyalty.release(held(loyalty)), prepare=sell_and_hold),
    "card": Kind(
        lambda scene, loyalty: loyalty.redeem(ada(loyalty), reward="card", key="k"),
        prepare=stock,
        sections={"rewards": {"card": CARD}},
    ),
    "household's points": Kind(
        spend_shared, prepare=share, sections={"household": {"wallets": {"points": {}}}}
    ),
    "leaving a household": Kind(
        lambda scene, loyalty: loyalty.leave_household(ada(loyalty), key="k"),
        prepare=share,
        sections={"household": {"wallets": {"points": {}}}},
    ),
    "adjustment": Kind(
        lambda scene, loyalty: loyalty.adjust(
            ada(loyalty), "points", -70, reason="r", actor="a", key="k"
        ),
        prepare=sell,
    ),
    "enrolment": Kind(
        lambda scene, loyalty: loyalty.enrol({"email": "ada@example.org"}, key="k").id,
        prepare=sell,
        program={"join": "opt_in"},
    ),
    "update": Kind(
        lambda scene, loyalty: loyalty.update_member(ada(loyalty), profile=Profile(name="Ada")),
        prepare=sell,
    ),
    "tick that moves points": Kind(
        lambda scene, loyalty: loyalty.tick() and None,
        prepare=sell_and_wait,
        settings={"pending_days": 10},
    ),
    "tick that delivers": Kind(lambda scene, loyalty: loyalty.tick() and None, prepare=sell),
    "tick that retries": Kind(lambda scene, loyalty: loyalty.tick() and None, prepare=fail_once),
}


def picture(scene: Scene, loyalty: Loyalty) -> Any:
    """All that a program has, without its ids."""
    program = scene.config["program"]["id"]
    event, receipt, delivery = tables.event, tables.receipt, tables.delivery
    made, member = tables.transaction, tables.member
    ours = select(member.c.id).where(member.c.program == program)
    redemption, grant = tables.redemption, grant_tables.grant
    rows = [
        select(event.c.type).where(event.c.program == program),
        select(receipt.c.key).where(receipt.c.program == program),
        select(delivery.c.state, delivery.c.subscription).where(delivery.c.program == program),
        select(made.c.kind, made.c.amount).where(made.c.member_id.in_(ours)),
        select(redemption.c.state, redemption.c.points).where(redemption.c.program == program),
        select(grant.c.state, grant.c.code).where(grant.c.member_id.in_(ours)),
        select(tables.stock.c.claimed).where(tables.stock.c.program == program),
    ]
    with scene.engine.connect() as connection:
        return books_of(loyalty), [Counter(map(tuple, connection.execute(one))) for one in rows]


@pytest.fixture(scope="module")
def trap() -> Trap:
    return Trap()


@pytest.fixture(scope="module")
def armed(engine: Engine, trap: Trap) -> Iterator[Engine]:
    made = open_engine(engine.url.render_as_string(hide_password=False))
    Faults(made, trap.choose)
    yield made
    made.dispose()


@dataclass(frozen=True)
class Played:
    """What there was before, after a death, at the end, and after the next tick."""

    before: Any
    found: Any
    end: Any
    later: Any
    cases: list[tuple[Fault, int]]


def played(kind: Kind, armed: Engine, trap: Trap, fault: Fault, place: int) -> Played:
    config = config_of(fresh_program(), settings=kind.settings, **kind.program) | kind.sections
    scene = Scene(armed, config)
    loyalty = scene.open()
    kind.prepare(scene, loyalty)
    before, found = picture(scene, loyalty), None
    trap.set(fault, place)
    try:
        answer = kind.act(scene, loyalty)
        cases = trap.cases()
    except Killed:
        cases = []
        loyalty = scene.open()
        assert loyalty.verify().problems == ()
        found = picture(scene, loyalty)
        answer = kind.act(scene, loyalty)
    assert trap.fault is Fault.NONE  # it did spring
    assert kind.act(scene, loyalty) == answer
    assert loyalty.verify().problems == ()
    end = picture(scene, loyalty)
    scene.clock.advance(seconds=121)  # as long as a delivery is leased for
    loyalty.tick()
    later = picture(scene, loyalty)
    with armed.connect() as connection:
        events = select(tables.event.c.id).where(tables.event.c.program == config["program"]["id"])
        assert set(connection.scalars(events)) >= set(scene.received)
    assert len(scene.received) == sum(later[1][2].values())
    return Played(before, found, end, later, cases)


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", KINDS)
def test_every_boundary(armed: Engine, trap: Trap, name: str) -> None:
    whole = played(KINDS[name], armed, trap, Fault.NONE, 0)
    cases = whole.cases
    assert len(cases) >= 3 * 3 + 2  # two statements and a commit at least
    if not NIGHTLY:
        cases = random.Random(name).sample(cases, QUICK)
    for fault, place in cases:
        run = played(KINDS[name], armed, trap, fault, place)
        assert run.before == whole.before, (fault, place)
        assert run.later == whole.later, (fault, place)
        if not name.startswith("tick"):  # one transaction
            assert run.end == whole.end, (fault, place)
            assert run.found in (None, whole.before, whole.end), (fault, place)
