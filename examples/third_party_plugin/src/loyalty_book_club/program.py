"""The program: a pure function of a fact and what is known of the member."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from loyalty_core import (
    Credit,
    Decidable,
    Effect,
    Json,
    KeepState,
    MemberView,
    ProgramConfig,
    PutRow,
    Scalar,
    day_of,
)

from loyalty_book_club.config import BookClubConfig
from loyalty_book_club.facts import FINISHED, Finished
from loyalty_book_club.memory import Memory
from loyalty_book_club.tables import READING


class BookClubProgram:
    """Points for each book that is read for the first time, and more for what the club reads."""

    def __init__(self, config: BookClubConfig, program: ProgramConfig) -> None:
        self._config = config
        self._zone = program.program.time_zone
        self._picks = {(pick.month, pick.isbn): pick.points for pick in config.pick}

    def decide(self, fact: Decidable, member: MemberView) -> Sequence[Effect]:
        """What a finished book gives; a book that the member has read before gives nothing."""
        finished = FINISHED.read(fact)
        memory = Memory.of(member.state)
        if finished is None or finished.isbn in memory.books:
            return []
        day = day_of(fact.occurred_at, self._zone).isoformat()
        earns = memory.read_on(day) < self._config.books_a_day
        memory.add(finished.isbn, day)
        effects: list[Effect] = [KeepState(memory.state), _row(finished)]
        return [*effects, *self._points(finished.isbn, day)] if earns else effects

    def _points(self, isbn: str, day: str) -> Iterator[Credit]:
        yield Credit(wallet=self._config.wallet, amount=self._config.points, rule="book")
        if more := self._picks.get((day[:7], isbn)):
            yield Credit(wallet=self._config.wallet, amount=more, rule="pick")

    def show(self, member: MemberView, at: datetime) -> Mapping[str, Json]:
        """How many books the member has read, and the latest of them."""
        memory = Memory.of(member.state)
        latest = max(memory.books.items(), key=lambda one: (one[1], one[0]), default=None)
        return {"books": memory.count, "latest": latest[0] if latest else None}

    def merge_states(
        self, kept: Mapping[str, Json], other: Mapping[str, Json]
    ) -> Mapping[str, Json]:
        """The books that either of two members has read."""
        return Memory.of(kept).joined(Memory.of(other)).state


def _row(finished: Finished) -> PutRow:
    values: dict[str, Scalar | datetime] = {
        "isbn": finished.isbn,
        "pages": finished.pages,
        "stars": finished.stars,
    }
    return PutRow(READING.name, values)
