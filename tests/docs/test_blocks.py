"""Every block of TOML in the documentation is a configuration that opens, all Python runs.

A page's Python blocks run in order in one namespace, in an empty folder. What a session (`pycon`)
shows, and what stands behind a `print` as a comment, is compared with what is printed. TOML that
shows part of a configuration is completed. Blocks that are a file (`file=` behind the language) are
for the tests that follow such a page: test_tutorial.py.
"""

import contextlib
import doctest
import io
import json
import re
import sys
import tomllib
import types
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from loyalty_core import ConfigError, Loyalty
from loyalty_gateway.settings import settings_of
from tests.architecture.tree import ROOT, project_files

BLOCK = re.compile(r"^( *)```(\w+)([^\n]*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
PAGE_IN_PAGE = re.compile(r"^~~~.*?^~~~$", re.MULTILINE | re.DOTALL)
PRINTED = re.compile(r"^ *print\(.*\)  # (.*)$", re.MULTILINE)
WHOLE: dict[str, Any] = {
    "program": {"id": "shop"},
    "wallets": {"points": {"value": {"points": 100, "amount": "1.00"}}},
}


@dataclass(frozen=True)
class Block:
    page: Path
    line: int
    language: str
    text: str

    @property
    def place(self) -> str:
        shown = self.page.relative_to(ROOT) if self.page.is_relative_to(ROOT) else self.page
        return f"{shown}:{self.line}"


def blocks(page: Path) -> Iterator[Block]:
    """The fenced blocks of a page, without those that are files."""
    text = page.read_text(encoding="utf-8")
    text = PAGE_IN_PAGE.sub(lambda inner: "\n" * inner[0].count("\n"), text)
    for found in BLOCK.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        indent = len(found[1])
        body = "".join(one[indent:] or "\n" for one in found[4].splitlines(keepends=True))
        if "file=" not in found[3]:
            yield Block(page, line, found[2], body)


OUTSIDE = ROOT / "examples" / "third_party_plugin"
"""Its page runs where it is installed: by its own tests, which tests/outside runs."""
PAGES = [
    path for path in project_files() if path.suffix == ".md" and not path.is_relative_to(OUTSIDE)
]
BLOCKS = [block for page in PAGES for block in blocks(page)]
TOML = [block for block in BLOCKS if block.language == "toml"]
JSON = [block for block in BLOCKS if block.language == "json"]
PYTHON = [
    page
    for page in PAGES
    if any(block.page == page and block.language in ("python", "pycon") for block in BLOCKS)
]


def completed(document: dict[str, Any]) -> dict[str, Any]:
    """The whole configuration that a shown part belongs to."""
    wallets = WHOLE["wallets"] | document.get("wallets", {})
    return {**document, "program": WHOLE["program"] | document.get("program", {})} | {
        "wallets": wallets
    }


def open_part(text: str) -> None:
    """Opens the program a block configures; raises ``ConfigError`` with its faults."""
    document = tomllib.loads(text, parse_float=Decimal)
    if "project" in document:  # a distribution's pyproject.toml
        return
    with Loyalty.open(completed(document), "sqlite://") as loyalty:
        settings_of(loyalty.config.gateway)


def run(page: Path) -> None:
    """Runs a page's Python; what is printed must be what the page shows."""
    name = f"{page.stem} of the documentation"
    module = sys.modules[name] = types.ModuleType(name)  # classes are looked for by their module
    namespace = vars(module)
    try:
        for block in blocks(page):
            if block.language == "python":
                run_code(block, namespace)
            elif block.language == "pycon":
                run_session(block, namespace)
    finally:
        del sys.modules[name]
        for left_open in [one for one in namespace.values() if isinstance(one, Loyalty)]:
            left_open.close()


def run_code(block: Block, namespace: dict[str, Any]) -> None:
    code = compile("\n" * block.line + block.text, str(block.page), "exec")
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(code, namespace)
    assert printed.getvalue().splitlines() == PRINTED.findall(block.text), block.place


def run_session(block: Block, namespace: dict[str, Any]) -> None:
    parser, runner = doctest.DocTestParser(), doctest.DocTestRunner(verbose=False)
    session = parser.get_doctest(block.text, namespace, block.place, str(block.page), block.line)
    said = io.StringIO()
    runner.run(session, out=said.write, clear_globs=False)
    namespace.update(session.globs)
    assert not runner.failures, said.getvalue()


@pytest.mark.parametrize("block", TOML, ids=lambda block: block.place)
def test_toml_opens(block: Block) -> None:
    open_part(block.text)


@pytest.mark.parametrize("block", JSON, ids=lambda block: block.place)
def test_json_parses(block: Block) -> None:
    json.loads(block.text)


@pytest.mark.parametrize("page", PYTHON, ids=lambda page: str(page.relative_to(ROOT)))
def test_python_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run(page)


@pytest.mark.parametrize(
    "text",
    [
        "```python\none = 1\nassert one == 2\n```\n",
        "```python\none = 1\n```\n\n```pycon\n>>> one + 1\n3\n```\n",
        "```python\nprint(1)  # 2\n```\n",
        "- a list\n\n  ```python\n  raise AssertionError\n  ```\n",
    ],
)
def test_wrong_python_is_noticed(tmp_path: Path, text: str) -> None:
    planted = tmp_path / "planted.md"
    planted.write_text(text)
    with pytest.raises(AssertionError):
        run(planted)


def test_right_python_passes(tmp_path: Path) -> None:
    planted = tmp_path / "planted.md"
    planted.write_text("```python\none = 1\n```\n\n```pycon\n>>> one + 1\n2\n```\n")
    run(planted)


def test_wrong_toml_is_noticed() -> None:
    with pytest.raises(ConfigError):
        open_part('[program]\ncurency = "EUR"\n')
