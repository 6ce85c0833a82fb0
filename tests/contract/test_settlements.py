"""Who owes whom to the cent, over which period, and what was paid."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import Connection, create_engine, delete, update

from loyalty_core import (
    FactError,
    IdempotencyConflict,
    Json,
    Loyalty,
    Money,
    SettlementReceipt,
    SettlementRefused,
)
from loyalty_core.storage import partner_tables, tables
from tests.contract.coalition import PRICE, Coalition, bakery, coalition
from tests.contract.conftest import Shop
from tests.toy import START, config_of, order, refund


@pytest.fixture
def rows(shop: Shop) -> Iterator[Connection]:
    """The database, to be changed by hand."""
    engine = create_engine(shop.url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def pay(
    shop: Loyalty,
    partner: str,
    reference: str = "wire 1",
    *,
    key: str = "",
    amount: Money | None = None,
) -> SettlementReceipt:
    """A payment noted by a shop, under its reference as key."""
    return shop.settle(
        partner, amount=amount, reference=reference, actor="eve", key=key or reference
    )


def both_ways(shop: Shop) -> Coalition:
    """Two shops that accept each other's points."""
    value: Json = {"points": {"value": {"points": 10, "amount": "1.00"}}}
    price: Json = {"points": {"price": {"points": 10, "amount": "0.75"}}}
    crumbs: Json = {"points": {"value": {"points": 100, "amount": "1.00"}}}
    paid: Json = {"points": {"price": dict(PRICE)}}
    issuer = config_of("bakery") | {"partners": {"books": {"accepts": value, "pays": paid}}}
    accepting = config_of("books") | {"partners": {"bakery": {"accepts": crumbs, "pays": price}}}
    one, other = shop.open(config=issuer), shop.open(config=accepting)
    ada = one.enrol({"email": "ada@example.org"}).id
    reader = other.enrol({"email": "ada@example.org"}).id
    other.link(reader, "bakery", ada, key="link")
    return Coalition(one, other, ada, reader)


def test_what_is_owed_both_ways_is_netted(shop: Shop) -> None:
    both = both_ways(shop)
    both.earn(500)
    both.books.record(order("novel", "90.00"))
    both.redeem(200)  # the bakery owes 1.80
    theirs = both.bakery.redeem(both.ada, reward="partner:books.points", points=31, key="k")
    assert theirs.worth == Money(310, "USD")  # the books owe 31 * 7.5 = 232.5 cents
    settled = both.settled()
    assert (settled.theirs.owed, settled.ours.owed) == (Money(180, "USD"), Money(232, "USD"))
    assert settled.closing == Money(-52, "USD")
    receipt = pay(both.bakery, "books")
    assert (receipt.debtor, receipt.creditor) == ("books", "bakery")
    assert (receipt.amount, receipt.open) == (Money(52, "USD"), Money(0, "USD"))
    assert both.owed == 0
    assert both.sound()


def test_a_payment_lowers_what_is_open_for_both(shop: Shop) -> None:
    both = coalition(shop)
    both.earn(500)
    both.redeem(333)  # 299.7 cents
    part = pay(both.books, "bakery", amount=Money(100, "USD"))
    assert (part.debtor, part.creditor, part.open) == ("bakery", "books", Money(199, "USD"))
    assert both.owed == 199
    assert pay(both.books, "bakery", amount=Money(100, "USD")) == part
    with pytest.raises(IdempotencyConflict):
        pay(both.books, "bakery", amount=Money(101, "USD"))
    with pytest.raises(SettlementRefused) as caught:
        pay(both.bakery, "books", "wire 2", amount=Money(200, "USD"))
    assert caught.value.facts["open"] == Money(199, "USD")
    with pytest.raises(SettlementRefused):
        pay(both.bakery, "books", "wire 2", amount=Money(1, "EUR"))
    with pytest.raises(FactError):
        pay(both.bakery, "books", "wire 2", amount=Money(0, "USD"))
    with pytest.raises(FactError):
        pay(both.bakery, "books", " ")
    assert pay(both.bakery, "books", "wire 2").open == Money(0, "USD")
    assert both.owed == 0
    with pytest.raises(SettlementRefused):
        pay(both.bakery, "books", "wire 3")
    both.redeem(10, key="later")  # 343 points: 308.7 cents; the fraction was carried
    assert both.owed == 9
    assert both.settled().theirs.paid == Money(299, "USD")
    assert both.sound()


def test_a_payment_noted_by_both_is_booked_once(shop: Shop) -> None:
    both = coalition(shop)
    both.earn(500)
    both.redeem(300)
    first = pay(both.bakery, "books", amount=Money(100, "USD"))
    second = pay(both.books, "bakery", amount=Money(100, "USD"))
    assert (first.payment_id, first.open) == (second.payment_id, second.open)
    assert both.owed == 170
    with pytest.raises(IdempotencyConflict):
        pay(both.books, "bakery", key="other", amount=Money(90, "USD"))

    def note(number: int) -> str:
        shops = ((both.bakery, "books"), (both.books, "bakery"))
        return pay(*shops[number % 2], "wire 2", key=f"w{number}").payment_id

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(note, range(12)))) == 1
    assert both.owed == 0
    assert both.sound()


