"""Any delivery of a shop's history leaves the same books as the plain history."""

from __future__ import annotations

from contextlib import AbstractContextManager
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from loyalty_core import Loyalty
from loyalty_core.testing import (
    check_deliveries,
    check_meanwhile,
    shop_history,
)
from plugins.saleor.tests.build import START, opened
from plugins.saleor.tests.double import Saleor
from plugins.saleor.tests.stand import SaleorUnderTest
from tests.properties.engines import examples


@examples(2, 30)
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


@examples(2, 30)
@given(seed=st.integers(0, 2**32))
def test_a_shop_that_goes_on_meanwhile_leaves_the_same_books(seed: int) -> None:
    random = Random(seed)
    history = shop_history(random, START, most=5)
    with Saleor() as double:
        check_meanwhile(lambda: opened(double), SaleorUnderTest(double), history, random)
