"""Limits, tokens and bad days of the Admin API: what is waited for, and what is said."""

from __future__ import annotations

from typing import Any

import pytest

from examples.shops.shopify.double import Shopify
from examples.shops.shopify.papers import many
from loyalty_core import ConnectorDisabled, ConnectorError, Loyalty, PlatformUnavailable, ShopHttp
from loyalty_core.testing import Answer, Fault
from loyalty_shopify import walking
from plugins.shopify.tests.build import CONNECTOR, opened


def test_what_is_throttled_is_waited_for_by_its_cost(
    double: Shopify, loyalty: Loyalty, waited: list[int]
) -> None:
    """THROTTLED comes with 200; 250 points are missing, and 100 come back each second."""
    double.throttle(wanted=500, there=250)
    double.throttle(wanted=500, there=499)
    double.faults.insert(0, Fault(kind="delay", seconds=0))  # the token
    assert loyalty.connector_health(CONNECTOR).ok
    assert waited == [3, 1]


def test_who_is_throttled_for_long_is_told_so(
    double: Shopify, loyalty: Loyalty, waited: list[int]
) -> None:
    double.faults.append(Fault(kind="delay", seconds=0))  # the token
    double.throttle(wanted=9000, there=0)
    with pytest.raises(PlatformUnavailable) as refused:
        loyalty.backfill(CONNECTOR)
    assert (refused.value.retry_after, waited) == (90, [])


def test_429_is_waited_for_as_it_says(double: Shopify, loyalty: Loyalty, waited: list[int]) -> None:
    double.faults.append(Fault(kind="delay", seconds=0))
    double.answers(429, retry_after="2.0")
    double.answers(429)
    assert loyalty.backfill(CONNECTOR).finished
    assert waited == [2, 2]


@pytest.mark.parametrize("status", [402, 423, 430, 500, 502, 503, 504])
def test_a_shop_that_is_away_is_asked_later(double: Shopify, loyalty: Loyalty, status: int) -> None:
    double.orders = many(1)
    double.faults.append(Fault(kind="delay", seconds=0))
    double.answers(status)
    with pytest.raises(PlatformUnavailable, match=str(status)):
        loyalty.backfill(CONNECTOR)
    assert loyalty.backfill(CONNECTOR).finished


@pytest.mark.parametrize("kind", ["drop", "truncate"])
def test_half_an_answer_is_none(double: Shopify, loyalty: Loyalty, kind: Any) -> None:
    double.faults += [Fault(kind="delay", seconds=0), Fault(kind=kind)]
    with pytest.raises(PlatformUnavailable):
        loyalty.backfill(CONNECTOR)
    assert loyalty.backfill(CONNECTOR).finished


@pytest.mark.parametrize("code", ["INTERNAL_SERVER_ERROR", "TIMEOUT", "SHOP_INACTIVE"])
def test_errors_of_the_shop_itself_are_of_the_moment(
    double: Shopify, loyalty: Loyalty, code: str
) -> None:
    double.faults.append(Fault(kind="delay", seconds=0))
    double.fail(code)
    with pytest.raises(PlatformUnavailable):
        loyalty.backfill(CONNECTOR)


def test_a_field_that_a_version_does_not_have_is_named(
    double: Shopify, loyalty: Loyalty, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = walking.BULK_STATE.replace("rootObjectCount", "rootObjectCount objectsInAll")
    monkeypatch.setattr(walking, "BULK_STATE", changed)
    with pytest.raises(ConnectorError, match="objectsInAll") as refused:
        loyalty.backfill(CONNECTOR)
    assert "Update this plugin" in refused.value.remedy


def test_a_scope_that_is_missing_is_said(double: Shopify, loyalty: Loyalty) -> None:
    double.faults.append(Fault(kind="delay", seconds=0))
    double.fail("ACCESS_DENIED", "Access denied for orders field.")
    with pytest.raises(ConnectorError, match="Access denied") as refused:
        loyalty.backfill(CONNECTOR)
    assert "scopes" in refused.value.remedy


def test_a_huge_answer_is_not_read(
    double: Shopify, loyalty: Loyalty, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ShopHttp, "LARGEST", 1000)
    double.faults.append(Fault(kind="delay", seconds=0))
    double.faults.append(Fault(kind="answer", answer=Answer(body=b"[" * 100_000)))
    with pytest.raises(ConnectorError, match="larger"):
        loyalty.backfill(CONNECTOR)


def test_a_token_that_is_over_is_renewed(double: Shopify, loyalty: Loyalty) -> None:
    loyalty.backfill(CONNECTOR)
    double.expire_tokens()
    double.orders = many(1)
    assert loyalty.reconcile(CONNECTOR).finished
    assert [one.path for one in double.asked].count("/admin/oauth/access_token") == 2


def test_a_token_that_stays_is_not_renewed(double: Shopify) -> None:
    with opened(double, access_token="env:SHOPIFY_TOKEN", client_id="") as loyalty:
        assert loyalty.backfill(CONNECTOR).finished
        double.expire_tokens()
        with pytest.raises(ConnectorDisabled):
            loyalty.reconcile(CONNECTOR)


def test_an_app_that_was_removed_gets_no_token(double: Shopify, loyalty: Loyalty) -> None:
    double.removed = True
    with pytest.raises(ConnectorDisabled, match="app_not_installed"):
        loyalty.backfill(CONNECTOR)
    assert not loyalty.connector_health(CONNECTOR).ok


def test_an_app_that_may_not_read_all_orders_is_told_so(double: Shopify) -> None:
    """Shopify leaves out what is older than 60 days, and says nothing."""
    double.orders = many(2)
    double.orders[0]["created_at"] = "2026-05-31T00:00:00Z"
    double.scopes.remove("read_all_orders")
    with opened(double) as loyalty:
        assert loyalty.backfill(CONNECTOR).missing == 1
        health = loyalty.connector_health(CONNECTOR)
        said = (
            "Tea, Admin API 2026-10; "
            "without the scope read_all_orders it shows orders of the last 60 days alone"
        )
        assert (health.ok, health.detail) == (True, said)
        double.scopes.append("read_all_orders")
        assert loyalty.connector_health(CONNECTOR).detail == "Tea, Admin API 2026-10"
        assert loyalty.backfill(CONNECTOR, again=True).missing == 1


def test_health_says_what_is_wrong(double: Shopify) -> None:
    with opened(double, show_members=True) as loyalty:
        assert loyalty.connector_health(CONNECTOR).detail == "Tea, Admin API 2026-10"
        double.scopes = ["read_orders", "read_customers", "read_all_orders"]
        assert "write_customers" in loyalty.connector_health(CONNECTOR).detail
        double.currency = "CAD"
        assert "CAD" in loyalty.connector_health(CONNECTOR).detail
    with opened(double, shop="coffee.myshopify.com") as loyalty:
        assert loyalty.connector_health(CONNECTOR).detail == "it is tea.myshopify.com"
