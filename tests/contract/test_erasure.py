"""Forgetting people: nothing personal is left anywhere, and the books stay as they were."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import JSON, Connection, Engine, String, create_engine, insert, select, update

from loyalty_core import (
    FactError,
    IdempotencyConflict,
    Loyalty,
    LoyaltyError,
    MemberErased,
    MemberNotFound,
    MemberStatus,
    Profile,
)
from loyalty_core.storage import segment_tables, standing_tables, tables
from tests.contract.catalogue import plant_grant
from tests.contract.conftest import Shop
from tests.contract.connected import plant_action, plant_message
from tests.contract.kept import KEPT
from tests.toy import START, Toy, activity, order, points, refund

MARK = "zq7marker"
MAIL = f"{MARK}@example.org"
NOBODYS = ("loyalty_config", "loyalty_config_scheduled", "loyalty_migration")
NAMES = ("program", "wallet")


def texts() -> list[tuple[Any, Any]]:
    """Every column of every table that could hold something personal, found by reflection."""
    return [
        (table, column)
        for table in tables.metadata.sorted_tables
        for column in table.c
        if isinstance(column.type, String | JSON)
        and column.name not in NAMES
        and table.name not in NOBODYS
        and f"{table.name}.{column.name}" not in KEPT
    ]


def marked(engine: Engine) -> set[str]:
    """The columns that hold the marker somewhere."""
    found = set()
    with engine.connect() as connection:
        for table in tables.metadata.sorted_tables:
            for column in table.c:
                for value in connection.scalars(select(column)):
                    text = value if isinstance(value, str) else json.dumps(value, default=str)
                    if MARK in text.casefold():
                        found.add(f"{table.name}.{column.name}")
    return found


def plant(shop: Shop, engine: Engine) -> tuple[Loyalty, str]:
    """A member with the marker in every text there is."""
    toy = Toy(subscribed=("points_credited", "points_transferred", "points_adjusted"))
    toy.on_event = lambda event: (_ for _ in ()).throw(ValueError(MARK))
    rules = {"transfer": {"allowed": True}}
    open_ = {"wallet": rules, "toys": (toy,), "settings": {"daily_cap": 900, "emits": True}}
    waits = shop.open(**open_, join="opt_in", join_wait_days=5)
    known = {"email": MAIL, "customer_id": MARK, "card": MARK}
    waits.record(order("late", identities=known))
    shop.clock.advance(days=6)
    waits.tick()
    waits.record(order("waiting", identities={"card": MARK, "payment_token": MARK}))
    loyalty = shop.open(**open_)
    profile = Profile(name=MARK, tags=(MARK,), consents={MARK: True}, tiers={MARK: MARK})
    ada = loyalty.enrol({"email": MAIL}, profile=profile, key=f"{MARK} joins").id
    loyalty.enrol({"email": MAIL, "customer_id": MARK}, source=MARK)
    tender = {"kind": MARK, "amount": "60.00"}
    line = {"id": "a", "amount": "60.00", "sku": MARK, "categories": [MARK], "tags": [MARK]}
    extra: dict[str, Any] = {"channel": MARK, "store": MARK, "tags": [MARK]}
    again = {"card": MARK, "email": MAIL}
    loyalty.record(order("waiting", identities=again, version=1))
    loyalty.record(order("1", email=MAIL, lines=[line], tenders=[tender], **extra))
    loyalty.record(activity("2", MARK, email=MAIL, data={MARK: MARK}, **extra))
    paid = [{"kind": MARK, "amount": "20.00"}]
    loyalty.record(refund("r", lines=[{"line": "a", "amount": "20.00"}], tenders=paid))
    loyalty.record(refund("stray", tenders=paid) | {"currency": "EUR"})
    bob = loyalty.enrol({"email": "bob@example.org"}).id
    loyalty.adjust(ada, "points", 7, reason=MARK, actor="eve", key=f"{MARK} adjusts")
    loyalty.transfer(ada, bob, "points", 5, reason=MARK, key=f"{MARK} gives")
    loyalty.redeem(ada, points=10, key=f"{MARK} spends")
    loyalty.merge(ada, loyalty.enrol({"card": f"{MARK} 2"}).id, key="merges")
    loyalty.tick()
    with engine.begin() as connection:  # what no command writes is planted by hand
        for row in ({"state": {"toy": {"x": MARK}}}, {"history": {"spend": {MARK: 5}}}):
            connection.execute(update(tables.member).where(tables.member.c.id == ada).values(**row))
        key = json.dumps(["web", "order", MARK])
        others = update(tables.member).where(tables.member.c.id != bob)
        connection.execute(others.values(decided_key=key, decided_at=START))
        mine = update(tables.fact).where(tables.fact.c.member_id == ada)
        kept = {"state_before": {"state": {"x": MARK}}, "deferred": [MARK], "measures": {MARK: 1}}
        connection.execute(mine.values(**kept))
        plant_grant(connection, ada, MARK)
        receipts = update(tables.receipt).where(tables.receipt.c.member_id == ada)
        connection.execute(receipts.values(receipt={"reason": MARK}))
        told = insert(standing_tables.standing).values((ada, MARK, "shop", MARK, None, None, 1))
        connection.execute(told)
        plant_segment(connection, ada)
        plant_message(connection, MARK)
        plant_action(connection, ada, MARK)
    return loyalty, ada


def plant_segment(connection: Connection, ada: str) -> None:
    """A segment that the member is in, and one that they are to leave."""
    counted = update(tables.member).where(tables.member.c.id == ada)
    connection.execute(counted.values(segments={MARK: START.isoformat()}))
    connection.execute(insert(segment_tables.segment).values(("shop", MARK, ada, START)))
    connection.execute(insert(segment_tables.change).values(("shop", ada, MARK, False)))


@pytest.mark.hard_case("H44")
def test_nothing_personal_is_left_in_any_column_of_any_table(shop: Shop) -> None:
    engine = create_engine(shop.url)
    loyalty, ada = plant(shop, engine)
    assert {f"{table.name}.{column.name}" for table, column in texts()} <= marked(engine)
    before = loyalty.statement(ada).wallet("points")
    receipt = loyalty.erase(ada, reason="asked by letter", actor="eve", key="e")
    assert marked(engine) == set()
    assert receipt.points == {"points": before.balance}
    assert before.balance > 0
    member = loyalty.member(ada)
    assert (member.status, member.profile, member.identities) == ("erased", Profile(), ())
    assert points(loyalty, ada) == (0, 0, 0, 0)
    after = loyalty.statement(ada).wallet("points")
    assert (after.earned, after.redeemed, after.transferred) == (
        (before.earned, before.redeemed, before.transferred)
    )
    assert after.adjusted == before.adjusted - before.balance
    last = loyalty.history(ada).items[0].transaction
    assert (last.kind, last.amount, last.reason, last.actor) == (
        ("adjustment", -before.balance, "erased", "eve")
    )
    assert loyalty.verify().problems == ()
    loyalty.tick()
    assert marked(engine) == set()
    engine.dispose()


def test_a_debt_ends_as_well(shop: Shop) -> None:
    loyalty = shop.open()
    ada = loyalty.record(order()).member_id or ""
    loyalty.redeem(ada, points=50, key="k")
    loyalty.record(refund("r"))
    assert points(loyalty, ada) == (-50, -50, 0, 50)
    receipt = loyalty.erase(ada, reason="r", actor="a", key="e")
    assert receipt.points == {"points": -50}
    assert points(loyalty, ada) == (0, 0, 0, 0)
    assert loyalty.verify().problems == ()


def test_erasing_again_is_answered_with_the_first_receipt(shop: Shop) -> None:
    loyalty = shop.open()
    ada = loyalty.record(order()).member_id or ""
    first = loyalty.erase(ada, reason="r", actor="a", key="e")
    shop.clock.advance(days=1)
    assert loyalty.erase(ada, reason="r", actor="a", key="e") == first
    assert loyalty.erase(ada, reason="again", actor="b", key="e2") == first
    with pytest.raises(IdempotencyConflict):
        loyalty.erase(ada, reason="another", actor="a", key="e")
    assert len(loyalty.history(ada).items) == 2
    with pytest.raises(MemberNotFound):
        loyalty.erase("nobody", reason="r", actor="a", key="e3")


def test_keys_of_the_erased_stay_taken(shop: Shop) -> None:
    loyalty = shop.open()
    ada = loyalty.record(order()).member_id or ""
    bob = loyalty.record(order("2", email="bob@example.org")).member_id or ""
    loyalty.redeem(ada, points=10, key="k")
    loyalty.erase(ada, reason="r", actor="a", key="e")
    with pytest.raises(IdempotencyConflict):
        loyalty.redeem(bob, points=10, key="k")
    with pytest.raises(IdempotencyConflict):
        loyalty.enrol({"email": "cy@example.org"}, key="k")
    engine, receipt = create_engine(shop.url), tables.receipt
    with engine.connect() as connection:
        mine = select(receipt).where(receipt.c.member_id == ada, receipt.c.input_hash == "")
        rows = connection.execute(mine).mappings().all()
    engine.dispose()
    assert [(row["receipt"], row["key"][:7]) for row in rows] == [({}, "sha256:")]


def test_no_command_reaches_the_erased(shop: Shop) -> None:
    loyalty = shop.open(wallet={"transfer": {"allowed": True}})
    ada = loyalty.record(order()).member_id or ""
    bob = loyalty.record(order("2", email="bob@example.org")).member_id or ""
    loyalty.erase(ada, reason="r", actor="a", key="e")
    refused = [
        lambda: loyalty.redeem(ada, points=1, key="k"),
        lambda: loyalty.adjust(ada, "points", 1, reason="r", actor="a", key="k"),
        lambda: loyalty.transfer(bob, ada, "points", 1, key="k"),
        lambda: loyalty.transfer(ada, bob, "points", 1, key="k"),
        lambda: loyalty.update_member(ada, status=MemberStatus.ACTIVE),
        lambda: loyalty.export(ada),
    ]
    for command in refused:
        with pytest.raises(MemberErased):
            command()
    with pytest.raises(FactError):
        loyalty.update_member(bob, status=MemberStatus.ERASED)
    assert points(loyalty, bob) == (60, 60, 0, 0)
    assert loyalty.report().members == 1
    assert loyalty.find({"email": "ada@example.org"}) is None


@pytest.mark.hard_case("H44")
def test_late_facts_bring_nothing_back_and_later_ones_are_a_new_persons(shop: Shop) -> None:
    loyalty = shop.open()
    first = order("1", version=1)
    ada = loyalty.record(first).member_id or ""
    loyalty.record(activity("a"))
    shop.clock.advance(days=1)
    loyalty.erase(ada, reason="r", actor="a", key="e")
    shop.clock.advance(days=1)
    late = [
        first,
        order("1", "90.00", version=2),
        refund("r", "1"),
        refund("r", "1") | {"identities": {"email": "ada@example.org"}},
        activity("a"),
        activity("b"),
        order("2", at=START + timedelta(hours=23)),
        order("3", identities={"email": "ada@example.org", "card": "new"}),
    ]
    assert [loyalty.record(fact).status for fact in late] == ["erased"] * len(late)
    summary = loyalty.record_many(late)
    assert (dict(summary.counts), summary.rejected) == ({"erased": len(late)}, ())
    assert loyalty.find({"card": "new"}) is None
    assert points(loyalty, ada) == (0, 0, 0, 0)
    assert loyalty.report().members == 0
    assert loyalty.report().orders == 1
    back = loyalty.record(order("4", at=shop.clock()))
    assert (back.status, back.enrolled, back.member_id == ada) == ("booked", True, False)
    again = [loyalty.record(fact).status for fact in late]
    assert again == ["erased"] * len(late)
    mixed = [order("5", at=shop.clock()), *late]
    assert loyalty.record_many(mixed).counts == {"booked": 1, "erased": len(late)}
    assert points(loyalty, back.member_id or "") == (120, 120, 0, 0)
    assert loyalty.find({"card": "new"}) is None
    assert loyalty.verify().problems == ()


def test_a_new_person_and_late_facts_in_one_batch(shop: Shop) -> None:
    loyalty = shop.open()
    ada = loyalty.record(order("1")).member_id or ""
    shop.clock.advance(days=1)
    loyalty.erase(ada, reason="r", actor="a", key="e")
    shop.clock.advance(days=1)
    summary = loyalty.record_many([order("2", at=shop.clock()), order("3"), order("1")])
    assert summary.counts == {"booked": 1, "erased": 2}
    back = loyalty.find({"email": "ada@example.org"})
    assert back is not None
    assert points(loyalty, back.id) == (60, 60, 0, 0)


def test_who_was_erased_may_join_again(shop: Shop) -> None:
    loyalty = shop.open(join="opt_in")
    ada = loyalty.enrol({"email": "ada@example.org"}, key="j").id
    loyalty.record(order())
    loyalty.erase(ada, reason="r", actor="a", key="e")
    assert loyalty.record(order("2")).status == "erased"
    assert loyalty.report().waiting == 0
    back = loyalty.enrol({"email": "ada@example.org"}, key="j2")
    assert (back.id != ada, back.joined_at) == (True, START)
    assert points(loyalty, back.id) == (0, 0, 0, 0)
    with pytest.raises(IdempotencyConflict):
        loyalty.enrol({"email": "ada@example.org"}, key="j")


def test_subscribers_are_told_to_forget_and_get_nothing_else(shop: Shop) -> None:
    toy = Toy(subscribed=("points_credited", "points_adjusted", "member_erased"))
    loyalty = shop.open(toys=(toy,))
    ada = loyalty.record(order()).member_id or ""
    loyalty.erase(ada, reason="r", actor="a", key="e")
    loyalty.tick()
    assert [(event.type, event.member_id, event.data) for event in toy.received] == [
        ("member_erased", ada, {})
    ]


def test_erasing_while_facts_come_in(shop: Shop) -> None:
    """Whatever wins: a fact is booked to somebody who is there, or to nobody."""
    loyalty = shop.open()
    ada = loyalty.record(order("0")).member_id or ""
    shop.clock.advance(days=1)

    def work(number: int) -> str:
        if number == 5:
            loyalty.erase(ada, reason="r", actor="a", key="e")
            return "done"
        return str(loyalty.record(order(f"o{number}")).status)

    with ThreadPoolExecutor(8) as threads:
        outcomes = list(threads.map(work, range(16)))
    assert set(outcomes) <= {"booked", "erased", "done"}
    assert points(loyalty, ada) == (0, 0, 0, 0)
    assert loyalty.find({"email": "ada@example.org"}) is None
    assert loyalty.report().members == 0
    assert loyalty.verify().problems == ()


def test_export_has_everything_that_is_kept(shop: Shop) -> None:
    engine = create_engine(shop.url)
    loyalty, ada = plant(shop, engine)
    exported = loyalty.export(ada)
    assert json.loads(json.dumps(exported)) == exported
    data: Any = exported["data"]
    expected = {
        table.name.removeprefix("loyalty_")
        for table in tables.metadata.sorted_tables
        if "member_id" in table.c or table.name == "loyalty_member"
    }
    assert set(data) == expected
    assert {row["kind"] for row in data["identity"]} == {"email", "customer_id", "card"}
    assert {row["merged_into"] for row in data["member"] if row["id"] != ada} == {ada}
    assert {row["external_id"] for row in data["fact"]} >= {"1", "2"}
    del data["member"]
    assert {row["member_id"] for rows in data.values() for row in rows} == {ada}
    assert sum(row["amount"] for row in data["transaction"]) == data["wallet"][0]["balance"]
    with pytest.raises(MemberNotFound):
        loyalty.export("nobody")
    engine.dispose()


def test_an_erasure_needs_a_reason_and_an_actor(shop: Shop) -> None:
    loyalty = shop.open()
    ada = loyalty.record(order()).member_id or ""
    for reason, actor, key in (("", "a", "e"), ("r", " ", "e"), ("r", "a", "")):
        with pytest.raises(LoyaltyError):
            loyalty.erase(ada, reason=reason, actor=actor, key=key)
    assert points(loyalty, ada) == (60, 60, 0, 0)


def test_what_redemptions_hold_is_released_and_ends(shop: Shop) -> None:
    loyalty = shop.open()
    ada = loyalty.record(order("1")).member_id or ""
    hold = loyalty.hold(ada, points=50, key="h").redemption_id
    receipt = loyalty.erase(ada, reason="asked", actor="eve", key="e")
    assert receipt.points == {"points": 60}
    after = loyalty.statement(ada).wallet("points")
    assert (after.balance, after.held, after.redeemed, after.adjusted) == (0, 0, 0, -60)
    assert loyalty.redemption(hold).state == "released"
    for settle in (loyalty.capture, loyalty.release):
        with pytest.raises(MemberErased):
            settle(hold)
    assert loyalty.verify().problems == ()


def test_a_refund_gives_nothing_back_to_who_was_erased(shop: Shop) -> None:
    loyalty = shop.open()
    ada = loyalty.record(order("1")).member_id or ""
    loyalty.record(order("2", email="bob@example.org"))
    paid = loyalty.redeem(ada, points=50, source="web", order_id="2", key="r").redemption_id
    loyalty.erase(ada, reason="asked", actor="eve", key="e")
    loyalty.record(refund("r", "2", amount="60.00"))
    assert points(loyalty, ada) == (0, 0, 0, 0)
    assert loyalty.redemption(paid).returned == 0
    assert loyalty.verify().problems == ()
