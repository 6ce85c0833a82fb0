"""Any delivery of a shop's history leaves the same books as the plain history."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from loyalty_core import Loyalty
from loyalty_core.testing import (
    FrozenClock,
    SentWebhook,
    ShopOrder,
    changes_of,
    check_deliveries,
    check_signatures,
    order_fact,
    orders_at,
    shop_history,
)
from tests.properties.engines import examples
from tests.stall import Stall, sent
from tests.toy import START, Toy, config_of


class StallUnderTest:
    """The stall sends an order as it is, whenever it changes."""

    connector = "stall.main"

    def __init__(self) -> None:
        self.stall = Stall()

    def webhooks(self, history: Sequence[ShopOrder]) -> Sequence[SentWebhook]:
        changes = changes_of(history)
        return [SentWebhook(**sent(order_fact(one, at, source="web"))) for at, one in changes]

    def hold(self, history: Sequence[ShopOrder]) -> None:
        held = orders_at(history)
        self.stall.sold = [order_fact(one, at, source="web") for at, one in held]


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


@examples(10, 400)
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
