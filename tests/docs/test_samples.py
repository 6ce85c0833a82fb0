"""Every block of the documentation is held: it is run, compared, checked, or says why it is not."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT
from tests.docs.samples import BLOCKS, FENCED, KINDS, PAGES, blocks, kind_of

MOST_UNRUN = 7
"""How many blocks are not run, whatever the reason: fewer is better, more needs a reason here."""


def test_every_block_is_held() -> None:
    missed = [block.place for block in BLOCKS if not kind_of(block)]
    assert missed == [], (
        "Nothing runs these. Show a command and what it prints as `console`; a block that cannot "
        'be run says why: unrun="REASON" behind its language.'
    )
    assert len(BLOCKS) > 200
    unused = KINDS.keys() - {kind_of(block) for block in BLOCKS}
    assert unused == set(), "no block needs these any more"


def test_what_is_not_run_says_why() -> None:
    unrun = [block for block in BLOCKS if kind_of(block) == "unrun"]
    assert all(len(block.unrun.split()) >= 2 for block in unrun)
    assert len(unrun) <= MOST_UNRUN, [block.place for block in unrun]


def stray(page: Path) -> list[str]:
    """The answers of a page that nobody compares: they stand behind nothing that is asked."""
    found, before = [], ""
    for block in blocks(page):
        if kind_of(block) == "answer" and before != "graphql":
            found.append(block.place)
        before = kind_of(block)
    return found


def test_every_answer_stands_behind_what_is_asked() -> None:
    assert [place for page in PAGES for place in stray(page)] == []


def test_an_answer_to_nothing_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    asked, answer = "```graphql\n{ me { id } }\n```\n\n", '```json\n{"data": {}}\n```\n\n'
    fact = '```json\n{"type": "activity", "data": {}}\n```\n'
    page.write_text(f"{asked}{answer}{fact}")
    assert [kind_of(block) for block in blocks(page)] == ["graphql", "answer", "fact"]
    assert stray(page) == []
    page.write_text(f"{answer}{asked}{answer}{answer}")
    assert stray(page) == [f"{page}:1", f"{page}:13"]


def test_the_commands_of_pages_outside_are_run_there() -> None:
    there = "".join(path.read_text("utf-8") for path in (ROOT / "tests" / "outside").glob("*.py"))
    lines = [
        line.removeprefix(".venv/bin/")
        for block in BLOCKS
        if kind_of(block) == "outside" and block.language == "sh"
        for line in block.text.splitlines()
        if line.startswith(".venv/bin/") and "install" not in line
    ]
    assert "mypy" in lines
    assert [line for line in lines if json.dumps(line.split())[1:-1] not in there] == []


def test_no_block_is_overlooked() -> None:
    """A fence that is not closed, or is written in another way, would hide what follows."""
    left = re.compile(r"^[ >]*(```|~~~)", re.MULTILINE)
    pages = [page for page in PAGES if left.search(FENCED.sub("", page.read_text("utf-8")))]
    assert [str(page.relative_to(ROOT)) for page in pages] == []


@pytest.mark.parametrize("info", ["", "text", "sh", "ruby"])
def test_a_block_that_nothing_holds_is_noticed(tmp_path: Path, info: str) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"```{info}\nwords\n```\n")
    (block,) = blocks(page)
    assert kind_of(block) == ""


@pytest.mark.parametrize("info", ["run=no", "file=", 'unrun=""', "unrun=later"])
def test_what_is_said_in_another_way_is_noticed(tmp_path: Path, info: str) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"```console {info}\nwords\n```\n")
    (block,) = blocks(page)
    with pytest.raises(AssertionError, match=r"page\.md:1: "):
        kind_of(block)


def test_blocks_are_found_wherever_they_stand(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    inner = "~~~markdown file=a.md\n```toml\none = 1\n```\n~~~\n"
    listed = '- a list\n\n  ````text unrun="a drawing"\n  ```\n  ````\n'
    page.write_text(f"{inner}\n{listed}")
    first, second = blocks(page)
    assert (first.file, first.text) == ("a.md", "```toml\none = 1\n```\n")
    assert (second.unrun, second.text, second.line) == ("a drawing", "```\n", 9)
    assert [kind_of(first), kind_of(second)] == ["file", "unrun"]
