"""What time does to boards: scores are counted, and periods that are over are closed.

What other rules do to them is done first: all members are scored by the rules in force.

Counting keeps ranks fast and never changes one. A period is closed once, with the ranking of that
moment; what is won in it is an activity for each winner, which programs decide like any other.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from loyalty_core.application.books import Books
from loyalty_core.application.expire import Done
from loyalty_core.application.ids import input_hash
from loyalty_core.application.own_facts import record_own
from loyalty_core.application.rules import Rules, RulesAt
from loyalty_core.application.scoring import keep_scores
from loyalty_core.domain.boards import Board, BoardWin
from loyalty_core.domain.facts import Activity
from loyalty_core.ports.boards import Closed, Ladder, Placed
from loyalty_core.ports.store import UnitOfWork

MEMBERS_A_CHUNK = 500
SCORES_A_CHUNK = 2000
PRIZES_A_CHUNK = 500


class Closing:
    """The jobs of boards under the current rules; each call does one chunk, None when done."""

    def __init__(self, rules: Rules, rules_at: RulesAt) -> None:
        self._rules = rules
        self._rules_at = rules_at
        sections = {one.plugin: rules.config.plugins.get(one.plugin) for one in rules.scoring}
        self._scored_by = input_hash("scores", sections)

    def score(self, uow: UnitOfWork, *, now: datetime) -> Done | None:
        """Scores members by rules that are new; what scores follow from has not changed."""
        rules = self._rules
        if not rules.scoring:
            return None
        after = uow.lock_scored(self._scored_by, rules.config.version)
        if after is None:
            return None
        members = uow.lock_members(uow.members_after(after, MEMBERS_A_CHUNK))
        books = Books(uow, rules, now)
        keep_scores(books, members.values())
        books.flush()
        uow.mark_scored(max(members) if len(members) == MEMBERS_A_CHUNK else None)
        return Done()

    def count(self, uow: UnitOfWork, *, now: datetime) -> Done | None:
        """Counts scores that moved."""
        if not self._rules.boards:
            return None
        counted = sum(uow.count_scores(one, SCORES_A_CHUNK) for one in uow.moved_ladders())
        return Done(Counter(counted_scores=counted)) if counted else None

    def close(self, uow: UnitOfWork, *, now: datetime) -> Done | None:
        """Closes the periods whose settling time is over, keeping their first places."""
        zone, closed = self._rules.config.program.time_zone, 0
        for board in self._rules.boards.values():
            for ladder in uow.open_ladders(board.board) if board.per != "lifetime" else ():
                if board.is_closed(ladder.period, zone, now):
                    closed += uow.close_ladder(ladder, max(board.keeps, board.prizes), now)
        return Done(Counter(closed_boards=closed)) if closed else None

    def book(self, uow: UnitOfWork, *, now: datetime) -> Done | None:
        """Records what is won by the first places of periods that were closed, each once."""
        for board in self._rules.boards.values():
            for ladder, closed in uow.due_prizes(board.board, board.prizes):
                left = min(board.prizes - closed.booked, PRIZES_A_CHUNK)
                places = uow.placed(ladder, closed.booked, left)
                given = [(one.member_id, self._won(board, ladder, closed, one)) for one in places]
                record_own(uow, self._rules, self._rules_at, given, now)
                uow.prizes_booked(ladder, places[-1].rank if places else board.prizes)
                return Done(Counter(board_prizes=len(places)))
        return None

    def drop(self, uow: UnitOfWork, *, now: datetime) -> Done | None:
        """Drops the scores of periods that were closed."""
        dropped = uow.drop_scores(SCORES_A_CHUNK) if self._rules.boards else 0
        return Done(Counter(dropped_scores=dropped)) if dropped else None

    def _won(self, board: Board, ladder: Ladder, closed: Closed, place: Placed) -> Activity:
        win = BoardWin(
            board=ladder.board,
            period=ladder.period,
            rank=place.rank,
            amount=place.amount,
            ranked=closed.ranked,
        )
        zone = self._rules.config.program.time_zone
        return win.fact(board.closes_at(ladder.period, zone) or closed.closed_at)
