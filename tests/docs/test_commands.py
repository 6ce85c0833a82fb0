"""The commands the documentation gives exist."""

import configparser
import re
from typing import Any

from typer.main import get_command

from loyalty_core.cli import build_app
from tests.architecture.tree import ROOT, project_files

LOYALTY = re.compile(r"(?:^|`)loyalty ([a-z]+)(?: ([a-z]+))?", re.MULTILINE)
CONNECT = re.compile(r"(?:^|`)loyalty connect [A-Za-z][\w.]* ([a-z]+)", re.MULTILINE)
"""A connector's name stands before the command."""
OUTSIDE = ("examples", "third_party_plugin")
"""Its commands are there where it is installed, and its own tests run them."""
PROMISED = (
    "python -m pip install tox && python -m tox run -e demo",
    "python -m pip install tox && python -m tox run",
)
TOX = re.compile(r"tox (?:run )?-e ([\w,]+)")


def test_every_tox_environment_named_exists() -> None:
    tox = configparser.ConfigParser()
    tox.read(ROOT / "tox.ini")
    known = {section.removeprefix("testenv:") for section in tox.sections()}
    known.update(name.strip() for name in tox["tox"]["env_list"].split(","))
    named = {
        (str(page.relative_to(ROOT)), name)
        for page in project_files()
        if page.suffix == ".md" or page.name == "run"
        for names in TOX.findall(page.read_text(encoding="utf-8"))
        for name in names.split(",")
    }
    assert named
    assert {(page, name) for page, name in named if name not in known} == set()


def test_the_readme_gives_the_two_commands_whole() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert [line for line in PROMISED if line not in lines] == []


def test_every_command_named_exists() -> None:
    root: Any = get_command(build_app())
    context = root.make_context("loyalty", [], resilient_parsing=True)
    known: dict[str, set[str]] = {}
    for name in root.list_commands(context):
        command = root.get_command(context, name)
        below = getattr(command, "list_commands", None)
        known[name] = set(below(context)) if below else set()
    named = set()
    for page in project_files():
        inside = page.relative_to(ROOT).parts
        if page.suffix == ".md" and page.name != "cli.md" and inside[:2] != OUTSIDE:
            text, place = page.read_text(encoding="utf-8"), str(page.relative_to(ROOT))
            found = [pair for pair in LOYALTY.findall(text) if pair[0] != "connect"]
            found += [("connect", inner) for inner in CONNECT.findall(text)]
            named |= {(place, *pair) for pair in found}
    assert named
    for page, name, inner in named:
        assert name in known, (page, name)
        assert not inner or not known[name] or inner in known[name], (page, name, inner)
