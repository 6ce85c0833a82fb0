"""Quizzes: what is right, and that a day has one try."""

from __future__ import annotations

from typing import Any

import pytest

from loyalty_gamification.quizzes import Quiz
from plugins.gamification.tests.build import Shop, settings, shop

RULES = """
[[quiz]]
quiz = "q"
points = 10
question = [
    { question = "sum", answers = ["4", "Four"] },
    { question = "word", answers = ["Straße"] },
]
"""


@pytest.mark.parametrize(
    ("answers", "points"),
    [
        ({"sum": "4"}, 10),
        ({"sum": 4}, 10),
        ({"sum": " FOUR\n"}, 10),
        ({"sum": "4", "word": "STRASSE"}, 20),
        ({"sum": "5", "word": "street"}, 0),
        ({"sum": True}, 0),
        ({"sum": None}, 0),
        ({"sum": ""}, 0),
        ({}, 0),
    ],
)
def test_right_answers_are_worth_points(answers: dict[str, Any], points: int) -> None:
    opened = Shop(RULES)
    opened.do("quiz", "2026-03-01", data={"quiz": "q", **answers})
    assert opened.points == points


def test_what_does_not_name_the_quiz_takes_no_try() -> None:
    opened = Shop(RULES)
    opened.do("quiz", "2026-03-01", data={"quiz": "other", "sum": "4"})
    opened.do("quiz", "2026-03-01", data={"sum": "4"})
    opened.do("other", "2026-03-01", data={"quiz": "q", "sum": "4"})
    assert opened.points == 0
    assert opened.do("quiz", "2026-03-01", data={"quiz": "q", "sum": "4"}).changes == {"points": 10}


def test_the_first_try_of_a_day_counts_also_when_it_arrives_later() -> None:
    opened = Shop(RULES, listens_to="quiz_answered")
    opened.do("quiz", "2026-03-01T13:00", data={"quiz": "q", "sum": "4"})
    assert opened.points == 10
    opened.do("quiz", "2026-03-01T12:00", data={"quiz": "q", "sum": "5"})
    assert opened.points == 0
    opened.do("quiz", "2026-03-02T12:00", data={"quiz": "q", "sum": "4", "word": "strasse"})
    assert opened.points == 20
    opened.loyalty.tick()
    assert opened.told == [
        {"quiz": "q", "right": 1, "asked": 2},
        {"quiz": "q", "right": 0, "asked": 2},
        {"quiz": "q", "right": 2, "asked": 2},
    ]


def test_who_has_answered_for_either_of_two_members_has_answered() -> None:
    (rules,) = settings(RULES).quiz
    quiz = Quiz(rules, shop())
    early = {"day": "2026-03-01", "right": 2, "total": 7}
    late = {"day": "2026-03-02", "right": 1, "total": 4}
    assert quiz.united(early, late) == {"day": "2026-03-02", "right": 1, "total": 11}
    assert quiz.united(late, early) == {"day": "2026-03-02", "right": 1, "total": 11}
