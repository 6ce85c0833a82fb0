"""Settings that cannot be meant are refused at start-up, with their path."""

from __future__ import annotations

import pytest

from plugins.gamification.tests.build import faults

STREAK = '[[streak]]\nstreak = "s"\nwhat = { kind = "visit" }\n'
MISSION = '[[mission]]\nmission = "m"\n'
STEP = '[[mission.step]]\nstep = "a"\nwhat = { kind = "a" }\n'
QUIZ = """
[[quiz]]
quiz = "q"
question = [{ question = "quiz", answers = [" "] }]
reward = "tea"
all_right = { points = "0.5" }
"""
TWICE = """
[[badge]]
badge = "b"
what = { kind = "visit" }
level = [{ level = "one", needs = 2 }, { level = "one", needs = "1.5" }]
"""
BADGE = '[[badge]]\nbadge = "b"\nlevel = [{ level = "one", needs = 1 }]\n'


@pytest.mark.parametrize(
    ("toml", "paths"),
    [
        (STREAK + STREAK, ["streak[0].streak", "streak[1].streak"]),
        (
            '[[streak]]\nstreak = "s"\nwhat = { kind = "" }',
            ["streak[0].what.kind"],
        ),
        (STREAK + "freezes = 28", ["streak[0].freezes"]),
        (STREAK + "freezes = -1", ["streak[0].freezes"]),
        (STREAK + 'freezes = 1\nfreezes_per = "week"\nunit = "week"', ["streak[0].freezes"]),
        (STREAK + "prize = [{ at = 0 }]", ["streak[0].prize[0].at"]),
        (
            STREAK
            + 'prize = [{ at = 2, points = "0.5" }, { at = 3, points = 1, wallet = "gold" }]',
            ["streak[0].prize[0].points", "streak[0].prize[1].wallet"],
        ),
        (BADGE, ["badge[0]"]),
        (BADGE + 'quiz = "x"', ["badge[0].quiz"]),
        (STREAK + 'prize = [{ at = 2, reward = "tee" }]', ["streak[0].prize[0].reward"]),
        (
            '[[quiz]]\nquiz = "q"\nkind = "order"\nquestion = []',
            ["quiz[0].kind", "quiz[0].question"],
        ),
        (
            '[[quiz]]\nquiz = "q"\nkind = "gamification.quiz"\nquestion = []',
            ["quiz[0].kind", "quiz[0].question"],
        ),
        (
            QUIZ,
            [
                "quiz[0].question[0].question",
                "quiz[0].question[0].answers",
                "quiz[0].reward",
                "quiz[0].all_right.points",
            ],
        ),
        (BADGE + 'mission = "x"', ["badge[0].mission"]),
        ('[[mission]]\nmission = "m"\nstep = []', ["mission[0].step"]),
        (MISSION + "within_days = 0\n" + STEP, ["mission[0].within_days"]),
        (
            MISSION + "starts_on = 2026-03-02\nends_on = 2026-03-01\n" + STEP,
            ["mission[0].ends_on"],
        ),
        (MISSION + STEP + STEP, ["mission[0].step[0].step", "mission[0].step[1].step"]),
        (MISSION + STEP + "needs = 0", ["mission[0].step[0].needs"]),
        (MISSION + STEP + 'counts = "spend"', ["mission[0].step[0].what"]),
        (MISSION + STEP + 'needs = 101\nonce_per = ["x"]', ["mission[0].step[0].needs"]),
        (MISSION + STEP + "points = -1", ["mission[0].step[0].points"]),
        (
            MISSION + '[[mission.step]]\nstep = "a"\nwhat = { kind = "order" }\nonce_per = ["x"]',
            ["mission[0].step[0].once_per"],
        ),
        (BADGE + 'streak = "x"', ["badge[0].streak"]),
        (STREAK + BADGE + 'streak = "s"\nwhat = { kind = "visit" }', ["badge[0]"]),
        (STREAK + BADGE + 'streak = "s"\ncounts = "spend"', ["badge[0].counts"]),
        (BADGE + 'what = { kind = "visit" }\ncounts = "spend"', ["badge[0].what"]),
        (BADGE + 'what = { kind = "visit", skus = ["A"] }', ["badge[0].what"]),
        (BADGE + 'what = { kind = "order", data = { a = "b" } }', ["badge[0].what.data"]),
        (
            BADGE + 'what = { kind = "visit" }\nexpires_after_days = 0',
            ["badge[0].expires_after_days"],
        ),
        (
            TWICE,
            [
                "badge[0].level[0].level",
                "badge[0].level[1].level",
                "badge[0].level[1].needs",
                "badge[0].level[1].needs",
            ],
        ),
        ('[[badge]]\nbadge = "b"\nwhat = { kind = "visit" }\nlevel = []', ["badge[0].level"]),
    ],
)
def test_faults_are_told_with_their_path(toml: str, paths: list[str]) -> None:
    assert faults(toml) == paths


def test_settings_without_a_fault_are_taken() -> None:
    good = STREAK + 'freezes = 27\nprize = [{ at = 2, points = "0.5", wallet = "stars" }]\n'
    assert faults(good + BADGE + 'streak = "s"\nexpires_after_days = 1') == []
    spend = '[[badge]]\nbadge = "b"\nwhat = { kind = "order" }\ncounts = "spend"\n'
    assert faults(spend + 'level = [{ level = "one", needs = "0.01" }]') == []
    assert faults("") == []
