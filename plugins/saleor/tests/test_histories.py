"""Any delivery of a shop's history leaves the same books as the plain history."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty_core import Loyalty
from loyalty_core.testing import (
    SentWebhook,
    ShopOrder,
    changes_of,
    check_deliveries,
    check_meanwhile,
    shop_history,
)
from plugins.saleor.tests.build import CONNECTOR, START, opened
from plugins.saleor.tests.double import Saleor
from plugins.saleor.tests.papers import Doc, about_customer, about_order, customer, written


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
        for one in history:
            if at is None or one.placed_at <= at:
                self.double.hold(written(one, at or one.moments[-1]))
                if one.customer_id:
                    self.double.customers[one.customer_id] = account(one)


def account(one: ShopOrder) -> Doc:
    return customer(one.customer_id, one.email, firstName=one.email.partition("@")[0])


@settings(max_examples=4, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_any_delivery_leaves_the_same_books(seed: int) -> None:
    random = Random(seed)
    history = shop_history(random, START, most=5)
    with Saleor() as double:
        check_deliveries(lambda: opened(double), SaleorUnderTest(double), history, random)


def test_any_delivery_on_each_database(double: Saleor, database_url: str) -> None:
    random, platform = Random(99), SaleorUnderTest(double)
    names = iter(range(9))

    def opening() -> AbstractContextManager[Loyalty]:
        return opened(double, database_url, program=f"shop{next(names)}")

    check_deliveries(opening, platform, shop_history(random, START), random)


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_a_shop_that_goes_on_meanwhile_leaves_the_same_books(seed: int) -> None:
    random = Random(seed)
    history = shop_history(random, START, most=5)
    with Saleor() as double:
        check_meanwhile(lambda: opened(double), SaleorUnderTest(double), history, random)
