"""Every relative link in the documentation leads somewhere."""

import re
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.tree import project_files

LINK = re.compile(r"\[[^\]]*\]\(\s*<?([^)\s>]+)>?[^)]*\)")
FENCED = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"^(```|~~~).*?^\1|`[^`\n]*`", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+\s+(.*?)\s*#*$", re.MULTILINE)


def anchors(path: Path) -> set[str]:
    """The anchors of a page's headings."""
    text = FENCED.sub("", path.read_text(encoding="utf-8"))
    plain = [re.sub(r"[^\w\- ]", "", heading.lower()) for heading in HEADING.findall(text)]
    return {heading.strip().replace(" ", "-") for heading in plain}


def dead_links(page: Path) -> Iterator[str]:
    """The relative links of a page that lead nowhere."""
    for target in LINK.findall(CODE.sub("", page.read_text(encoding="utf-8"))):
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


def test_dead_links_are_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A page\n[up](#a-page) [gone](gone.md) [none](#none) `[code](no.md)`\n")
    assert list(dead_links(page)) == [
        f"{page}: gone.md",
        f"{page}: #none has no such heading",
    ]
