"""Customers, and what they ask for through the shop: to be told, and to be forgotten."""

from __future__ import annotations

import json
from typing import Any

import pytest

from examples.shops.shopify.double import Shopify
from examples.shops.shopify.papers import SHOP, customer, order, webhook
from loyalty_core import Loyalty
from loyalty_core.testing import FrozenClock
from plugins.shopify.tests.build import CONNECTOR, opened, points, sent

REDACT = {
    "shop_id": 954889,
    "shop_domain": SHOP,
    "customer": {"id": 7000, "email": "ada@example.org", "phone": None},
    "orders_to_redact": [820982911946154508],
}
DATA = {
    "shop_id": 954889,
    "shop_domain": SHOP,
    "customer": {"id": 7000, "email": "ada@example.org", "phone": None},
    "orders_requested": [820982911946154508],
    "data_request": {"id": 9999},
}


def name(loyalty: Loyalty) -> str:
    found = loyalty.find({"email": "ada@example.org"})
    return found.profile.name if found else ""


def test_a_customer_is_as_the_shop_knows_them_now(double: Shopify) -> None:
    """Webhooks of customers come late and out of order, and say nothing that would tell."""
    double.customers["7000"] = customer(first_name="Augusta", tags="vip")
    with opened(double) as loyalty:
        sent(loyalty, webhook(customer(first_name="Ada"), "customers/update"))
        assert name(loyalty) == "Augusta Byron"
        found = loyalty.find({"customer_id": "7000"}, source="tea")
        assert found is not None
        assert found.profile.tags == ("vip",)


@pytest.mark.parametrize("road", ["webhook", "reconcile", "backfill"])
def test_a_last_tag_and_a_name_are_taken_away(double: Shopify, road: str) -> None:
    double.customers["7000"] = customer(tags="vip, tier:silver")
    with opened(double) as loyalty:
        loyalty.backfill(CONNECTOR)
        found = loyalty.find({"email": "ada@example.org"})
        assert found is not None
        assert (found.profile.name, found.profile.tags) == ("Ada Byron", ("vip",))
        changed = customer(
            tags="", first_name=None, last_name=None, updated_at="2026-08-01T00:00:00Z"
        )
        double.customers["7000"] = changed
        if road == "webhook":
            sent(loyalty, webhook(changed, "customers/update"))
        elif road == "reconcile":
            loyalty.reconcile(CONNECTOR)
        else:
            loyalty.backfill(CONNECTOR, again=True)
        profile = loyalty.member(found.id).profile
        assert (profile.name, profile.tags, profile.locale) == ("", (), "en-US")


def test_a_shop_that_is_away_delays_a_customer_and_loses_nobody(
    double: Shopify, clock: FrozenClock
) -> None:
    with opened(double, clock=clock) as loyalty:
        double.answers(503)
        sent(loyalty, webhook(customer(), "customers/create"))
        assert (name(loyalty), loyalty.connector_status(CONNECTOR).pending) == ("", 1)
        double.removed = True
        clock.advance(hours=1)
        loyalty.work_inbox()
        assert loyalty.connector_status(CONNECTOR).pending == 1
        double.removed = False
        clock.advance(hours=2)
        loyalty.work_inbox()
        assert name(loyalty) == "Ada Byron"


def test_a_customer_is_forgotten_and_does_not_come_back(double: Shopify) -> None:
    with opened(double) as loyalty:
        sent(loyalty, webhook(order()), webhook(customer(), "customers/update"))
        found = loyalty.find({"email": "ada@example.org"})
        assert found is not None
        sent(loyalty, webhook(REDACT, "customers/redact"))
        sent(loyalty, webhook(REDACT, "customers/redact", name="again"))
        assert loyalty.member(found.id).status == "erased"
        del double.customers["7000"]
        sent(
            loyalty,
            webhook(customer(), "customers/update", name="late"),
            webhook(order(updated_at="2026-07-01T00:00:00Z"), name="later"),
        )
        assert loyalty.find({"email": "ada@example.org"}) is None
        assert loyalty.member(found.id).status == "erased"
        assert loyalty.verify().problems == ()


def test_who_asks_what_is_known_is_told_of(double: Shopify) -> None:
    with opened(double) as loyalty:
        sent(loyalty, webhook(order()), webhook(DATA, "customers/data_request"))
        status = loyalty.connector_status(CONNECTOR)
        assert (status.done, status.dead) == (2, 0)
    inputs = {"customer_id": "7000", "email": "ada@example.org"}
    with opened(double) as loyalty:
        body = json.dumps(DATA).encode()
        (asked,) = loyalty.translate(CONNECTOR, topic="customers/data_request", body=body).inputs
        assert (type(asked).__name__, getattr(asked, "identities", None)) == (
            "ExportAsked",
            inputs,
        )


@pytest.mark.parametrize("topic", ["customers/redact", "customers/data_request", "shop/redact"])
@pytest.mark.parametrize("body", [order(), customer(), {}])
def test_a_body_of_another_topic_forgets_nobody(
    double: Shopify, topic: str, body: dict[str, Any]
) -> None:
    """The signature does not cover the topic."""
    with opened(double) as loyalty:
        sent(loyalty, webhook(order()), webhook(body, topic))
        assert (points(loyalty), loyalty.connector_status(CONNECTOR).dead) == (10, 1)


def test_a_shop_that_is_to_be_forgotten(double: Shopify) -> None:
    with opened(double) as loyalty:
        sent(loyalty, webhook(order()))
        loyalty.enrol({"email": "till@example.org", "customer_id": "7"}, source="till")
        sent(loyalty, webhook({"shop_id": 954889, "shop_domain": SHOP}, "shop/redact"))
        assert loyalty.find({"email": "ada@example.org"}) is None
        assert loyalty.find({"email": "till@example.org"}) is not None
        assert loyalty.verify().problems == ()


def test_an_app_that_was_removed_is_switched_off(double: Shopify) -> None:
    with opened(double) as loyalty:
        sent(loyalty, webhook({"id": 954889}, "app/uninstalled", name="old"))
        assert loyalty.connector_status(CONNECTOR).disabled_at is None  # it is there again
        double.removed = True
        sent(loyalty, webhook({"id": 954889}, "app/uninstalled", name="new"))
        status = loyalty.connector_status(CONNECTOR)
        assert status.disabled_at is not None
        assert "no token" in status.disabled_for
