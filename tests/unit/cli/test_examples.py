"""`loyalty example`: the programs of the checkout, played for a person and for a machine."""

import json
import shutil
from pathlib import Path

import pytest

from tests.unit.cli.shop import run

PROGRAMS = Path(__file__).resolve().parents[3] / "examples" / "programs"
FOLDER = ("--folder", str(PROGRAMS))


def test_the_programs_are_listed_with_what_they_show() -> None:
    listed = json.loads(run(["example", "list", *FOLDER, "--json"]).stdout)["examples"]
    names = [one["name"] for one in listed]
    assert names == sorted(path.parent.name for path in PROGRAMS.glob("*/scenario.toml"))
    assert all(one["title"] for one in listed)
    assert "shein" in run(["example", "list", *FOLDER]).stdout


def test_a_scenario_is_played_step_by_step() -> None:
    done = run(["example", "run", "shein", *FOLDER])
    assert done.exit_code == 0
    assert "8 of 8 steps as expected; facts sent again change nothing" in done.stdout
    assert "available points 250" in done.stdout
    assert "FAILED" not in done.stdout


def test_a_machine_gets_each_check() -> None:
    done = run(["example", "run", "shein", *FOLDER, "--json"])
    (played,) = json.loads(done.stdout)["scenarios"]
    assert (played["name"], played["passed"]) == ("shein", True)
    assert played["checks"][1]["found"]["changes"] == {"points": 250}
    assert played["checks"][1] == {
        **played["checks"][1],
        "step": 2,
        "did": "record",
        "passed": True,
        "expected": played["checks"][1]["found"],
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A program whose scenario expects a point too many, and one error that does not come."""
    shutil.copytree(PROGRAMS / "shein", tmp_path / "wrong")
    scenario = tmp_path / "wrong" / "scenario.toml"
    text = scenario.read_text(encoding="utf-8")
    assert text.count("changes = { points = 250 }") == 1
    wrong = text.replace("changes = { points = 250 }", "changes = { points = 251 }")
    scenario.write_text(wrong.replace('error = "insufficient_points", ', ""), encoding="utf-8")
    return tmp_path


def test_what_does_not_come_out_is_shown_and_fails_the_command(folder: Path) -> None:
    done = run(["example", "run", "wrong", "--folder", str(folder)])
    assert done.exit_code == 1
    assert "changes points 250, not points 251" in done.stdout
    assert "6 of 8 steps as expected" in done.stdout
    told = json.loads(run(["example", "run", "--all", "--folder", str(folder), "--json"]).stdout)
    (played,) = told["scenarios"]
    assert not played["passed"]
    assert [check["step"] for check in played["checks"] if not check["passed"]] == [2, 6]
    assert played["checks"][5]["found"] == {"error": "insufficient_points"}


@pytest.mark.parametrize("asked", [["nowhere"], [], ["shein", "--all"]])
def test_one_program_or_all_of_them_must_be_named(asked: list[str]) -> None:
    refused = run(["example", "run", *asked, *FOLDER])
    assert refused.exit_code == 2
    assert "--all" in refused.stderr


def test_a_folder_without_scenarios_is_told(tmp_path: Path) -> None:
    refused = run(["example", "list", "--folder", str(tmp_path)])
    assert refused.exit_code == 2
    assert "no scenarios" in refused.stderr
