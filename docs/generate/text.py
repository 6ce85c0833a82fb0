"""What all pages share: reading docstrings, and writing Markdown."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path

import loyalty_core

NOTICE = "<!-- Written by `python -m docs.generate`: change the code, not this page. -->"
DOCTEST = re.compile(r"^>>> .*", re.MULTILINE | re.DOTALL)


def page(title: str, *parts: str) -> str:
    """A whole page of paragraphs, lists and tables."""
    body = "\n\n".join(part.strip("\n") for part in parts if part.strip())
    return f"{NOTICE}\n\n# {title}\n\n{body}\n"


def prose(text: str | None) -> str:
    """A docstring as Markdown, its examples left out."""
    return markdown(DOCTEST.sub("", inspect.cleandoc(text or "")).strip())


def summary(text: str | None) -> str:
    """The first line of a docstring as Markdown."""
    return markdown(inspect.cleandoc(text or "").split("\n", 1)[0])


def markdown(text: str) -> str:
    """A docstring's double backquotes as Markdown's single ones."""
    return text.replace("``", "`")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; line breaks and bars inside cells are taken care of."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(_cell(text) for text in line)} |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def code(text: object) -> str:
    """``text`` as inline code; empty text stays empty."""
    return f"`{text}`" if f"{text}" else ""


@cache
def attribute_docstrings() -> dict[str, str]:
    """The texts that stand below module-level assignments of the core, by the assigned name."""
    found: dict[str, str] = {}
    for path in sorted(Path(inspect.getfile(loyalty_core)).parent.rglob("*.py")):
        found.update(_assigned(ast.parse(path.read_text(encoding="utf-8")).body))
    return found


def _assigned(body: Sequence[ast.stmt]) -> Iterator[tuple[str, str]]:
    for statement, following in pairwise(body):
        match statement, following:
            case (
                ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                yield name, text
