"""Shopify as the kit and the page need it: how it writes a history, and how it is connected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from examples.shops.shopify.double import Shopify
from examples.shops.shopify.papers import (
    CLIENT,
    SECRET,
    SHOP,
    Doc,
    customer,
    refunded,
    webhook,
    written,
)
from loyalty_core.testing import SentWebhook, ShopOrder, changes_of, orders_at


def account(number: str, email: str) -> Doc:
    """A customer of the shop as its webhooks have them."""
    return customer(int(number), email=email, first_name=email.partition("@")[0])


class ShopifyPlatform:
    """Shopify sends an order whenever it changes, and each refund by itself as well."""

    id = "shopify"
    connector = "shopify.tea"

    def __init__(self, double: Shopify) -> None:
        self.double = double
        self.secrets = {"SHOPIFY_SECRET": SECRET}

    # -- for the conformance suite ---------------------------------------------------------------

    def webhooks(self, history: Sequence[ShopOrder]) -> Sequence[SentWebhook]:
        return [each for at, one in changes_of(history) for each in self.about(one, at)]

    def about(self, order: ShopOrder, at: datetime) -> Sequence[SentWebhook]:
        topic = "orders/create" if at == order.placed_at else "orders/updated"
        made = [webhook(written(order.as_of(at), at), topic)]
        alone = [refunded(order.id, given) for given in order.refunds if given.at == at]
        made += [webhook(given, "refunds/create") for given in alone]
        if order.customer_id:
            made.append(webhook(account(order.customer_id, order.email), "customers/update"))
        return made

    def hold(self, history: Sequence[ShopOrder], at: datetime | None = None) -> None:
        held = [one.as_of(moment) for moment, one in orders_at(history, at)]
        self.double.orders = [written(one, one.moments[-1]) for one in held]
        self.double.customers = {
            one.customer_id: account(one.customer_id, one.email)
            | {"updated_at": one.placed_at.isoformat()}
            for one in sorted(held, key=lambda one: one.placed_at)
            if one.customer_id
        }

    # -- for the page ----------------------------------------------------------------------------

    def settings(self, reward: str) -> dict[str, Any]:
        """The section of the program's configuration."""
        tea = {
            "account": "tea",
            "shop": SHOP,
            "secrets": ["env:SHOPIFY_SECRET"],
            "client_id": CLIENT,
            "source": self.id,
            "admin_url": self.double.url,
            "rewards": [reward],
            "show_members": True,
            "poll_minutes": 0,  # what is lost is found by a click, not meanwhile
        }
        return {"shop": [tea]}

    def registers(self, number: str, email: str, at: datetime) -> Sequence[SentWebhook]:
        """What is sent when a customer makes an account, which the double has from then on."""
        made = {**account(number, email), "updated_at": at.isoformat()}
        self.double.customers = {**self.double.customers, number: made}
        return [webhook(made, "customers/create")]

    def changes(self, order: ShopOrder, at: datetime) -> Sequence[SentWebhook]:
        """What is sent when an order has changed, which the double has like that from then on."""
        document = written(order, at)
        document["customer"] = self.double.customers[order.customer_id]
        others = [one for one in self.double.orders if str(one["id"]) != order.id]
        self.double.orders = [*others, document]
        topic = "orders/create" if at == order.placed_at else "orders/updated"
        alone = [refunded(order.id, one) for one in order.refunds if one.at == at]
        return [webhook(document, topic), *(webhook(one, "refunds/create") for one in alone)]

    def shown(self) -> Mapping[str, Sequence[str]]:
        """What the shop has of the program's: codes, tags and metafields."""
        codes = [
            f"{one['given']['code']}: {one['codeDiscount']['status'].lower()}"
            for one in list(self.double.codes.values())
        ]
        tags = [
            f"{one['email']}: {one['tags']}"
            for one in self.double.customers.values()
            if one["tags"]
        ]
        fields = [
            f"{self._email(owner)}: {key} = {value}"
            for (owner, key), value in list(self.double.metafields.items())
        ]
        return {"discount codes": codes, "tags of customers": tags, "metafields": fields}

    def _email(self, owner: str) -> str:
        found: str = self.double.customers[owner.rpartition("/")[2]]["email"]
        return found
