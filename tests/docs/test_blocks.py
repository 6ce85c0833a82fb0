"""Every block of TOML in the documentation is a configuration that opens, all Python runs.

A page's Python blocks run in order in one namespace, in an empty folder. What a session (`pycon`)
shows, and what stands behind a `print` as a comment, is compared with what is printed. TOML that
shows part of a configuration is completed. A fact is one that the schema takes and a program books.
"""

import contextlib
import doctest
import io
import json
import re
import tomllib
import types
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from docs.generate import REFERENCE
from docs.generate.facts_words import EXAMPLES
from loyalty_core import ConfigError, FactError, Loyalty, RecordStatus
from loyalty_core.testing.quality.modules import importable
from loyalty_gateway.settings import settings_of
from tests.architecture.tree import ROOT
from tests.docs.samples import Block, blocks, kind_of, of_kind

EARLIER = "2020-01-01T00:00:00Z"
PRINTED = re.compile(r"^ *print\(.*\)  # (.*)$", re.MULTILINE)
WHOLE: dict[str, Any] = {
    "program": {"id": "shop"},
    "wallets": {"points": {"value": {"points": 100, "amount": "1.00"}}},
}


PYTHON = sorted({block.page for block in of_kind("python")})
SCHEMA = json.loads((REFERENCE / "facts.schema.json").read_text(encoding="utf-8"))


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
    """Runs a page's Python but for its files; what is printed must be what the page shows."""
    name = f"{page.stem} of the documentation"
    module = types.ModuleType(name)
    namespace = vars(module)
    try:
        with importable(module):
            for block in blocks(page):
                if kind_of(block) == "python":
                    (run_code if block.language == "python" else run_session)(block, namespace)
    finally:
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


def book(text: str, *, source: str) -> None:
    """Books a fact that is shown, or quotes a cart; ``source`` is said where it may be left out."""
    fact = json.loads(text)
    schema = SCHEMA if "type" in fact else {"$ref": "#/$defs/Cart", "$defs": SCHEMA["$defs"]}
    fact = ({"source": source} if source else {}) | fact
    faults = list(Draft202012Validator(schema).iter_errors(fact))
    assert faults == [], [(fault.json_path, fault.message) for fault in faults]
    order = {key: fact[key] for key in ("source", "currency", "occurred_at") if key in fact}
    with Loyalty.open(WHOLE, "sqlite://") as loyalty:
        if "type" not in fact:
            loyalty.quote(fact)
            return
        if fact["type"] == "refund":
            line = {"id": "1", "amount": "100.00"}
            bought = order | {"occurred_at": EARLIER, "type": "order", "id": fact["order_id"]}
            loyalty.record(bought | {"identities": {"card": "1"}, "lines": [line]})
        assert loyalty.record(fact).status is RecordStatus.BOOKED


@pytest.mark.parametrize("block", of_kind("toml"), ids=lambda block: block.place)
def test_toml_opens(block: Block) -> None:
    open_part(block.text)


@pytest.mark.parametrize("block", of_kind("fact"), ids=lambda block: block.place)
def test_a_fact_is_taken(block: Block) -> None:
    connector = block.page.parent.parent == ROOT / "plugins"
    book(block.text, source="shop" if connector else "")


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


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        ({"lines": []}, AssertionError),
        ({"price": "1.00"}, AssertionError),
        ({"total": "1.00"}, FactError),
        ({"identities": {"email": "ada"}}, FactError),
    ],
)
def test_a_wrong_fact_is_noticed(change: dict[str, Any], refused: type[Exception]) -> None:
    right = EXAMPLES["Order"]
    book(json.dumps(right), source="")
    with pytest.raises(refused):
        book(json.dumps(right | change), source="")
