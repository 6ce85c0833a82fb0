"""Boards: who is where."""

from __future__ import annotations

from datetime import date

from loyalty_core.application.boards import BoardQuestions
from loyalty_core.domain.boards import Board, BoardAround, BoardPage


class BoardMethods:
    """Boards: who is where."""

    _boards: BoardQuestions

    def boards(self) -> tuple[Board, ...]:
        """The boards of the program."""
        return self._boards.boards()

    def board(
        self, board: str, *, day: date | None = None, first: int = 100, after: str | None = None
    ) -> BoardPage:
        """Up to ``first`` (at most 1,000) places of a board, those behind the cursor ``after``.

        It is the period of ``day``, or the present one. Of equal amounts the one reached first is
        ahead, so nobody shares a rank. How long it takes hardly depends on how many are ranked, or
        on the rank, while ``tick`` runs every so often: it counts the scores that have moved.

        Raises ``BoardUnknown``, ``FactError``.
        """
        return self._boards.page(board, day, first, after)

    def board_around(
        self, board: str, member_id: str, *, day: date | None = None, neighbours: int = 2
    ) -> BoardAround:
        """A member's place, with up to ``neighbours`` (at most 100) places above and below it.

        Of a closed period it is known for the places that were kept.

        Raises ``BoardUnknown``, ``MemberNotFound``, ``FactError``.
        """
        return self._boards.around(board, member_id, day, neighbours)
