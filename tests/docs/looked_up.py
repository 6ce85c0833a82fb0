"""Commands that are looked up instead of run: what would install something, and `loyalty` in prose.

pip's distributions are of this tree, with the extras that they are asked with, or tools that it
pins. tox's environments are there. A command of `loyalty` takes the arguments it is given.
"""

from __future__ import annotations

import configparser
import re
import shlex
import tomllib
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import typer

from tests.architecture.tree import ROOT
from tests.unit.cli.shop import built

_UsageError: Any = typer.BadParameter.__mro__[1]  # typer brings its own click, and hides it
PIP = re.compile(r"^(?:python -m )?pip install\b")
TOX = re.compile(r"^(?:python -m )?tox\b")
REQUIREMENT = re.compile(r"(?P<name>[A-Za-z][\w.-]*)(?:\[(?P<extras>[\w,-]+)\])?")


def whole(text: str) -> bool:
    """Whether the quotations of a command end in it."""
    try:
        shlex.split(text, comments=True)
    except ValueError:
        return False
    return True


def is_looked_up(text: str) -> bool:
    """Whether a command installs something; fails for one that does something else as well.

    The shell would run such a one as a whole, and really install.
    """
    found = [bool(PIP.match(part) or TOX.match(part)) for part in parts(text)]
    assert all(found) or not any(found), f"{text}: write what installs in a line of its own"
    return all(found)


def parts(text: str) -> list[str]:
    """The commands of a line."""
    return [part.strip() for part in re.split(r"&&|\|\|?|;", text)]


def faults(text: str) -> list[str]:
    """What is wrong with a command of pip or tox."""
    found: list[str] = []
    for part in parts(text):
        words = shlex.split(part, comments=True)
        if PIP.match(part):
            given = words[words.index("install") + 1 :]
            found += [fault for word in given if (fault := wrong_requirement(word))]
        else:
            found += wrong_tox(words[words.index("tox") + 1 :])
    return found


def wrong_requirement(word: str) -> str:
    """What is wrong with what pip is to install; empty if nothing is."""
    if word in ("-e", "-q"):
        return ""
    if word.startswith("."):
        place, _, extras = word.partition("[")
        project = (ROOT / place / "pyproject.toml").resolve()
        known = distributions().get(str(project))
        name = known[0] if known else ""
        word = f"{name}[{extras}" if extras else name
    found = REQUIREMENT.fullmatch(word)
    if found is None:
        return f"{word!r} is not in this tree"
    extras_of = dict(distributions().values())
    if found["name"] not in extras_of:
        pinned = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
        tools = {line.partition("==")[0] for line in pinned} | {"tox"}
        return "" if found["name"] in tools else f"nothing here is called {found['name']!r}"
    wanted = set((found["extras"] or "").split(",")) - {""}
    missing = wanted - extras_of[found["name"]]
    return f"{found['name']} has no extra {sorted(missing)}" if missing else ""


@cache
def distributions() -> dict[str, tuple[str, frozenset[str]]]:
    """The name and the extras of each distribution of this tree, by its project file."""
    found = {}
    for path in [ROOT, ROOT / "gateway", *ROOT.glob("plugins/*")]:
        project = path / "pyproject.toml"
        if project.exists():
            said = tomllib.loads(project.read_text(encoding="utf-8"))["project"]
            extras = frozenset(said.get("optional-dependencies", {}))
            found[str(project)] = (str(said["name"]), extras)
    return found


@cache
def environments() -> configparser.ConfigParser:
    tox = configparser.ConfigParser(interpolation=None)
    tox.read(ROOT / "tox.ini")
    return tox


def wrong_tox(words: list[str]) -> list[str]:
    """What is wrong with an environment, or with what `loyalty` is given in it."""
    given = words[words.index("--") + 1 :] if "--" in words else []
    names = words[words.index("-e") + 1].split(",") if "-e" in words else []
    found = []
    for name in names:
        section = f"testenv:{name}"
        listed = environments()["tox"]["env_list"].replace(" ", "").split(",")
        if not environments().has_section(section):
            found += [] if name in listed else [f"there is no environment {name!r}"]
            continue
        run = environments()[section].get("commands", "")
        line = re.sub(r"\{posargs[^}]*\}", " ".join(given), run.strip())
        found += list(wrong_loyalty(shlex.split(line)[1:])) if line.startswith("loyalty ") else []
    return found


def wrong_loyalty(words: Sequence[str], *, named: bool = False) -> Iterator[str]:
    """What the command line says of these arguments, apart from those that are missing.

    ``named`` for a command that prose names: an option may stand there without its value.
    """
    command, parent, name, rest = built()[1], None, "loyalty", list(words)
    while True:
        context = command.make_context(name, [], parent, resilient_parsing=True)
        if not hasattr(command, "list_commands"):
            break
        rest = rest[1:] if name == "connect" else rest  # a connector's name stands before
        if not rest or rest[0].startswith("-"):
            return
        below = command.get_command(context, rest[0])
        if below is None:
            yield f"{context.command_path} has no command {rest[0]!r}"
            return
        command, parent, name, rest = below, context, rest[0], rest[1:]
    tolerated = {"MissingParameter", *(["BadOptionUsage"] if named else [])}
    try:
        command.make_context(name, rest, parent)
    except typer.Exit:  # help was asked for
        return
    except _UsageError as error:
        if type(error).__name__ not in tolerated:
            yield f"{name}: {error.message}"
