"""Every test that a guarantee points at is there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.tree import ROOT

PAGE = ROOT / "docs" / "reference" / "guarantees.md"
SHOWN = re.compile(r"\[`(test_\w+)`\]\(([^)]+)\)")


def missing(page: Path) -> Iterator[str]:
    """The tests that a page names and that are not where it says."""
    for name, place in SHOWN.findall(page.read_text(encoding="utf-8")):
        module = (page.parent / place).resolve()
        tree = ast.parse(module.read_text(encoding="utf-8") if module.exists() else "")
        if name not in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}:
            yield f"{name} in {place}"


def test_the_tests_that_show_the_guarantees_exist() -> None:
    assert len(SHOWN.findall(PAGE.read_text(encoding="utf-8"))) > 20
    assert list(missing(PAGE)) == []


def test_every_guarantee_is_shown() -> None:
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line[:2] == "| "]
    untold = [row for row in rows if "shown by" not in row and not SHOWN.search(row)]
    assert [row for row in untold if not row.startswith("| ---")] == []


def test_a_test_that_is_gone_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "tests.py").write_text("def test_here():\n    pass\n")
    page = tmp_path / "page.md"
    page.write_text("[`test_here`](tests.py) [`test_gone`](tests.py) [`test_here`](none.py)")
    assert list(missing(page)) == ["test_gone in tests.py", "test_here in none.py"]
