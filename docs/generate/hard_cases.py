"""The page about hard cases: what others got wrong, paired with the tests that show it right here.

The rows are in ``tests/hard_cases.toml``, the pairing is the marker ``hard_case`` on the tests.
Both are read, never run.
"""

from __future__ import annotations

import ast
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from docs.generate.text import page as whole_page
from docs.generate.text import table

ROOT = Path(__file__).resolve().parents[2]
ROWS = ROOT / "tests" / "hard_cases.toml"
MARKER = "hard_case"
INTRODUCTION = """
What loyalty systems have got wrong, as their users and makers reported it, in our words. Each case
names where it was seen and the tests that show what happens here. "Not yet" means that the feature,
or the proof, is missing.
"""


@dataclass(frozen=True, slots=True)
class HardCase:
    """One row of the list: what is right, where it was seen to be wrong, whether it is missing."""

    case: str
    seen: str
    not_yet: bool = False


@cache
def rows() -> dict[str, HardCase]:
    """The rows by their names."""
    found = tomllib.loads(ROWS.read_text(encoding="utf-8"))
    return {name: HardCase(**row) for name, row in found.items()}


@cache
def shown() -> dict[str, list[tuple[str, str]]]:
    """The file and the name of each test that shows a row, by the row's name."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    folders = (ROOT / "tests", *ROOT.glob("plugins/*/tests"), ROOT / "gateway" / "tests")
    for path in sorted(path for folder in folders for path in folder.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                for name in _marked(node):
                    found[name].append((path.relative_to(ROOT).as_posix(), node.name))
    return dict(found)


def _marked(test: ast.FunctionDef) -> Iterator[str]:
    for decorator in test.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func).endswith(f".{MARKER}"):
            yield from (ast.literal_eval(argument) for argument in decorator.args)


def faults() -> list[str]:
    """What is wrong between the list and the tests: unknown rows, rows without a test or a word."""
    known, tests = rows(), shown()
    found = [f"{name} is marked in {tests[name]} and not listed" for name in tests.keys() - known]
    for name, row in known.items():
        if not row.not_yet and name not in tests:
            found.append(f"{name} has no test and does not say not_yet")
        if row.not_yet and name in tests:
            found.append(f"{name} has a test and says not_yet")
    return sorted(found)


def page() -> str:
    """The page about hard cases."""
    lines = []
    for name, row in rows().items():
        tests = shown().get(name, ())
        links = ", ".join(f"[`{test}`](../../{path})" for path, test in tests)
        lines.append((name, row.case, row.seen, "not yet" if row.not_yet else links))
    missing = sum(row.not_yet for row in rows().values())
    told = f"{len(lines) - missing} of {len(lines)} cases are shown by tests."
    head = ("", "what is right", "where it was wrong", "tests")
    return whole_page("Hard cases", INTRODUCTION, told, table(head, lines))
