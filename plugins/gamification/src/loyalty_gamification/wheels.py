"""Prize wheels: what a spin comes to, how often a member may spin, and what can be checked."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from loyalty_core import Activity, Limited, MemberView, ProgramConfig, day_of, period_start
from loyalty_gamification.config import WheelPrize, WheelRules, Window
from loyalty_gamification.fair import chain, spun
from loyalty_gamification.turn import Document, State, Turn, known_of

WHEEL = "wheel"
"""The key under which an activity's data names the wheel."""
REMEMBERED = 10
"""How many of a member's spins are remembered to be shown."""


@dataclass(frozen=True, slots=True)
class Wheel:
    """One wheel as the configuration has it.

    It remembers how often the member spun in the present period, and the latest spins as
    ``[spin, moment, day, prize, drawn]``. ``secrets`` are those of the days, the last one first.
    """

    rules: WheelRules
    program: ProgramConfig
    secrets: Sequence[str] = field(init=False, repr=False)

    section = "wheels"

    def __post_init__(self) -> None:
        """Computes the secrets of all days once."""
        object.__setattr__(self, "secrets", chain(secret_of(self.rules), self.rules.days))

    @property
    def name(self) -> str:
        """The wheel's name."""
        return self.rules.wheel

    def play(self, turn: Turn) -> None:
        """Spins, unless the member has spun often enough in the period."""
        fact, secret = turn.fact, self._secret(turn.day)
        ours = isinstance(fact, Activity) and fact.kind == self.rules.kind
        if not ours or turn.data.get(WHEEL) != self.name or secret is None:
            return
        spin, window = f"{fact.source}/{fact.id}", _window(turn.day, self.rules.per)
        known = turn.known(self)
        count = known["count"] if known and known["window"] == window else 0
        if count >= self.rules.spins:
            turn.tell("spin_refused", wheel=self.name, spin=spin)
            return
        odds = [prize.odds for prize in self.rules.prize]
        drawn = self.rules.prize[spun(secret, self.name, spin, odds)]
        prize = drawn if self._is_left(drawn, turn) else self._instead
        at, day = turn.at.astimezone(UTC).isoformat(), turn.day.isoformat()
        made = [spin, at, day, prize.prize, drawn.prize]
        last = [*known.get("last", []), made][-REMEMBERED:]
        turn.keep(self, {"window": window, "count": count + 1, "last": last})
        turn.give(prize, f"wheel.{self.name}.{prize.prize}")
        turn.tell("spun", wheel=self.name, spin=spin, day=day, prize=prize.prize, drawn=drawn.prize)

    def show(self, state: State, member: MemberView, at: datetime) -> Document:
        """How often the member may spin, the odds, and all it takes to check the latest spins."""
        known = known_of(self, state)
        today = day_of(at, self.program.program.time_zone)
        used = known["count"] if known and known["window"] == _window(today, self.rules.per) else 0
        spins: list[Any] = []
        for spin, moment, day, prize, drawn in known.get("last", []):
            over = date.fromisoformat(day) < today
            made = {"spin": spin, "at": moment, "day": day, "prize": prize, "drawn": drawn}
            secret = self._secret(date.fromisoformat(day)) if over else None
            spins.append({**made, "day_secret": secret})
        return {
            "wheel": self.name,
            "name": self.rules.name or self.name,
            "left": max(self.rules.spins - used, 0) if self._secret(today) else 0,
            "first_day": self.rules.first_day.isoformat(),
            "commitment": self.rules.commitment,
            "prizes": [
                {
                    "prize": one.prize,
                    "name": one.name or one.prize,
                    "odds": one.odds,
                    "stock": one.stock,
                }
                for one in self.rules.prize
            ],
            "instead": self.rules.instead or None,
            "spins": spins,
        }

    def united(self, kept: Document, other: Document) -> Document:
        """What both have spun in the later period, and the latest spins of both."""
        late = max(kept, other, key=lambda one: str(one["window"]))
        same = kept["window"] == other["window"]
        last = sorted([*kept["last"], *other["last"]], key=lambda one: (one[1], one[0]))
        count = kept["count"] + other["count"] if same else late["count"]
        return {"window": late["window"], "count": count, "last": last[-REMEMBERED:]}

    def _secret(self, day: date) -> str | None:
        """The secret of a day; None on a day on which the wheel cannot be spun."""
        place = (day - self.rules.first_day) // timedelta(days=1)
        return self.secrets[-2 - place] if 0 <= place < self.rules.days else None

    def _is_left(self, prize: WheelPrize, turn: Turn) -> bool:
        """Whether a prize that was drawn is not gone; then the spin has it."""
        named = f"wheel.{self.name}"
        window = _window(turn.day, self.rules.limits_per)
        wanted: list[Limited] = []
        if prize.stock is not None:
            wanted.append(Limited(f"{named}.prize.{prize.prize}.{window}", 1, prize.stock))
        if self.rules.budget is not None and prize.points:
            scale = self.program.wallets[prize.wallet].scale
            points, budget = (int(one.scaleb(scale)) for one in (prize.points, self.rules.budget))
            wanted.append(Limited(f"{named}.budget.{window}", points, budget))
        return not wanted or turn.member.claim(*wanted)

    @property
    def _instead(self) -> WheelPrize:
        return next(one for one in self.rules.prize if one.prize == self.rules.instead)


def _window(day: date, per: Window) -> str:
    """The period that a day is in: the first day of it, or nothing for all time."""
    return "" if per == "lifetime" else period_start(day, per).isoformat()


def secret_of(rules: WheelRules) -> str:
    """The wheel's secret; empty if the environment does not have it."""
    where, _, name = rules.secret.partition(":")
    return os.environ.get(name, "") if where == "env" else rules.secret
