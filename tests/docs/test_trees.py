"""Every path that a page shows in a tree of files is there, and no package of it is left out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT
from tests.docs.samples import Block, blocks, of_kind


def paths(text: str) -> Iterator[str]:
    """The paths of a tree of files, of which deeper ones are indented."""
    folders: list[str] = []
    for line in text.splitlines():
        depth = (len(line) - len(line.lstrip())) // 2
        for name in line.split():
            if not re.fullmatch(r"[\w<>-]+(/[\w<>-]+)*/|(\w+/)*\w+\.\w+", name):
                break
            yield "".join([*folders[:depth], name])
            if name.endswith("/"):
                folders[depth:] = [name]


def gone(text: str) -> list[str]:
    """The paths that nothing of this tree has; `<id>` stands for any name."""
    return [path for path in paths(text) if not any(ROOT.glob(re.sub(r"<\w+>", "*", path)))]


def untold(text: str) -> list[str]:
    """The packages that a tree leaves out where it shows what is in a folder."""
    shown = list(paths(text))
    opened = {path.rsplit("/", 2)[0] for path in shown if path.count("/") > 1 and path[-1] == "/"}
    packages = [init.parent for folder in opened for init in (ROOT / folder).glob("*/__init__.py")]
    return sorted({f"{one.relative_to(ROOT)}/" for one in packages} - set(shown))


@pytest.mark.parametrize("block", of_kind("paths"), ids=lambda block: block.place)
def test_each_path_of_a_tree_is_there(block: Block) -> None:
    assert gone(block.text) == []
    assert len(list(paths(block.text))) >= len(block.text.splitlines())
    assert untold(block.text) == []


def test_a_path_that_is_gone_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```tree\ndocs/  pages\n  gone.md  x\nplugins/<id>/\n  src/\nsrc/none/\n```\n")
    (block,) = blocks(page)
    assert list(paths(block.text)) == [
        "docs/",
        "docs/gone.md",
        "plugins/<id>/",
        "plugins/<id>/src/",
        "src/none/",
    ]
    assert gone(block.text) == ["docs/gone.md", "src/none/"]
    assert untold("src/loyalty_core/\n  cli/\n")[0] == "src/loyalty_core/application/"
