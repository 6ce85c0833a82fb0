"""The tutorial on a first plugin, followed step by step: its files written, its commands run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT

PAGE = ROOT / "docs" / "tutorial" / "first_plugin.md"
STEP = re.compile(
    r"^(?P<fence>```|~~~)(?P<language>\w+)(?: file=(?P<file>\S+))?\n(?P<text>.*?)^(?P=fence)$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Step:
    """A file to write, or commands to run with what they show."""

    file: str
    text: str


def steps(page: Path) -> Iterator[Step]:
    for found in STEP.finditer(page.read_text(encoding="utf-8")):
        if found["file"] or found["language"] == "console":
            yield Step(found["file"] or "", found["text"])


def follow(page: Path, home: Path) -> list[str]:
    """Does what the page says in a folder; the commands that were run."""
    done: list[str] = []
    folder = home / "loyalty-stamps"
    for step in steps(page):
        if step.file:
            target = folder / step.file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(step.text, encoding="utf-8")
            continue
        for part in re.split(r"^\$ ", step.text, flags=re.MULTILINE)[1:]:
            command, _, shown = part.partition("\n")
            printed = ran(command, folder if folder.exists() else home, folder)
            assert not shown or printed == shown, command
            done.append(command)
            installed(folder)
    return done


def ran(command: str, place: Path, folder: Path) -> str:
    """What a command prints; the plugin is found as if it were installed."""
    bin_folder = Path(sys.executable).parent
    paths = os.pathsep.join([str(folder / "src"), str(folder.parent / "installed")])
    done = subprocess.run(
        command,
        shell=True,
        cwd=place,
        env={
            **os.environ,
            "PATH": os.pathsep.join([str(bin_folder), os.environ["PATH"]]),
            "PYTHONPATH": paths,
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def installed(folder: Path) -> None:
    """Puts beside the folder what an installation would say of it."""
    info = folder.parent / "installed" / "loyalty_stamps-0.1.0.dist-info"
    if folder.exists() and not info.exists():
        info.mkdir(parents=True)
        (info / "METADATA").write_text(
            "Metadata-Version: 2.1\nName: loyalty-stamps\nVersion: 0.1.0\n"
        )
        (info / "entry_points.txt").write_text(
            "[loyalty.plugins]\nstamps = loyalty_stamps:plugin\n"
        )


@pytest.mark.timeout(1800)  # the conformance suite runs twice in it
def test_the_tutorial_can_be_followed(tmp_path: Path) -> None:
    done = follow(PAGE, tmp_path)
    assert [command.split()[:2] for command in done] == [
        ["loyalty", "plugin"],
        ["pytest", "-q"],
        ["loyalty", "plugin"],
        ["loyalty", "record"],
        ["loyalty", "redeem"],
        ["loyalty", "balance"],
    ]
    written = {step.file for step in steps(PAGE) if step.file}
    assert {"src/loyalty_stamps/rewards.py", "README.md", "quality.toml"} < written


def test_a_step_that_fails_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    for text in ("$ false\n", "$ echo one\ntwo\n"):
        page.write_text(f"```console\n{text}```\n")
        try:
            follow(page, tmp_path)
        except AssertionError:
            continue
        raise AssertionError(text)
