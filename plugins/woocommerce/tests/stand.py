"""The connector in front of its double: what the rules about connectors play with."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, cast

from examples.shops.woocommerce.double import KEY, KEY_SECRET, WooCommerce
from examples.shops.woocommerce.papers import (
    GIFT_CARD,
    OLD_SECRET,
    SIGNATURE,
    customer,
    order,
    webhook,
)
from examples.shops.woocommerce.platform import WooCommercePlatform
from loyalty_core import Loyalty
from loyalty_core.testing import ActingShop, Asked, ConnectorStand, FrozenClock, Opening
from loyalty_woocommerce.connector import WooCommerceConnector
from plugins.woocommerce.tests.build import CONNECTOR, NOW, START, ada, opened, sent

CODE = {"prefix": "TEA-", "length": 12}

FIVE = {"kind": "discount", "amount": "5.00", "points": 50, "min_order": "20.00", "valid_days": 30}

CATALOGUE: dict[str, Any] = {
    "five": {**FIVE, "code": CODE},
    "ten": {"kind": "discount", "percent": "12.5", "points": 10, "code": CODE},
    "free": {"kind": "free_shipping", "points": 20, "code": CODE},
}


@contextmanager
def selling(double: WooCommerce, clock: FrozenClock, **settings: Any) -> Iterator[Loyalty]:
    """A program whose rewards can be made in the shop, and Ada, who has 60 points."""
    double.customers[25] = customer()
    given: dict[str, Any] = {"poll_minutes": 0, **settings}
    with opened(double, clock=clock, catalogue=CATALOGUE, **given) as loyalty:
        sent(loyalty, webhook("order.created", double.hold(order(1)), delivery="first"))
        yield loyalty


def theirs_are_there(double: WooCommerce) -> Callable[[Asked], None]:
    def put(asked: Asked) -> None:
        if code := asked.query.get("code"):
            double.coupons[1] = {"id": 1, "code": code, "meta_data": []}

    return put


def shown(double: WooCommerce) -> Any:
    (meta,) = [one for one in double.customers[25]["meta_data"] if one["key"] == "loyalty"]
    return json.loads(meta["value"])


@contextmanager
def delivering() -> Iterator[tuple[Opening, WooCommercePlatform]]:
    """A shop that writes histories."""
    with WooCommerce() as double:
        yield lambda: opened(double, gift_cards=[GIFT_CARD]), WooCommercePlatform(double)


@contextmanager
def acting(**settings: Any) -> Iterator[ActingShop]:
    """The shop, new each time, for what connectors that act are tested with."""
    clock = FrozenClock(NOW)
    with WooCommerce() as double, selling(double, clock, **settings) as loyalty:
        double.asked.clear()
        yield ActingShop(
            loyalty=loyalty,
            double=double,
            clock=clock,
            connector=CONNECTOR,
            member=ada(loyalty),
            stands=lambda: [one["code"] for one in double.coupons.values()],
            theirs=theirs_are_there(double),
        )


@contextmanager
def showing() -> Iterator[ActingShop]:
    """A shop that shows members what they have."""
    with acting(show_members=True) as shop:
        double = cast(WooCommerce, shop.double)
        yield replace(
            shop,
            stands=lambda: [shown(double)["wallets"]["points"]["balance"]],
            echoes=lambda word: [webhook("customer.updated", double.customers[25], delivery=word)],
        )


STAND = ConnectorStand(
    kind=WooCommerceConnector,
    environment={
        "WOO_SECRET": "a&amp;b &lt;new&gt; key",  # as the shop's page may show it
        "WOO_OLD": OLD_SECRET,
        "WOO_KEY": KEY,
        "WOO_KEY_SECRET": KEY_SECRET,
    },
    platform=delivering,
    starts=START,
    signature=SIGNATURE,
    rewards={"five": lambda: acting(rewards=["five"])},
    shown=showing,
)
