"""The samples of the documentation: every fenced block of every page, and how each is held.

A block says behind its language what else is true of it:

- ``file=PATH``: it is a file, which the commands below it on the page find in their folder;
- ``unrun="REASON"``: it cannot be run here, and why.

What holds a block follows from its language and its page (`kind_of`), so a new block needs no
list: it is run, or `test_samples.py` says that nothing would.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from docs.generate import BY_HAND, REFERENCE
from tests.architecture.tree import ROOT, project_files

FENCED = re.compile(
    r"^(?P<indent> *)(?P<fence>`{3,}|~{3,})(?P<language>\w*)(?P<info>[^`\n]*)\n"
    r"(?P<text>.*?)^ *(?P=fence) *$",
    re.MULTILINE | re.DOTALL,
)
INFO = re.compile(r'(?:\s+(?:file=(?P<file>[^\s"]+)|unrun="(?P<unrun>[^"]+)"))?\s*')
OUTSIDE = ROOT / "examples" / "third_party_plugin"
"""Its page runs where it is installed: by its own tests, which tests/outside runs."""

KINDS = {
    "python": "test_blocks.py runs it in the page's namespace",
    "toml": "test_blocks.py opens the program",
    "fact": "test_blocks.py records the fact, or quotes the cart",
    "graphql": "test_graphql.py asks it",
    "answer": "test_graphql.py compares it with the answer to what stands before it",
    "console": "test_console.py runs it and compares what it prints",
    "file": "test_console.py writes it, for the commands of the page",
    "template": "test_templates.py looks up what it shows",
    "js": "test_templates.py has an engine read it",
    "paths": "test_trees.py looks for each path",
    "log": "test_logs.py compares it with what is logged",
    "generated": "test_reference.py compares the page with the code",
    "outside": "tests/outside runs the page where its plugin is installed",
    "unrun": "nothing: the block says why",
}
"""What holds each kind of block."""
BY_LANGUAGE = {
    "python": "python",
    "pycon": "python",
    "toml": "toml",
    "json": "fact",
    "graphql": "graphql",
    "console": "console",
    "liquid": "template",
    "php": "template",
    "js": "js",
    "tree": "paths",
    "log": "log",
}


@dataclass(frozen=True)
class Block:
    """A fenced block of a page, without what it is indented by."""

    page: Path
    line: int
    language: str
    info: str
    text: str

    @property
    def place(self) -> str:
        shown = self.page.relative_to(ROOT) if self.page.is_relative_to(ROOT) else self.page
        return f"{shown}:{self.line}"

    @property
    def file(self) -> str:
        """The file it is, below the folder that its page works in; empty for none."""
        return self._said("file")

    @property
    def unrun(self) -> str:
        """Why it cannot be run here; empty if it can."""
        return self._said("unrun")

    def _said(self, name: str) -> str:
        found = INFO.fullmatch(self.info)
        assert found, f"{self.place}: {self.info!r} is neither file=PATH nor unrun=REASON"
        return found[name] or ""


def blocks(page: Path) -> Iterator[Block]:
    """Every fenced block of a page; one that shows a page is one block."""
    text = page.read_text(encoding="utf-8")
    for found in FENCED.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        indent = len(found["indent"])
        lines = found["text"].splitlines(keepends=True)
        body = "".join(one[indent:] or "\n" for one in lines)
        yield Block(page, line, found["language"], found["info"], body)


def kind_of(block: Block) -> str:
    """What holds the block, a key of `KINDS`; empty if nothing does."""
    if block.page.is_relative_to(OUTSIDE) and block.language in ("python", "toml", "sh"):
        return "outside"
    if block.unrun:
        return "unrun"
    if block.file:
        return "file"
    generated = block.page.is_relative_to(REFERENCE) and block.page.name not in BY_HAND
    if block.language == "text" and generated:
        return "generated"
    if block.language == "json" and json.loads(block.text).keys() <= {"data", "errors"}:
        return "answer"
    return BY_LANGUAGE.get(block.language, "")


def of_kind(kind: str) -> list[Block]:
    """The blocks of all pages that are held in one way."""
    return [block for block in BLOCKS if kind_of(block) == kind]


PAGES = [path for path in project_files() if path.suffix == ".md"]
BLOCKS = [block for page in PAGES for block in blocks(page)]
