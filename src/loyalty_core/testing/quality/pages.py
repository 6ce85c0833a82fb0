"""The fenced blocks of a page: where they are, and running those that are Python."""

from __future__ import annotations

import contextlib
import io
import re
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from loyalty_core.loyalty import Loyalty
from loyalty_core.testing.quality.modules import importable

_BLOCK = re.compile(r"^( *)```(\w+)[^\n]*\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_PRINTED = re.compile(r"^ *print\(.*\)  # (.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its language, its text without indentation, and its line on the page."""

    language: str
    text: str
    line: int


def blocks(page: str) -> Iterator[Block]:
    """The fenced blocks of a page that name a language."""
    for found in _BLOCK.finditer(page):
        indent = len(found[1])
        lines = found[3].splitlines(keepends=True)
        text = "".join(one[indent:] or "\n" for one in lines)
        yield Block(found[2], text, page.count("\n", 0, found.start()) + 1)


def run_python(page: Iterable[Block], name: str) -> Iterator[str]:
    """What is wrong with a page's Python, run block by block in one namespace.

    What stands behind a ``print`` as a comment must be what it prints. It runs in an empty folder.
    """
    module = ModuleType(f"readme of {name}")
    namespace = vars(module)
    with tempfile.TemporaryDirectory() as empty, contextlib.chdir(empty), importable(module):
        try:
            for block in page:
                if block.language == "python":
                    yield from _run(block, name, namespace)
        finally:
            for opened in [one for one in namespace.values() if isinstance(one, Loyalty)]:
                opened.close()


def _run(block: Block, name: str, namespace: dict[str, Any]) -> Iterator[str]:
    printed = io.StringIO()
    try:
        code = compile("\n" * block.line + block.text, name, "exec", dont_inherit=True)
        with contextlib.redirect_stdout(printed):
            exec(code, namespace)  # noqa: S102 - the plugin's own samples
    except Exception as error:  # noqa: BLE001 - whatever it is, the sample does not run
        yield f"{name}:{block.line}: raises {type(error).__name__}: {error}"
        return
    said, expected = printed.getvalue().splitlines(), _PRINTED.findall(block.text)
    if said != expected:
        yield f"{name}:{block.line}: prints {said}, and says {expected}"
