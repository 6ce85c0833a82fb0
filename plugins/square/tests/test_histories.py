"""Any delivery of a seller's history leaves the same books as the plain history."""

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
from plugins.square.tests.build import CONNECTOR, START, opened
from plugins.square.tests.double import Square
from plugins.square.tests.papers import (
    Doc,
    about_order,
    about_payment,
    about_refund,
    customer,
    return_id,
    webhook,
    written,
)


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
        for one in history:
            if at is None or one.placed_at <= at:
                self.double.hold(*written(one, at or one.moments[-1]))
                if one.customer_id:
                    self.double.customers[one.customer_id] = account(one)


def account(one: ShopOrder) -> Doc:
    return customer(one.customer_id, one.email, given_name=one.email.partition("@")[0])


@settings(max_examples=4, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_any_delivery_leaves_the_same_books(seed: int) -> None:
    random = Random(seed)
    history = shop_history(random, START, most=5)
    with Square() as double:
        check_deliveries(lambda: opened(double), SquareUnderTest(double), history, random)


def test_any_delivery_on_each_database(double: Square, database_url: str) -> None:
    random, platform = Random(99), SquareUnderTest(double)
    names = iter(range(9))

    def opening() -> AbstractContextManager[Loyalty]:
        return opened(double, database_url, program=f"shop{next(names)}")

    check_deliveries(opening, platform, shop_history(random, START), random)


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_a_seller_that_goes_on_meanwhile_leaves_the_same_books(seed: int) -> None:
    random = Random(seed)
    history = shop_history(random, START, most=5)
    with Square() as double:
        check_meanwhile(lambda: opened(double), SquareUnderTest(double), history, random)
