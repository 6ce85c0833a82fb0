"""What templates of pages ask for is there, and their scripts run in a browser.

Nobody runs Liquid or PHP here. What such a block shows of a member is looked up in what connectors
write: a name that is not written would be empty in the shop, and nobody would be told.
"""

from __future__ import annotations

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
from tests.docs.samples import Block, of_kind

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
