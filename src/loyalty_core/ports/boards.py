"""What boards need of a store: scores by member, counts of them, and what closed periods leave."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from loyalty_core.domain.boards import Key
from loyalty_core.domain.members import MemberId


@dataclass(slots=True, kw_only=True)
class ScoreRecord:
    """A member's score on a board in a period; without an amount the member has no place on it.

    ``before`` is the key that is stored.
    """

    member_id: MemberId
    board: str
    period: str
    amount: int | None
    reached_at: datetime | None
    before: Key | None = None


class Ladder(NamedTuple):
    """A board in one period."""

    board: str
    period: str


@dataclass(frozen=True, slots=True)
class Closed:
    """A period that was closed: when, how many members were ranked, how many prizes are booked."""

    closed_at: datetime
    ranked: int
    booked: int


class Placed(NamedTuple):
    """A place that was kept when its period was closed."""

    rank: int
    member_id: MemberId
    amount: int
    reached_at: datetime


class BoardWork(Protocol):
    """Scores written with what they follow from, counted behind the writes, and closed."""

    def scores(self, members: Iterable[MemberId]) -> list[ScoreRecord]:
        """The scores of these members that are stored."""
        ...

    def forget_scores(self, members: Iterable[MemberId]) -> None:
        """Takes these members from every board that is not closed."""
        ...

    def moved_ladders(self) -> list[Ladder]:
        """The ladders with scores that moved since they were counted, and are not closed."""
        ...

    def count_scores(self, ladder: Ladder, limit: int) -> int:
        """How many scores that had moved are counted now; up to ``limit``, 0 when none is left."""
        ...

    def open_ladders(self, board: str) -> list[Ladder]:
        """The ladders of a board that have, or had, members and are not closed."""
        ...

    def close_ladder(self, ladder: Ladder, keeps: int, now: datetime) -> bool:
        """Whether it was closed now, its first places kept: never a second time."""
        ...

    def drop_scores(self, limit: int) -> int:
        """How many scores of closed ladders were dropped now, 0 when none is left."""
        ...

    def due_prizes(self, board: str, prizes: int) -> list[tuple[Ladder, Closed]]:
        """The closed ladders of a board that have prizes not booked yet, locked."""
        ...

    def placed(self, ladder: Ladder, after: int, limit: int) -> list[Placed]:
        """Places kept of a closed ladder, after a rank."""
        ...

    def prizes_booked(self, ladder: Ladder, booked: int) -> None:
        """Notes up to which rank the prizes of a closed ladder are booked."""
        ...

    def members_after(self, after: str, limit: int) -> list[MemberId]:
        """Members of the program in the order of their ids, after one or from the first."""
        ...

    def lock_scored(self, rules: str, version: int) -> str | None:
        """The member after whom to go on scoring by these rules, locked; None if all are.

        Rules of an older version of the configuration than was begun with begin nothing.
        """
        ...

    def mark_scored(self, after: str | None) -> None:
        """Keeps up to which member all are scored: None when that is the last."""
        ...

    def recount_scores(self) -> None:
        """Forgets all counts: each score has moved, and is counted again."""
        ...


class BoardReader(Protocol):
    """Ranks and places, each in a time that hardly depends on how many members are ranked."""

    def closed(self, ladder: Ladder) -> Closed | None:
        """What is known of a ladder that was closed."""
        ...

    def ranked(self, ladder: Ladder) -> int:
        """How many members have a place on a ladder that is not closed."""
        ...

    def ahead(self, ladder: Ladder, key: Key) -> int:
        """How many members are ahead of a key."""
        ...

    def score_keys(
        self, ladders: Sequence[Ladder], members: Iterable[str]
    ) -> dict[tuple[Ladder, str], Key]:
        """The keys of those of the members who have a place on those of the ladders."""
        ...

    def next_keys(self, ladder: Ladder, after: Key | None, limit: int) -> list[Key]:
        """The keys behind one, or the first ones, in the order of the ladder."""
        ...

    def previous_keys(self, ladder: Ladder, before: Key, limit: int) -> list[Key]:
        """The last keys ahead of one, in the order of the ladder."""
        ...

    def kept_places(self, ladder: Ladder, after: int, limit: int) -> list[Placed]:
        """Places kept of a closed ladder, after a rank."""
        ...

    def kept_place(self, ladder: Ladder, member: str) -> Placed | None:
        """The member's place on a closed ladder, if it was kept."""
        ...

    def miscounted(self) -> list[tuple[Ladder, int, int]]:
        """The ladders whose counts differ from their scores: counted, and how many there are."""
        ...
