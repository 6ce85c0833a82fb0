"""What pages show in languages of shops and browsers, trees of files, and messages, is there.

Nobody runs Liquid or PHP here. What such a block shows of a member is looked up in what connectors
write: a name that is not written would be empty in the shop, and nobody would be told.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from gateway.tests import browser
from loyalty_core import Loyalty, ShowMember, member_text
from loyalty_core.testing import FrozenClock
from tests.architecture.tree import ROOT, modules
from tests.docs.samples import Block, blocks, of_kind

PROGRAM: dict[str, Any] = {
    "program": {"id": "shop"},
    "wallets": {"points": {"value": {"points": 100, "amount": "1.00"}}},
    "plugins": {
        "points": {"earn": [{"rule": "purchases", "rate": {"EUR": "1"}}]},
        "tiers": {"scheme": [{"scheme": "club", "tier": [{"tier": "silver"}]}]},
    },
}
ORDER: dict[str, Any] = {
    "type": "order",
    "source": "web",
    "id": "1001",
    "currency": "EUR",
    "identities": {"email": "ada@example.org"},
    "occurred_at": "2026-06-18T10:00:00Z",
    "lines": [{"id": "1", "amount": "120.50"}],
}
NOW = datetime(2026, 6, 18, 12, tzinfo=UTC)
KEYS = re.compile(r"(?<![.\w])loyalty((?:\.\w+|\['\w+'\])+)")
"""Of a variable `loyalty`, as Liquid and PHP ask for it."""
ANSWERED = '{"token": "a.token", "expires_in": 300}'
"""What `/sign-in` answers a page."""
ASYNCHRONOUS = "Object.getPrototypeOf(async function () {}).constructor"
RUN = """
(async () => {{
  globalThis.fetch = async () => new Response({answered});
  await new ({kind})({text})();
  document.title = "done";
}})().catch((error) => {{ document.title = String(error); }}), 1
"""


@cache
def written() -> dict[str, Any]:
    """What connectors write of a member who has points and a tier."""
    with Loyalty.open(PROGRAM, "sqlite://", clock=FrozenClock(NOW)) as loyalty:
        ada = loyalty.record(ORDER).member_id or ""
        action = ShowMember(key="1", statement=loyalty.statement(ada), revision=1)
        text = member_text(action, there="")
    made: dict[str, Any] = json.loads(text or "")
    return made


def missing(text: str, document: dict[str, Any]) -> Iterator[str]:
    """What a block asks for and the document has not."""
    for found in KEYS.finditer(text):
        at: Any = document
        for key in re.findall(r"\w+", found[1]):
            if not isinstance(at, dict) or key not in at:
                yield found[0]
                break
            at = at[key]


@pytest.mark.parametrize("block", of_kind("template"), ids=lambda block: block.place)
def test_what_a_template_asks_for_is_written(block: Block) -> None:
    assert list(missing(block.text, written())) == []
    assert KEYS.search(block.text), "nothing of it can be looked up"


def test_what_is_not_written_is_noticed() -> None:
    assert list(missing("{{ loyalty.wallets.points.left }}", written())) == [
        "loyalty.wallets.points.left"
    ]
    assert list(missing("$loyalty['tier']['club']", written())) == ["loyalty['tier']['club']"]


def test_scripts_run_in_a_browser(tmp_path: Path) -> None:
    """Each in an empty page, whose requests are answered as `/sign-in` answers."""
    chromium = browser.find_chromium()
    if chromium is None:
        pytest.skip("no Chromium on PATH; on Debian: apt-get install chromium")
    with browser.opened(chromium, tmp_path) as page:
        for block in of_kind("js"):
            assert ran(page, block.text) == "done", block.place
        assert "SyntaxError" in ran(page, "const one = ;")
        assert "ReferenceError" in ran(page, "nobody();")


def ran(page: browser.Page, text: str) -> str:
    """What came of a script: done, or the error."""
    page.value("document.title = ''")
    answered = json.dumps(ANSWERED)
    page.value(RUN.format(answered=answered, kind=ASYNCHRONOUS, text=json.dumps(text)))
    return str(page.until("document.title"))


def messages(about: str) -> list[re.Pattern[str]]:
    """What modules may say that have some words of it, longest first; a gap takes any value."""
    words = about.split()
    some = [" ".join(words[place : place + 3]) for place in range(len(words) - 2)]
    found = set()
    for module in modules():
        text = module.read_text(encoding="utf-8")
        if any(one in text for one in some):
            found |= {template(node) for node in ast.walk(ast.parse(text))}
    return [re.compile(one) for one in sorted(found - {""}, key=len, reverse=True)]


def template(node: ast.AST) -> str:
    """The pattern of a text in the code; empty for what is none, or says too little."""
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    texts = [part.value if isinstance(part, ast.Constant) else None for part in parts]
    if sum(len(text) for text in texts if isinstance(text, str)) < 20:
        return ""
    gaps = [r"\w+" if place == len(texts) - 1 else ".+?" for place in range(len(texts))]
    return "".join(
        re.escape(text) if isinstance(text, str) else gap
        for text, gap in zip(texts, gaps, strict=True)
    )


def unsaid(text: str) -> str:
    """What is left of a message without what the code may say; empty if that is all of it."""
    rest = " ".join(text.split())
    said = messages(rest)
    while found := next((one for text in said if (one := text.match(rest))), None):
        rest = rest[found.end() :].lstrip(". ")
    return rest


@pytest.mark.parametrize("block", of_kind("message"), ids=lambda block: block.place)
def test_a_message_is_what_the_code_says(block: Block) -> None:
    assert unsaid(block.text) == ""


def test_what_nobody_says_is_noticed() -> None:
    right = "A later release of the plugin wrote it: install that one. Nothing is lost."
    assert unsaid(right) == ""
    assert unsaid(f"{right} Or so they say.") == "Or so they say."
    assert (
        unsaid("A later release of the plugin ate it.") == "A later release of the plugin ate it."
    )


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
