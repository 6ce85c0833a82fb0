"""Any delivery of a shop's history leaves the same books as the plain history."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from random import Random

import pytest

from loyalty_core import Loyalty
from loyalty_core.testing import SentWebhook, ShopOrder, check_deliveries, shop_history
from plugins.shopify.tests.build import CONNECTOR, START, opened
from plugins.shopify.tests.double import Shopify
from plugins.shopify.tests.papers import customer, refunded, webhook, written


class ShopifyUnderTest:
    """Shopify sends an order whenever it changes, and each refund by itself as well."""

    connector = CONNECTOR

    def __init__(self, double: Shopify) -> None:
        self.double = double

    def webhooks(self, history: Sequence[ShopOrder]) -> Sequence[SentWebhook]:
        changes = sorted((at, one.id, one) for one in history for at in one.moments)
        made = [webhook(written(one.as_of(at), at)) for at, _, one in changes]
        alone = [webhook(refunded(o.id, r), "refunds/create") for o in history for r in o.refunds]
        people = {one.customer_id: one.email for one in history}
        known = [webhook(account(*one), "customers/update") for one in people.items()]
        return [*made, *alone, *known]

    def hold(self, history: Sequence[ShopOrder]) -> None:
        self.double.orders = [written(one, one.moments[-1]) for one in history]
        self.double.customers = {
            one.customer_id: account(one.customer_id, one.email) for one in history
        }


def account(number: str, email: str) -> dict[str, object]:
    return customer(int(number), email=email, first_name=email.partition("@")[0])


@pytest.mark.parametrize("seed", range(6))
def test_any_delivery_leaves_the_same_books(double: Shopify, seed: int) -> None:
    random, platform = Random(seed), ShopifyUnderTest(double)
    history = shop_history(random, START, most=5)
    check_deliveries(lambda: opened(double), platform, history, random)


def test_any_delivery_on_each_database(double: Shopify, database_url: str) -> None:
    random, platform = Random(99), ShopifyUnderTest(double)
    names = iter(range(9))

    def opening() -> AbstractContextManager[Loyalty]:
        return opened(double, database_url, program=f"shop{next(names)}")

    check_deliveries(opening, platform, shop_history(random, START), random)
