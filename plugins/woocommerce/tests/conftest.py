"""Secrets, a clock and a shop for the tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from examples.shops.woocommerce.double import KEY, KEY_SECRET, WooCommerce
from examples.shops.woocommerce.papers import OLD_SECRET
from loyalty_core import Loyalty
from loyalty_core.testing import FrozenClock
from plugins.woocommerce.tests.build import NOW, opened


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WOO_SECRET", "a&amp;b &lt;new&gt; key")  # as the shop's page may show it
    monkeypatch.setenv("WOO_OLD", OLD_SECRET)
    monkeypatch.setenv("WOO_KEY", KEY)
    monkeypatch.setenv("WOO_KEY_SECRET", KEY_SECRET)


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(NOW)


@pytest.fixture
def double() -> Iterator[WooCommerce]:
    with WooCommerce() as made:
        yield made


@pytest.fixture
def loyalty(double: WooCommerce, clock: FrozenClock) -> Iterator[Loyalty]:
    with opened(double, clock=clock) as made:
        yield made
