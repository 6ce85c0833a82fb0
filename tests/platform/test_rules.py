"""Every rule of quality can fail: a good plugin keeps all of them, a changed one does not."""

from __future__ import annotations

import cProfile
import gc
import importlib
import sys
import time
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

import pytest

from loyalty_core.testing.plugin import Verdict
from loyalty_core.testing.quality import plays
from loyalty_core.testing.quality.report import all_rules, checked, report
from tests.platform.bad import BAD, PROGRAM, asks, deciding
from tests.platform.booth import BOOTH
from tests.platform.planted import Change, planted

RULES = {one.code: one for one in all_rules()}
STANDS = ("LQ218", "LQ219", "LQ220", "LQ221", "LQ222")
CASES = [(code, fragment, changes) for code, each in BAD.items() for fragment, changes in each]


@pytest.fixture(autouse=True)
def _one_history(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plays, "SEEDS", 1)


def test_a_good_plugin_is_gold(tmp_path: Path) -> None:
    found = report(planted(tmp_path))
    verdicts = {one.rule.code: (one.verdict, one.faults) for one in found.findings}
    others = {code: one for code, one in verdicts.items() if one[0] is not Verdict.PASSED}
    idle = {"LQ213", "LQ214", "LQ217", *STANDS} | verdicts.keys() - BAD.keys()
    assert {code: one for code, one in others.items() if code not in idle} == {}
    assert (found.grade, found.is_kept) == ("gold", True)


def test_a_good_connector_is_gold(tmp_path: Path) -> None:
    found = report(planted(tmp_path, *BOOTH))
    assert [(one.rule.code, one.faults) for one in found.findings if one.faults] == []
    passed = {one.rule.code for one in found.findings if one.verdict is Verdict.PASSED}
    assert {"LQ213", *STANDS} - passed == set()
    assert (found.grade, found.is_kept) == ("gold", True)


def test_every_rule_of_the_core_has_a_plugin_that_breaks_it() -> None:
    own = {code for code, one in RULES.items() if one.check.__module__.startswith("loyalty_core.")}
    assert own == set(BAD)


@pytest.mark.parametrize(
    "line",
    [
        "random.Random(fact.id).random()",
        "logging.getLogger('stamps').warning('decided')",
        "zoneinfo.ZoneInfo('Asia/Kathmandu')",
        "read_once()",
        "datetime.datetime.fromtimestamp(0, datetime.timezone.utc)",
    ],
)
def test_what_follows_from_the_fact_or_is_loaded_once_is_pure(tmp_path: Path, line: str) -> None:
    once = "@functools.cache\ndef read_once():\n    return open(__file__).close()\n\n\nclass Stamps"
    modules = "import datetime, functools, logging, random, zoneinfo\n"
    changes = (PROGRAM, "from loyalty_core", f"{modules}from loyalty_core"), deciding(line)
    subject = planted(tmp_path, *changes, (PROGRAM, "class Stamps", once))
    assert checked(subject, RULES["LQ201"]).faults == ()


DATACLASS = """

```python
from __future__ import annotations

from dataclasses import KW_ONLY, dataclass


@dataclass(frozen=True)
class Cup:
    _: KW_ONLY
    size: int = 2


print(Cup().size)  # 2
```
"""


def test_the_python_of_a_readme_is_that_of_any_module(tmp_path: Path) -> None:
    subject = planted(tmp_path, ("README.md", "", DATACLASS))
    before = set(sys.modules)
    assert checked(subject, RULES["LQ303"]).faults == ()
    assert [name for name in set(sys.modules) - before if name.startswith("readme")] == []


IN_ITS_TESTS = """\
from __future__ import annotations

from dataclasses import dataclass

from PACKAGE import plugin


@dataclass(frozen=True)
class Cup:
    size: int = 2
"""


def test_stands_are_found_in_a_file_of_tests_that_is_that_of_any_module(tmp_path: Path) -> None:
    imports = ("tests/test_conformance.py", "from PACKAGE import plugin\n", "")
    first = ("tests/test_conformance.py", "from loyalty_core", f"{IN_ITS_TESTS}from loyalty_core")
    subject, before = planted(tmp_path, *BOOTH, imports, first), set(sys.modules)
    found = checked(subject, RULES["LQ213"])
    assert (found.verdict, found.faults) == (Verdict.PASSED, ())
    assert [name for name in set(sys.modules) - before if "loyalty_quality" in name] == []


def test_chance_is_found_by_whichever_name_it_was_imported(tmp_path: Path) -> None:
    named = "from time import time as at\nfrom uuid import uuid4 as new\nfrom loyalty_core"
    subject = planted(tmp_path, (PROGRAM, "from loyalty_core", named), deciding("at(), new()"))
    assert checked(subject, RULES["LQ201"]).faults == (
        "Stamps.decide asks the clock (time.time)",
        "Stamps.decide asks chance (os.urandom)",
    )


def test_what_is_asked_is_found_while_something_is_being_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    subject = planted(tmp_path, *asks("open(__file__).close()"))

    class Importing(Loader):
        def find_spec(self, name: str, path: object, target: object = None) -> ModuleSpec | None:
            return ModuleSpec(name, self) if name == "checks_stamps" else None

        def exec_module(self, module: ModuleType) -> None:
            vars(module)["faults"] = checked(subject, RULES["LQ201"]).faults

    monkeypatch.setattr(sys, "meta_path", [Importing(), *sys.meta_path])
    module = importlib.import_module("checks_stamps")
    assert module.faults == ("Stamps.decide asks a file (open)",)


def test_what_runs_as_garbage_is_collected_is_not_the_plugins(tmp_path: Path) -> None:
    """Others in the process left it there, as Hypothesis, which asks the clock each time."""
    subject = planted(tmp_path, deciding("[[] for _ in range(9999)]"))
    collected = []

    def asks_the_clock(phase: str, info: object) -> None:
        collected.append((phase, time.perf_counter()))

    gc.callbacks.append(asks_the_clock)
    try:
        assert checked(subject, RULES["LQ201"]).faults == ()
        assert collected != []  # elsewhere it goes on
        assert gc.isenabled()
    finally:
        gc.callbacks.remove(asks_the_clock)


def test_who_profiles_the_suite_profiles_all_of_it(tmp_path: Path) -> None:
    subject = planted(tmp_path)
    profiler, before = cProfile.Profile(), sys.getprofile()
    profiler.enable()
    try:
        assert checked(subject, RULES["LQ104"]).faults == ()
        "TEA".casefold()
    finally:
        profiler.disable()
        sys.setprofile(before)
    seen = {str(one.code) for one in profiler.getstats()}
    assert any("casefold" in one for one in seen)


@pytest.mark.parametrize(("code", "fragment", "changes"), CASES)
def test_a_rule_fails(
    tmp_path: Path, code: str, fragment: str, changes: tuple[Change, ...]
) -> None:
    subject = planted(tmp_path, *changes)
    if code == "LQ309":
        next((tmp_path / "src").rglob("py.typed")).unlink()
    found = checked(subject, RULES[code])
    assert found.verdict is Verdict.FAILED, found
    assert any(fragment in fault for fault in found.faults), found.faults
