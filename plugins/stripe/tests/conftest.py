"""Secrets, a clock and an account for the tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from loyalty_core import Loyalty
from loyalty_core.testing import FrozenClock
from plugins.stripe.tests.build import START, opened
from plugins.stripe.tests.club import Opening, Shop
from plugins.stripe.tests.double import KEY, Stripe
from plugins.stripe.tests.papers import OLD_SECRET, SECRET


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRIPE_KEY", KEY)
    monkeypatch.setenv("STRIPE_SECRET", SECRET)
    monkeypatch.setenv("STRIPE_OLD", OLD_SECRET)


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(START)


@pytest.fixture
def double() -> Iterator[Stripe]:
    with Stripe() as made:
        yield made


@pytest.fixture
def loyalty(double: Stripe, clock: FrozenClock) -> Iterator[Loyalty]:
    with opened(double, clock=clock) as made:
        yield made


@pytest.fixture
def shop(loyalty: Loyalty, double: Stripe, clock: FrozenClock) -> Shop:
    return Shop(loyalty, double, clock)


@pytest.fixture
def opening(double: Stripe, clock: FrozenClock, database_url: str) -> Opening:
    @contextmanager
    def made() -> Iterator[Shop]:
        with opened(double, database_url, clock) as loyalty:
            yield Shop(loyalty, double, clock)

    return made
