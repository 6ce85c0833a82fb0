"""Histories in pages, explanations, and what a question costs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event

from loyalty_core import FactError, Loyalty, MemberNotFound, TransactionNotFound, WalletUnknown
from tests.contract.conftest import Shop
from tests.toy import START, order, refund


@contextmanager
def statements_of(loyalty: Loyalty) -> Iterator[list[str]]:
    """The SQL statements that the block runs."""
    engine: Engine = loyalty._parts.store._engine
    seen: list[str] = []

    def note(_: Any, __: Any, statement: str, *rest: Any) -> None:
        if not statement.startswith(("BEGIN", "SET", "SHOW")):
            seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


def pages(loyalty: Loyalty, member: str, size: int, **given: Any) -> Iterator[list[str]]:
    after = None
    while True:
        page = loyalty.history(member, first=size, after=after, **given)
        yield [item.transaction.id for item in page.items]
        if not page.more:
            return
        after = page.items[-1].cursor


@pytest.mark.parametrize("size", [1, 3, 7, 8, 1000])
def test_pages_are_complete_and_do_not_overlap(shop: Shop, size: int) -> None:
    loyalty = shop.open()
    for number in range(4):  # two of a kind at each of four moments: ties across pages
        at = START - timedelta(hours=number)
        loyalty.record_many([order(f"{number}a", at=at), order(f"{number}b", at=at)])
    member = loyalty.find({"email": "ada@example.org"})
    assert member is not None
    found = [one for page in pages(loyalty, member.id, size) for one in page]
    assert len(found) == len(set(found)) == 8
    whole = loyalty.history(member.id, first=1000).items
    assert found == [item.transaction.id for item in whole]
    moments = [item.transaction.occurred_at for item in whole]
    assert moments == sorted(moments, reverse=True)


def test_pages_are_stable_while_others_book(shop: Shop) -> None:
    loyalty = shop.open()
    member = ""
    for number in range(6):
        at = START - timedelta(hours=number)
        member = loyalty.record(order(str(number), at=at)).member_id or ""
    before = [item.transaction.id for item in loyalty.history(member).items]
    seen: list[str] = []
    for number, page in enumerate(pages(loyalty, member, 2)):
        seen += page
        loyalty.record(order(f"new{number}"))
    assert seen == before


def test_history_of_one_wallet(shop: Shop) -> None:
    config = {
        "program": {"id": "shop"},
        "wallets": {"points": {}, "stars": {}},
        "plugins": {"toy": {}},
    }
    loyalty = shop.open(config=config)
    member = loyalty.record(order()).member_id or ""
    loyalty.adjust(member, "stars", 3, reason="r", actor="a", key="k")
    assert [len(page) for page in pages(loyalty, member, 5, wallet="stars")] == [1]
    assert len(loyalty.history(member).items) == 2
    with pytest.raises(WalletUnknown):
        loyalty.history(member, wallet="gems")


@pytest.mark.parametrize("first", [0, -1, 1001])
def test_a_page_has_a_sensible_size(shop: Shop, first: int) -> None:
    loyalty = shop.open()
    member = loyalty.record(order()).member_id or ""
    with pytest.raises(FactError):
        loyalty.history(member, first=first)


@pytest.mark.parametrize("cursor", ["", "x", "bm90aGluZw", "é", "a" * 500])
def test_a_cursor_that_is_not_ours_is_refused(shop: Shop, cursor: str) -> None:
    loyalty = shop.open()
    member = loyalty.record(order()).member_id or ""
    with pytest.raises(FactError):
        loyalty.history(member, after=cursor)


def test_unknown_members_and_transactions(shop: Shop) -> None:
    loyalty = shop.open()
    nobody = "00000000-0000-7000-8000-000000000000"
    for unknown in (nobody, "x", "x" * 36, ""):
        with pytest.raises(MemberNotFound):
            loyalty.statement(unknown)
        with pytest.raises(MemberNotFound):
            loyalty.history(unknown)
        with pytest.raises(TransactionNotFound):
            loyalty.explain(unknown)
    assert loyalty.statements([nobody, "x"]) == {}


def test_an_explanation_names_fact_rules_and_refunds(shop: Shop) -> None:
    loyalty = shop.open(settings={"first_order": 500})
    receipt = loyalty.record(order())
    loyalty.record(refund("r1", lines=[{"line": "a", "amount": "15.00"}]))
    explained = loyalty.explain(receipt.transactions[0])
    assert explained.fact is not None
    assert (explained.fact.id, explained.refunds, explained.config_version) == ("1", ("r1",), 1)
    awards = [(one.plugin, one.rule, one.amount, one.kept) for one in explained.awards]
    assert awards == [("toy", "base", 60, 45), ("toy", "first_order", 500, 375)]
    made = loyalty.adjust(receipt.member_id or "", "points", 5, reason="gift", actor="eve", key="k")
    adjusted = loyalty.explain(made.transaction_id or "")
    assert (adjusted.fact, adjusted.awards, adjusted.refunds) == (None, (), ())
    assert adjusted.transaction.reason == "gift"


def test_another_program_sees_nothing_of_it(shop: Shop) -> None:
    ours, theirs = shop.open(), shop.open(program="other")
    receipt = ours.record(order())
    member = receipt.member_id or ""
    assert theirs.find({"email": "ada@example.org"}) is None
    assert theirs.members([member]) == {}
    with pytest.raises(MemberNotFound):
        theirs.statement(member)
    with pytest.raises(MemberNotFound):
        theirs.redeem(member, points=1, key="k")
    with pytest.raises(TransactionNotFound):
        theirs.explain(receipt.transactions[0])
    assert theirs.record(order()).status == "booked"
    assert theirs.report().members == ours.report().members == 1


def test_questions_and_facts_cost_the_same_however_old_the_member_is(shop: Shop) -> None:
    loyalty = shop.open(settings={"pending_days": 3}, wallet={"expiry": {"after_days": 90}})
    member = loyalty.record(order("first", at=START - timedelta(days=300))).member_id or ""

    def cost() -> dict[str, int]:
        counted = {}
        with statements_of(loyalty) as seen:
            loyalty.statement(member)
            counted["statement"] = len(seen)
            loyalty.history(member, first=10)
            counted["history"] = len(seen)
            loyalty.record(order(f"n{shop.clock().isoformat()}", at=shop.clock()))
            counted["record"] = len(seen)
        return counted

    young = cost()
    loyalty.record_many(
        [order(str(n), "3.00", at=START - timedelta(hours=n + 1)) for n in range(300)]
    )
    shop.clock.advance(hours=1)
    assert cost() == young
    assert young["statement"] == 1


def test_the_statements_of_many_cost_as_much_as_those_of_one(shop: Shop) -> None:
    loyalty = shop.open()
    loyalty.record_many([order(str(n), email=f"m{n}@example.org") for n in range(40)])
    found = [loyalty.find({"email": f"m{n}@example.org"}) for n in range(40)]
    members = [one.id for one in found if one is not None]
    with statements_of(loyalty) as few:
        loyalty.statement(members[0])
    with statements_of(loyalty) as many:
        assert set(loyalty.statements(members)) == set(members)
    assert len(many) == len(few)
