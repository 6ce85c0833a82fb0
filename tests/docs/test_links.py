"""Every relative link in the documentation leads somewhere."""

import re
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.tree import project_files
from tests.docs.samples import FENCED

LINK = re.compile(r"\[[^\]]*\]\(\s*<?([^)\s>]+)>?[^)]*\)")
CODE = re.compile(r"`[^`\n]*`")
HEADING = re.compile(r"^#+\s+(.*?)\s*#*$", re.MULTILINE)


def anchors(path: Path) -> set[str]:
    """The anchors of a page's headings."""
    text = FENCED.sub("", path.read_text(encoding="utf-8"))
    plain = [re.sub(r"[^\w\- ]", "", heading.lower()) for heading in HEADING.findall(text)]
    return {heading.strip().replace(" ", "-") for heading in plain}


def dead_links(page: Path) -> Iterator[str]:
    """The relative links of a page that lead nowhere."""
    text = CODE.sub("", FENCED.sub("", page.read_text(encoding="utf-8")))
    for target in LINK.findall(text):
        if re.match(r"[a-z][a-z+.-]*:", target):
            continue
        name, _, anchor = target.partition("#")
        linked = (page.parent / name).resolve() if name else page
        if not linked.exists():
            yield f"{page}: {target}"
        elif anchor and linked.suffix == ".md" and anchor not in anchors(linked):
            yield f"{page}: {target} has no such heading"


def test_links_lead_somewhere() -> None:
    pages = [path for path in project_files() if path.suffix == ".md"]
    assert pages
    assert [link for page in pages for link in dead_links(page)] == []


def test_what_a_block_shows_is_neither_a_heading_nor_a_link(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    listed = "- a list\n\n  ```markdown\n# Shown\n  [gone](gone.md)\n  ```\n"
    long = "````markdown\n```\n# Shown\n[gone](gone.md)\n```\n[gone](gone.md)\n````\n"
    page.write_text(f"# A page\n{listed}\n{long}\n[none](#shown) [up](#a-page)\n")
    assert list(dead_links(page)) == [f"{page}: #shown has no such heading"]


def test_dead_links_are_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A page\n[up](#a-page) [gone](gone.md) [none](#none) `[code](no.md)`\n")
    assert list(dead_links(page)) == [
        f"{page}: gone.md",
        f"{page}: #none has no such heading",
    ]
