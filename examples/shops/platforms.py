"""The platforms that can be clicked through: a new one is a line in ``PLATFORMS``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager

from examples.shops.platform import Platform
from examples.shops.shopify.double import Shopify
from examples.shops.shopify.platform import ShopifyPlatform
from examples.shops.woocommerce.double import WooCommerce
from examples.shops.woocommerce.platform import WooCommercePlatform


@contextmanager
def shopify() -> Iterator[Platform]:
    """A shop on Shopify that listens."""
    with Shopify() as double:
        double.customers.clear()
        yield ShopifyPlatform(double)


@contextmanager
def woocommerce() -> Iterator[Platform]:
    """A shop on WooCommerce that listens."""
    with WooCommerce() as double:
        double.webhooks = [
            {
                "id": number,
                "name": "loyalty",
                "topic": topic,
                "status": "active",
                "delivery_url": "http://127.0.0.1/webhooks/woocommerce/tea",
            }
            for number, topic in enumerate(("order.created", "order.updated", "customer.created"))
        ]
        yield WooCommercePlatform(double)


PLATFORMS: Mapping[str, Callable[[], AbstractContextManager[Platform]]] = {
    "shopify": shopify,
    "woocommerce": woocommerce,
}
"""Each by its plugin's id."""
