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
from loyalty_core.storage import grant_tables, tables
from loyalty_core.storage.engine import collided, open_engine
from loyalty_core.testing import FrozenClock
from tests.faults.simulation import setting
from tests.faults.simulation.baton import Baton
from tests.faults.simulation.faults import AT_COMMIT, AT_STATEMENT, Fault, Faults, Killed
from tests.faults.simulation.plan import Plan
from tests.faults.simulation.truth import (
    BAKED,
    CARD,
    CARDS,
    HOME,
    LINKED,
    REFUSED,
    SHARING,
    Broken,
    Command,
    Shape,
    Spending,
    Tick,
    Truth,
)
from tests.toy import START, Toy

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
        self.config = setting.shop(self.truth.shape.expiry_days)
        self.reading = open_engine(url)
        self.observer, self.partner = setting.opened(self.config, self.reading, self.clock)
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
        problems = self.observer.verify().problems + self.partner.verify().problems
        if problems:
            raise Broken(f"verify: {problems}")
        together = Counter[str](), Counter[str]()
        for owner, model in [*sorted(self.truth.members.items()), (HOME, self.truth.home.common)]:
            wallet = self.wallet(owner)
            found = [wallet.earned, wallet.redeemed, wallet.adjusted]
            wanted = [model.earned, self.truth.spent[owner], model.adjusted]
            found.append(wallet.balance + wallet.expired)
            wanted.append(model.earned - self.truth.spent[owner] + model.adjusted)
            if self.truth.exact:
                model.advance(self.clock())
                found += [wallet.available, wallet.pending, wallet.debt]
                wanted += [model.available, model.pending, model.debt]
            elif owner in (HOME, *SHARING):  # who of them answers depends on time, not how much
                for sums, values in zip(together, (found, wanted), strict=True):
                    sums.update(dict(zip("erab", values, strict=True)))
                continue
            if found != wanted:
                raise Broken(f"{owner} has {found} and not {wanted}")
        if together[0] != together[1]:
            raise Broken(f"the household has {together[0]} and not {together[1]}")
        self.check_cards()
        self.check_partner()

    def wallet(self, owner: str) -> Any:
        member = self.observer.find({"email": SHARING[0] if owner == HOME else owner})
        if member is None:
            raise Broken(f"{owner} is missing")
        shown = self.observer.statement(member.id)
        if owner == HOME:
            shown = self.observer.statement(shown.household_id or "")
        return shown.wallet("points")

    def check_cards(self) -> None:
        """As many as were bought are owned, each has a code of its own, and the rest is there."""
        grant, code = grant_tables.grant, grant_tables.code
        with self.reading.connect() as connection:
            owned = list(connection.scalars(select(grant.c.code)))
            taken = list(connection.scalars(select(code.c.code).where(code.c.taken)))
        (card,) = (one for one in self.observer.rewards() if one.id == CARD)
        if not len(set(owned)) == len(owned) == self.truth.cards == CARDS - (card.left or 0):
            raise Broken(f"{owned} are owned of {self.truth.cards} cards, {card.left} are left")
        if sorted(owned) != sorted(taken):
            raise Broken(f"codes {taken} are taken, and {owned} are owned")

    def check_partner(self) -> None:
        """The partner's books have what was spent here, and owe for it to the cent."""
        linked = self.partner.find({"email": LINKED})
        left = self.partner.statement(linked.id).wallet("points").balance if linked else None
        programs = self.observer, self.partner
        owed = [sum(one.closing.amount_minor for one in each.settlements()) for each in programs]
        wanted = (BAKED - self.truth.crumbs) * 90 // 100
        if not self.truth.exact:  # what is owed by now is less when the clock has gone back
            owed = [wanted, -wanted]
        if (left, owed) != (self.truth.crumbs, [wanted, -wanted]):
            raise Broken(f"{left} crumbs are left and not {self.truth.crumbs}, owed is {owed}")

    def check_refusal(self, command: Spending) -> None:
        if self.truth.exact and command.there(self.truth, self.clock()):
            raise Broken(f"{command.key} was refused, and all is there")

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
            assert isinstance(command, Spending)
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
