"""Boards: members ranked by a score, in one period or for life."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal, NamedTuple, cast

from loyalty_core.domain.clock import Period, next_period_start, period_start, start_of
from loyalty_core.domain.facts import CAUSED, Activity, Decidable
from loyalty_core.domain.members import MemberId

LIFETIME = ""
"""The period of a board that has only one."""
SOURCE = f"{CAUSED}boards"
PLACED = "board.placed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """Members ranked by the amount of a score, the largest first; a program names its boards.

    ``board`` is unique in the program of the merchant. Amounts are whole numbers in the smallest
    unit of ``unit``, with ``scale`` decimal digits. A period is closed ``settles_after_days`` after
    its last day: until then late facts and refunds move its ranking, from then on nothing does.
    Of a closed period the first ``keeps`` places are kept for good, and for the first ``prizes`` of
    them an activity is recorded that ``board_win`` knows. Boards that are not ``visible``
    are shown to the merchant alone.
    """

    board: str
    name: str = ""
    per: Period | Literal["lifetime"] = "lifetime"
    unit: str = ""
    scale: int = 0
    settles_after_days: int = 0
    keeps: int = 100
    prizes: int = 0
    visible: bool = True

    def period(self, day: date) -> str:
        """The name of the period that a day lies in: its first day, empty for a lifetime."""
        return LIFETIME if self.per == "lifetime" else period_start(day, self.per).isoformat()

    def ends_at(self, period: str, zone: str) -> datetime | None:
        """When a period is over; None for a lifetime."""
        if self.per == "lifetime":
            return None
        return start_of(next_period_start(date.fromisoformat(period), self.per), zone)

    def closes_at(self, period: str, zone: str) -> datetime | None:
        """From when on nothing moves the ranking of a period; None for a lifetime."""
        if self.per == "lifetime":
            return None
        first_after = next_period_start(date.fromisoformat(period), self.per)
        return start_of(first_after + timedelta(days=self.settles_after_days), zone)

    def is_closed(self, period: str, zone: str, now: datetime) -> bool:
        """Whether nothing moves the ranking of a period any more at ``now``."""
        closes_at = self.closes_at(period, zone)
        return closes_at is not None and closes_at <= now


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What a member has on a board in the period of ``day``, and since when.

    ``reached_at`` is the moment of the fact that brought the member to ``amount``: of equal
    amounts the one reached first is ahead. An amount of 0 or less is no place on the board.
    """

    board: str
    day: date
    amount: int
    reached_at: datetime


class Key(NamedTuple):
    """What members of a board are ordered by, the first of them first.

    ``minus`` is the amount, negated; ``member_id`` decides where amount and moment are equal.
    """

    minus: int
    reached_at: datetime
    member_id: MemberId


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A member's place on a board: nobody shares a rank, the first one is 1.

    ``name`` is that of the member's profile, if they consented to ``boards``; else ``alias``,
    a name made up for this board and period alone, is what others may see of them.
    """

    rank: int
    member_id: MemberId
    amount: int
    reached_at: datetime
    alias: str
    name: str = ""

    @property
    def shown_as(self) -> str:
        """What others may call the member."""
        return self.name or self.alias

    @property
    def cursor(self) -> str:
        """An opaque text that names the place in the order of its board."""
        text = f"{-self.amount}|{self.reached_at.isoformat()}|{self.member_id}"
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardPage:
    """Places of a board one after the other, and how many members have one (``ranked``).

    Of a closed period ``ranked`` is how many there were, and ``places`` are of those kept.
    """

    board: Board
    period: str
    ends_at: datetime | None
    closes_at: datetime | None
    closed: bool
    ranked: int
    places: tuple[Place, ...] = ()
    more: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardAround:
    """A member's own place on a board, None where there is none, with the neighbours' places.

    ``above`` and ``below`` are in the order of the board.
    """

    page: BoardPage
    place: Place | None = None
    above: tuple[Place, ...] = ()
    below: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardWin:
    """A place with a prize, in a period that was closed with so many members ``ranked``."""

    board: str
    period: str
    rank: int
    amount: int
    ranked: int

    def fact(self, at: datetime) -> Activity:
        """The activity that is recorded for the member who won it."""
        return Activity(
            source=SOURCE,
            id=f"{self.board}/{self.period}/{self.rank}",
            kind=PLACED,
            occurred_at=at,
            data=asdict(self),
        )


def board_win(fact: Decidable) -> BoardWin | None:
    """The win that an activity stands for, if it is one of the core's own; nobody can forge it."""
    if not isinstance(fact, Activity) or (fact.source, fact.kind) != (SOURCE, PLACED):
        return None
    return BoardWin(**cast(Mapping[str, Any], fact.data))