def test_what_is_refunded_after_it_was_paid_is_owed_the_other_way(shop: Shop) -> None:
    both = coalition(shop)
    both.earn(300)
    both.books.record(order("novel", "3.00"))
    both.redeem(300, source="web", order_id="novel")
    pay(both.bakery, "books")
    both.books.record(refund("r", "novel"))
    assert both.owed == -270
    back = pay(both.books, "bakery", "wire back")
    assert (back.debtor, back.amount) == ("books", Money(270, "USD"))
    assert both.owed == 0
    assert both.sound()


def test_periods_sum_exactly_and_stay_as_they_are(shop: Shop) -> None:
    both = coalition(shop)
    both.earn(1000)
    starts = []
    for number in range(6):
        starts.append(shop.clock())
        both.redeem(33, key=str(number))  # 29.7 cents
        shop.clock.advance(days=1)
    ends = [*starts[1:], shop.clock()]

    def period(shop_: Loyalty, number: int) -> tuple[int, int, int]:
        (one,) = shop_.settlements(from_=starts[number], until=ends[number])
        return one.theirs.owed.amount_minor, one.opening.amount_minor, one.closing.amount_minor

    found = [period(both.books, number) for number in range(6)]
    assert [one[0] for one in found] == [29, 30, 30, 29, 30, 30]
    assert [one[1] for one in found[1:]] == [one[2] for one in found[:-1]]
    assert found[-1][2] == both.owed == 178  # 198 points: 178.2 cents
    both.books.record(order("novel", "3.00", at=START))
    both.redeem(100, key="n", source="web", order_id="novel")
    both.books.record(refund("r", "novel", at=starts[1]))  # happened then, booked now
    assert [period(both.books, number) for number in range(6)] == found
    assert both.owed == 178
    with pytest.raises(FactError):
        both.books.settlements(from_=ends[0], until=starts[0])
    with pytest.raises(FactError):
        both.books.settlements(until=START.replace(tzinfo=None))
    assert both.books.settlements("nobody") == ()
    assert both.books.settlements(until=starts[0]) == ()


def test_another_price_counts_from_its_redemptions_on(shop: Shop) -> None:
    both = coalition(shop)
    both.earn(500)
    both.books.record(order("novel", "3.00"))
    both.redeem(100, source="web", order_id="novel")
    config = bakery(price={"points": 100, "amount": "0.50"})
    dearer = shop.open(config=config)
    both.redeem(100, key="cheap")
    assert both.owed == 90 + 50
    both.books.record(refund("r", "novel"))
    assert both.owed == 50
    assert dearer.settlements()[0].closing == Money(-50, "USD")
    assert both.sound()


def test_verify_finds_a_settlement_that_is_not_what_was_spent(shop: Shop, rows: Connection) -> None:
    both = coalition(shop)
    both.earn(500)
    receipt = both.redeem(300)
    both.redeem(100, key="2")
    assert both.sound()
    settled, first = partner_tables.settlement, receipt.redemption_id
    mine = settled.c.redemption_id == first
    transaction, entry = receipt.transaction_id, tables.entry
    harm = {
        "spent 300 points, the settlement says 299": update(settled).where(mine).values(points=299),
        "moves 300 points, the settlement says 0": delete(settled).where(mine),
        "has no transaction that moved them": update(entry)
        .where(entry.c.transaction_id == transaction, entry.c.account == "settlement:books")
        .values(account="issuer"),
        "at another price": update(settled).where(mine).values(price_minor=91),
    }
    for said, change in harm.items():
        rows.execute(change)
        rows.commit()
        for each in (both.bakery, both.books):
            found = [one.message for one in each.verify().problems]
            if said.startswith("moves") and each is both.books:
                continue  # the transaction is in the other books
            assert any(said in message for message in found), (said, found)
        _mend(rows, first, transaction or "")
        assert both.sound(), said


def _mend(rows: Connection, redemption: str, transaction: str) -> None:
    settled, entry = partner_tables.settlement, tables.entry
    rows.execute(delete(settled).where(settled.c.redemption_id == redemption))
    whole = {
        "id": redemption,
        "debtor": "bakery",
        "creditor": "books",
        "kind": "redeemed",
        "currency": "USD",
        "booked_at": START + timedelta(0),
        "wallet": "points",
        "points": 300,
        "price_minor": 90,
        "price_points": 100,
        "amount_minor": 0,
        "redemption_id": redemption,
        "transaction_id": transaction,
        "reference": "",
        "actor": "",
    }
    rows.execute(settled.insert(), whole)
    theirs = (entry.c.transaction_id == transaction) & (entry.c.account == "issuer")
    rows.execute(update(entry).where(theirs).values(account="settlement:books"))
    rows.commit()
