"""The connector in front of its double: what the rules about connectors play with."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any, cast

from loyalty_core import Loyalty
from loyalty_core.testing import (
    ActingShop,
    Asked,
    ConnectorStand,
    FrozenClock,
    Opening,
    SentWebhook,
    ShopOrder,
    changes_of,
    orders_at,
)
from loyalty_saleor.connector import SaleorConnector
from plugins.saleor.tests.build import CONNECTOR, NOW, START, ada, opened, sent
from plugins.saleor.tests.double import TOKEN, Saleor
from plugins.saleor.tests.papers import (
    SIGNATURE,
    Doc,
    about_customer,
    about_order,
    customer,
    order,
    written,
)

CODE = {"prefix": "TEA-", "length": 12}

FIVE = {"kind": "discount", "amount": "5.00", "points": 50, "min_order": "20.00", "valid_days": 30}

CATALOGUE: dict[str, Any] = {
    "five": {**FIVE, "code": CODE},
    "ten": {"kind": "discount", "percent": "12.5", "points": 10, "code": CODE},
    "free": {"kind": "free_shipping", "points": 20, "code": CODE},
    "card": {"kind": "gift_card", "amount": "5.00", "points": 50, "code": CODE},
}


@contextmanager
def selling(double: Saleor, clock: FrozenClock, **settings: Any) -> Iterator[Loyalty]:
    """A program whose rewards can be made in the shop, and Ada, who has 60 points."""
    given: dict[str, Any] = {"poll_minutes": 0, "channel": "default-channel", **settings}
    with opened(double, clock=clock, catalogue=CATALOGUE, **given) as loyalty:
        double.hold(order())
        sent(loyalty, about_order("O1"))
        double.asked.clear()
        yield loyalty


@contextmanager
def acting(**settings: Any) -> Iterator[ActingShop]:
    """The shop, new each time, for what connectors that act are tested with."""
    clock = FrozenClock(NOW)
    with Saleor() as double:
        double.customers["ADA"] = customer()
        with selling(double, clock, **settings) as loyalty:
            sent(loyalty, about_customer("ADA", "first"))
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


def usable(double: Saleor) -> list[str]:
    codes = [code for one in double.vouchers.values() for code in one["addCodes"]]
    assert all(len(one["listings"]) == 1 or not one["id"] for one in double.vouchers.values())
    return codes + [one["code"] for one in double.cards.values() if one["isActive"]]


def theirs_are_there(double: Saleor, asked: Asked) -> None:
    body: Any = asked.json() if asked.body else {}
    if code := body.get("variables", {}).get("code"):
        theirs = {"id": "", "name": "Welcome", "addCodes": [code], "listings": []}
        double.vouchers.setdefault("theirs", theirs)


def shown(double: Saleor) -> Any:
    return json.loads(double.metadata["ADA", "loyalty"])


class SaleorUnderTest:
    """The shop tells of each change by several topics at once, and sends them again."""

    connector = CONNECTOR

    def __init__(self, double: Saleor) -> None:
        self.double = double
        double.customers.clear()

    def webhooks(self, history: Sequence[ShopOrder]) -> Sequence[SentWebhook]:
        made = [each for at, one in changes_of(history) for each in self.about(one, at)]
        return [*made, *(about_customer(one.customer_id) for one in history if one.customer_id)]

    def about(self, one: ShopOrder, at: datetime) -> list[SentWebhook]:
        topics = ["order_updated"]
        topics += ["order_created"] if at == one.placed_at else []
        topics += ["order_paid", "order_fully_paid"] if at == one.paid_at else []
        topics += ["order_refunded"] if any(given.at == at for given in one.refunds) else []
        return [about_order(one.id, topic, at.isoformat()) for topic in topics]

    def hold(self, history: Sequence[ShopOrder], at: datetime | None = None) -> None:
        for moment, one in orders_at(history, at):
            self.double.hold(written(one, moment))
            if one.customer_id:
                self.double.customers[one.customer_id] = account(one)


def account(one: ShopOrder) -> Doc:
    return customer(one.customer_id, one.email, firstName=one.email.partition("@")[0])


@contextmanager
def delivering() -> Iterator[tuple[Opening, SaleorUnderTest]]:
    """A shop that writes histories."""
    with Saleor() as double:
        yield lambda: opened(double), SaleorUnderTest(double)


@contextmanager
def making_cards() -> Iterator[ActingShop]:
    """One that lands when another was made already is of no use; their codes are the shop's."""
    with acting(rewards=["card"]) as shop:
        yield replace(shop, theirs=None)


@contextmanager
def showing() -> Iterator[ActingShop]:
    """A shop that shows members what they have."""
    with acting(show_members=True) as shop:
        double = cast(Saleor, shop.double)
        yield replace(
            shop,
            stands=lambda: [shown(double)["wallets"]["points"]["available"]],
            echoes=lambda word: [about_customer("ADA", word)],
        )


STAND = ConnectorStand(
    kind=SaleorConnector,
    environment={"SALEOR_TOKEN": TOKEN},
    platform=delivering,
    starts=START,
    signature=SIGNATURE,
    rewards={"five": lambda: acting(rewards=["five"]), "card": making_cards},
    shown=showing,
)
