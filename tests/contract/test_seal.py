"""Books that are sealed: every kind of tampering is named, and proofs hold without the books."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, text

from loyalty_core import (
    Loyalty,
    NotSealed,
    ProofInvalid,
    SealBroken,
    SealReport,
    TransactionNotFound,
    check_proof,
)
from loyalty_core.application import audit, seal
from loyalty_core.application.ids import new_id
from tests.contract.conftest import Shop
from tests.toy import order


@contextmanager
def behind_our_back(shop: Shop) -> Iterator[Connection]:
    engine = create_engine(shop.url)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def change(shop: Shop, statement: str, **values: Any) -> None:
    with behind_our_back(shop) as connection:
        assert connection.execute(text(statement), values).rowcount >= 1


def sealed(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> tuple[Loyalty, list[str]]:
    """Five transactions in blocks of two, two and one; their ids in the order of the seal."""
    monkeypatch.setattr(seal, "TRANSACTIONS_A_BLOCK", 2)
    loyalty = shop.open()
    member = ""
    for number in range(5):
        member = loyalty.record(order(str(number), f"{number + 10}.00")).member_id or ""
    assert loyalty.seal() == SealReport(blocks=3, transactions=5)
    return loyalty, sorted(item.transaction.id for item in loyalty.history(member).items)


def broken(loyalty: Loyalty, **given: Any) -> set[tuple[str, str]]:
    """Where the seal is broken, and how; faults of the ledger are left out."""
    problems = loyalty.verify(**given).problems
    return {(one.where, one.message) for one in problems if one.code == "seal_broken"}


# -- sealing --------------------------------------------------------------------------------------


def test_what_is_booked_is_sealed_once(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    loyalty, ids = sealed(shop, monkeypatch)
    assert loyalty.seal() == SealReport(blocks=0, transactions=0)
    report = loyalty.verify()
    assert (report.blocks, report.sealed, report.transactions) == (3, 5, 5)
    head = loyalty.head()
    assert head is not None
    assert (report.head, report.problems) == (head.head, ())
    assert (head.number, head.count, head.sealed_at) == (3, 1, shop.clock())
    assert len(ids) == 5


def test_tick_seals_last(shop: Shop) -> None:
    loyalty = shop.open(wallet={"expiry": {"after_days": 30}})
    assert loyalty.head() is None
    loyalty.record(order())
    shop.clock.advance(days=40)
    report = loyalty.tick()
    assert (report.expired, report.sealed) == ({"points": 60}, 2)
    assert loyalty.verify().sealed == 2


def test_no_write_takes_a_statement_more(shop: Shop) -> None:
    """Nothing that a command writes is about the seal."""
    loyalty = shop.open()
    loyalty.record(order())
    with behind_our_back(shop) as connection:
        for table in ("loyalty_block", "loyalty_sealed"):
            assert connection.execute(text(f"select count(*) from {table}")).scalar() == 0


def test_programs_in_one_database_have_chains_of_their_own(shop: Shop) -> None:
    one, two = shop.open(program="one"), shop.open(program="two")
    one.record(order())
    two.record(order())
    two.record(order("2"))
    assert one.seal().transactions == 1
    assert two.seal().transactions == 2
    assert one.verify().problems == two.verify().problems == ()
    first, second = one.head(), two.head()
    assert first is not None
    assert second is not None
    assert first.head != second.head
    assert broken(two, head=first.head) != set()


def test_a_host_that_rolls_back_seals_nothing(shop: Shop) -> None:
    loyalty = shop.open()
    loyalty.record(order())
    engine = loyalty._parts.store._engine  # type: ignore[attr-defined]
    with engine.connect() as connection:
        with loyalty.using(connection) as inside:
            assert inside.seal().transactions == 1
        connection.rollback()
    assert loyalty.head() is None
    assert loyalty.seal().transactions == 1


def test_what_commits_after_later_ids_is_still_sealed(shop: Shop) -> None:
    loyalty = shop.open()
    early = new_id()
    loyalty.record(order())
    loyalty.seal()
    made = loyalty.record(order("2")).transactions[0]
    with behind_our_back(shop) as connection:  # as if its id had been made before the first seal
        for name in ("loyalty_transaction set id", "loyalty_entry set transaction_id"):
            column = name.split()[-1]
            statement = f"update {name} = :new where {column} = :old"
            assert connection.execute(text(statement), {"new": early, "old": made}).rowcount >= 1
    assert loyalty.seal() == SealReport(blocks=1, transactions=1)
    assert loyalty.verify().problems == ()


def test_what_comes_in_behind_the_seal_is_reported_until_somebody_seals_it(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    loyalty, _ = sealed(shop, monkeypatch)
    made = loyalty.record(order("late")).transactions[0]
    old = f"01900000{new_id()[8:]}"
    change(shop, "update loyalty_transaction set id = :new where id = :old", new=old, old=made)
    change(
        shop,
        "update loyalty_entry set transaction_id = :new where transaction_id = :old",
        new=old,
        old=made,
    )
    assert loyalty.seal().transactions == 0
    assert broken(loyalty) == {(old, "came into the books behind the seal")}
    assert loyalty.seal(late=True).transactions == 1
    assert loyalty.verify().problems == ()


def test_a_clock_ahead_does_not_hide_what_is_booked_later(shop: Shop) -> None:
    loyalty = shop.open()
    made = loyalty.record(order()).transactions[0]
    ahead = f"0f{new_id()[2:]}"
    change(shop, "update loyalty_transaction set id = :new where id = :old", new=ahead, old=made)
    change(
        shop,
        "update loyalty_entry set transaction_id = :new where transaction_id = :old",
        new=ahead,
        old=made,
    )
    assert loyalty.seal().transactions == 1
    loyalty.record(order("2"))
    assert loyalty.seal().transactions == 1
    assert loyalty.verify().problems == ()


# -- many at once ---------------------------------------------------------------------------------


def together(*works: Any) -> None:
    with ThreadPoolExecutor(len(works)) as threads:
        for done in [threads.submit(work) for work in works]:
            done.result()


def test_two_sealers_seal_everything_once(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seal, "TRANSACTIONS_A_BLOCK", 3)
    loyalty = shop.open()
    loyalty.record_many([order(str(number), email=f"m{number}@x.org") for number in range(60)])
    done: list[SealReport] = []
    together(*[lambda: done.append(loyalty.seal()) for _ in range(4)])
    assert sum(report.transactions for report in done) == 60
    report = loyalty.verify()
    assert (report.sealed, report.problems) == (60, ())
    assert report.blocks == sum(one.blocks for one in done)


def test_sealing_while_others_write(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seal, "TRANSACTIONS_A_BLOCK", 4)
    loyalty = shop.open()

    def write(name: str) -> None:
        for number in range(25):
            email = f"m{number % 5}@example.org"
            assert loyalty.record(order(f"{name}{number}", email=email)).error is None

    def keep_sealing() -> None:
        for _ in range(15):
            loyalty.seal()

    writers = [lambda name=name: write(name) for name in "ab"]
    together(*writers, keep_sealing, keep_sealing)
    loyalty.seal()
    report = loyalty.verify()
    assert (report.transactions, report.sealed, report.problems) == (50, 50, ())


# -- tampering ------------------------------------------------------------------------------------

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


# -- proofs ---------------------------------------------------------------------------------------


def test_a_proof_of_every_transaction(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    loyalty, ids = sealed(shop, monkeypatch)
    head = loyalty.head()
    assert head is not None
    for number, one in enumerate(ids):
        document = json.loads(json.dumps(loyalty.proof(one)))
        assert check_proof(document, head=head.head) == head.head
        assert document["transaction"]["id"] == one
        assert document["transaction"]["amount"] == number + 10
        assert "reason" not in document["transaction"]
        assert [entry["amount"] for entry in document["entries"]] == [number + 10, -number - 10]


def test_an_old_proof_is_for_the_head_of_its_time(shop: Shop) -> None:
    loyalty = shop.open()
    made = loyalty.record(order()).transactions[0]
    loyalty.seal()
    first, old = loyalty.head(), loyalty.proof(made)
    loyalty.record(order("2"))
    loyalty.seal()
    second = loyalty.head()
    assert first is not None
    assert second is not None
    assert check_proof(old, head=first.head) == first.head
    with pytest.raises(ProofInvalid):
        check_proof(old, head=second.head)
    assert check_proof(loyalty.proof(made), head=second.head) == second.head
    assert broken(loyalty, head=first.head) == set()


def test_what_cannot_be_proved(shop: Shop) -> None:
    loyalty, other = shop.open(), shop.open(program="other")
    made = loyalty.record(order()).transactions[0]
    with pytest.raises(NotSealed) as early:
        loyalty.proof(made)
    assert (early.value.code, early.value.facts) == ("not_sealed", {"transaction_id": made})
    assert "loyalty seal" in early.value.remedy
    loyalty.seal()
    for program, one in ((loyalty, new_id()), (loyalty, "x"), (other, made)):
        with pytest.raises(TransactionNotFound):
            program.proof(one)
    change(shop, "update loyalty_entry set amount = 61 where account = 'member'")
    with pytest.raises(SealBroken) as altered:
        loyalty.proof(made)
    assert made in altered.value.message
