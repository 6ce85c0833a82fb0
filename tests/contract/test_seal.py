"""Books that are sealed behind the writes, and proofs that hold without the books."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import text

from loyalty_core import (
    BooksTooLarge,
    NotSealed,
    ProofInvalid,
    SealBroken,
    SealReport,
    TransactionNotFound,
    check_proof,
)
from loyalty_core.application import seal
from loyalty_core.application.ids import new_id
from tests.contract.conftest import Shop
from tests.contract.sealed import behind_our_back, broken, change, sealed
from tests.toy import order

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


def test_books_larger_than_one_lets_be_read_are_not_read(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    loyalty, _ = sealed(shop, monkeypatch)
    assert loyalty.verify(most=5).transactions == 5
    told: list[int] = []
    with pytest.raises(BooksTooLarge) as raised:
        loyalty.verify(most=4, progress=told.append)
    assert raised.value.message == "the database has more than 4 transactions"
    assert told == []


def test_what_others_have_booked_counts_as_it_is_read(shop: Shop) -> None:
    shop.open(program="other").record(order())
    loyalty = shop.open()
    assert loyalty.verify(most=1).transactions == 0
    loyalty.record(order())
    with pytest.raises(BooksTooLarge):
        loyalty.verify(most=1)


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
