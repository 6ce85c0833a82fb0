"""Many adjustments at once, dry runs, and opening balances with lots of their own moments."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, select

from loyalty_core import (
    Adjustment,
    AdjustmentOutcome,
    FactError,
    IdempotencyConflict,
    Json,
    Loyalty,
    LoyaltyError,
    MemberNotFound,
    TransactionKind,
)
from loyalty_core.storage import tables
from loyalty_core.storage.engine import open_engine
from tests.contract.conftest import Shop
from tests.toy import START, Toy, order, points, totals

DAY = timedelta(days=1)


def gift(key: str, amount: int = 10, email: str = "ada@example.org", **more: Any) -> Adjustment:
    return Adjustment(
        wallet="points",
        amount=amount,
        reason="gift",
        actor="eve",
        key=key,
        identities={"email": email},
        **more,
    )


def opening(
    key: str, amount: int, awarded: datetime = START - 100 * DAY, **more: Any
) -> Adjustment:
    return gift(key, amount, awarded_at=awarded, **more)


def rows_of(loyalty: Loyalty) -> dict[str, list[Any]]:
    """Every row of every table."""

    def look(reader: Any) -> dict[str, list[Any]]:
        found = {}
        for table in tables.metadata.sorted_tables:
            chosen = select(table).order_by(*table.primary_key.columns)
            found[table.name] = list(reader._connection.execute(chosen))
        return found

    return loyalty._parts.store.read(look)


def outcomes(loyalty: Loyalty, rows: Any, **how: Any) -> list[AdjustmentOutcome]:
    told: dict[int, AdjustmentOutcome] = {}
    loyalty.adjust_many(rows, on_receipt=told.__setitem__, **how)
    return [told[place] for place in range(len(told))]


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
    assert told[3].receipt == told[0].receipt
    assert told[9].receipt is not None
    assert told[9].receipt.amount == 5
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


def owner(loyalty: Loyalty, email: str) -> str:
    found = loyalty.find({"email": email})
    assert found is not None
    return found.id


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


def test_opening_balances(shop: Shop) -> None:
    """Expired already, pending, expiring by its own date, by the rule, and never."""
    loyalty = shop.open(wallet={"expiry": {"after_days": 365}})
    rows = [
        opening("expired", 1, expires_at=START - DAY),
        opening("pending", 20, activates_at=START + 2 * DAY),
        opening("dated", 300, expires_at=START + 30 * DAY),
        opening("rule", 4000),
        opening("never", 50000, expires_at="never"),
        opening("long ago", 600000, START - 400 * DAY),
    ]
    seen = outcomes(loyalty, rows, enrol=True)
    assert [one.status for one in seen] == ["booked"] * 6
    ada = owner(loyalty, "ada@example.org")
    assert loyalty.member(ada).joined_at == START - 100 * DAY
    assert points(loyalty, ada) == (54320, 54300, 20, 0)
    assert totals(loyalty, ada) == (0, 0, 600001, 654321)
    wallet = loyalty.statement(ada).wallet("points")
    assert [(one.at, one.amount) for one in wallet.expiring] == [(START + 30 * DAY, 300)]
    with loyalty._parts.store._engine.connect() as connection:  # type: ignore[attr-defined]
        lot = tables.lot
        found = {
            row.remaining or row.expired: (row.created_at, row.activates_at, row.expires_at)
            for row in connection.execute(select(lot))
        }
    rule = datetime(2027, 2, 21, tzinfo=START.tzinfo)
    awarded = START - 100 * DAY
    assert found[1] == (awarded, awarded, START - DAY)
    assert found[20] == (awarded, START + 2 * DAY, rule)
    assert found[300] == (awarded, awarded, START + 30 * DAY)
    assert found[4000] == (awarded, awarded, rule)
    assert found[50000] == (awarded, awarded, None)
    assert found[600000][0] == START - 400 * DAY
    kinds = [
        (item.transaction.kind.value, item.transaction.occurred_at, item.transaction.booked_at)
        for item in loyalty.history(ada).items
    ]
    assert kinds[0] == ("expiry", START - DAY, START)
    assert kinds[-1] == ("adjustment", START - 400 * DAY, START)
    assert loyalty.tick().expired == {}
    shop.clock.advance(days=2)
    assert loyalty.tick().activated_lots == 1
    shop.clock.advance(days=40)
    assert loyalty.tick().expired == {"points": 300}
    assert points(loyalty, ada) == (54020, 54020, 0, 0)
    assert loyalty.verify().problems == ()


@pytest.mark.parametrize("chunk", [1, 10])
@pytest.mark.parametrize("policy", ["negative", "pending_first"])
def test_an_opening_debt(shop: Shop, policy: str, chunk: int) -> None:
    """What has expired before the debt was made does not pay it, however the rows are cut."""
    loyalty = shop.open(wallet={"debt": policy})
    rows = [opening("gone", 5, expires_at=START - DAY), opening("debt", -40)]
    summary = loyalty.adjust_many(rows, enrol=True, chunk=chunk)
    assert (summary.added, summary.taken) == ({"points": 5}, {"points": 40})
    ada = owner(loyalty, "ada@example.org")
    assert points(loyalty, ada) == (-40, -40, 0, 40)
    shop.clock.advance(days=1)
    loyalty.record(order())
    assert points(loyalty, ada) == (20, 20, 0, 0)
    assert totals(loyalty, ada) == (60, 0, 5, -35)


def test_a_wallet_that_keeps_no_debt_refuses_an_opening_one(shop: Shop) -> None:
    loyalty = shop.open(wallet={"debt": "clamp"})
    (refused,) = outcomes(loyalty, [opening("debt", -40)], enrol=True)
    assert isinstance(refused.error, FactError)
    assert refused.error.remedy == 'Set wallets.points.debt to "negative", or leave the debt out.'
    assert loyalty.report().members == 0


def test_imported_points_pay_debt_and_are_taken_first_to_expire(shop: Shop) -> None:
    loyalty = shop.open()
    rows = [
        opening("debt", -10),
        opening("a", 30, expires_at="never"),
        opening("b", 30, expires_at=START + DAY),
    ]
    loyalty.adjust_many(rows, enrol=True)
    ada = owner(loyalty, "ada@example.org")
    assert points(loyalty, ada) == (50, 50, 0, 0)
    loyalty.redeem(ada, points=25, key="spent")
    shop.clock.advance(days=2)
    assert points(loyalty, ada)[1] == 20
    assert loyalty.tick().expired == {"points": 5}


def test_points_that_nobody_earned_here_lapse_as_well(shop: Shop) -> None:
    loyalty = shop.open(wallet={"expiry": {"inactivity_days": 10}})
    loyalty.adjust_many([opening("a", 30), opening("b", 5)], enrol=True)
    ada = owner(loyalty, "ada@example.org")
    assert loyalty.statement(ada).wallet("points").lapses_at == START + 10 * DAY
    shop.clock.advance(days=9)
    loyalty.adjust(ada, "points", 1, reason="r", actor="a", key="k")
    assert loyalty.statement(ada).wallet("points").lapses_at == START + 10 * DAY
    shop.clock.advance(days=1)
    assert points(loyalty, ada)[1] == 0
    assert loyalty.tick().expired == {"points": 36}


def test_facts_that_waited_are_booked_by_the_next_tick(shop: Shop) -> None:
    loyalty = shop.open(join="opt_in")
    loyalty.record(order())
    loyalty.adjust_many([gift("a")], enrol=True)
    ada = owner(loyalty, "ada@example.org")
    assert points(loyalty, ada)[0] == 10
    assert loyalty.tick().retried_facts == 1
    assert points(loyalty, ada)[0] == 70


LATER = START + DAY


@pytest.mark.parametrize(
    ("change", "code", "where"),
    [
        ({"amount": "1.5"}, "amount_invalid", "$.amount"),
        ({"amount": True}, "amount_invalid", "$.amount"),
        ({"amount": "1e3"}, "amount_invalid", "$.amount"),
        ({"amount": None}, "amount_invalid", "$.amount"),
        ({"amount": "0"}, "fact_malformed", "$.amount"),
        ({"amount": "999999999999999999"}, "amount_invalid", "$.amount"),
        ({"wallet": 5}, "fact_malformed", "$.wallet"),
        ({"wallet": "stars"}, "wallet_unknown", "$.wallet"),
        ({"reason": " "}, "fact_malformed", "$.reason"),
        ({"actor": ""}, "fact_malformed", "$.actor"),
        ({"key": "k" * 201}, "fact_malformed", "$.key"),
        ({"source": "\x00"}, "fact_malformed", "$.source"),
        ({"colour": "red"}, "fact_malformed", "$.colour"),
        ({"member_id": "m"}, "customer_missing", "$.member_id"),
        ({"identities": {}}, "customer_missing", "$.member_id"),
        ({"identities": {}, "member_id": "m"}, "member_not_found", "$.member_id"),
        ({"identities": {"email": "x"}}, "identity_invalid", "$.identities.email"),
        ({"identities": {"email": " "}}, "customer_missing", "$.identities"),
        ({"identities": 5}, "fact_malformed", "$.identities"),
        ({"awarded_at": "2026-06-01"}, "fact_malformed", "$.awarded_at"),
        ({"awarded_at": "2026-06-03T00:00:00Z"}, "date_out_of_range", "$.awarded_at"),
        ({"awarded_at": "1969-12-31T00:00:00Z"}, "date_out_of_range", "$.awarded_at"),
        ({"expires_at": "2026-06-01T12:00:00Z"}, "date_out_of_range", "$.expires_at"),
        ({"expires_at": "9999-12-31T00:00:00Z"}, "date_out_of_range", "$.expires_at"),
        ({"expires_at": "soon"}, "fact_malformed", "$.expires_at"),
        (
            {"activates_at": "2026-08-01T00:00:00Z", "expires_at": "2026-07-01T00:00:00Z"},
            "date_out_of_range",
            "$.expires_at",
        ),
        ({"activates_at": "2027-08-01T00:00:00Z"}, "date_out_of_range", "$.expires_at"),
        ({"amount": "-1", "expires_at": "never"}, "fact_malformed", "$.expires_at"),
        (
            {"amount": "-1", "activates_at": "2026-06-01T00:00:00Z"},
            "fact_malformed",
            "$.activates_at",
        ),
    ],
)
def test_what_cannot_be_meant(shop: Shop, change: dict[str, Any], code: str, where: str) -> None:
    loyalty = shop.open(wallet={"expiry": {"after_days": 30}})
    document: dict[str, Any] = {
        "wallet": "points",
        "amount": "1",
        "reason": "r",
        "actor": "a",
        "key": "k",
        "identities": {"email": "ada@example.org"},
    }
    (refused,) = outcomes(loyalty, [document | change], enrol=True)
    assert refused.error is not None
    assert (refused.error.code, refused.error.where) == (code, where)
    assert loyalty.report().members == 0
    (booked,) = outcomes(loyalty, [document], enrol=True)
    assert (booked.status, booked.enrolled) == ("booked", True)


@pytest.mark.parametrize("name", ["awarded_at", "activates_at", "expires_at"])
def test_a_moment_without_a_time_zone_is_refused(shop: Shop, name: str) -> None:
    loyalty = shop.open()
    naive = START.replace(tzinfo=None)
    (refused,) = outcomes(loyalty, [gift("a", **{name: naive})], enrol=True)
    assert refused.error is not None
    assert (refused.error.code, refused.error.where) == ("date_out_of_range", f"$.{name}")


def test_amounts_of_the_json_form_are_whole_points(shop: Shop) -> None:
    loyalty = shop.open(wallet={"scale": 2})
    document: dict[str, Any] = {
        "wallet": "points",
        "amount": "12.5",
        "reason": "r",
        "actor": "a",
        "key": "k",
        "identities": {"email": "ada@example.org"},
    }
    written = Adjustment(**{**document, "amount": 1250})
    summary = loyalty.adjust_many([document, written], enrol=True)
    assert summary.counts == {"booked": 1, "duplicate": 1}
    assert summary.added == {"points": 1250}


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
