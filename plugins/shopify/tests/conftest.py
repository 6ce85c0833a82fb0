"""Secrets, a clock and a shop for the tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from examples.shops.shopify.double import TOKEN, Shopify
from examples.shops.shopify.papers import OLD_SECRET, SECRET
from loyalty_core import Loyalty
from loyalty_core.testing import FrozenClock
from loyalty_shopify import asking
from plugins.shopify.tests.build import NOW, opened


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOPIFY_SECRET", SECRET)
    monkeypatch.setenv("SHOPIFY_OLD", OLD_SECRET)
    monkeypatch.setenv("SHOPIFY_TOKEN", TOKEN)


@pytest.fixture(autouse=True)
def waited(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How long was waited for a limit, each time; no test waits really."""
    found: list[int] = []
    monkeypatch.setattr(asking, "sleep", found.append)
    return found


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(NOW)


@pytest.fixture
def double() -> Iterator[Shopify]:
    with Shopify() as made:
        yield made


@pytest.fixture
def loyalty(double: Shopify, clock: FrozenClock) -> Iterator[Loyalty]:
    with opened(double, clock=clock) as made:
        yield made
