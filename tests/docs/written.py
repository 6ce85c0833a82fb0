"""The tables of configurations that tests write: in TOML, as mappings and as named arguments."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import loyalty_core
from docs.generate import config
from loyalty_gateway import extension

OTHERS = {*loyalty_core.__all__, *dir(loyalty_core.Loyalty), *extension.__all__}
"""What is called with names of its own, which are no settings: a fact, a command, an effect."""
BESIDE = {"clock", "database", "catalogue"}
"""What helpers of tests take beside settings."""
PATH = re.compile(r"\w+(?:\[\d+\]|\[\"\w+\"\]|\.[\w*<>-]+)+")
"""Where something of a configuration is, as an error says it: ``plugins.points.rule[0].points``."""
LAST = re.compile(r"\.(\w+)[^.]*$")
Table = frozenset[str]
"""The keys of one table."""


def tables_of(path: Path) -> tuple[set[Table], set[str]]:
    """The tables that a file writes, and the last names of the paths that it reads."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".toml":
        return set(in_toml(text)), set()
    tables, paths = set[Table](), set[str]()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Dict):
            keys = [key.value for key in node.keys if isinstance(key, ast.Constant)]
            tables.add(frozenset(key for key in keys if isinstance(key, str)))
        elif isinstance(node, ast.Call):
            if called(node.func) not in OTHERS:
                tables.add(frozenset(one.arg for one in node.keywords if one.arg) - BESIDE)
        elif isinstance(node, ast.Assign):  # settings["name"] = ...
            tables |= {frozenset({one}) for one in map(stored, node.targets) if one}
        elif (told := said(node)) is not None:
            tables |= set(in_toml(told))
            paths |= {name for found in PATH.findall(told) for name in LAST.findall(found)}
    return tables, paths


def called(function: ast.expr) -> str:
    """The name of what is called; empty for a dataclass of settings."""
    name = ast.unparse(function).rpartition(".")[2]
    return "" if name in {kind.__name__ for kind in config.CORE.values()} else name


def stored(target: ast.expr) -> str:
    """The key that is set by an assignment to a part of a mapping."""
    key = target.slice if isinstance(target, ast.Subscript) else None
    return key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else ""


def said(node: ast.AST) -> str | None:
    """What a text says, with a number in place of what is filled in."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(one.value if isinstance(one, ast.Constant) else "0" for one in node.values)
    return None


def in_toml(text: str) -> Iterator[Table]:
    """The tables of a text, if it is TOML at all."""
    if "=" not in text and "[" not in text:
        return
    try:
        yield from within(tomllib.loads(text))
    except tomllib.TOMLDecodeError:
        return


def within(value: Any) -> Iterator[Table]:
    """The keys of a value and of all in it."""
    if isinstance(value, dict):
        yield frozenset(value)
        for inner in value.values():
            yield from within(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from within(inner)
