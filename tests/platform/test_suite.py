"""The suite in pytest: what passes, what is skipped and why, and what a fault says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from loyalty_core.testing.plugin import Grade, PluginSuite, Verdict, check_plugin
from loyalty_core.testing.quality import plays
from loyalty_core.testing.quality.report import all_rules
from tests.platform.lending import Lending
from tests.platform.planted import planted


@pytest.fixture(autouse=True)
def _one_history(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plays, "SEEDS", 1)


def suite_of(subject: object) -> type[PluginSuite]:
    return type("Suite", (PluginSuite,), {"plugin": subject})


def test_three_lines_are_a_test_for_each_rule(tmp_path: Path) -> None:
    made = suite_of(planted(tmp_path).plugin)
    tests = [name for name in dir(made) if name.startswith("test_")]
    assert tests == [f"test_{one.code}_{one.name.replace('-', '_')}" for one in all_rules()]
    assert [name for name in dir(PluginSuite) if name.startswith("test_")] == []


def test_a_rule_that_holds_passes_and_one_that_does_not_says_how_to_mend_it(
    tmp_path: Path,
) -> None:
    made = suite_of(planted(tmp_path, ("config.py", "", "HALF = 0.5\n")).plugin)
    made().test_LQ101_manifest()  # type: ignore[attr-defined]
    with pytest.raises(pytest.fail.Exception) as failed:
        made().test_LQ306_exact_numbers()  # type: ignore[attr-defined]
    assert "LQ306 There is no binary fraction" in str(failed.value)
    assert re.search(r"- config\.py:\d+: 0\.5\n", str(failed.value))
    assert "Use whole numbers" in str(failed.value)


@pytest.mark.parametrize(
    ("quality", "reason"),
    [
        ('grade = "silver"\n', "it claims silver, and this is a rule of gold"),
        ('[exempt]\nLQ306 = "of the paper it follows"\n', "exempt: of the paper it follows"),
    ],
)
def test_what_is_not_claimed_or_exempt_is_skipped(
    tmp_path: Path, quality: str, reason: str
) -> None:
    changes = ("config.py", "", "HALF = 0.5\n"), ("quality.toml", 'grade = "gold"\n', quality)
    made = suite_of(planted(tmp_path, *changes).plugin)
    with pytest.raises(pytest.skip.Exception, match=reason):
        made().test_LQ306_exact_numbers()  # type: ignore[attr-defined]
    made().test_LQ109_quality_file()  # type: ignore[attr-defined]


def test_the_grade_is_the_highest_whose_rules_all_hold(tmp_path: Path) -> None:
    change = (
        "plugin.py",
        "        return [Tea()]",
        "        open(__file__).close()\n        return [Tea()]",
    )
    found = check_plugin(planted(tmp_path, change).plugin)
    failed = [one.rule.code for one in found.findings if one.verdict is Verdict.FAILED]
    assert (failed, found.grade, found.wanted, found.is_kept) == (
        ["LQ212"],
        Grade.BRONZE,
        Grade.GOLD,
        False,
    )


def test_a_plugin_without_a_folder_is_checked_as_far_as_it_can_be() -> None:
    found = {one.rule.code: one for one in check_plugin(Lending()).findings}
    assert found["LQ205"].verdict is Verdict.PASSED, found["LQ205"].faults
    assert found["LQ214"].verdict is Verdict.PASSED, found["LQ214"].faults
    assert found["LQ302"].verdict is Verdict.UNCHECKED
