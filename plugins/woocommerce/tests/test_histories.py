"""Any delivery of a shop's history leaves the same books as the plain history."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import timedelta
from random import Random

import pytest

from examples.shops.woocommerce.double import WooCommerce
from examples.shops.woocommerce.platform import WooCommercePlatform, about
from loyalty_core import Loyalty
from loyalty_core.testing import (
    FrozenClock,
    SentWebhook,
    books_of,
    check_deliveries,
    deliver,
    shop_history,
)
from plugins.woocommerce.tests.build import CONNECTOR, START, opened


@pytest.mark.parametrize("seed", range(4))
def test_any_delivery_leaves_the_same_books(double: WooCommerce, seed: int) -> None:
    random, platform = Random(seed), WooCommercePlatform(double)
    history = shop_history(random, START, most=5)
    check_deliveries(lambda: opened(double), platform, history, random)


def test_any_delivery_on_each_database(double: WooCommerce, database_url: str) -> None:
    random, platform = Random(99), WooCommercePlatform(double)
    names = iter(range(9))

    def opening() -> AbstractContextManager[Loyalty]:
        return opened(double, database_url, program=f"shop{next(names)}")

    check_deliveries(opening, platform, shop_history(random, START), random)


@pytest.mark.parametrize("seed", range(6))
def test_a_shop_that_goes_on_meanwhile_leaves_the_same_books(
    double: WooCommerce, seed: int
) -> None:
    """Webhooks come late, twice or never, to a shop that has changed since; walks find the rest."""
    random, platform = Random(seed), WooCommercePlatform(double)
    history = shop_history(random, START, most=5)
    with opened(double) as loyalty:
        platform.hold(history)
        loyalty.backfill(CONNECTOR)
        plain = books_of(loyalty)
    double.orders.clear()
    double.refunds.clear()
    changes = sorted((at, one.id, one) for one in history for at in one.moments)
    waiting: list[SentWebhook] = []
    with opened(double) as loyalty:
        for place, (at, _, one) in enumerate(changes):
            platform.hold(history, at)
            double.clock = FrozenClock(at + timedelta(seconds=1))
            waiting += [about(one, at, str(place))] * random.choice((0, 1, 1, 2))
            random.shuffle(waiting)
            now, waiting = waiting[: random.randint(0, 2)], waiting[2:]
            deliver(loyalty, CONNECTOR, now)
            if random.randrange(4) == 0:
                loyalty.reconcile(CONNECTOR)
        loyalty.reconcile(CONNECTOR)
        assert books_of(loyalty) == plain
        assert loyalty.verify().problems == ()
        found = loyalty.reconcile(CONNECTOR)
        assert (found.missing, found.different, found.refused) == (0, 0, 0), found.drift
