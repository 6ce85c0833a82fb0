"""What the clients of a simulation do next."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import datetime, timedelta

from loyalty_core.domain.clock import Clock
from tests.faults.simulation.truth import (
    SHARING,
    Adjust,
    Back,
    Buy,
    Command,
    Enrol,
    Record,
    Redeem,
    Review,
    Sale,
    Share,
    Tick,
    Travel,
)
from tests.toy import START

EMAILS = tuple(f"{name}@example.org" for name in ("ada", "bob", "cy"))
FAMILY = (*EMAILS, *SHARING)
KINDS = (
    *("record",) * 8,
    *("redeem",) * 3,
    *("buy", "buy", "share", "share", "travel"),
    *("adjust", "enrol", "tick", "tick", "repeat", "repeat"),
)


class Plan:
    """Commands by chance: facts also come twice, late, and refunds before their orders."""

    def __init__(self, chance: random.Random, clock: Clock, *, late_only: bool) -> None:
        self._chance = chance
        self._clock = clock
        self._late_only = late_only
        self._made = 0
        self._facts: list[Sale | Back | Review] = []

    def next(self, answered: Iterable[Command]) -> Command:
        """A new command, or one that was answered before."""
        kind = self._chance.choice(KINDS)
        email = self._chance.choice(EMAILS)
        self._made += 1
        key = f"{kind} {self._made}"
        if kind == "redeem":
            return Redeem(email, self._chance.randint(1, 40), key)
        if kind == "buy":
            return Buy(email, key)
        if kind == "share":
            return Share(self._chance.choice(SHARING), self._chance.randint(1, 40), key)
        if kind == "travel":
            return Travel(self._chance.randint(1, 90), key)
        if kind == "adjust":
            return Adjust(email, self._chance.choice([-30, -5, 5, 30]), key)
        if kind == "enrol":
            return Enrol(email, key)
        if kind == "tick":
            return Tick()
        earlier = list(answered)
        if kind == "repeat" and earlier:
            return self._chance.choice(earlier)
        facts = {fact: None for _ in range(self._chance.randint(1, 3)) for fact in self._fact()}
        return Record(tuple(facts))

    def _fact(self) -> list[Sale | Back | Review]:
        """Some of what there is to tell now; what is not told yet comes later, or never."""
        if self._facts and self._chance.random() < 0.5:
            return [self._chance.choice(self._facts)]
        number, email = str(len(self._facts)), self._chance.choice(FAMILY)
        made: list[Sale | Back | Review]
        if self._chance.random() < 0.25:
            made = [Review(f"a{number}", email, self._moment())]
        else:
            sale = Sale(f"o{number}", email, self._chance.randint(1, 60), self._moment())
            back = Back(f"r{number}", sale.number, self._chance.randint(1, 60), sale.at)
            made = [sale, back] if self._chance.random() < 0.4 else [sale]
        self._facts += made
        return [self._chance.choice(made)]

    def _moment(self) -> datetime:
        now = START if self._late_only else self._clock()
        return now - timedelta(minutes=self._chance.randint(0, 6 * 24 * 60))
