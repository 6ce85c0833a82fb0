"""Sealed books that somebody tampered with: each row is named, and what was done to it."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from loyalty_core import check_proof
from loyalty_core.application import audit, seal
from loyalty_core.application.ids import new_id
from tests.contract.conftest import Shop
from tests.contract.sealed import behind_our_back, broken, change, sealed
from tests.toy import order

TRANSACTION_COLUMNS = {
    "wallet": "'other'",
    "kind": "'adjustment'",
    "amount": "amount + 1",
    "config_version": "7",
    "actor": "'eve'",
}
ENTRY_COLUMNS = {"wallet": "'other'", "account": "'eve'", "amount": "amount + 1", "lot_id": "null"}


@pytest.mark.parametrize("column", [*TRANSACTION_COLUMNS, "member_id", "fact_id", "times"])
def test_an_altered_transaction(shop: Shop, monkeypatch: pytest.MonkeyPatch, column: str) -> None:
    loyalty, ids = sealed(shop, monkeypatch)
    value = TRANSACTION_COLUMNS.get(column, f"'{new_id()}'")
    altered = f"{column} = {value}"
    if column == "times":
        soon = "+ interval '1 second'" if "postgresql" in shop.url else "+ 1000000"
        altered = f"occurred_at = occurred_at {soon}"
    change(shop, f"update loyalty_transaction set {altered} where id = :id", id=ids[3])
    assert broken(loyalty) == {(ids[3], "was altered after block 2 sealed it")}


def test_the_moment_of_booking_and_the_detail_count(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    loyalty, ids = sealed(shop, monkeypatch)
    soon = "- interval '1 second'" if "postgresql" in shop.url else "- 1000000"
    booked = f"update loyalty_transaction set booked_at = booked_at {soon} where id = :id"
    change(shop, booked, id=ids[0])
    detail = """update loyalty_transaction set detail = '{"plugin": "toy"}' where id = :id"""
    change(shop, detail, id=ids[4])
    assert broken(loyalty) == {
        (ids[0], "was altered after block 1 sealed it"),
        (ids[4], "was altered after block 3 sealed it"),
    }


def test_a_reason_may_be_blanked(shop: Shop) -> None:
    loyalty = shop.open()
    member = loyalty.record(order()).member_id or ""
    loyalty.adjust(member, "points", 5, reason="Ada asked", actor="bob", key="k")
    loyalty.seal()
    change(shop, "update loyalty_transaction set reason = '' where kind = 'adjustment'")
    assert loyalty.verify().problems == ()


@pytest.mark.parametrize("column", [*ENTRY_COLUMNS, "member_id"])
def test_an_altered_entry(shop: Shop, monkeypatch: pytest.MonkeyPatch, column: str) -> None:
    loyalty, ids = sealed(shop, monkeypatch)
    value = ENTRY_COLUMNS.get(column, f"'{new_id()}'")
    where = "where transaction_id = :id and position = 0"
    change(shop, f"update loyalty_entry set {column} = {value} {where}", id=ids[1])
    assert broken(loyalty) == {(f"{ids[1]} entry 0", "was altered")}


def test_a_removed_and_an_added_entry(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    loyalty, ids = sealed(shop, monkeypatch)
    where = "where transaction_id = :id and position = 1"
    change(shop, f"delete from loyalty_entry {where}", id=ids[0])
    names = "member_id, wallet, account, lot_id, amount"
    change(
        shop,
        f"insert into loyalty_entry (transaction_id, position, {names}) "
        f"select transaction_id, 2, {names} from loyalty_entry {where}",
        id=ids[2],
    )
    assert broken(loyalty) == {
        (f"{ids[0]} entry 1", "is gone"),
        (f"{ids[2]} entry 2", "was added"),
    }


def test_a_removed_transaction(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    loyalty, ids = sealed(shop, monkeypatch)
    change(shop, "delete from loyalty_transaction where id = :id", id=ids[2])
    change(shop, "delete from loyalty_entry where transaction_id = :id", id=ids[2])
    assert broken(loyalty) == {(ids[2], "is gone: it was sealed in block 2")}


def test_a_transaction_put_into_an_old_block(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    loyalty, _ = sealed(shop, monkeypatch)
    made = loyalty.record(order("new")).transactions[0]
    change(
        shop,
        "insert into loyalty_sealed (program, transaction_id, block, position, hashes) "
        "select program, :id, 1, 2, hashes from loyalty_sealed where block = 1 and position = 0",
        id=made,
    )
    assert broken(loyalty) == {(made, "was added to block 1 after it was sealed")}


def test_a_row_gone_from_the_seal(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    loyalty, ids = sealed(shop, monkeypatch)
    change(shop, "delete from loyalty_sealed where transaction_id = :id", id=ids[3])
    assert broken(loyalty) == {("block 2 position 1", "is gone from the seal")}


def test_an_altered_row_of_the_seal(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    loyalty, ids = sealed(shop, monkeypatch)
    change(
        shop,
        "update loyalty_sealed set hashes = :hashes where transaction_id = :id",
        hashes=b"\x07" * 96,
        id=ids[0],
    )
    assert broken(loyalty) == {(ids[0], "is right, but its row in the seal was altered")}


def test_rows_of_the_seal_that_changed_places(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    loyalty, _ = sealed(shop, monkeypatch)
    for old, new in ((0, 9), (1, 0), (9, 1)):
        statement = "update loyalty_sealed set position = :new where block = 1 and position = :old"
        change(shop, statement, new=new, old=old)
    text = "its transactions are not those it sealed, or in another order"
    assert broken(loyalty) == {("block 1", text)}


def test_a_transaction_altered_together_with_its_row_in_the_seal(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    loyalty, ids = sealed(shop, monkeypatch)
    change(shop, "update loyalty_transaction set actor = 'eve' where id = :id", id=ids[0])
    found = loyalty._parts.store.read(lambda reader: reader.contents([ids[0]]))
    change(
        shop,
        "update loyalty_sealed set hashes = :hashes where transaction_id = :id",
        hashes=b"".join(found[ids[0]].hashes),
        id=ids[0],
    )
    text = "its transactions are not those it sealed, or in another order"
    assert broken(loyalty) == {("block 1", text)}


BLOCK_COLUMNS = {
    "previous": f"'{'1' * 64}'",
    "root": f"'{'2' * 64}'",
    "count": "1",
    "through": f"'{new_id()}'",
    "head": f"'{'3' * 64}'",
}


@pytest.mark.parametrize("column", [*BLOCK_COLUMNS, "sealed_at"])
def test_an_altered_block(shop: Shop, monkeypatch: pytest.MonkeyPatch, column: str) -> None:
    loyalty, _ = sealed(shop, monkeypatch)
    soon = "sealed_at + interval '1 second'" if "postgresql" in shop.url else "sealed_at + 1000000"
    value = BLOCK_COLUMNS.get(column, soon)
    change(shop, f"update loyalty_block set {column} = {value} where number = 2")
    text = "was altered: its head is not that of its content"
    assert broken(loyalty) == {("block 2", text)}


@pytest.mark.parametrize(
    ("number", "found"),
    [
        (1, {("block 1", "is gone")}),
        (2, {("block 2", "is gone")}),
        (3, {("block 3", "is gone, though transactions are sealed in it")}),
    ],
)
def test_a_removed_block(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, number: int, found: set[tuple[str, str]]
) -> None:
    loyalty, _ = sealed(shop, monkeypatch)
    change(shop, "delete from loyalty_block where number = :number", number=number)
    assert broken(loyalty) == found


def test_a_block_that_was_sealed_again_breaks_the_chain(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    loyalty, _ = sealed(shop, monkeypatch)
    with behind_our_back(shop) as connection:
        for table, column in (("sealed", "block"), ("block", "number")):
            statement = text(f"delete from loyalty_{table} where {column} = 2")
            connection.execute(statement)
    rewritten = loyalty._parts.store.read(lambda reader: reader.blocks(0, 10))[0]
    shop.clock.advance(days=1)
    monkeypatch.setattr("loyalty_core.storage.seal.SealRows.last_block", lambda _: rewritten)
    made = loyalty._parts.store.read(
        lambda reader: loyalty._sealing._next(reader, after=seal.LOWEST_ID)
    )
    assert made is not None
    assert loyalty._parts.store.write(lambda uow: uow.append_block(made.block, made.rows))
    assert broken(loyalty) == {("block 3", "does not follow block 2: the chain is broken")}


def test_books_rewritten_as_a_whole_are_found_by_a_published_head(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    loyalty, ids = sealed(shop, monkeypatch)
    head = loyalty.head()
    assert head is not None
    assert broken(loyalty, head=f"{head.head.upper()} ") == set()
    with behind_our_back(shop) as connection:
        connection.execute(text("delete from loyalty_block"))
        connection.execute(text("delete from loyalty_sealed"))
        statement = text("update loyalty_transaction set actor = 'eve' where id = :id")
        connection.execute(statement, {"id": ids[0]})
    loyalty.seal()
    assert loyalty.verify().problems == ()
    text_of = "is no head of these books: what it stood for was rewritten or removed"
    assert broken(loyalty, head=head.head) == {(f"head {head.head}", text_of)}


def test_long_books_are_verified_in_portions(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "TRANSACTIONS_AT_ONCE", 2)
    monkeypatch.setattr(audit, "BLOCKS_A_PAGE", 2)
    monkeypatch.setattr(seal, "BLOCKS_A_PAGE", 2)
    loyalty, ids = sealed(shop, monkeypatch)
    seen: list[int] = []
    assert loyalty.verify(progress=seen.append).problems == ()
    assert seen == [2, 4, 5]
    proof = loyalty.proof(ids[0])
    assert check_proof(proof) == loyalty.verify().head
