"""Every hard case has its tests, or says that it has none yet."""

import pytest

from docs.generate import hard_cases


def test_rows_and_tests_are_paired() -> None:
    assert hard_cases.faults() == []


@pytest.mark.parametrize(
    ("row", "tests", "fault"),
    [
        (hard_cases.HardCase("", ""), {}, "H0 has no test and does not say not_yet"),
        (
            hard_cases.HardCase("", "", not_yet=True),
            {"H0": [("a.py", "test_a")]},
            "H0 has a test and says not_yet",
        ),
        (None, {"H0": [("a.py", "b")]}, "H0 is marked in [('a.py', 'b')] and not listed"),
    ],
)
def test_what_is_not_paired_is_a_fault(
    monkeypatch: pytest.MonkeyPatch, row: object, tests: object, fault: str
) -> None:
    monkeypatch.setattr(hard_cases, "rows", lambda: {"H0": row} if row else {})
    monkeypatch.setattr(hard_cases, "shown", lambda: tests)
    assert hard_cases.faults() == [fault]
