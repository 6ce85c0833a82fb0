"""Code comes in pieces one can read: modules, functions and lines have an upper size."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.tree import project_files

MODULE_LINES = 400
FUNCTION_LINES = 50
COLUMNS = 100


def is_index(tree: ast.Module) -> bool:
    """Whether a module does nothing but gather names, as that of the public ones does."""
    gathers = ast.Import | ast.ImportFrom | ast.Assign | ast.Expr
    return any(isinstance(node, ast.ImportFrom) for node in tree.body) and all(
        isinstance(node, gathers) for node in tree.body
    )


def oversized(path: Path) -> Iterator[str]:
    """What is too big in a module, one line each."""
    text = path.read_text(encoding="utf-8")
    lines, tree = text.splitlines(), ast.parse(text)
    if len(lines) > MODULE_LINES and not is_index(tree):
        yield f"{path}: {len(lines)} lines, the limit is {MODULE_LINES}"
    for number, line in enumerate(lines, 1):
        if len(line) > COLUMNS:
            yield f"{path}:{number}: {len(line)} columns, the limit is {COLUMNS}"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES:
                where = f"{path}:{node.lineno}: {node.name}"
                yield f"{where} has {length} lines, the limit is {FUNCTION_LINES}"


def test_sizes() -> None:
    places = [path for path in project_files() if path.suffix == ".py"]
    assert places
    assert [found for path in places for found in oversized(path)] == []


def test_each_limit_is_noticed(tmp_path: Path) -> None:
    planted = tmp_path / "planted.py"
    body = "\n".join("    x = 1" for _ in range(FUNCTION_LINES - 1))
    planted.write_text(f"def fits():\n{body}\n")
    assert list(oversized(planted)) == []

    planted.write_text(f"def too_long():\n{body}\n    x = 2\n")
    assert len(list(oversized(planted))) == 1
    planted.write_text(f"x = '{'a' * COLUMNS}'\n")
    assert len(list(oversized(planted))) == 1
    planted.write_text("x = 1\n" * (MODULE_LINES + 1))
    assert len(list(oversized(planted))) == 1
    planted.write_text("from x import y\n" * (MODULE_LINES + 1))
    assert list(oversized(planted)) == []
