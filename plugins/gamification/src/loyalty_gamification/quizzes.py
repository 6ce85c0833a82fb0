"""Quizzes: questions with right answers, answered once a member and day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from loyalty_core import Activity, MemberView, ProgramConfig, day_of
from loyalty_gamification.config import Question, QuizRules
from loyalty_gamification.turn import Document, State, Turn, known_of

QUIZ = "quiz"
"""The key under which an activity's data names the quiz."""


@dataclass(frozen=True, slots=True)
class Quiz:
    """One quiz as the configuration has it.

    It remembers the last day that was answered, how much of it was right, and all that ever was.
    """

    rules: QuizRules
    program: ProgramConfig

    section = "quizzes"

    @property
    def name(self) -> str:
        """The quiz's name."""
        return self.rules.quiz

    def play(self, turn: Turn) -> None:
        """Gives points for right answers, the first time of the day."""
        answered = isinstance(turn.fact, Activity) and turn.fact.kind == self.rules.kind
        asked = self._asked(turn.day)
        known, day = turn.known(self), turn.day.isoformat()
        if not answered or turn.data.get(QUIZ) != self.name or not asked:
            return
        if known.get("day") == day:
            return
        right = sum(_is_right(one, turn.data.get(one.question)) for one in asked)
        total = known.get("total", 0) + right
        turn.keep(self, {"day": day, "right": right, "total": total})
        turn.reached[self.section, self.name] = total
        turn.give(self.rules, f"quiz.{self.name}", right)
        if right == len(asked):
            turn.give(self.rules.all_right, f"quiz.{self.name}.all_right")
        turn.tell("quiz_answered", quiz=self.name, right=right, asked=len(asked))

    def show(self, state: State, member: MemberView, at: datetime) -> Document | None:
        """Whether the day's questions were answered, and how; None on a day without any."""
        known, today = known_of(self, state), day_of(at, self.program.program.time_zone)
        asked: list[Any] = [one.question for one in self._asked(today)]
        answered = known.get("day") == today.isoformat()
        if not asked:
            return None
        return {
            "quiz": self.name,
            "name": self.rules.name or self.name,
            "questions": asked,
            "answered": answered,
            "right": known["right"] if answered else None,
            "total": known.get("total", 0),
        }

    def count(self, state: State, at: datetime) -> int:
        """How many answers were ever right."""
        return int(known_of(self, state).get("total", 0))

    def united(self, kept: Document, other: Document) -> Document:
        """What both answered: who has answered today for either has answered."""
        late = max(kept, other, key=lambda one: str(one.get("day", "")))
        return {**late, "total": kept.get("total", 0) + other.get("total", 0)}

    def _asked(self, day: date) -> Sequence[Question]:
        return [one for one in self.rules.question if one.on is None or one.on == day]


def _is_right(question: Question, answer: object) -> bool:
    """Whether an answer is one of the right ones."""
    right = {one.strip().casefold() for one in question.answers}
    return isinstance(answer, str | int) and str(answer).strip().casefold() in right
