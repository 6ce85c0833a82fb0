"""One fact being played: what the games see of it, what they remember and what they give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol, cast

from loyalty_core import (
    Activity,
    Credit,
    Decidable,
    Effect,
    Emit,
    Grant,
    Json,
    MemberView,
    Outcome,
    ProgramConfig,
    day_of,
)
from loyalty_gamification.config import Prize

OWN = "~gamification"
"""The source of the facts that this plugin's facts cause: nobody outside may use it."""
Document = Mapping[str, Any]
"""What a game remembers of a member, or shows: JSON."""
State = Mapping[str, Mapping[str, Document]]
"""What all games remember, by section and name."""


@dataclass(slots=True)
class Turn:
    """A fact in the hands of the games, one after the other.

    ``state`` is what they all remember, by section and name; ``reached`` what the fact has brought
    the member to, by section and name, for the games that come later.
    """

    outcome: Outcome
    member: MemberView
    program: ProgramConfig
    state: dict[str, dict[str, Document]]
    effects: list[Effect] = field(default_factory=list)
    reached: dict[tuple[str, str], int] = field(default_factory=dict)

    @property
    def fact(self) -> Decidable:
        """The fact itself."""
        return self.outcome.fact

    @property
    def at(self) -> datetime:
        """When it happened."""
        return self.fact.occurred_at

    @property
    def day(self) -> date:
        """The program's day on which it happened."""
        return day_of(self.at, self.program.program.time_zone)

    @property
    def data(self) -> Document:
        """What an activity says; nothing of an order."""
        return self.fact.data if isinstance(self.fact, Activity) else {}

    def known(self, game: Game) -> Document:
        """What the game remembers of the member."""
        return known_of(game, self.state)

    def keep(self, game: Game, document: Document) -> None:
        """Lets the game remember this instead."""
        self.state.setdefault(game.section, {})[game.name] = document

    def give(self, prize: Prize, rule: str, times: int = 1) -> None:
        """Gives a prize so many times under the name of a rule, once for a fact."""
        if prize.points and times:
            scale = self.program.wallets[prize.wallet].scale
            amount = int(prize.points.scaleb(scale)) * times
            self.effects.append(Credit(wallet=prize.wallet, amount=amount, rule=rule))
        if prize.reward:
            self.effects.append(Grant(reward=prize.reward, rule=rule))

    def tell(self, event: str, **data: Json) -> None:
        """Tells others of it, the first time the fact is played."""
        self.effects.append(Emit(type=f"gamification.{event}", data=data))


class Game(Protocol):
    """One game as the configuration has it. Pure: nothing is kept but what it says to keep."""

    @property
    def section(self) -> str:
        """The kind of game, under which its state and what it shows stand."""
        ...

    @property
    def name(self) -> str:
        """Its name, unique in its section."""
        ...

    def play(self, turn: Turn) -> None:
        """Lets a fact count."""
        ...

    def show(self, state: State, member: MemberView, at: datetime) -> Document | None:
        """What the member is shown at a moment; None if there is nothing to show."""
        ...

    def united(self, kept: Document, other: Document) -> Document:
        """What is remembered of two members who are one person."""
        ...


class Source(Game, Protocol):
    """A game that counts something badges can be for."""

    def count(self, state: State, at: datetime) -> int:
        """How much there is at a moment."""
        ...


def known_of(game: Game, state: State) -> Document:
    """What a game remembers of the member."""
    return state.get(game.section, {}).get(game.name, {})


def opened(state: Mapping[str, Json]) -> dict[str, dict[str, Document]]:
    """A working copy of a state by section and name; what the view holds is left alone."""
    return {section: dict(games) for section, games in cast(State, state).items()}
