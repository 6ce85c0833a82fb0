"""Every distribution of the tree is installed by the tests, in lockstep, by the same template."""

import configparser
import tomllib
from pathlib import Path
from typing import Any

from tests.architecture.tree import ROOT

PROJECTS = [ROOT, ROOT / "gateway", *sorted(path.parent for path in ROOT.glob("plugins/*/src"))]


def project(folder: Path) -> dict[str, Any]:
    described: dict[str, Any] = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    return described


def test_tox_installs_every_distribution() -> None:
    tox = configparser.ConfigParser()
    tox.read(ROOT / "tox.ini")
    installed = [line.split()[-1] for line in tox["tree"]["packages"].split("\n") if line]
    assert {(ROOT / path).resolve() for path in installed} == set(PROJECTS)


def test_versions_move_in_lockstep() -> None:
    assert {project(folder)["version"] for folder in PROJECTS} == {project(ROOT)["version"]}
    assert {project(folder)["requires-python"] for folder in PROJECTS} == {">=3.11"}


def test_the_others_pin_the_core_to_its_minor_version() -> None:
    major, minor, _ = project(ROOT)["version"].split(".")
    expected = f"loyalty-core>={major}.{minor},<{major}.{int(minor) + 1}"
    for folder in PROJECTS[1:]:
        assert expected in project(folder)["dependencies"], folder


def test_every_plugin_runs_the_conformance_suite_and_claims_gold() -> None:
    for folder in PROJECTS[2:]:
        suite = (folder / "tests" / "test_conformance.py").read_text(encoding="utf-8")
        assert f"from loyalty_{folder.name} import plugin" in suite, folder
        assert "(PluginSuite):\n    plugin = plugin\n" in suite, folder
        quality = tomllib.loads((folder / "quality.toml").read_text(encoding="utf-8"))
        assert quality["grade"] == "gold", folder


def test_a_plugin_is_named_after_its_folder() -> None:
    for folder in PROJECTS[2:]:
        described = project(folder)
        package = f"loyalty_{folder.name}"
        assert described["name"] == f"loyalty-{folder.name.replace('_', '-')}"
        assert described["entry-points"]["loyalty.plugins"] == {folder.name: f"{package}:plugin"}
        assert (folder / "src" / package / "py.typed").is_file()
