"""Every GraphQL of the documentation is asked of a real gateway, and shown answers are its answers.

A page's operations are asked in their order of one program: that of a plugin's page has what its
blocks of TOML say on. Each is asked as the member, or as an operator where only operators may. The
block of JSON behind one is its answer; `...` in a text stands for what differs each time. What a
page asks of a platform is checked by the schema that the platform's double has; nothing answers it
here, so no answer is shown.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    DocumentNode,
    GraphQLSchema,
    build_client_schema,
    build_schema,
    get_introspection_query,
    parse,
    validate,
)

from gateway.tests.shop import SETTINGS, Front, signed
from loyalty_core import Loyalty
from loyalty_core.testing import FrozenClock
from tests.architecture.tree import ROOT
from tests.docs.samples import Block, blocks, kind_of, of_kind

NOW = datetime(2026, 6, 18, 12, tzinfo=UTC)
PROGRAM = """
[program]
id = "shop"
currency = "EUR"

[wallets.points]
value = { points = 100, amount = "1.00" }

[[plugins.points.earn]]
rule = "purchases"
rate = { EUR = "1" }

[plugins.points.redeem]
"""
ADA = {"email": "ada@example.org", "customer_id": "1001"}
ORDER: dict[str, Any] = {
    "type": "order",
    "source": "web",
    "id": "1001",
    "currency": "EUR",
    "identities": ADA,
    "occurred_at": "2026-06-18T10:00:00Z",
    "lines": [{"id": "1", "sku": "TEA-1", "amount": "120.50"}],
}
PAGES = sorted({block.page for block in of_kind("graphql")})


def program_of(page: Path) -> dict[str, Any]:
    """The program that a page's operations are asked of."""
    config = tomllib.loads(PROGRAM, parse_float=Decimal)
    if page.parent.parent == ROOT / "plugins":
        for block in blocks(page):
            if kind_of(block) == "toml":
                joined(config, tomllib.loads(block.text, parse_float=Decimal))
    return config


def joined(into: dict[str, Any], more: dict[str, Any]) -> None:
    """Adds tables and lists; of two values the later one holds."""
    for key, value in more.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            joined(into[key], value)
        elif isinstance(value, list) and isinstance(into.get(key), list):
            into[key] = [*into[key], *value]
        else:
            into[key] = value


def operations(page: Path) -> Iterator[tuple[Block, Any]]:
    """A page's operations, each with the answer that is shown, or None."""
    held = [block for block in blocks(page) if kind_of(block)]
    for block, after in zip(held, [*held[1:], None], strict=True):
        if kind_of(block) == "graphql":
            shown = after is not None and kind_of(after) == "answer"
            yield block, json.loads(after.text) if after and shown else None


def faults(schema: GraphQLSchema, asked: DocumentNode) -> list[str]:
    return [error.message for error in validate(schema, asked)]


def of_a_platform(page: Path, asked: DocumentNode) -> bool:
    """Whether the schema of the plugin's platform takes it."""
    schema = page.parent / "tests" / "schema.graphql"
    return schema.exists() and not faults(build_schema(schema.read_text(encoding="utf-8")), asked)


def follow(page: Path) -> None:
    """Asks all that a page shows; fails where it is refused, or answered otherwise."""
    rest = [
        (block, parse(block.text), shown)
        for block, shown in operations(page)
        if shown is not None or not of_a_platform(page, parse(block.text))
    ]
    if not rest:
        return
    with Loyalty.open(program_of(page), "sqlite://", clock=FrozenClock(NOW)) as loyalty:
        order = ORDER | {"currency": loyalty.config.program.currency}
        ada = loyalty.record(order).member_id or ""
        front = Front(loyalty, SETTINGS)
        served = {
            "/graphql": (schema_of(front.ask(get_introspection_query(), signed(ada))), signed(ada)),
            "/admin/graphql": (schema_of(front.admin(get_introspection_query())), None),
        }
        for block, asked, shown in rest:
            wrong = {path: faults(schema, asked) for path, (schema, _) in served.items()}
            path = next((path for path, found in wrong.items() if not found), None)
            assert path, (block.place, wrong)
            token = served[path][1]
            answer = front.ask(block.text, token) if token else front.admin(block.text)
            expect(answer, shown, block.place)


def schema_of(answer: dict[str, Any]) -> GraphQLSchema:
    return build_client_schema(answer["data"])


def expect(answer: dict[str, Any], shown: Any, place: str) -> None:
    """The answer is what is shown, or else one without an error or a failure."""
    if shown is not None:
        assert same(answer, shown), f"{place} is answered {json.dumps(answer, indent=2)}"
        return
    assert "errors" not in answer, (place, answer)
    failed = [one for one in answer["data"].values() if isinstance(one, dict) and "code" in one]
    assert failed == [], place


def same(answer: Any, shown: Any) -> bool:
    if isinstance(answer, dict) and isinstance(shown, dict):
        return answer.keys() == shown.keys() and all(same(answer[key], shown[key]) for key in shown)
    if isinstance(answer, list) and isinstance(shown, list):
        return len(answer) == len(shown) and all(map(same, answer, shown))
    if isinstance(answer, str) and isinstance(shown, str):
        return bool(re.fullmatch(".+".join(map(re.escape, shown.split("..."))), answer))
    return bool(answer == shown)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_the_page_asks_is_answered(page: Path) -> None:
    follow(page)


REFUSED = 'mutation { hold(points: "500", idempotencyKey: "1") { ... on UserError { code } } }'
OTHER = '{"data": {"program": {"id": "tea"}}}'


@pytest.mark.parametrize(
    "text",
    [
        "```graphql\n{ me { name } }\n```\n",
        "```graphql\n{ me { id\n```\n",
        f"```graphql\n{REFUSED}\n```\n",
        f"```graphql\n{{ program {{ id }} }}\n```\n\n```json\n{OTHER}\n```\n",
    ],
)
def test_a_wrong_operation_or_answer_is_noticed(tmp_path: Path, text: str) -> None:
    page = tmp_path / "page.md"
    page.write_text(text)
    with pytest.raises(Exception, match=r"Cannot query field|Syntax Error|code|is answered"):
        follow(page)


def test_right_ones_pass(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    asked = '```graphql\n{ me { id wallet(name: "points") { available } } }\n```\n'
    answered = '{"data": {"me": {"id": "...", "wallet": {"available": "120"}}}}'
    operators = "```graphql\n{ program { report { orders } } }\n```\n"
    page.write_text(f"{asked}\n```json\n{answered}\n```\n\n{operators}")
    follow(page)
