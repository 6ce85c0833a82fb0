"""WooCommerce as the kit and the page need it: how it writes a history, and how it is connected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from examples.shops.woocommerce.double import KEY, KEY_SECRET, WooCommerce
from examples.shops.woocommerce.papers import SECRET, Doc, customer, gmt, webhook, written
from loyalty_core.testing import SentWebhook, ShopOrder, changes_of, orders_at


def account(number: str, email: str) -> Doc:
    """A customer of the shop as its API has them."""
    return customer(int(number), email, first_name=email.partition("@")[0])


class WooCommercePlatform:
    """The shop sends an order several times whenever it changes, and never again."""

    id = "woocommerce"
    connector = "woocommerce.tea"

    def __init__(self, double: WooCommerce) -> None:
        self.double = double
        self.secrets = {"WOO_KEY": KEY, "WOO_KEY_SECRET": KEY_SECRET, "WOO_SECRET": SECRET}
        self._sent = 0

    # -- for the conformance suite ---------------------------------------------------------------

    def webhooks(self, history: Sequence[ShopOrder]) -> Sequence[SentWebhook]:
        made = [each for at, one in changes_of(history) for each in self.about(one, at)]
        known = [
            webhook("customer.updated", account(one.customer_id, one.email))
            for one in history
            if one.customer_id
        ]
        return [*made, *known]

    def about(self, order: ShopOrder, at: datetime) -> Sequence[SentWebhook]:
        topic = "order.created" if at == order.placed_at else "order.updated"
        return [webhook(topic, written(order, at)[0], delivery=f"{order.id} {at}")]

    def hold(self, history: Sequence[ShopOrder], at: datetime | None = None) -> None:
        for moment, one in orders_at(history, at):
            document, refunds = written(one, moment)
            self.double.hold(document, *refunds)
            if number := int(one.customer_id or 0):
                self.double.customers[number] = account(one.customer_id, one.email)

    # -- for the page ----------------------------------------------------------------------------

    def settings(self, reward: str) -> dict[str, Any]:
        """The section of the program's configuration."""
        tea = {
            "account": "tea",
            "url": self.double.url,
            "consumer_key": "env:WOO_KEY",
            "consumer_secret": "env:WOO_KEY_SECRET",
            "secrets": ["env:WOO_SECRET"],
            "source": self.id,
            "rewards": [reward],
            "show_members": True,
            "poll_minutes": 0,  # what is lost is found by a click, not meanwhile
        }
        return {"shop": [tea]}

    def registers(self, number: str, email: str, at: datetime) -> Sequence[SentWebhook]:
        """What is sent when a customer makes an account, which the double has from then on."""
        made = {**account(number, email), "date_created_gmt": gmt(at)}
        self.double.customers = {**self.double.customers, int(number): made}
        return [self._next("customer.created", made)]

    def changes(self, order: ShopOrder, at: datetime) -> Sequence[SentWebhook]:
        """What is sent when an order has changed, which the double has like that from then on."""
        document, refunds = written(order, at)
        held = self.double.hold({**document, "date_modified_gmt": gmt(at)}, *refunds)
        return [self._next("order.created" if at == order.placed_at else "order.updated", held)]

    def _next(self, topic: str, document: Doc) -> SentWebhook:
        self._sent += 1
        return webhook(topic, document, delivery=f"page-{self._sent}")

    def shown(self) -> Mapping[str, Sequence[str]]:
        """What the shop has of the program's: coupons, and meta of customers."""
        coupons = [
            f"{one['code']}: {one['amount']} {one['discount_type']}"
            for one in list(self.double.coupons.values())
        ]
        meta = [
            f"{one['email']}: {kept['key']} = {kept['value']}"
            for one in self.double.customers.values()
            for kept in one["meta_data"]
        ]
        return {"coupons": coupons, "meta of customers": meta}
