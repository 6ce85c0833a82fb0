"""The connector in front of its double: what the rules about connectors play with."""

from __future__ import annotations

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
from loyalty_square.connector import SquareConnector
from plugins.square.tests.build import CONNECTOR, NOW, START, ada, opened, sent
from plugins.square.tests.double import TOKEN, Square
from plugins.square.tests.papers import (
    KEY,
    OLD_KEY,
    SIGNATURE,
    Doc,
    about_order,
    about_payment,
    about_refund,
    customer,
    return_id,
    sale,
    webhook,
    written,
)

CODE = {"prefix": "T", "length": 12}

CATALOGUE: dict[str, Any] = {
    "five": {"kind": "gift_card", "amount": "5.00", "points": 50, "code": CODE}
}

TIERS: dict[str, Any] = {
    "tiers": {
        "scheme": [
            {
                "scheme": "main",
                "tier": [
                    {"tier": "basic"},
                    {"tier": "gold", "any_of": [{"metric": "spend", "at_least": "100.00"}]},
                ],
            }
        ]
    }
}


@contextmanager
def selling(double: Square, clock: FrozenClock, **settings: Any) -> Iterator[Loyalty]:
    """A program whose gift cards can be made, and Ada, who has 60 points."""
    given: dict[str, Any] = {"poll_minutes": 0, "location": "L1", **settings}
    with opened(double, clock=clock, catalogue=CATALOGUE, **given) as loyalty:
        double.hold(sale())
        sent(loyalty, about_order("S1", "first"))
        double.asked.clear()
        yield loyalty


def is_write(asked: Asked) -> bool:
    questions = ("search", "bulk-retrieve", "from-gan")
    return asked.method != "GET" and not asked.path.endswith(questions)


@contextmanager
def acting(**settings: Any) -> Iterator[ActingShop]:
    """The seller, new each time, for what connectors that act are tested with."""
    clock = FrozenClock(NOW)
    with Square() as double:
        double.customers["ADA"] = customer()
        with selling(double, clock, **settings) as loyalty:
            yield ActingShop(
                loyalty=loyalty,
                double=double,
                clock=clock,
                connector=CONNECTOR,
                member=ada(loyalty),
                stands=lambda: usable(double),
                writes=is_write,
                theirs=lambda asked: theirs_are_there(double, asked),
            )


def usable(double: Square) -> list[str]:
    loaded = [one["gift_card_id"] for one in double.activities]
    assert len(loaded) == len(set(loaded))
    return [one["gan"] for one in double.cards.values() if one["state"] == "ACTIVE"]


def theirs_are_there(double: Square, asked: Asked) -> None:
    if asked.path.endswith("from-gan"):
        body: Any = asked.json()
        double.cards.setdefault("theirs", {"id": "theirs", "gan": body["gan"], "state": "ACTIVE"})


class SquareUnderTest:
    """Square tells of every change by several topics, none of which says what it was."""

    connector = CONNECTOR

    def __init__(self, double: Square) -> None:
        self.double = double
        double.customers.clear()

    def webhooks(self, history: Sequence[ShopOrder]) -> Sequence[SentWebhook]:
        made = [each for at, one in changes_of(history) for each in self.about(one, at)]
        known = [webhook("customer.updated", one.customer_id) for one in history if one.customer_id]
        return [*made, *known]

    def about(self, one: ShopOrder, at: datetime) -> list[SentWebhook]:
        event = f"{one.id} {at}"
        made = [
            each
            for given in one.refunds
            if given.at == at
            for each in (
                about_refund(given.id, return_id(given), f"{event} r"),
                about_order(return_id(given), f"{event} o", "order.created"),
            )
        ]
        if at == one.paid_at:
            made.append(about_payment(f"pay{one.id}", one.id, f"{event} p"))
        return made or [about_order(one.id, event)]

    def hold(self, history: Sequence[ShopOrder], at: datetime | None = None) -> None:
        for moment, one in orders_at(history, at):
            self.double.hold(*written(one, moment))
            if one.customer_id:
                self.double.customers[one.customer_id] = account(one)


def account(one: ShopOrder) -> Doc:
    return customer(one.customer_id, one.email, given_name=one.email.partition("@")[0])


@contextmanager
def delivering() -> Iterator[tuple[Opening, SquareUnderTest]]:
    """A seller who writes histories."""
    with Square() as double:
        yield lambda: opened(double), SquareUnderTest(double)


@contextmanager
def showing() -> Iterator[ActingShop]:
    """A seller whose members are shown what they have; groups too: each is made once."""
    with acting(show_members=True, plugins=TIERS) as shop:
        double = cast(Square, shop.double)
        topics = ("customer.updated", "customer.custom_attribute.owned.updated")
        yield replace(
            shop,
            stands=lambda: [
                double.attributes["ADA", "loyalty"],
                *(double.groups[one] for one in double.customers["ADA"]["group_ids"]),
                str(len(double.groups)),
            ],
            echoes=lambda word: [webhook(one, "ADA", event=one + word) for one in topics],
        )


STAND = ConnectorStand(
    kind=SquareConnector,
    environment={"SQUARE_KEY": KEY, "SQUARE_OLD": OLD_KEY, "SQUARE_TOKEN": TOKEN},
    platform=delivering,
    starts=START,
    signature=SIGNATURE,
    rewards={"five": lambda: acting(rewards=["five"])},
    shown=showing,
)
