"""What the authors of plugins import in their tests."""

from loyalty_core.testing.acting import ActingShop, check_actions, check_shown
from loyalty_core.testing.books import books_of
from loyalty_core.testing.clock import FrozenClock
from loyalty_core.testing.conformance import (
    Opening,
    PlatformGoingOn,
    PlatformUnderTest,
    SentWebhook,
    check_deliveries,
    check_meanwhile,
    check_signatures,
    deliver,
    spoilt,
)
from loyalty_core.testing.double import Answer, Asked, Fault, PlatformDouble
from loyalty_core.testing.model import ModelLedger, ModelLot
from loyalty_core.testing.shops import (
    ShopLine,
    ShopOrder,
    ShopRefund,
    changes_of,
    order_fact,
    orders_at,
    shop_history,
)
from loyalty_core.testing.stand import ConnectorStand

__all__ = [
    "ActingShop",
    "Answer",
    "Asked",
    "ConnectorStand",
    "Fault",
    "FrozenClock",
    "ModelLedger",
    "ModelLot",
    "Opening",
    "PlatformDouble",
    "PlatformGoingOn",
    "PlatformUnderTest",
    "SentWebhook",
    "ShopLine",
    "ShopOrder",
    "ShopRefund",
    "books_of",
    "changes_of",
    "check_actions",
    "check_deliveries",
    "check_meanwhile",
    "check_shown",
    "check_signatures",
    "deliver",
    "order_fact",
    "orders_at",
    "shop_history",
    "spoilt",
]
