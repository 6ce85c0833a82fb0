"""An environment as an outsider has it: the core as a wheel, tools, and nothing of this tree.

Making one takes minutes and an index of packages, so it is for `tox run -e outside`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT

WANTED = "LOYALTY_OUTSIDE"
BARE = {"CI", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "LOYALTY_CONFIG", "LOYALTY_DATABASE"}


@dataclass(frozen=True)
class Outside:
    """An environment of its own, and the folder of wheels that it was made of."""

    home: Path
    wheels: Path

    @property
    def programs(self) -> Path:
        return self.home / ("Scripts" if os.name == "nt" else "bin")

    def tried(self, *command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        """What came of a program of the environment."""
        program = str(self.programs / command[0])
        return subprocess.run(
            [program, *command[1:]],
            cwd=cwd,
            env={name: value for name, value in os.environ.items() if name not in BARE},
            capture_output=True,
            text=True,
            check=False,
        )

    def run(self, *command: str, cwd: Path) -> str:
        """What a program of the environment prints; one that fails is a failure."""
        done = self.tried(*command, cwd=cwd)
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def install(self, *what: str) -> None:
        """Installs into the environment: distributions of this tree from their wheels alone."""
        found = ("--find-links", str(self.wheels))
        self.run("python", "-m", "pip", "install", "-q", *found, *what, cwd=self.home)

    def wheel(self, project: Path) -> Path:
        """The wheel of a project, also put among the others."""
        return wheels_of([project], self.wheels)[0]


def wheels_of(projects: Sequence[Path], into: Path) -> list[Path]:
    """The wheels of projects, built one by one."""
    made = []
    for project in projects:
        before = set(into.glob("*.whl"))
        subprocess.run(
            [
                sys.executable,
                "-m",
                "pip",
                "wheel",
                "-q",
                "--no-deps",
                "-w",
                str(into),
                str(project),
            ],
            check=True,
            cwd=into,
        )
        made += sorted(set(into.glob("*.whl")) - before)
    return made


@pytest.fixture(scope="session")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Outside:
    """An environment with the core, the gateway and the tools that the scaffold's folder names."""
    if not os.environ.get(WANTED):
        pytest.skip("makes an environment of its own: `tox run -e outside`")
    home = tmp_path_factory.mktemp("outside")
    wheels = home / "wheels"
    wheels.mkdir()
    wheels_of([ROOT, ROOT / "gateway"], wheels)
    venv.create(home / "venv", with_pip=True)
    made = Outside(home / "venv", wheels)
    made.install("loyalty-core[testing]", "loyalty-gateway", "mypy", "ruff")
    there = made.run(
        "python", "-c", "import loyalty_core; print(loyalty_core.__file__)", cwd=home
    ).strip()
    assert Path(there).is_relative_to(made.home), "the core is not the wheel's"
    return made
