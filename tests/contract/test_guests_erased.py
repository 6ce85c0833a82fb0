"""Forgetting people who never became members: their orders as guests say nothing of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import create_engine

from loyalty_core import IdempotencyConflict, IdentityConflict, IdentityInvalid, Loyalty
from tests.contract.conftest import Shop
from tests.contract.connected import plant_message
from tests.contract.test_erasure import MAIL, MARK, marked
from tests.toy import order, points


@pytest.mark.hard_case("H44")
def test_guests_are_forgotten_too(shop: Shop) -> None:
    engine = create_engine(shop.url)
    loyalty = shop.open(join="opt_in", join_wait_days=5)
    line = {"id": "a", "amount": "60.00", "sku": MARK, "tags": [MARK]}
    loyalty.record(order("1", identities={"email": MAIL, "card": MARK}, lines=[line]))
    shop.clock.advance(days=6)
    loyalty.tick()  # it waits no more
    loyalty.record(order("2", identities={"card": MARK}, at=shop.clock(), channel=MARK))
    loyalty.record(order("3", identities={"email": "bob@example.org"}, at=shop.clock()))
    with engine.begin() as connection:
        plant_message(connection, MARK)
    eve = loyalty.enrol({"email": "eve@example.org"}).id
    with pytest.raises(IdentityConflict):
        loyalty.erase_guest({"email": "eve@example.org"}, reason="r", actor="eve", key="g")
    with pytest.raises(IdentityInvalid):
        loyalty.erase_guest({}, reason="r", actor="eve", key="g")
    assert {"loyalty_fact.document", "loyalty_waiting.value"} <= marked(engine)
    receipt = loyalty.erase_guest({"email": MAIL}, reason="r", actor="eve", key="g")
    assert (receipt.facts, receipt.reason, receipt.erased_at) == (1, "r", shop.clock())
    assert marked(engine) == {"loyalty_fact.document", "loyalty_waiting.value"}  # of the card
    assert loyalty.erase_guest({"email": MAIL}, reason="r", actor="eve", key="g") == receipt
    with pytest.raises(IdempotencyConflict):
        loyalty.erase_guest({"card": MARK}, reason="r", actor="eve", key="g")
    assert loyalty.erase_guest({"card": MARK}, reason="r", actor="eve", key="h").facts == 1
    assert marked(engine) == set()
    late = order("4", identities={"email": MAIL}), order("1", identities={"card": MARK}, version=9)
    assert [loyalty.record(fact).status for fact in late] == ["erased", "erased"]
    assert marked(engine) == set()
    back = loyalty.enrol({"email": MAIL, "card": MARK}).id
    assert points(loyalty, back) == points(loyalty, eve) == (0, 0, 0, 0)
    bob = loyalty.enrol({"email": "bob@example.org"}).id
    assert points(loyalty, bob) == (60, 60, 0, 0)
    assert loyalty.verify().problems == ()
    engine.dispose()


def test_who_joins_while_forgotten_as_a_guest(shop: Shop) -> None:
    """Whichever is first: a member with their points, or one without any."""
    for number in range(4):
        loyalty = shop.open(program=f"shop-{number}", join="opt_in", join_wait_days=5)
        loyalty.record(order("1"))
        given = {"email": "ada@example.org"}

        def forget(loyalty: Loyalty = loyalty, given: dict[str, str] = given) -> str:
            try:
                loyalty.erase_guest(given, reason="r", actor="a", key="g")
            except IdentityConflict:
                return "refused"
            return "forgotten"

        with ThreadPoolExecutor(2) as pool:
            joined = pool.submit(lambda: loyalty.enrol(given).id)  # noqa: B023
            outcome = pool.submit(forget).result()
            ada = joined.result()
        balance = points(loyalty, ada)[0]
        assert balance == 60 if outcome == "refused" else balance in (0, 60)
        assert loyalty.verify().problems == ()


def forgotten(loyalty: Loyalty, **known: str) -> int:
    """How many facts of a guest were forgotten."""
    return loyalty.erase_guest(known, reason="r", actor="eve", key="forget").facts


def test_who_is_named_once_it_waits_no_more_is_found(shop: Shop) -> None:
    engine = create_engine(shop.url)
    loyalty = shop.open(join="opt_in", join_wait_days=5)
    loyalty.record(order("1", email="ada@example.org"))
    shop.clock.advance(days=6)
    assert loyalty.tick().lapsed_facts == 1
    loyalty.record(order("1", identities={"email": MAIL, "card": MARK}, version=2))
    assert loyalty.tick().lapsed_facts == 0
    assert forgotten(loyalty, card=MARK) == 1
    assert marked(engine) == set()
    engine.dispose()


def test_whom_it_named_before_it_was_corrected_is_found_and_nobody_else(shop: Shop) -> None:
    engine = create_engine(shop.url)
    loyalty = shop.open(join="opt_in")
    bob = {"email": "bob@example.org"}
    loyalty.record(order("1", email=MAIL, version=1))
    loyalty.record(order("1", identities=bob, version=2))
    loyalty.record(order("2", identities=bob))
    assert forgotten(loyalty, email=MAIL) == 1
    assert marked(engine) == set()
    assert loyalty.record(order("3", identities=bob)).status == "waiting"
    assert points(loyalty, loyalty.enrol(bob).id)[0] == 120
    engine.dispose()


def test_what_is_a_members_by_now_names_no_guest_any_more(shop: Shop) -> None:
    engine = create_engine(shop.url)
    loyalty = shop.open(join="opt_in")
    bob = {"email": "bob@example.org"}
    loyalty.enrol(bob)
    loyalty.record(order("1", email=MAIL, version=1))
    assert loyalty.record(order("1", identities=bob, version=2)).changes == {"points": 60}
    assert marked(engine) == {"loyalty_waiting.value"}
    assert forgotten(loyalty, email=MAIL) == 0
    assert marked(engine) == set()
    engine.dispose()


def test_a_phone_of_another_country_than_todays_is_found(shop: Shop) -> None:
    loyalty = shop.open(join="opt_in", default_country="DE")
    loyalty.record(order("1", identities={"phone": "030 1234567"}))
    shop.clock.advance(hours=1)
    moved = shop.open(join="opt_in", default_country="AT")
    assert forgotten(moved, phone="+49 30 1234567") == 1


def test_all_guests_of_a_source_are_forgotten_wherever_they_wait(shop: Shop) -> None:
    loyalty = shop.open(join="opt_in", join_wait_days=5)
    loyalty.record(order("1", email=MAIL))
    shop.clock.advance(days=6)
    loyalty.tick()
    loyalty.record(order("2", email=MAIL, at=shop.clock()))
    loyalty.record({**order("3", email=MAIL, at=shop.clock()), "source": "till"})
    erasing = loyalty._erasing  # by what a connector takes in alone
    assert erasing.erase_guests_of("web", "r", "eve", "all").facts == 2
    assert points(loyalty, loyalty.enrol({"email": MAIL}).id)[0] == 60
