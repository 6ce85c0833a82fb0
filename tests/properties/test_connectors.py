"""Any delivery of a shop's history leaves the same books as the plain history."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty_core import Loyalty
from loyalty_core.testing import (
    FrozenClock,
    SentWebhook,
    ShopOrder,
    changes_of,
    check_deliveries,
    check_signatures,
    shop_history,
)
from tests.stall import Stall, sent
from tests.toy import START, Toy, config_of


class StallUnderTest:
    """The stall sends an order as it is, whenever it changes."""

    connector = "stall.main"

    def __init__(self) -> None:
        self.stall = Stall()

    def webhooks(self, history: Sequence[ShopOrder]) -> Sequence[SentWebhook]:
        return [
            SentWebhook(**sent(written(order.as_of(at), at))) for at, order in changes_of(history)
        ]

    def hold(self, history: Sequence[ShopOrder]) -> None:
        self.stall.sold = [written(order, order.moments[-1]) for order in history]


def written(order: ShopOrder, at: datetime) -> dict[str, Any]:
    """An order as the stall writes it, which is as a fact."""

    def money(minor: int) -> str:
        return f"{minor // 100}.{minor % 100:02}"

    status = "cancelled" if order.cancelled_at else "paid" if order.paid_at else "pending"
    tip = {"id": "tip", "amount": money(order.tip_minor), "kind": "tip"}
    return {
        "type": "order",
        "source": "web",
        "id": order.id,
        "identities": {"email": order.email}
        | ({"customer_id": order.customer_id} if order.customer_id else {}),
        "currency": order.currency,
        "occurred_at": order.placed_at.isoformat(),
        "updated_at": at.isoformat(),
        "status": status,
        "lines": [
            {
                "id": line.id,
                "quantity": line.quantity,
                "amount": money(line.quantity * line.price_minor),
                "discount": money(line.discount_minor),
                "tax": money(line.tax_minor),
                "kind": "gift_card" if line.gift_card else "goods",
            }
            for line in order.lines
        ]
        + [tip] * bool(order.tip_minor),
        "tax_included": False,
        "refunds": [
            {
                "id": refund.id,
                "occurred_at": refund.at.isoformat(),
                "amount": money(refund.amount_minor),
                "lines": [
                    {"line": line, "quantity": count} for line, count in refund.pieces.items()
                ],
            }
            for refund in order.refunds
        ],
    }


@contextmanager
def opened(url: str, platform: StallUnderTest, program: str) -> Iterator[Loyalty]:
    config = config_of(program, plugins={"toy": {"first_order": 7}, "stall": {}})
    clock = FrozenClock(START + timedelta(days=60))
    with Loyalty.open(config, url, plugins=(Toy(), platform.stall), clock=clock) as loyalty:
        yield loyalty


def test_histories_have_guests_tips_taxes_and_gift_cards_that_are_sold() -> None:
    orders = [one for seed in range(50) for one in shop_history(Random(seed), START)]
    lines = [line for one in orders for line in one.lines]
    for has in (
        {bool(one.customer_id) for one in orders},
        {bool(one.tip_minor) for one in orders},
        {bool(one.refunds) for one in orders},
        {bool(line.tax_minor) for line in lines},
        {line.gift_card for line in lines},
    ):
        assert has == {True, False}
    for one in orders:
        assert one.total_minor >= one.tip_minor + sum(each.amount_minor for each in one.refunds)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_any_delivery_leaves_the_same_books(seed: int) -> None:
    random, platform = Random(seed), StallUnderTest()
    history = shop_history(random, START)
    check_deliveries(lambda: opened("sqlite://", platform, "shop"), platform, history, random)


def test_any_delivery_on_each_database(database_url: str) -> None:
    for seed in range(3):
        random, platform = Random(seed), StallUnderTest()
        programs = iter(f"shop{seed}x{number}" for number in range(9))
        history = shop_history(random, START)

        def opening(platform: StallUnderTest = platform, programs: Any = programs) -> Any:
            return opened(database_url, platform, next(programs))

        check_deliveries(opening, platform, history, random)


def test_spoilt_webhooks_leave_nothing(database_url: str) -> None:
    platform = StallUnderTest()
    with opened(database_url, platform, "shop") as loyalty:
        (webhook, *_) = platform.webhooks(shop_history(Random(1), START))
        check_signatures(loyalty, platform.connector, webhook, "Stall-Signature")
