"""The connector in front of its double: what the rules about connectors play with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any, cast
from unittest import mock

from examples.shops.shopify.double import TOKEN, Shopify
from examples.shops.shopify.papers import OLD_SECRET, SECRET, bag, line, order, webhook
from examples.shops.shopify.platform import ShopifyPlatform
from loyalty_core import Loyalty
from loyalty_core.testing import ActingShop, Asked, ConnectorStand, FrozenClock, Opening
from loyalty_shopify import asking
from loyalty_shopify.connector import ShopifyConnector
from plugins.shopify.tests.build import CONNECTOR, NOW, START, ada, config_of, opened, sent

CODE: dict[str, Any] = {"prefix": "TEA"}

REWARDS: dict[str, Any] = {
    "five": {"kind": "discount", "amount": "5.00", "points": 50, "code": CODE},
    "tenth": {"kind": "discount", "percent": "12.5", "points": 50, "code": CODE},
    "post": {"kind": "free_shipping", "points": 50, "code": CODE, "min_order": "20.00"},
    "card": {"kind": "gift_card", "amount": "5.00", "points": 50, "code": CODE, "name": "Card"},
}


@contextmanager
def making(double: Shopify, clock: FrozenClock, **config: Any) -> Iterator[Loyalty]:
    """A program whose rewards can be made in the shop, and Ada, who has 100 points."""
    made = config_of(double.url, **config)
    made["plugins"]["shopify"]["shop"][0]["rewards"] = sorted(config.get("rewards", ()))
    with Loyalty.open(made, "sqlite://", clock=clock) as loyalty:
        hundred = [line(price="100.00", price_set=bag("100.00"))]
        sent(loyalty, webhook(order(1, line_items=hundred)))
        yield loyalty


def theirs_are_there(double: Shopify, asked: Asked) -> None:
    body: Any = asked.json() if asked.body else {}
    if code := body.get("variables", {}).get("code"):
        theirs = {"__typename": "DiscountCodeBasic", "title": "SUMMER", "status": "ACTIVE"}
        node = {"id": "gid://shopify/DiscountCodeNode/9", "codeDiscount": theirs}
        double.codes.setdefault(code, node)


def usable(double: Shopify) -> list[str]:
    active = [
        code for code, one in double.codes.items() if one["codeDiscount"]["status"] == "ACTIVE"
    ]
    return active + [one["code"] for one in double.gift_cards if one["enabled"]]


def shown(double: Shopify) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        double.metafields["gid://shopify/Customer/7000", "loyalty.member"]
    )
    return found


def hurried() -> AbstractContextManager[object]:
    """Nobody waits really for a limit."""
    return mock.patch.object(asking, "sleep", return_value=None)


@contextmanager
def delivering() -> Iterator[tuple[Opening, ShopifyPlatform]]:
    """A shop that writes histories."""
    with hurried(), Shopify() as double:
        yield lambda: opened(double), ShopifyPlatform(double)


@contextmanager
def acting(**settings: Any) -> Iterator[ActingShop]:
    """The shop, new each time, for what connectors that act are tested with."""
    clock = FrozenClock(NOW)
    with hurried(), Shopify() as double, making(double, clock, **settings) as loyalty:
        double.asked.clear()
        yield ActingShop(
            loyalty=loyalty,
            double=double,
            clock=clock,
            connector=CONNECTOR,
            member=ada(loyalty),
            stands=lambda: usable(double),
            writes=lambda asked: b"mutation" in asked.body,
            theirs=lambda asked: theirs_are_there(double, asked),
        )


@contextmanager
def making_cards() -> Iterator[ActingShop]:
    """Nobody can ask whether there is a card of a code."""
    with acting(rewards=REWARDS) as shop:
        yield replace(shop, theirs=None)


@contextmanager
def showing() -> Iterator[ActingShop]:
    """A shop that shows members what they have."""
    with acting(show_members=True) as shop:
        double = cast(Shopify, shop.double)
        yield replace(
            shop,
            stands=lambda: [shown(double)["wallets"]["points"]["balance"]],
            echoes=lambda _: double.echoes,
        )


STAND = ConnectorStand(
    kind=ShopifyConnector,
    environment={"SHOPIFY_SECRET": SECRET, "SHOPIFY_OLD": OLD_SECRET, "SHOPIFY_TOKEN": TOKEN},
    platform=delivering,
    starts=START,
    signature="X-Shopify-Hmac-Sha256",
    rewards={
        "five": lambda: acting(rewards=REWARDS),
        "post": lambda: acting(rewards=REWARDS),
        "card": making_cards,
    },
    shown=showing,
)
