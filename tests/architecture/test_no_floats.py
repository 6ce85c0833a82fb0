"""Value is never a float: points and money are integers, rates are Decimal."""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.architecture.tree import ROOT, modules

# Seconds and rates of progress are no value. Each file says what its floats are.
ALLOWED: dict[str, str] = {
    "src/loyalty_core/testing/quality/gold.py": "the rule that looks for them in plugins",
}


def floats(source: str) -> Iterator[int]:
    """The lines on which a module writes, names or annotates a float."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Constant(value=float() | complex()):
                yield node.lineno
            case ast.Name(id="float" | "complex"):
                yield node.lineno
            case ast.arg(annotation=ast.Constant(value=str(text))) if named(text):
                yield node.lineno
            case ast.AnnAssign(annotation=ast.Constant(value=str(text))) if named(text):
                yield node.lineno
            case ast.FunctionDef(returns=ast.Constant(value=str(text))) if named(text):
                yield node.lineno


def named(annotation: str) -> bool:
    return re.search(r"\bfloat\b", annotation) is not None


def test_no_floats() -> None:
    found = {
        f"{path.relative_to(ROOT)}:{line}"
        for path in modules()
        if str(path.relative_to(ROOT)) not in ALLOWED
        for line in floats(path.read_text(encoding="utf-8"))
    }
    assert sorted(found) == []


def test_every_exemption_is_still_needed() -> None:
    for name in ALLOWED:
        assert list(floats((ROOT / name).read_text(encoding="utf-8"))), name


@pytest.mark.parametrize(
    "source",
    [
        "rate = 0.5",
        "rate = 1e3",
        "rate = float(text)",
        "def earn(rate: float) -> None: ...",
        "def earn() -> 'list[float]': ...",
        "rate: 'float | None' = None",
        "rates: dict[str, float] = {}",
    ],
)
def test_each_kind_of_float_is_noticed(source: str) -> None:
    assert list(floats(source)) == [1]


def test_other_numbers_pass() -> None:
    assert list(floats("rate = Decimal('0.5')\npoints: int = 3\n'the float in a text'\n")) == []
