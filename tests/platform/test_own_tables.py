"""Tables of plugins' own: their rows follow the facts, and go where the member goes."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import create_engine, func, select

from loyalty_core import (
    Loyalty,
    MemberId,
    PluginError,
    PutRow,
    RecordStatus,
    add_sqlite_hooks,
    own_table,
)
from tests.contract.conftest import Shop
from tests.platform.lending import LEFT, LOAN, Lending
from tests.toy import START, order, points, refund

BOB = "bob@example.org"
ON = {"toy": {}, "lending": {}}
DAY = timedelta(days=1)


@pytest.fixture
def lending() -> Lending:
    return Lending()


@pytest.fixture
def library(shop: Shop, lending: Lending) -> Loyalty:
    return opened(shop, lending)


def opened(shop: Shop, *plugins: object, **given: Any) -> Loyalty:
    return shop.open(plugins=given.pop("on", ON), toys=(shop.toy, *plugins), **given)


def loans(loyalty: Loyalty, member: str | None = None) -> list[tuple[Any, ...]]:
    """Item, cents, day of June it happened, day it is due, and whether it was of the first."""
    rows = loyalty.rows(
        LOAN,
        lambda loan: (
            select(loan)
            .where(loan.c.member_id == MemberId(member) if member else loan.c.number >= 0)
            .order_by(loan.c.occurred_at, loan.c.item)
        ),
    )
    return [
        (row["item"], row["cents"], _day(row["occurred_at"]), _day(row["due_at"]), row["first"])
        for row in rows
    ]


def left(loyalty: Loyalty) -> list[Any]:
    ordered = lambda rows: select(rows.c.cents).order_by(rows.c.occurred_at)  # noqa: E731
    return [row["cents"] for row in loyalty.rows(LEFT, ordered)]


def _day(moment: Any) -> int:
    assert isinstance(moment, datetime)
    assert moment.utcoffset() == timedelta(0)
    return (moment - START).days


def lines(*items: str) -> list[dict[str, Any]]:
    return [{"id": f"l{n}", "amount": "5.00", "sku": item} for n, item in enumerate(items)]


# -- following the facts ----------------------------------------------------------------------


def test_a_fact_brings_its_rows(library: Loyalty) -> None:
    receipt = library.record(order(lines=lines("dune", "emma")))
    assert receipt.status is RecordStatus.BOOKED
    assert loans(library) == [("dune", 500, 0, 14, True), ("emma", 500, 0, 14, True)]
    (row, _) = library.rows(LOAN, lambda rows: select(rows).order_by(rows.c.number))
    assert (row["program"], row["member_id"]) == ("shop", receipt.member_id)
    assert (row["fact_id"], row["number"], row["shelf"]) == (receipt.fact_id, 0, "D")
    assert left(library) == [1000]
    assert library.record(order(lines=lines("dune", "emma"))).status is RecordStatus.DUPLICATE
    assert len(loans(library)) == 2


def test_a_late_fact_decides_the_rows_after_it_again(library: Loyalty) -> None:
    library.record(order("2", lines=lines("dune")))
    library.record(order("3", lines=lines("emma"), at=START + DAY))
    library.record(order("1", lines=lines("ulysses"), at=START - DAY))
    assert loans(library) == [
        ("ulysses", 500, -1, 13, True),
        ("dune", 500, 0, 14, False),
        ("emma", 500, 1, 15, False),
    ]


def test_a_later_version_replaces_rows_and_a_cancelled_order_has_none(library: Loyalty) -> None:
    library.record(order(lines=lines("dune", "emma"), version=1))
    library.record(order(lines=lines("emma"), version=2))
    assert loans(library) == [("emma", 500, 0, 14, True)]
    library.record(order(lines=lines("emma"), version=3, status="cancelled"))
    assert (loans(library), left(library)) == ([], [])
    library.record(order(lines=lines("dune"), version=4))
    assert loans(library) == [("dune", 500, 0, 14, True)]


def test_refunds_change_what_a_follower_put(library: Loyalty) -> None:
    library.record(order(lines=lines("dune", "emma")))
    library.record(refund("r", lines=[{"line": "l0", "amount": "2.00"}]))
    assert left(library) == [800]
    library.record(refund("s"))
    assert left(library) == [0]
    assert len(loans(library)) == 2


def test_any_order_of_the_same_facts_ends_in_the_same_rows(sqlite_shop: Shop) -> None:
    facts = [
        order("1", lines=lines("dune")),
        order("2", lines=lines("emma"), at=START + DAY),
        order("2", lines=lines("ulysses"), at=START - DAY, version=2),
        refund("r", "1", lines=[{"line": "l0", "amount": "1.00"}]),
    ]
    seen = set()
    for number, chosen in enumerate(permutations(facts)):
        loyalty = opened(sqlite_shop, Lending(), program=f"p{number}")
        for fact in chosen:
            loyalty.record(fact)
        seen.add((*loans(loyalty), *left(loyalty)))
    assert seen == {(("ulysses", 500, -1, 13, True), ("dune", 500, 0, 14, False), 500, 400)}


def test_a_batch_writes_the_last_of_each_fact(library: Loyalty) -> None:
    library.record_many(
        [
            order("2", lines=lines("dune"), version=1),
            order("1", lines=lines("emma"), at=START - DAY),
            order("2", lines=lines("ulysses"), version=2),
            order("3", lines=lines("faust"), email=BOB),
            order("2", lines=lines("dune"), version=1),
        ]
    )
    assert loans(library) == [
        ("emma", 500, -1, 13, True),
        ("faust", 500, 0, 14, True),
        ("ulysses", 500, 0, 14, False),
    ]


def test_rows_stay_while_their_plugin_fails(shop: Shop, lending: Lending, library: Loyalty) -> None:
    library.record(order("1", lines=lines("dune"), version=1))
    lending.failing.add("1")
    receipt = library.record(order("1", lines=lines("emma"), version=2))
    assert (receipt.status, receipt.changes) == (RecordStatus.DEFERRED, {})
    assert loans(library) == [("dune", 500, 0, 14, True)]
    lending.failing.clear()
    shop.clock.advance(days=1)
    library.tick()
    assert loans(library) == [("emma", 500, 0, 14, True)]


def test_what_a_host_rolls_back_leaves_no_rows(shop: Shop, library: Loyalty) -> None:
    engine = create_engine(shop.url)
    if engine.dialect.name == "sqlite":
        add_sqlite_hooks(engine)
    with engine.connect() as connection:
        with library.using(connection) as inside:
            inside.record(order(lines=lines("dune")))
            assert len(loans(inside)) == 1
        connection.rollback()
    engine.dispose()
    assert loans(library) == []


def test_a_quote_puts_nothing(library: Loyalty) -> None:
    member = library.record(order(lines=lines("dune"))).member_id or ""
    library.quote({"currency": "USD", "lines": lines("emma")}, member)
    assert len(loans(library)) == 1


# -- going with the member --------------------------------------------------------------------


def test_rows_go_along_with_a_merge_and_back(shop: Shop, library: Loyalty) -> None:
    ada = library.record(order("a", lines=lines("dune"))).member_id or ""
    bob = library.record(order("b", lines=lines("emma"), email=BOB)).member_id or ""
    shop.clock.advance(days=1)
    library.merge(ada, bob, key="m")
    assert loans(library, bob) == []
    mine = [("dune", 500, 0, 14, True), ("emma", 500, 0, 14, True)]
    assert loans(library, ada) == mine
    library.record(order("c", lines=lines("faust"), email=BOB, at=shop.clock()))
    assert loans(library, ada) == [*mine, ("faust", 500, 1, 15, False)]
    library.record(order("b", lines=lines("ulysses"), email=BOB, version=2))
    assert loans(library, ada)[1:2] == [("ulysses", 500, 0, 14, True)]
    library.unmerge(bob, key="u")
    assert loans(library, bob) == [("ulysses", 500, 0, 14, True)]
    assert loans(library, ada) == [("dune", 500, 0, 14, True), ("faust", 500, 1, 15, False)]
    library.record(order("b", lines=lines("dune"), email=BOB, version=3))
    assert loans(library, bob) == [("dune", 500, 0, 14, True)]


def test_a_chain_of_merges_is_undone_link_by_link(shop: Shop, library: Loyalty) -> None:
    ada = library.record(order("a", lines=lines("dune"))).member_id or ""
    bob = library.record(order("b", lines=lines("emma"), email=BOB)).member_id or ""
    eve = library.record(order("e", lines=lines("faust"), email="eve@example.org")).member_id or ""
    library.merge(bob, eve, key="1")
    library.merge(ada, bob, key="2")
    assert [len(loans(library, one)) for one in (ada, bob, eve)] == [3, 0, 0]
    library.unmerge(bob, key="3")
    assert [len(loans(library, one)) for one in (ada, bob, eve)] == [1, 2, 0]
    library.unmerge(eve, key="4")
    assert [len(loans(library, one)) for one in (ada, bob, eve)] == [1, 1, 1]


@pytest.mark.parametrize("installed", [True, False])
def test_rows_are_exported_and_erased_with_the_member(shop: Shop, installed: bool) -> None:
    library = opened(shop, Lending())
    ada = library.record(order("a", lines=lines("dune"))).member_id or ""
    bob = library.record(order("b", lines=lines("emma"), email=BOB)).member_id or ""
    keeper = library if installed else shop.open()
    assert list(keeper.config.plugins) == (["toy", "lending"] if installed else ["toy"])
    data: Any = keeper.export(ada)["data"]
    (row,) = data["lending_loan"]
    assert row == {
        "program": "shop",
        "member_id": ada,
        "fact_id": data["fact"][0]["id"],
        "number": 0,
        "occurred_at": START.isoformat(),
        "item": "dune",
        "cents": 500,
        "due_at": (START + 14 * DAY).isoformat(),
        "first": True,
        "shelf": "D",
    }
    keeper.merge(bob, ada, key="m")
    assert [len(loans(library, one)) for one in (ada, bob)] == [0, 2]
    keeper.erase(bob, reason="asked", actor="eve", key="e")
    assert (loans(library), left(library)) == ([], [])
    assert library.verify().problems == ()


# -- reading ----------------------------------------------------------------------------------


def test_programs_in_one_database_see_their_own_rows(shop: Shop) -> None:
    one, two = (opened(shop, Lending(), program=name) for name in ("one", "two"))
    one.record(order(lines=lines("dune")))
    two.record(order(lines=lines("emma")))
    total = lambda rows: select(func.sum(rows.c.cents).label("cents"))  # noqa: E731
    assert [row["item"] for row in one.rows(LOAN, lambda rows: select(rows.c.item))] == ["dune"]
    assert [int(str(found["cents"])) for found in two.rows(LOAN, total)] == [500]


def test_only_registered_tables_are_read_and_each_alone(shop: Shop, library: Loyalty) -> None:
    other = own_table("loyalty_other_row")
    with pytest.raises(PluginError, match="no plugin of the program has a table"):
        library.rows(other, select)
    with pytest.raises(PluginError, match="is not from 'loyalty_lending_loan' alone"):
        library.rows(LOAN, lambda rows: select(rows, LEFT.c.cents))
    with pytest.raises(PluginError, match="is not from 'loyalty_lending_loan' alone"):
        library.rows(LOAN, lambda _: select(func.now()))


# -- rubbish ----------------------------------------------------------------------------------

GOOD = {"item": "dune", "cents": 5, "due_at": START, "shelf": "D"}
BAD: list[Any] = [
    PutRow("loyalty_lending_loan", {}),
    PutRow("loyalty_lending_loan", {**GOOD, "colour": "red"}),
    PutRow("loyalty_lending_loan", {**GOOD, "member_id": "x"}),
    PutRow("loyalty_lending_loan", {**GOOD, "cents": 1.5}),  # type: ignore[dict-item]
    PutRow("loyalty_lending_loan", {**GOOD, "cents": True}),
    PutRow("loyalty_lending_loan", {**GOOD, "cents": 10**19}),
    PutRow("loyalty_lending_loan", {**GOOD, "cents": None}),
    PutRow("loyalty_lending_loan", {**GOOD, "item": "x" * 65}),
    PutRow("loyalty_lending_loan", {**GOOD, "item": "a\x00b"}),
    PutRow("loyalty_lending_loan", {**GOOD, "item": b"x"}),  # type: ignore[dict-item]
    PutRow("loyalty_lending_loan", {**GOOD, "first": 1}),
    PutRow("loyalty_lending_loan", {**GOOD, "due_at": START.replace(tzinfo=None)}),
    PutRow("loyalty_lending_loan", {**GOOD, "due_at": datetime.max.replace(tzinfo=START.tzinfo)}),
    PutRow("loyalty_lending_loan", {**GOOD, "due_at": START.isoformat()}),
    PutRow("loyalty_lending_loan", None),  # type: ignore[arg-type]
    PutRow("loyalty_lending_loan", [("item", "x")]),  # type: ignore[arg-type]
    PutRow("loyalty_lending_nothing", GOOD),
    PutRow("loyalty_member", {}),
    PutRow(None, GOOD),  # type: ignore[arg-type]
    PutRow([], GOOD),  # type: ignore[arg-type]
]


@pytest.mark.parametrize("number", range(len(BAD)))
def test_a_row_that_no_database_would_take_is_its_plugins_failure(shop: Shop, number: int) -> None:
    lending = Lending(answer=lambda: [BAD[number]])
    loyalty = opened(shop, lending)
    receipt = loyalty.record(order())
    assert (receipt.status, receipt.changes) == (RecordStatus.DEFERRED, {"points": 60})
    assert loans(loyalty) == []
    lending.answer = lambda: [PutRow("loyalty_lending_loan", GOOD)] * 2
    shop.clock.advance(days=1)
    assert loyalty.tick().retried_facts == 1
    assert len(loans(loyalty)) == 2
    assert points(loyalty, receipt.member_id or "") == (60, 60, 0, 0)


def test_a_plugin_cannot_put_rows_into_the_tables_of_another(shop: Shop) -> None:
    thief = Lending(id="thief", tables=(), steps=())
    loyalty = opened(shop, Lending(), thief, on={**ON, "thief": {}})
    receipt = loyalty.record(order(lines=lines("dune")))
    assert receipt.status is RecordStatus.DEFERRED
    assert len(loans(loyalty)) == 1
