"""``loyalty plugin check``: the grade of a plugin that is installed, or of a folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from loyalty_core.testing.quality import plays
from tests.architecture.tree import ROOT
from tests.platform.planted import planted
from tests.unit.cli.shop import run


@pytest.fixture(autouse=True)
def _one_history(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plays, "SEEDS", 1)


def test_an_installed_plugin_and_its_grade() -> None:
    done = run(["plugin", "check", "csv"])
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[1].split() == ["LQ101", "bronze", "manifest", "holds"]
    assert lines[-1] == "csv 0.1.0: gold."


def test_a_folder_whose_plugin_is_not_installed_and_what_is_wrong_with_it(tmp_path: Path) -> None:
    planted(tmp_path, ("config.py", "", "HALF = 0.5\n"))
    done = run(["plugin", "check", str(tmp_path), "--json"])
    assert done.exit_code == 1
    (found,) = json.loads(done.stdout)["plugins"]
    assert (found["plugin"], found["grade"], found["claims"]) == ("stamps", "silver", "gold")
    (failed,) = [one for one in found["rules"] if one["verdict"] == "failed"]
    assert (failed["code"], failed["faults"]) == ("LQ306", ["config.py:11: 0.5"])
    assert failed["mend"].startswith("Use whole numbers")
    shown = run(["plugin", "check", str(tmp_path)]).stdout
    assert (
        "LQ306 There is no binary fraction anywhere in its source.\n  - config.py:11: 0.5" in shown
    )
    assert shown.endswith("stamps 1.0: silver. It claims gold.\n")


def test_what_is_no_plugin_is_refused(tmp_path: Path) -> None:
    assert run(["plugin", "check", "none-such"]).exit_code == 3
    assert run(["plugin", "check", str(tmp_path)]).exit_code == 3
    named = run(["plugin", "check", str(ROOT)])
    assert named.exit_code == 3
    assert "names no plugin" in named.stderr
