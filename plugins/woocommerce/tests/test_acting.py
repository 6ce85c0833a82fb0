"""What is done at the shop: coupons once, what members have, and nothing by our own echoes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from examples.shops.woocommerce.double import KEY, KEY_SECRET, WooCommerce
from examples.shops.woocommerce.papers import Doc, order, webhook
from loyalty_core import GrantReceipt, Loyalty
from loyalty_core.testing import (
    Answer,
    Asked,
    Fault,
    FrozenClock,
)
from plugins.woocommerce.tests.build import CONNECTOR, ada, points, sent
from plugins.woocommerce.tests.stand import selling, shown


@pytest.fixture
def shop(double: WooCommerce, clock: FrozenClock) -> Iterator[Loyalty]:
    with selling(double, clock, rewards=["five", "ten", "free"]) as loyalty:
        yield loyalty


def bought(loyalty: Loyalty, reward: str = "five") -> GrantReceipt:
    loyalty.redeem(ada(loyalty), reward=reward, key=reward)
    return loyalty.grants(ada(loyalty))[0]


def grant(loyalty: Loyalty) -> GrantReceipt:
    return loyalty.grants(ada(loyalty))[0]


def coupon(double: WooCommerce) -> Doc:
    (made,) = double.coupons.values()
    return made


def writes(double: WooCommerce) -> list[tuple[str, str]]:
    made = [one for one in double.asked if one.method != "GET"]
    return [(one.method, one.path.rpartition("/v3/")[2]) for one in made]


# -- coupons --------------------------------------------------------------------------------------


def test_points_buy_a_coupon(shop: Loyalty, double: WooCommerce) -> None:
    assert bought(shop).state == "preparing"
    assert double.coupons == {}
    assert shop.tick().actions == 1
    has = grant(shop)
    assert (has.state, points(shop)) == ("issued", 10)
    assert coupon(double) == {
        "id": 700,
        "code": (has.code or "").lower(),
        "description": f"five [{has.grant_id}]",
        "discount_type": "fixed_cart",
        "amount": "5.00",
        "minimum_amount": "20.00",
        "usage_limit": 1,
        "usage_count": 0,
        "individual_use": False,
        "email_restrictions": ["ada@example.org"],
        "date_expires_gmt": f"{has.expires_at:%Y-%m-%dT%H:%M:%S}",
        "meta_data": [{"key": "loyalty_grant", "value": has.grant_id}],
    }
    shop.tick()
    assert writes(double)[0] == ("POST", "coupons")


def test_a_coupon_ends_when_its_grant_does(
    shop: Loyalty, double: WooCommerce, clock: FrozenClock
) -> None:
    """Also one that was made the day before, and whose answer was lost: its days count anew."""
    bought(shop)
    double.faults.extend([Fault(kind="delay", seconds=0), Fault(kind="forget")])
    shop.tick()
    first = coupon(double)["date_expires_gmt"]
    clock.advance(days=1)
    shop.tick()
    ends = grant(shop).expires_at
    assert ends is not None
    assert coupon(double)["date_expires_gmt"] == f"{ends:%Y-%m-%dT%H:%M:%S}" != first


@pytest.mark.parametrize(
    ("reward", "kind", "amount", "free"),
    [("ten", "percent", "12.5", None), ("free", "fixed_cart", "0", True)],
)
def test_kinds_of_coupons(
    shop: Loyalty, double: WooCommerce, reward: str, kind: str, amount: str, free: bool | None
) -> None:
    bought(shop, reward)
    shop.tick()
    made = coupon(double)
    found = (made["discount_type"], made["amount"], made.get("free_shipping"))
    assert found == (kind, amount, free)


def test_of_two_that_were_made_at_one_moment_one_is_left(
    shop: Loyalty, double: WooCommerce
) -> None:
    """The first attempt was given up, and landed while the second was made."""
    bought(shop)

    def the_first_lands(asked: Asked) -> None:
        if "search" in asked.query and 600 not in double.coupons:
            double.coupons[600] = {**coupon(double), "id": 600}

    double.during = the_first_lands
    assert shop.tick().actions == 1
    assert (coupon(double)["id"], points(shop)) == (700, 10)
    assert writes(double) == [("POST", "coupons"), ("DELETE", "coupons/600")]


def test_a_coupon_that_is_found_late_is_found_when_it_is_refused(
    shop: Loyalty, double: WooCommerce, clock: FrozenClock
) -> None:
    """A shop behind a cache does not list at once what it has made."""
    bought(shop)
    double.faults.extend([Fault(kind="delay", seconds=0), Fault(kind="forget")])
    shop.tick()
    clock.advance(minutes=5)
    double.faults.append(Fault(kind="answer", answer=Answer.of([])))
    assert shop.tick().actions == 1
    assert (grant(shop).state, len(double.coupons)) == ("issued", 1)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind="answer", answer=Answer(status=503)),
        Fault(kind="answer", answer=Answer(status=429, headers={"retry-after": "60"})),
        Fault(kind="answer", answer=Answer.of({"code": "woocommerce_rest_cannot_create"}, 401)),
        Fault(kind="drop"),
    ],
    ids=lambda one: f"{one.kind} {one.answer.status}",
)
def test_a_shop_that_is_away_delays_and_loses_nothing(
    shop: Loyalty, double: WooCommerce, clock: FrozenClock, fault: Fault
) -> None:
    bought(shop)
    double.faults.append(fault)
    shop.tick()
    assert (grant(shop).state, double.coupons) == ("preparing", {})
    clock.advance(hours=1)
    shop.tick()
    assert (grant(shop).state, points(shop)) == ("issued", 10)


def test_what_the_shop_refuses_gives_the_points_back(shop: Loyalty, double: WooCommerce) -> None:
    bought(shop)
    refusal = Answer.of({"code": "rest_invalid_param", "message": "Invalid parameter(s)"}, 400)
    double.faults.extend([Fault(kind="delay", seconds=0), Fault(kind="answer", answer=refusal)])
    shop.tick()
    assert (grant(shop).state, points(shop)) == ("revoked", 60)
    assert shop.verify().problems == ()


def test_a_coupon_that_is_used_is_a_grant_that_is_used(shop: Loyalty, double: WooCommerce) -> None:
    bought(shop)
    shop.tick()
    used = {"coupon_lines": [{"id": 1, "code": coupon(double)["code"], "discount": "5.00"}]}
    unpaid = double.hold(order(2, status="pending", **used))
    sent(shop, webhook("order.created", unpaid, delivery="2"))
    assert grant(shop).state == "issued"
    paid = double.hold(order(2, date_modified_gmt="2024-06-03T10:00:00", **used))
    for delivery in ("3", "4"):
        sent(shop, webhook("order.updated", paid, delivery=delivery))
    (has,) = shop.grants(ada(shop), state="used")
    assert (has.source, has.order_id) == ("tea", "2")
    shop.tick()
    assert coupon(double)["date_expires_gmt"] != "2000-01-01T00:00:00"  # the shop took it itself
    assert shop.connector_status(CONNECTOR).dead == 0


def test_a_coupon_of_the_shops_own_means_nothing(shop: Loyalty, double: WooCommerce) -> None:
    used = {"coupon_lines": [{"id": 1, "code": "welcome"}]}
    sent(shop, webhook("order.created", double.hold(order(2, **used)), delivery="2"))
    status = shop.connector_status(CONNECTOR)
    assert (status.dead, points(shop)) == (0, 120)


def test_a_grant_that_is_revoked_ends_its_coupon_and_back_again(
    shop: Loyalty, double: WooCommerce
) -> None:
    bought(shop)
    shop.tick()
    shop.revoke_grant(grant(shop).grant_id, reason="a mistake", key="r")
    shop.tick()
    assert coupon(double)["date_expires_gmt"] == "2000-01-01T00:00:00"
    shop.tick()
    assert writes(double) == [("POST", "coupons"), ("PUT", "coupons/700")]


# -- what members have ----------------------------------------------------------------------------


def test_what_a_member_has_is_in_their_meta(double: WooCommerce, clock: FrozenClock) -> None:
    with selling(double, clock, show_members=True) as loyalty:
        loyalty.tick()
        first = shown(double)
        assert first["wallets"]["points"] == {
            "balance": "60",
            "available": "60",
            "pending": "0",
        }
        assert (first["member"], first["tiers"]) == (ada(loyalty), {})
        sent(loyalty, webhook("order.created", double.hold(order(2)), delivery="2"))
        loyalty.tick()
        then = shown(double)
        assert (then["wallets"]["points"]["balance"], then["revision"] > first["revision"]) == (
            ("120", True)
        )


def test_an_account_that_is_gone_is_nothing_to_write_to(
    double: WooCommerce, clock: FrozenClock
) -> None:
    with selling(double, clock, show_members=True) as loyalty:
        double.customers.clear()
        assert loyalty.tick().actions == 1
        assert writes(double) == []


# -- health ---------------------------------------------------------------------------------------


def test_health_tells_what_the_shop_has_switched_off(loyalty: Loyalty, double: WooCommerce) -> None:
    """A webhook that failed more than five times is disabled, without a word to anybody."""
    url = "https://points.example/webhooks/woocommerce/tea"
    hook = {"id": 1, "name": "Orders", "topic": "order.updated", "delivery_url": url}
    other = {
        "id": 2,
        "name": "ERP",
        "topic": "order.updated",
        "delivery_url": "https://erp.example/",
    }
    double.webhooks = [{**other, "status": "disabled"}]
    assert "no webhook for order.updated" in loyalty.connector_health(CONNECTOR).detail
    double.webhooks.append({**hook, "status": "active"})
    assert loyalty.connector_health(CONNECTOR).ok
    double.webhooks[1]["status"] = "disabled"
    found = loyalty.connector_health(CONNECTOR)
    assert not found.ok
    assert "Orders (order.updated)" in found.detail


def test_health_tells_of_keys_and_of_another_currency(
    loyalty: Loyalty, double: WooCommerce
) -> None:
    double.currency = "CAD"
    assert "CAD" in loyalty.connector_health(CONNECTOR).detail
    double.keys = (KEY, KEY_SECRET + "!")
    found = loyalty.connector_health(CONNECTOR)
    assert (found.ok, "401" in found.detail) == (False, True)
