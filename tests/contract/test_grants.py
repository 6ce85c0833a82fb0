"""The life of a grant: approved, handed over, used once, expired, revoked; merged and erased."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from loyalty_core import (
    GrantNotFound,
    GrantReceipt,
    GrantRefused,
    GrantState,
    IdempotencyConflict,
    Loyalty,
    MemberInactive,
    MemberStatus,
    Money,
    RewardUnknown,
)
from tests.contract.catalogue import CARD, catalogue, funded, sound
from tests.contract.conftest import Shop
from tests.toy import START, order, points, refund

PERCENT = {"kind": "discount", "percent": "12.5", "points": 100, "code": {}}
COUPON = {"kind": "discount", "amount": "10.00", "points": 100, "min_order": "50.00", "code": {}}


def bought(loyalty: Loyalty, member: str, reward: str, key: str = "buy", **more: Any) -> str:
    grant = loyalty.redeem(member, reward=reward, key=key, **more).grant
    assert grant is not None
    return grant.grant_id


def cart(amount: str, currency: str = "USD") -> dict[str, Any]:
    return {"currency": currency, "lines": [{"id": "a", "amount": amount}]}


def test_it_is_used_once(shop: Shop) -> None:
    loyalty = catalogue(shop, {"card": {**CARD, "code": {}}})
    grant = bought(loyalty, funded(loyalty, 100), "card")
    shop.clock.advance(hours=1)
    used = loyalty.use_grant(code="000000000001", source="web", order_id="7", key="1")
    assert (used.state, used.used_at) == ("used", START + timedelta(hours=1))
    assert (used.source, used.order_id, used.saved) == ("web", "7", Money(1000, "USD"))
    assert loyalty.use_grant(code="000000000001", source="web", order_id="7", key="1") == used
    with pytest.raises(IdempotencyConflict):
        loyalty.use_grant(grant, key="1")
    for name in ({"grant_id": grant}, {"code": " 000000000001 "}):
        with pytest.raises(GrantRefused) as refused:
            loyalty.use_grant(key="2", **name)  # type: ignore[arg-type]
        assert refused.value.facts["state"] == "used"
    for unknown in ({"code": "000000000002"}, {"grant_id": "x"}):
        with pytest.raises(GrantNotFound):
            loyalty.use_grant(key="3", **unknown)  # type: ignore[arg-type]
    assert loyalty.grant(grant) == used
    sound(loyalty)


def test_a_statement_of_the_past_has_what_was_owned_then(shop: Shop) -> None:
    loyalty = catalogue(shop, {"card": CARD})
    member = funded(loyalty, 200)
    first = bought(loyalty, member, "card", "1")
    shop.clock.advance(hours=1)
    loyalty.use_grant(first, key="use")
    second = bought(loyalty, member, "card", "2")
    shop.clock.advance(hours=1)

    def owned(hours: int) -> tuple[list[tuple[str, str]], tuple[Money, ...]]:
        found = loyalty.statement(member, at=START + timedelta(hours=hours))
        return [(one.grant_id, one.state.value) for one in found.grants], found.saved

    assert owned(0) == ([(first, "issued")], ())
    assert owned(2) == ([(second, "issued")], (Money(1000, "USD"),))
    loyalty.revoke_grant(second, key="revoke")
    assert owned(1) == ([(second, "issued")], (Money(1000, "USD"),))
    assert owned(3) == ([], (Money(1000, "USD"),))


def test_of_sixteen_who_use_a_code_one_does(shop: Shop) -> None:
    loyalty = catalogue(shop, {"card": {**CARD, "code": {}}})
    bought(loyalty, funded(loyalty, 100), "card")

    def use(number: int) -> bool:
        try:
            loyalty.use_grant(
                code="000000000001", source="web", order_id=f"{number}", key=f"use {number}"
            )
        except GrantRefused:
            return False
        return True

    with ThreadPoolExecutor(16) as threads:
        assert sum(threads.map(use, range(16))) == 1
    sound(loyalty)


def test_what_it_takes_off_depends_on_the_cart(shop: Shop) -> None:
    loyalty = catalogue(shop, {"percent": PERCENT, "coupon": COUPON})
    member = funded(loyalty, 300)
    percent, coupon = (
        bought(loyalty, member, "percent", "1"),
        bought(loyalty, member, "coupon", "2"),
    )
    for grant, given in (
        (percent, None),
        (coupon, None),
        (coupon, cart("49.99")),
        (coupon, cart("50.00", "EUR")),
    ):
        with pytest.raises(GrantRefused):
            loyalty.use_grant(grant, cart=given, key="refused")
    assert loyalty.use_grant(percent, cart=cart("9.99"), key="3").saved == Money(124, "USD")
    assert loyalty.use_grant(coupon, cart=cart("50.00"), key="4").saved == Money(1000, "USD")
    assert loyalty.statement(member).saved == (Money(1124, "USD"),)
    assert loyalty.statement(member, at=START - timedelta(days=1)).saved == ()
    sound(loyalty)


def test_it_expires_whether_ticked_or_not(shop: Shop) -> None:
    loyalty = catalogue(shop, {"card": {**CARD, "valid_days": 2}}, time_zone="Europe/Berlin")
    member = funded(loyalty, 100)
    grant = bought(loyalty, member, "card")
    end = datetime(2026, 6, 2, 22, tzinfo=UTC)
    shop.clock.set(end - timedelta(seconds=1))
    assert [one.state for one in loyalty.grants(member, state="issued")] == ["issued"]
    shop.clock.set(end)
    assert (loyalty.grant(grant).state, loyalty.grants(member, state="issued")) == ("expired", ())
    with pytest.raises(GrantRefused) as refused:
        loyalty.use_grant(grant, key="1")
    assert refused.value.facts["state"] == "expired"
    assert loyalty.tick().expired_grants == 1
    assert loyalty.tick().expired_grants == 0
    with pytest.raises(GrantRefused):
        loyalty.revoke_grant(grant, key="2")
    assert points(loyalty, member)[0] == 0
    sound(loyalty)


def test_approval_comes_first(shop: Shop) -> None:
    loyalty = catalogue(shop, {"trip": {**CARD, "approval": True, "code": {}, "valid_days": 9}})
    member = funded(loyalty, 300)
    trip = bought(loyalty, member, "trip", "1")
    assert (loyalty.grant(trip).state, loyalty.grant(trip).code) == ("requested", None)
    with pytest.raises(GrantRefused):
        loyalty.use_grant(trip, key="use")
    with pytest.raises(GrantRefused):
        loyalty.fulfil_grant(trip, key="fulfil")
    shop.clock.advance(days=30)
    approved = loyalty.approve_grant(trip, actor="eve", key="approve")
    assert (approved.state, approved.code) == ("issued", "000000000001")
    assert approved.expires_at == datetime(2026, 7, 10, tzinfo=UTC)
    assert loyalty.approve_grant(trip, actor="eve", key="approve") == approved
    with pytest.raises(GrantRefused):
        loyalty.reject_grant(trip, key="reject")
    other = bought(loyalty, member, "trip", "2")
    assert points(loyalty, member)[0] == 100
    assert loyalty.reject_grant(other, reason="no", actor="eve", key="reject").state == "revoked"
    assert points(loyalty, member) == (200, 200, 0, 0)
    with pytest.raises(GrantRefused):
        loyalty.approve_grant(other, key="again")
    sound(loyalty)


def test_fulfilment_comes_before_use(shop: Shop) -> None:
    tent = {"kind": "product", "product": "TENT-1", "points": 100, "fulfilment": True}
    lesson = {"kind": "experience", "points": 50, "fulfilment": True, "code": {}}
    loyalty = catalogue(shop, {"tent": tent, "lesson": lesson})
    member = funded(loyalty, 200)
    parcel, seat = bought(loyalty, member, "tent", "1"), bought(loyalty, member, "lesson", "2")
    assert {one.state for one in loyalty.grants(member)} == {GrantState.PREPARING}
    sent = loyalty.fulfil_grant(parcel, key="sent")
    assert (sent.state, sent.code, sent.product) == ("used", None, "TENT-1")
    booked = loyalty.fulfil_grant(seat, code="SEAT-12", key="booked")
    assert (booked.state, booked.code) == ("issued", "SEAT-12")
    assert loyalty.use_grant(code="SEAT-12", key="use").state == "used"
    third = bought(loyalty, member, "lesson", "3")
    with pytest.raises(GrantRefused):
        loyalty.fulfil_grant(third, code="SEAT-12", key="taken")
    assert loyalty.fulfil_grant(third, key="drawn").code == "000000000001"
    sound(loyalty)


@pytest.mark.parametrize("points_back", [True, False])
def test_a_revoked_grant_gives_points_and_stock_back_or_not(shop: Shop, points_back: bool) -> None:
    loyalty = catalogue(shop, {"card": {**CARD, "stock": 1}})
    member = funded(loyalty, 100)
    grant = bought(loyalty, member, "card")
    revoked = loyalty.revoke_grant(
        grant, points_back=points_back, reason="fraud", actor="eve", key="1"
    )
    assert (revoked.state, revoked.revoked_at) == ("revoked", START)
    assert points(loyalty, member)[0] == (100 if points_back else 0)
    assert loyalty.rewards()[0].left == (1 if points_back else 0)
    with pytest.raises(GrantRefused):
        loyalty.revoke_grant(grant, key="2")
    with pytest.raises(GrantRefused):
        loyalty.use_grant(grant, key="3")
    sound(loyalty)


def test_an_operator_gives_one(shop: Shop) -> None:
    loyalty = catalogue(shop, {"welcome": {"kind": "discount", "amount": "5.00", "code": {}}})
    member = loyalty.enrol({"email": "ada@example.org"}).id
    given = loyalty.give_grant(member, reward="welcome", reason="mail", actor="eve", key="1")
    assert (given.state, given.code, given.redemption_id) == ("issued", "000000000001", None)
    assert (
        loyalty.give_grant(member, reward="welcome", reason="mail", actor="eve", key="1") == given
    )
    assert len(loyalty.grants(member)) == 1
    with pytest.raises(RewardUnknown):
        loyalty.give_grant(member, reward="nothing", key="2")
    loyalty.update_member(member, status=MemberStatus.SUSPENDED)
    with pytest.raises(MemberInactive):
        loyalty.use_grant(given.grant_id, key="3")
    assert loyalty.rewards() == ()
    sound(loyalty)


PAID = {"source": "web", "order_id": "2"}


def test_points_and_grant_are_never_both_kept(shop: Shop) -> None:
    loyalty = catalogue(shop, {"card": {**CARD, "stock": 9}, "welcome": {"kind": "custom"}})
    member = funded(loyalty, 500)
    unused = bought(loyalty, member, "card", "1", **PAID)
    there = bought(loyalty, member, "card", "2", **PAID)
    elsewhere = bought(loyalty, member, "card", "3", **PAID)
    loyalty.use_grant(there, key="4", **PAID)
    loyalty.use_grant(elsewhere, source="web", order_id="other", key="5")
    loyalty.record(order("2", "100.00"))
    assert points(loyalty, member)[0] == 300
    loyalty.record(refund("half", "2", amount="50.00"))
    assert points(loyalty, member)[0] == 200 + 50 + 50  # half of what was used on the order
    assert loyalty.grant(unused).state == "issued"
    loyalty.record(refund("rest", "2", amount="50.00"))
    states = [loyalty.grant(one).state.value for one in (unused, there, elsewhere)]
    assert states == ["revoked", "revoked", "used"]
    assert points(loyalty, member)[0] == 200 + 200
    sound(loyalty)
    voided = START.isoformat()
    loyalty.record(refund("rest", "2", amount="50.00", voided_at=voided))
    states = [loyalty.grant(one).state.value for one in (unused, there, elsewhere)]
    assert states == ["issued", "used", "used"]
    assert points(loyalty, member)[0] == 300
    sound(loyalty)


def test_an_order_that_is_gone_before_leaves_nothing_to_buy_with_it(shop: Shop) -> None:
    loyalty = catalogue(shop, {"card": CARD, "welcome": {"kind": "custom"}})
    member = funded(loyalty, 100)
    loyalty.record(order("2", "100.00", status="cancelled"))
    receipt = loyalty.redeem(member, reward="card", key="1", **PAID)
    assert receipt.grant is not None
    assert (receipt.returned, receipt.grant.state) == (100, "revoked")
    assert points(loyalty, member)[0] == 100
    sound(loyalty)


def test_grants_go_with_a_merge_and_come_back(shop: Shop) -> None:
    loyalty = catalogue(shop, {"card": {**CARD, "code": {}, "per_member": {"limit": 1}}})
    ada, bob = funded(loyalty, 100), funded(loyalty, 300, "bob@example.org")
    theirs = bought(loyalty, bob, "card", "1")
    loyalty.merge(ada, bob, key="merge")
    assert [one.grant_id for one in loyalty.grants(bob)] == [theirs]
    assert loyalty.grant(theirs).member_id == ada
    assert [one.grant_id for one in loyalty.statement(ada).grants] == [theirs]
    sound(loyalty)
    loyalty.unmerge(bob, key="unmerge")
    assert (loyalty.grants(ada), loyalty.grant(theirs).member_id) == ((), bob)
    loyalty.merge(ada, bob, key="again")
    assert loyalty.use_grant(code="000000000001", key="use").member_id == ada
    sound(loyalty)


def test_what_was_held_before_a_merge_goes_back_as_a_grant(shop: Shop) -> None:
    loyalty = catalogue(shop, {"card": CARD})
    ada, bob = funded(loyalty, 100), funded(loyalty, 100, "bob@example.org")
    held = loyalty.hold(bob, reward="card", key="hold").redemption_id
    loyalty.merge(ada, bob, key="merge")
    assert loyalty.capture(held).member_id == ada
    assert len(loyalty.grants(ada)) == 1
    loyalty.unmerge(bob, key="unmerge")
    (grant,) = loyalty.grants(bob)
    assert (loyalty.grants(ada), loyalty.redemption(held).member_id) == ((), bob)
    loyalty.revoke_grant(grant.grant_id, key="revoke")
    assert (points(loyalty, ada)[0], points(loyalty, bob)[0]) == (100, 100)
    sound(loyalty)


def test_an_erasure_ends_grants_and_forgets_codes(shop: Shop) -> None:
    rewards = {"card": {**CARD, "code": {"pool": "vouchers"}}, "drawn": {**CARD, "code": {}}}
    loyalty = catalogue(shop, rewards)
    loyalty.import_codes("vouchers", ["V-1", "V-2"])
    member = funded(loyalty, 300)
    for key, reward in (("1", "card"), ("2", "drawn")):
        bought(loyalty, member, reward, key)
    data: Any = loyalty.export(member)["data"]
    assert len(data["grant"]) == 2
    loyalty.erase(member, reason="asked", actor="eve", key="erase")
    with pytest.raises(GrantNotFound):
        loyalty.use_grant(code="000000000001", key="3")
    engine = create_engine(shop.url)
    with engine.connect() as connection:
        grants = connection.execute(text("SELECT code, revoked_for FROM loyalty_grant")).all()
        codes = connection.execute(
            text("SELECT code, grant_id, taken FROM loyalty_code ORDER BY code")
        ).all()
    engine.dispose()
    assert [tuple(row) for row in grants] == [(None, "erasure")] * 2
    left = [(code, grant, bool(taken)) for code, grant, taken in codes]
    assert len(left) == 2
    assert [(grant, taken) for _, grant, taken in left].count((None, True)) == 1
    assert loyalty.import_codes("vouchers", ["V-1", "V-2"]).added == 0
    sound(loyalty)


def test_pages_of_grants(shop: Shop) -> None:
    loyalty = catalogue(shop, {"card": CARD})
    member = funded(loyalty, 500)
    ids = [bought(loyalty, member, "card", f"{number}") for number in range(5)]
    loyalty.use_grant(ids[2], key="use")

    def named(found: tuple[GrantReceipt, ...]) -> list[str]:
        return [one.grant_id for one in found]

    assert named(loyalty.grants(member, first=2)) == [ids[4], ids[3]]
    assert named(loyalty.grants(member, first=2, after=ids[3])) == [ids[2], ids[1]]
    assert named(loyalty.grants(member, state="issued", first=3)) == [ids[4], ids[3], ids[1]]
