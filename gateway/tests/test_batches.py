"""Lists are loaded together: more members in one request are no more statements of SQL."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine, event

from gateway.tests.shop import Front, open_shop, order
from loyalty_core import Loyalty


@contextmanager
def counted() -> Iterator[list[str]]:
    """The SQL statements of any engine, while the block runs."""
    seen: list[str] = []

    def note(connection: object, cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)


@pytest.fixture
def crowd(sqlite_url: str) -> Iterator[Loyalty]:
    with open_shop(sqlite_url) as loyalty:
        loyalty.record_many(order(str(n), f"m{n}@example.org", f"{n + 1}.00") for n in range(100))
        yield loyalty


def statements(front: Front, query: str) -> int:
    with counted() as seen:
        front.admin_data(query)
    return len(seen)


def test_top_members_with_their_statements(crowd: Loyalty) -> None:
    front = Front(crowd)

    def top(count: int) -> str:
        return f"""{{ program {{ report(top: {count}) {{ topMembers {{ member {{
            statement {{ wallets {{ available }} }}
            wallet(name: "stars") {{ balance }} }} }} }} }} }}"""

    few, many = statements(front, top(2)), statements(front, top(100))
    assert 0 < many == few


def test_members_by_alias_are_loaded_together(crowd: Loyalty) -> None:
    front = Front(crowd)
    ids = [top.member.id for top in crowd.report(top=10).top_members]

    def members(count: int) -> str:
        fields = (
            f'm{n}: member(id: "{ids[n]}") {{ statement {{ wallets {{ available }} }} }}'
            for n in range(count)
        )
        return f"{{ {' '.join(fields)} }}"

    assert 0 < statements(front, members(10)) == statements(front, members(1))
    aliases = front.admin_data(members(10))
    available = [aliases[f"m{n}"]["statement"]["wallets"][0]["available"] for n in range(10)]
    assert available == [str(100 - n) for n in range(10)]


def test_receipts_with_their_members(crowd: Loyalty) -> None:
    front = Front(crowd)

    def facts(name: str, count: int) -> str:
        orders = ", ".join(
            f"""{{order: {{source: "web", id: "{name} {n}", currency: "EUR",
                occurredAt: "2026-11-21T09:00:00Z", lines: [{{id: "1", amount: 5}}],
                identities: [{{kind: EMAIL, value: "m{n}@example.org"}}]}}}}"""
            for n in range(count)
        )
        return f"""mutation {{ recordFacts(facts: [{orders}]) {{ receipts {{
            member {{ statement {{ wallets {{ balance }} }} }} }} }} }}"""

    many, few = statements(front, facts("many", 20)), statements(front, facts("few", 2))
    assert 0 < many <= few
