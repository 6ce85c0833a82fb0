"""A seeded run: clients that work at the same time on one database on which things go wrong.

After each round, in which every client did one command, the books are held to the truth.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import Engine, event, select

from loyalty_core import Event, Loyalty, StoreBusy, StoreUnreachable
from loyalty_core.storage import tables
from loyalty_core.storage.engine import collided, open_engine
from loyalty_core.testing import FrozenClock
from tests.faults.simulation.baton import Baton
from tests.faults.simulation.faults import AT_COMMIT, AT_STATEMENT, Fault, Faults, Killed
from tests.faults.simulation.plan import Plan
from tests.faults.simulation.truth import (
    PENDING_DAYS,
    REFUSED,
    REVIEW,
    Broken,
    Command,
    Redeem,
    Shape,
    Tick,
    Truth,
)
from tests.toy import START, Toy, config_of

CLIENTS = ("one", "two", "three", "four")
STATEMENT_FAULTS = 0.02
COMMIT_FAULTS = 0.12
HANDLER_FAULTS = 0.1
PAUSE = timedelta(minutes=3)
"""Longer than a delivery is leased for."""

LAST_STEPS = 150

Plant = Callable[[Engine], None]


class Simulation:
    """One run on one empty database; the same seed makes the same run."""

    def __init__(self, url: str, seed: int, *, clock_goes_back: bool, plant: Plant) -> None:
        self.url = url
        self.plant = plant
        self.chance = random.Random(seed)
        self.clock = FrozenClock(START)
        self.latest = START
        self.clock_goes_back = clock_goes_back
        self.truth = Truth(Shape(None if clock_goes_back else 20), exact=not clock_goes_back)
        self.baton = Baton(self.chance)
        self.plan = Plan(self.chance, self.clock, late_only=clock_goes_back)
        self.trace: list[str] = []
        self.received: Counter[str] = Counter()
        self.acknowledged: dict[Command, Any] = {}
        self.calm = False
        expiry = {"after_days": self.truth.shape.expiry_days} if self.truth.exact else {}
        settings = {"pending_days": PENDING_DAYS, "activities": {"review": REVIEW}}
        self.config = config_of(wallet={"expiry": expiry}, settings=settings)
        self.reading = open_engine(url)
        self.observer = Loyalty.open(self.config, self.reading, plugins=[Toy()], clock=self.clock)
        self.clients = [Client(self, name) for name in CLIENTS]

    def run(self, rounds: int) -> None:
        """Raises ``Broken`` as soon as the books are not what they must be."""
        try:
            for number in range(rounds):
                self.trace.append(f"round {number} at {self.clock()}")
                self.baton.run({client.name: client.work for client in self.clients})
                self.check()
                self.let_time_pass()
            self.settle()
        finally:
            for client in self.clients:
                client.die()
            self.reading.dispose()

    def let_time_pass(self) -> None:
        hours = self.chance.choice([0, 0, 1, 30, 100])
        back = self.clock_goes_back and self.chance.random() < 0.4
        moved = self.clock() + timedelta(hours=-hours if back else hours)
        self.latest = max(self.latest, self.clock.set(max(moved, START)))

    def settle(self) -> None:
        """Everybody is answered at last, and everything that was answered is asked again."""
        self.calm = True
        for client in self.clients:
            while client.pending:
                client.work()
        self.check()
        loyalty = self.clients[0].loyalty or self.clients[0].open()
        for command, answer in self.acknowledged.items():
            if (again := command.act(loyalty)) != answer:
                raise Broken(f"{command} answers {again} and not {answer}")
        self.check()
        self.clock.set(self.latest)  # what was to be tried again then, when the clock was ahead
        for _ in range(20):
            self.clock.advance(hours=13)
            loyalty.tick()
        self.check()
        self.check_deliveries()

    # -- what must hold -----------------------------------------------------------------------

    def check(self) -> None:
        problems = self.observer.verify().problems
        if problems:
            raise Broken(f"verify: {problems}")
        for email, model in sorted(self.truth.members.items()):
            member = self.observer.find({"email": email})
            wallet = self.observer.statement(member.id).wallet("points") if member else None
            if wallet is None:
                raise Broken(f"{email} is missing")
            found = [wallet.earned, wallet.redeemed, wallet.adjusted]
            wanted = [model.earned, self.truth.spent[email], model.adjusted]
            found.append(wallet.balance + wallet.expired)
            wanted.append(model.earned - self.truth.spent[email] + model.adjusted)
            if self.truth.exact:
                model.advance(self.clock())
                found += [wallet.available, wallet.pending, wallet.debt]
                wanted += [model.available, model.pending, model.debt]
            if found != wanted:
                raise Broken(f"{email} has {found} and not {wanted}")

    def check_refusal(self, command: Redeem) -> None:
        model = self.truth.model(command.email)
        model.advance(self.clock())
        if self.truth.exact and model.available >= command.amount:
            raise Broken(f"{command.key} was refused, there are {model.available}")

    def check_deliveries(self) -> None:
        """Every event was received, none that was not booked, and every posting told once."""
        published, delivery = tables.event, tables.delivery
        with self.reading.connect() as connection:
            events = connection.execute(select(published.c.id, published.c.transaction_id)).all()
            states = set(connection.scalars(select(delivery.c.state)))
        if {row.id for row in events} != set(self.received):
            raise Broken(f"{len(events)} events were booked, {len(self.received)} received")
        if states - {"done"}:
            raise Broken(f"deliveries are {states}")
        told = Counter(row.transaction_id for row in events)
        if any(number > 1 for number in told.values()):
            raise Broken("a posting was told twice")


class Client:
    """One process with the program open: what it knows is gone when it dies."""

    def __init__(self, simulation: Simulation, name: str) -> None:
        self.name = name
        self.pending: Command | None = None
        self.loyalty: Loyalty | None = None
        self._simulation = simulation
        self._engine: Engine | None = None
        self._working: Command | None = None

    def open(self) -> Loyalty:
        self.die()
        self._engine = engine = open_engine(self._simulation.url)
        event.listen(engine, "connect", _impatient)
        self._simulation.plant(engine)
        Faults(engine, self._choose, self._committed)
        for ending in ("commit", "rollback"):
            event.listen(engine, ending, lambda _: self._simulation.baton.let_go(self.name))
        event.listen(engine, "handle_error", self._wait_if_locked)
        toy = Toy(subscribed=("points_credited", "points_redeemed"), on_event=self._receive)
        config, clock = self._simulation.config, self._simulation.clock
        self.loyalty = Loyalty.open(config, engine, plugins=[toy], clock=clock)
        return self.loyalty

    def die(self) -> None:
        """Nothing is left of the process but what the database has."""
        self.loyalty = self._working = None
        if self._engine is not None:
            self._engine.dispose()

    def work(self) -> None:
        """One command; one that was not answered the last time is sent again."""
        repeated = self.pending is not None
        command = self.pending or self._simulation.plan.next(self._simulation.acknowledged)
        self.pending = command
        self._say(f"{'again ' if repeated else ''}{command}")
        try:
            loyalty = self.loyalty or self.open()
            self._working = command
            answer = command.act(loyalty)
        except Killed:
            self.die()
            self._say("died")
            return
        except (StoreBusy, StoreUnreachable) as error:
            self._say(f"failed: {error.code}")
            return
        finally:
            self._working = None
        self._acknowledge(command, answer)

    def _acknowledge(self, command: Command, answer: Any) -> None:
        self.pending = None
        simulation = self._simulation
        if answer is None or isinstance(command, Tick):
            self._say("nothing to answer")
        elif answer == REFUSED:
            self._say(REFUSED)
            assert isinstance(command, Redeem)
            simulation.check_refusal(command)
        else:
            self._say("answered")
            first = simulation.acknowledged.setdefault(command, answer)
            if first != answer:
                raise Broken(f"{command} answers {answer} and not {first}")

    # -- what happens to it -------------------------------------------------------------------

    def _choose(self, boundary: str) -> Fault:
        simulation = self._simulation
        if simulation.calm:
            return Fault.NONE
        simulation.baton.stop(self.name)
        at_commit = boundary == "COMMIT"
        fault = Fault.NONE
        if simulation.chance.random() < (COMMIT_FAULTS if at_commit else STATEMENT_FAULTS):
            fault = simulation.chance.choice(AT_COMMIT if at_commit else AT_STATEMENT)
        self._say(f"{boundary} {fault}")
        return fault

    def _committed(self) -> None:
        if self._working is not None:
            self._working.book(self._simulation.truth, self._simulation.clock())

    def _wait_if_locked(self, context: Any) -> None:
        error = context.sqlalchemy_exception
        if error is not None and collided(error):
            self._simulation.baton.wait_for_others(self.name)

    def _receive(self, received: Event) -> None:
        if not self._simulation.calm and self._simulation.chance.random() < HANDLER_FAULTS:
            raise RuntimeError("the handler failed")
        self._simulation.received[received.id] += 1

    def _say(self, what: str) -> None:
        self._simulation.trace.append(f"{self.name}: {what}")


def _impatient(raw: Any, _: Any) -> None:
    """Waits for no lock: whoever holds it does not run meanwhile."""
    if hasattr(raw, "pgconn"):
        raw.execute("SET lock_timeout = '10ms'")
        raw.commit()
    else:
        raw.execute("PRAGMA busy_timeout = 0")


def simulated(
    url: str,
    seed: int,
    rounds: int,
    *,
    clock_goes_back: bool = False,
    plant: Plant = lambda engine: None,
) -> list[str]:
    """The trace of a run that held.

    Raises ``Broken`` if it did not; every error has a note with the seed and the last steps.
    """
    state = random.getstate()
    random.seed(seed)  # the jitter of our own retries
    simulation = Simulation(url, seed, clock_goes_back=clock_goes_back, plant=plant)
    try:
        simulation.run(rounds)
    except Exception as error:
        told = "\n".join(simulation.trace[-LAST_STEPS:])
        again = f"LOYALTY_SIMULATION_SEED={seed} makes the same run again"
        error.add_note(f"{again}; its last steps:\n{told}")
        raise
    finally:
        random.setstate(state)
    return simulation.trace
