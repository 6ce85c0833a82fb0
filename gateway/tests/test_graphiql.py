"""The GraphiQL page works in a browser and asks nobody but the gateway."""

import hashlib
import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import loyalty_gateway
from gateway.tests import browser
from gateway.tests.serving import served
from gateway.tests.shop import signed
from loyalty_core import Loyalty

STATIC = Path(loyalty_gateway.__file__).parent / "static"


def test_the_page_runs_a_query_and_asks_nobody_else(
    loyalty: Loyalty, ada: str, tmp_path: Path
) -> None:
    chromium = browser.find_chromium()
    if chromium is None:
        pytest.skip("no Chromium on PATH; on Debian: apt-get install chromium")
    with served(loyalty) as url, browser.opened(chromium, tmp_path) as page:
        page.call("Page.navigate", url=f"{url}/graphql#token={signed(ada)}")
        page.until("!!document.querySelector('.graphiql-execute-button')")
        page.until("!!document.querySelector('.graphiql-query-editor .CodeMirror')")
        query = '{ me { id wallet(name: \\"points\\") { available } } }'
        editor = "document.querySelector('.graphiql-query-editor .CodeMirror').CodeMirror"
        page.value(f'{editor}.setValue("{query}")')
        page.value("document.querySelector('.graphiql-execute-button').click()")
        result = "document.querySelector('.result-window .CodeMirror').CodeMirror.getValue()"
        shown = page.until(f"{result}.includes('available') && {result}")
        assert f'"id": "{ada}"' in shown
        assert '"available": "120"' in shown
        assert page.value("location.hash") == ""

        asked = [event["request"]["url"] for event in page.told("Network.requestWillBeSent")]
        hosts = {urlsplit(address).netloc for address in asked if not address.startswith("data:")}
        assert hosts - {""} == {urlsplit(url).netloc}
        assert any(address.endswith("/graphiql/graphiql.min.js") for address in asked)
        assert page.told("Runtime.exceptionThrown") == []
        logged = [event["entry"]["text"] for event in page.told("Log.entryAdded")]
        assert [text for text in logged if "Content Security Policy" in text] == []


def test_third_party_files_are_the_ones_named() -> None:
    text = (STATIC / "THIRD_PARTY.md").read_text(encoding="utf-8")
    named = dict(re.findall(r"\| `([^`]+)` \|.*\| `([0-9a-f]{64})` \|", text))
    assert len(named) == 4
    for name, expected in named.items():
        assert hashlib.sha256((STATIC / name).read_bytes()).hexdigest() == expected
    own = {"THIRD_PARTY.md", "start.js", "start.css"}
    assert {path.name for path in STATIC.iterdir()} == {*named, *own}
