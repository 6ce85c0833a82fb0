"""A token, a clock and a shop for the tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from loyalty_core import Loyalty
from loyalty_core.testing import FrozenClock
from plugins.saleor.tests.build import NOW, opened
from plugins.saleor.tests.double import TOKEN, Saleor
from plugins.saleor.tests.papers import customer


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALEOR_TOKEN", TOKEN)


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(NOW)


@pytest.fixture
def double() -> Iterator[Saleor]:
    with Saleor() as made:
        made.customers["ADA"] = customer()
        yield made


@pytest.fixture
def loyalty(double: Saleor, clock: FrozenClock) -> Iterator[Loyalty]:
    with opened(double, clock=clock) as made:
        yield made
