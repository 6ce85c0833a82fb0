"""No import is hidden from the import contracts behind TYPE_CHECKING.

Inside the layers below the composition root there is none at all: annotations name Protocols of
`ports` or types of `domain`.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.tree import ROOT, module_name, modules

CLOSED_LAYERS = tuple(
    f"loyalty_core.{layer}" for layer in ("errors", "domain", "ports", "application")
)


def type_checking_lines(path: Path) -> Iterator[int]:
    """Where a module names TYPE_CHECKING."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Name(id="TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING"):
                yield node.lineno
            case ast.ImportFrom(names=names) if any(a.name == "TYPE_CHECKING" for a in names):
                yield node.lineno


def is_closed(name: str) -> bool:
    return any(name == layer or name.startswith(f"{layer}.") for layer in CLOSED_LAYERS)


def test_no_type_checking_imports() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in modules()
        if is_closed(module_name(path))
        for line in type_checking_lines(path)
    ]
    assert found == []


def test_a_planted_one_is_noticed(tmp_path: Path) -> None:
    planted = tmp_path / "src" / "loyalty_core" / "domain" / "planted.py"
    planted.parent.mkdir(parents=True)
    planted.write_text("import typing as t\nif t.TYPE_CHECKING:\n    import json\n")
    assert is_closed(module_name(planted))
    assert list(type_checking_lines(planted)) == [2]
    planted.write_text("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import json\n")
    assert sorted(type_checking_lines(planted)) == [1, 2]
