"""Many adjustments at once, dry runs, and opening balances with lots of their own moments."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event, select

from loyalty_core import (
    Adjustment,
    AdjustmentOutcome,
    IdempotencyConflict,
    Json,
    Loyalty,
    LoyaltyError,
    MemberNotFound,
    TransactionKind,
)
from loyalty_core.storage import tables
from loyalty_core.storage.engine import open_engine
from tests.contract.adjusting import DAY, gift, named, opening, outcomes, owner
from tests.contract.conftest import Shop
from tests.toy import START, Toy, order, points


def rows_of(loyalty: Loyalty) -> dict[str, list[Any]]:
    """Every row of every table."""

    def look(reader: Any) -> dict[str, list[Any]]:
        found = {}
        for table in tables.metadata.sorted_tables:
            chosen = select(table).order_by(*table.primary_key.columns)
            found[table.name] = list(reader._connection.execute(chosen))
        return found

    return loyalty._parts.store.read(look)


def test_what_becomes_of_many(shop: Shop) -> None:
    toy = Toy(subscribed=("points_adjusted",))
    loyalty = shop.open(toys=(toy,))
    ada = loyalty.enrol({"email": "ada@example.org"}).id
    bob = loyalty.enrol({"email": "bob@example.org"}).id
    loyalty.adjust(ada, "points", 5, reason="gift", actor="eve", key="before")
    rows: list[Adjustment | Mapping[str, Json]] = [
        gift("a", 30),
        gift("b", -12),
        gift("c", 7, "bob@example.org"),
        gift("a", 30),
        gift("a", 31),
        gift("d", email="nobody@example.org"),
        gift("e", 0),
        {"wallet": "points", "amount": "4", "reason": "r", "actor": "x", "key": "f"},
        {
            "wallet": "points",
            "amount": "4",
            "reason": "r",
            "actor": "x",
            "key": "f",
            "member_id": bob,
        },
        replace(gift("before", 5), identities={}, member_id=ada),
        replace(gift("g"), wallet="stars"),
        5,  # type: ignore[list-item]
    ]
    done: list[int] = []
    told: dict[int, AdjustmentOutcome] = {}
    summary = loyalty.adjust_many(rows, on_receipt=told.__setitem__, progress=done.append, chunk=4)
    assert summary.counts == {"booked": 4, "duplicate": 2, "rejected": 6}
    assert (summary.total, summary.enrolled, done) == (12, 0, [4, 8, 12])
    assert (summary.added, summary.taken) == ({"points": 41}, {"points": 12})
    assert [(one.index, one.error.code) for one in summary.rejected] == [
        (4, "idempotency_conflict"),
        (5, "member_not_found"),
        (6, "fact_malformed"),
        (7, "customer_missing"),
        (10, "wallet_unknown"),
        (11, "fact_malformed"),
    ]
    assert summary.rejected[1].given == rows[5]
    assert (told[3].receipt, told[8].error) == (told[0].receipt, None)
    assert (points(loyalty, ada)[0], points(loyalty, bob)[0]) == (23, 11)
    assert [item.transaction.amount for item in loyalty.history(ada).items] == [-12, 30, 5]
    made = loyalty.history(ada).items[0].transaction
    assert (made.reason, made.actor, made.kind) == ("gift", "eve", TransactionKind.ADJUSTMENT)
    loyalty.tick()
    assert [received.data["amount"] for received in toy.received] == [5, 30, 12, 7, 4]
    assert loyalty.verify().problems == ()


@pytest.mark.parametrize("chunk", [1, 3, 1000])
def test_a_dry_run_answers_the_same_and_changes_no_table(shop: Shop, chunk: int) -> None:
    told = ("points_adjusted", "member_enrolled", "points_expired")
    loyalty = shop.open(toys=(Toy(subscribed=told),), wallet={"debt": "clamp"})
    loyalty.record(order())
    rows = [
        gift("a", -50),
        gift("b", -50),
        gift("b", -50),
        gift("b", -51),
        gift("c", 5, "new@example.org"),
        gift("d", 6, "new@example.org"),
        opening("e", 9, email="new@example.org", expires_at=START - DAY),
        opening("f", -1),
        gift("g", 10**15),
    ]
    before = rows_of(loyalty)
    seen = outcomes(loyalty, rows, enrol=True, chunk=chunk, dry_run=True)
    rehearsed = loyalty.adjust_many(rows, enrol=True, chunk=chunk, dry_run=True)
    assert rows_of(loyalty) == before
    assert rehearsed.counts == {"booked": 5, "duplicate": 1, "rejected": 3}
    assert (rehearsed.added, rehearsed.taken) == ({"points": 20}, {"points": 60})
    assert rehearsed.enrolled == 1
    real = loyalty.adjust_many(rows, enrol=True, chunk=chunk)
    assert plain(real) == plain(rehearsed)
    assert [one.status for one in seen] == [
        *("booked", "booked", "duplicate", "rejected", "booked", "booked", "booked"),
        *("rejected", "rejected"),
    ]
    assert [one.enrolled for one in seen] == [place == 4 for place in range(9)]
    assert points(loyalty, owner(loyalty, "new@example.org")) == (11, 11, 0, 0)
    again = loyalty.adjust_many(rows, enrol=True, chunk=chunk)
    assert again.counts == {"duplicate": 6, "rejected": 3}
    assert (again.added, again.taken, again.enrolled) == ({}, {}, 0)


def plain(summary: Any) -> Any:
    """A summary that can be compared: errors have no equality."""
    rejected = [(one.index, one.given, str(one.error)) for one in summary.rejected]
    return summary.counts, summary.enrolled, summary.added, summary.taken, rejected


def test_the_number_of_statements_does_not_depend_on_the_number_of_rows(shop: Shop) -> None:
    engine = open_engine(shop.url)
    loyalty = Loyalty.open(
        {"program": {"id": "shop"}, "wallets": {"points": {}}}, engine, clock=shop.clock
    )
    counted: list[int] = []

    def book(first: int, number: int) -> int:
        statements: list[str] = []

        def count(*given: Any) -> None:
            statements.append(given[2])

        event.listen(engine, "before_cursor_execute", count)
        rows = [gift(f"k{n}", 5, f"m{n}@example.org") for n in range(first, first + number)]
        summary = loyalty.adjust_many(rows, enrol=True)
        event.remove(engine, "before_cursor_execute", count)
        assert summary.counts == {"booked": number}
        return len(statements)

    counted = [book(0, 2), book(10, 200)]
    loyalty.close()
    engine.dispose()
    assert counted[0] == counted[1]


def test_identities_are_added_only_where_people_may_join(shop: Shop) -> None:
    loyalty = shop.open()
    ada = loyalty.enrol({"email": "ada@example.org"}).id
    both = replace(gift("a"), identities={"email": "ada@example.org", "card": "7"})
    assert loyalty.adjust_many([both]).counts == {"booked": 1}
    assert loyalty.find({"card": "7"}) is None
    seen = outcomes(loyalty, [replace(both, key="b"), gift("c", email="bob@example.org")])
    assert isinstance(seen[1].error, MemberNotFound)
    assert "Enrol the person" in str(seen[1].error)
    joining = [replace(both, key="d"), gift("e", email="bob@example.org")]
    summary = loyalty.adjust_many(joining, enrol=True)
    assert (summary.counts, summary.enrolled) == ({"booked": 2}, 1)
    assert owner(loyalty, "bob@example.org") != ada
    found = loyalty.find({"card": "7"})
    assert found is not None
    assert found.id == ada
    assert points(loyalty, ada)[0] == 30


def test_a_row_of_two_people_leaves_no_trace(shop: Shop) -> None:
    loyalty = shop.open()
    loyalty.enrol({"email": "ada@example.org"})
    torn = {"email": "ada@example.org", "card": "new"}
    rows = [
        replace(gift("a"), identities={"card": "new"}),
        replace(gift("b"), identities={**torn, "payment_token": "t"}),
        gift("b"),
    ]
    summary = loyalty.adjust_many(rows, enrol=True)
    assert summary.counts == {"booked": 2, "rejected": 1}
    assert summary.rejected[0].error.code == "identity_conflict"
    assert loyalty.find({"payment_token": "t"}) is None
    assert loyalty.report().members == 2


def test_facts_that_waited_are_booked_by_the_next_tick(shop: Shop) -> None:
    loyalty = shop.open(join="opt_in")
    loyalty.record(order())
    loyalty.adjust_many([gift("a")], enrol=True)
    ada = owner(loyalty, "ada@example.org")
    assert points(loyalty, ada)[0] == 10
    assert loyalty.tick().retried_facts == 1
    assert points(loyalty, ada)[0] == 70


def test_a_key_of_another_command_or_member_is_a_conflict(shop: Shop) -> None:
    loyalty = shop.open()
    ada = loyalty.enrol({"email": "ada@example.org"}, key="enrolled").id
    loyalty.adjust(ada, "points", 60, reason="gift", actor="eve", key="k")
    loyalty.redeem(ada, points=5, key="r")
    rows = [gift("enrolled"), gift("r"), gift("k", 60, "bob@example.org"), gift("k2")]
    seen = outcomes(loyalty, rows, enrol=True)
    assert [one.status for one in seen] == ["rejected", "rejected", "rejected", "booked"]
    assert all(isinstance(one.error, IdempotencyConflict) for one in seen[:3])
    assert loyalty.find({"email": "bob@example.org"}) is None
    with pytest.raises(IdempotencyConflict):
        loyalty.redeem(ada, points=5, key="k2")
    assert points(loyalty, ada)[0] == 65


def test_a_defect_costs_its_own_row_alone(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    loyalty = shop.open()
    from loyalty_core.application import adjust

    real = adjust._post

    def broken(row: Any, *rest: Any) -> None:
        if row.wanted.key == "b":
            raise ZeroDivisionError
        real(row, *rest)

    monkeypatch.setattr(adjust, "_post", broken)
    rows = [gift("a"), gift("b", email="bob@example.org"), gift("c")]
    seen = outcomes(loyalty, rows, enrol=True)
    assert [one.status for one in seen] == ["booked", "rejected", "booked"]
    assert seen[1].error is not None
    assert seen[1].error.code == "ledger_fault"
    assert loyalty.find({"email": "bob@example.org"}) is None
    monkeypatch.undo()
    assert loyalty.adjust_many(rows, enrol=True).counts == {"duplicate": 2, "booked": 1}


def test_one_file_imported_by_many_at_once_is_booked_once(shop: Shop) -> None:
    loyalty = shop.open()
    rows = [gift(f"k{n}", n + 1, f"m{n % 5}@example.org") for n in range(20)]
    with ThreadPoolExecutor(4) as threads:
        found = list(
            threads.map(lambda _: loyalty.adjust_many(rows, enrol=True, chunk=7), range(4))
        )
    assert sum(one.counts.get("booked", 0) for one in found) == 20  # type: ignore[call-overload]
    assert sum(one.counts.get("duplicate", 0) for one in found) == 60  # type: ignore[call-overload]
    assert sum(one.enrolled for one in found) == 5
    assert sum(one.added.get("points", 0) for one in found) == 210
    assert loyalty.report().members == 5
    assert loyalty.report().wallets[0].adjusted == 210
    assert loyalty.verify().problems == ()


def test_inside_the_hosts_transaction(shop: Shop) -> None:
    loyalty = shop.open()
    loyalty.record(order())
    ada = owner(loyalty, "ada@example.org")
    engine = open_engine(shop.url)
    before = rows_of(loyalty)
    with engine.connect() as connection, connection.begin() as host:
        with loyalty.using(connection) as inside:
            assert inside.adjust_many([gift("a", 40)], dry_run=True).added == {"points": 40}
            assert points(inside, ada)[0] == 60
            assert inside.adjust_many([gift("a", 40)]).counts == {"booked": 1}
            assert points(inside, ada)[0] == 100
        host.rollback()
    engine.dispose()
    assert rows_of(loyalty) == before


def test_what_one_adjustment_raises(shop: Shop) -> None:
    loyalty = shop.open()
    with pytest.raises(LoyaltyError) as refused:
        loyalty.adjust("", "points", 5, reason="r", actor="a", key="k")
    assert refused.value.code == "customer_missing"


def test_nothing_is_adjusted_for_who_was_erased(shop: Shop) -> None:
    loyalty = shop.open()
    (first,) = outcomes(loyalty, [gift("k1")], enrol=True)
    ada = owner(loyalty, "ada@example.org")
    loyalty.erase(ada, reason="asked for it", actor="op", key="e")
    rows = [gift("k2"), gift("k3", awarded_at=START - DAY), named("k4", ada), gift("k1")]
    told = outcomes(loyalty, rows, enrol=True)
    assert [type(one.error).__name__ for one in told] == [
        "MemberErased",
        "MemberErased",
        "MemberErased",
        "IdempotencyConflict",
    ]
    assert loyalty.find({"email": "ada@example.org"}) is None
    shop.clock.advance(seconds=1)
    (again,) = outcomes(loyalty, [gift("k5")], enrol=True)
    assert again.enrolled
    assert first.receipt
    assert again.receipt
    assert again.receipt.member_id != first.receipt.member_id


def test_who_was_merged_is_adjusted_as_the_member_they_are_now(shop: Shop) -> None:
    loyalty = shop.open()
    outcomes(loyalty, [gift("k1"), gift("k2", email="bob@example.org")], enrol=True)
    ada, bob = owner(loyalty, "ada@example.org"), owner(loyalty, "bob@example.org")
    loyalty.merge(ada, bob, reason="same person", actor="op", key="m")
    told = outcomes(loyalty, [named("k3", bob), gift("k4", email="bob@example.org")])
    assert [one.receipt.member_id for one in told if one.receipt] == [ada, ada]
    assert points(loyalty, ada)[0] == 40
    assert loyalty.verify().problems == ()
