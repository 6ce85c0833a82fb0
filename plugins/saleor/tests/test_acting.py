"""What is done at the shop: vouchers and gift cards once, and what members have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from loyalty_core import GrantReceipt, Loyalty
from loyalty_core.testing import (
    Answer,
    Fault,
    FrozenClock,
)
from plugins.saleor.tests.build import CONNECTOR, ada, points, sent
from plugins.saleor.tests.double import Saleor, failed
from plugins.saleor.tests.papers import Doc, about_order, order
from plugins.saleor.tests.stand import CATALOGUE, selling, shown

LATER = Fault(kind="delay", seconds=0)


@pytest.fixture
def shop(double: Saleor, clock: FrozenClock) -> Iterator[Loyalty]:
    with selling(double, clock, rewards=[*CATALOGUE]) as loyalty:
        yield loyalty


def bought(loyalty: Loyalty, reward: str = "five") -> GrantReceipt:
    loyalty.redeem(ada(loyalty), reward=reward, key=reward)
    return grant(loyalty)


def grant(loyalty: Loyalty) -> GrantReceipt:
    return loyalty.grants(ada(loyalty))[0]


def only(made: dict[str, Doc]) -> Doc:
    (one,) = made.values()
    return one


def writes(double: Saleor) -> list[str]:
    """The mutations that were asked for, by the names of their fields."""
    asked: list[Any] = [one.json() for one in double.asked if one.path == "/graphql/"]
    made = (one["query"].partition("made: ")[2].partition("(")[0] for one in asked)
    return [one for one in made if one]


# -- vouchers -------------------------------------------------------------------------------------


def test_points_buy_a_voucher(shop: Loyalty, double: Saleor) -> None:
    assert bought(shop).state == "preparing"
    assert shop.tick().actions == 1
    has = grant(shop)
    assert (has.state, points(shop)) == ("issued", 10)
    assert has.expires_at is not None
    made = only(double.vouchers)
    listing = {"channelId": "CH", "discountValue": "5.00", "minAmountSpent": "20.00"}
    assert made.pop("startDate") == has.created_at.isoformat()
    assert made == {
        "id": "V0",
        "type": "ENTIRE_ORDER",
        "name": f"five [{has.grant_id}]",
        "addCodes": [has.code],
        "endDate": has.expires_at.isoformat(),
        "discountValueType": "FIXED",
        "applyOncePerCustomer": False,
        "usageLimit": 1,
        "listings": [listing],
    }
    shop.tick()
    assert writes(double) == ["voucherCreate", "voucherChannelListingUpdate"]


@pytest.mark.parametrize(
    ("reward", "kind", "value"),
    [("ten", "ENTIRE_ORDER", "12.5"), ("free", "SHIPPING", "100")],
)
def test_kinds_of_vouchers(
    shop: Loyalty, double: Saleor, reward: str, kind: str, value: str
) -> None:
    bought(shop, reward)
    shop.tick()
    made = only(double.vouchers)
    assert (made["type"], made["discountValueType"]) == (kind, "PERCENTAGE")
    assert made["listings"] == [{"channelId": "CH", "discountValue": value}]


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind="answer", answer=Answer(status=503)),
        Fault(kind="answer", answer=Answer(status=429, headers={"retry-after": "60"})),
        Fault(kind="answer", answer=failed("ExpiredSignatureError")),
        Fault(kind="answer", answer=failed("PermissionDenied")),
        Fault(kind="answer", answer=failed("OperationalError", 500)),
        Fault(kind="drop"),
    ],
    ids=lambda one: f"{one.kind} {one.answer.status}",
)
def test_a_shop_that_is_away_delays_and_loses_nothing(
    shop: Loyalty, double: Saleor, clock: FrozenClock, fault: Fault
) -> None:
    bought(shop)
    double.faults.append(fault)
    shop.tick()
    assert (grant(shop).state, double.vouchers) == ("preparing", {})
    clock.advance(hours=1)
    shop.tick()
    assert (grant(shop).state, points(shop)) == ("issued", 10)


def test_what_the_shop_refuses_gives_the_points_back(shop: Loyalty, double: Saleor) -> None:
    bought(shop)
    double.currency = "EUR"  # of the channel: only seen when the voucher is listed there
    shop.tick()
    assert (grant(shop).state, points(shop)) == ("revoked", 60)
    shop.tick()
    assert double.vouchers == {}
    assert shop.verify().problems == ()


def test_a_voucher_that_is_used_is_a_grant_that_is_used(shop: Loyalty, double: Saleor) -> None:
    bought(shop)
    shop.tick()
    unpaid = {"isPaid": False, "totalCharged": {"amount": 0, "currency": "USD"}}
    double.hold(order("O2", voucherCode=grant(shop).code, **unpaid))
    sent(shop, about_order("O2", issued="1"))
    assert grant(shop).state == "issued"
    double.hold(order("O2", voucherCode=grant(shop).code, updatedAt="2024-06-02T10:00:00+00:00"))
    for issued in ("2", "3"):
        sent(shop, about_order("O2", issued=issued))
    (has,) = shop.grants(ada(shop), state="used")
    assert (has.source, has.order_id) == ("tea", "O2")
    shop.tick()
    assert "voucherDelete" not in writes(double)  # the shop took it itself


def test_a_voucher_of_the_shops_own_means_nothing(shop: Loyalty, double: Saleor) -> None:
    double.hold(order("O2", voucherCode="WELCOME"))
    sent(shop, about_order("O2"))
    assert (shop.connector_status(CONNECTOR).dead, points(shop)) == (0, 120)


def test_a_grant_that_is_revoked_takes_its_voucher_away(shop: Loyalty, double: Saleor) -> None:
    bought(shop)
    shop.tick()
    shop.revoke_grant(grant(shop).grant_id, reason="a mistake", key="r")
    shop.tick()
    shop.tick()
    assert double.vouchers == {}
    assert writes(double)[2:] == ["voucherDelete"]


# -- gift cards -----------------------------------------------------------------------------------


def test_a_gift_card_has_the_code_that_the_shop_made(shop: Loyalty, double: Saleor) -> None:
    assert bought(shop, "card").state == "preparing"
    assert shop.tick().actions == 1
    has, made = grant(shop), only(double.cards)
    assert (has.state, has.code, points(shop)) == ("issued", "SALEOR-0000", 10)
    assert made["balance"] == {"amount": "5.00", "currency": "USD"}
    assert made["metadata"] == [{"key": "loyalty_grant", "value": has.grant_id}]


def test_a_gift_card_whose_grant_is_over_is_deactivated(shop: Loyalty, double: Saleor) -> None:
    bought(shop, "card")
    shop.tick()
    shop.revoke_grant(grant(shop).grant_id, reason="a mistake", key="r")
    shop.tick()
    shop.tick()
    assert only(double.cards)["isActive"] is False
    assert writes(double) == ["giftCardCreate", "giftCardActivate", "giftCardDeactivate"]


# -- what members have ----------------------------------------------------------------------------


def test_what_a_member_has_is_in_their_metadata(double: Saleor, clock: FrozenClock) -> None:
    with selling(double, clock, show_members=True) as loyalty:
        loyalty.tick()
        first = shown(double)
        assert first["wallets"]["points"]["available"] == "60"
        assert first["member"] == ada(loyalty)
        double.hold(order("O2"))
        sent(loyalty, about_order("O2"))
        loyalty.tick()
        assert shown(double)["wallets"]["points"]["available"] == "120"
        assert shown(double)["revision"] > first["revision"]


def test_a_customer_that_is_gone_is_nothing_to_write_to(double: Saleor, clock: FrozenClock) -> None:
    with selling(double, clock, show_members=True) as loyalty:
        double.customers.clear()
        assert loyalty.tick().actions == 1
        assert writes(double) == []


# -- health ---------------------------------------------------------------------------------------


def test_health_tells_of_tokens_permissions_and_webhooks(
    double: Saleor, clock: FrozenClock
) -> None:
    with selling(double, clock, rewards=["five", "card"]) as loyalty:
        detail = loyalty.connector_health(CONNECTOR).detail
        assert "MANAGE_GIFT_CARD, MANAGE_DISCOUNTS" in detail
        double.permissions += ["MANAGE_GIFT_CARD", "MANAGE_DISCOUNTS"]
        found = loyalty.connector_health(CONNECTOR)
        assert (found.ok, found.detail) == (True, "Tea, Saleor 3.23.43")
        double.hooks = [{**double.hooks[0], "isActive": False}]
        assert "no active webhook" in loyalty.connector_health(CONNECTOR).detail
        double.token = "another"
        found = loyalty.connector_health(CONNECTOR)
        assert (found.ok, "InvalidTokenError" in found.detail) == (False, True)
