"""Caches that were wiped or poisoned come back from the entries alone."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection, select, text

from loyalty_core import Difference, Loyalty
from loyalty_core.application import rebuild
from loyalty_core.storage import tables
from tests.contract.conftest import Shop
from tests.contract.test_broken_databases import behind_our_back
from tests.toy import order, refund

CACHES = {
    "loyalty_wallet": ("balance", "debt", "earned", "redeemed", "expired", "adjusted", "held"),
    "loyalty_lot": ("remaining", "expired", "held"),
}


def full(shop: Shop) -> Loyalty:
    """Lots spent, expired, pending, taken back, owed and held, all caught up with time."""
    rules = {"pending_days": 10, "activities": {}}
    loyalty = shop.open(settings=rules, wallet={"expiry": {"after_days": 60}})
    for number, name in enumerate(("ada", "bob", "cy")):
        email = f"{name}@example.org"
        member = loyalty.record(order(f"{name}1", "60.00", email=email)).member_id or ""
        loyalty.adjust(member, "points", number - 1 or 7, reason="r", actor="a", key=f"{name}a")
    shop.clock.advance(days=20)
    loyalty.tick()
    for name in ("ada", "bob", "cy"):
        found = loyalty.find({"email": f"{name}@example.org"})
        assert found is not None
        if name == "cy":
            loyalty.hold(found.id, points=61, minutes=100 * 24 * 60, key="h")
        else:
            loyalty.redeem(found.id, points=40, key=f"{name}r")
    loyalty.record(refund("r", "bob1", at=shop.clock()))
    shop.clock.advance(days=45)
    for name in ("ada", "bob", "cy"):
        email = f"{name}@example.org"
        loyalty.record(order(f"{name}2", "9.00", email=email, at=shop.clock()))
    loyalty.tick()
    assert loyalty.verify().problems == ()
    return loyalty


def rows(connection: Connection) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for table in (tables.wallet, tables.lot):
        chosen = select(table).order_by(*table.primary_key)
        found[table.name] = [dict(row) for row in connection.execute(chosen).mappings()]
    return found


def spoil(shop: Shop, *statements: str) -> tuple[dict[str, list[Any]], dict[str, list[Any]]]:
    """The rows before and after what was done to them."""
    with behind_our_back(shop) as connection:
        before = rows(connection)
        for statement in statements:
            assert connection.execute(text(statement)).rowcount >= 1
        return before, rows(connection)


def rows_now(shop: Shop) -> dict[str, list[Any]]:
    with behind_our_back(shop) as connection:
        return rows(connection)


def test_right_caches_are_left_alone(shop: Shop) -> None:
    loyalty = full(shop)
    before = rows_now(shop)
    assert loyalty.rebuild().rebuilt == 0
    assert rows_now(shop) == before
    assert any(row["debt"] for row in before["loyalty_wallet"])
    assert any(row["pending"] for row in before["loyalty_lot"])
    assert any(row["expired"] for row in before["loyalty_lot"])


@pytest.mark.parametrize("poison", ["0", "-7", "{column} + 13"])
@pytest.mark.parametrize(
    ("table", "column"), [(table, column) for table, names in CACHES.items() for column in names]
)
def test_each_cache_comes_back(shop: Shop, table: str, column: str, poison: str) -> None:
    loyalty = full(shop)
    value = poison.format(column=column)
    before, after = spoil(shop, f"update {table} set {column} = {value}")
    report = loyalty.rebuild()
    assert rows_now(shop) == before
    key = "member_id" if table == "loyalty_wallet" else "id"
    named = "wallet points of {}" if table == "loyalty_wallet" else "lot {}"
    assert sorted(report.differences, key=str) == sorted(
        (
            Difference(
                where=named.format(old[key]),
                column=column,
                stored=new[column],
                recomputed=old[column],
            )
            for old, new in zip(before[table], after[table], strict=True)
            if old[column] != new[column]
        ),
        key=str,
    )
    assert report.rebuilt == len(report.differences)
    assert loyalty.rebuild().rebuilt == 0
    assert loyalty.verify().problems == ()


def test_everything_at_once_in_small_chunks(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rebuild, "MEMBERS_A_CHUNK", 1)
    monkeypatch.setattr(rebuild, "MOST_A_ROUND", 2)
    monkeypatch.setattr(rebuild, "LISTED", 3)
    loyalty = full(shop)
    statements = [
        f"update {table} set " + ", ".join(f"{name} = {name} - 5" for name in names)
        for table, names in CACHES.items()
    ]
    before, _ = spoil(shop, *statements, "update loyalty_lot set pending = not pending")
    done: list[int] = []
    report = loyalty.rebuild(progress=done.append)
    assert (done[-1], len(report.differences)) == (report.rebuilt, 3)
    assert done == sorted(done)
    loyalty.tick()  # a lot whose time had come may be told again, and nothing else
    assert rows_now(shop) == before
    assert loyalty.verify().problems == ()


def test_pending_comes_back(shop: Shop) -> None:
    loyalty = full(shop)
    before, _ = spoil(shop, "update loyalty_lot set pending = false where pending")
    assert {one.column for one in loyalty.rebuild().differences} == {"pending"}
    assert rows_now(shop) == before
    before, _ = spoil(shop, "update loyalty_lot set pending = true where remaining = 0")
    loyalty.rebuild()
    assert rows_now(shop) == before


def test_a_missing_wallet_is_made_again(shop: Shop) -> None:
    loyalty = full(shop)
    before, _ = spoil(shop, "delete from loyalty_wallet")
    report = loyalty.rebuild()
    assert {one.stored for one in report.differences if one.column != "held"} == {None}
    assert [one.stored for one in report.differences if one.column == "held"] == [0]
    assert rows_now(shop) == before


def test_a_lot_without_a_row_is_reported_and_not_invented(shop: Shop) -> None:
    loyalty = full(shop)
    with behind_our_back(shop) as connection:
        lot = connection.execute(text("select id from loyalty_lot where remaining > 0")).scalar()
        gone = text("delete from loyalty_lot where id = :id")
        assert connection.execute(gone, {"id": lot}).rowcount == 1
    assert loyalty.rebuild().rebuilt == 0
    found = {(one.where, one.message) for one in loyalty.verify().problems}
    assert (str(lot), "an entry names this lot, which is missing") in found


def test_what_moved_meanwhile_is_left_for_the_next_round(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A posting between looking and mending changes cache and entries alike: none of it is lost."""
    loyalty = full(shop)
    ada = loyalty.find({"email": "ada@example.org"})
    assert ada is not None
    before = loyalty.statement(ada.id).wallet("points")
    spoil(shop, "update loyalty_wallet set balance = balance + 100, earned = earned + 100")
    chunks = rebuild._chunks

    def interrupted(wrong: Any) -> Any:
        monkeypatch.setattr(rebuild, "_chunks", chunks)
        loyalty.record(order("meanwhile", "5.00", at=shop.clock()))
        return chunks(wrong)

    monkeypatch.setattr(rebuild, "_chunks", interrupted)
    loyalty.rebuild()
    after = loyalty.statement(ada.id).wallet("points")
    assert (after.balance, after.earned) == (before.balance + 5, before.earned + 5)
    assert loyalty.verify().problems == ()


def test_the_other_programs_caches_are_left_alone(shop: Shop) -> None:
    loyalty, other = full(shop), shop.open(program="other")
    other.record(order())
    spoil(shop, "update loyalty_wallet set balance = balance + 1")
    assert loyalty.rebuild().rebuilt == 3
    assert other.verify().problems != ()
    assert other.rebuild().rebuilt == 1
    assert other.verify().problems == ()
