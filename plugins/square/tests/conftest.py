"""Secrets, a clock and a seller for the tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from loyalty_core import Loyalty
from loyalty_core.testing import FrozenClock
from plugins.square.tests.build import NOW, opened
from plugins.square.tests.double import TOKEN, Square
from plugins.square.tests.papers import KEY, OLD_KEY, customer


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SQUARE_KEY", KEY)
    monkeypatch.setenv("SQUARE_OLD", OLD_KEY)
    monkeypatch.setenv("SQUARE_TOKEN", TOKEN)


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(NOW)


@pytest.fixture
def double() -> Iterator[Square]:
    with Square() as made:
        made.customers["ADA"] = customer()
        yield made


@pytest.fixture
def loyalty(double: Square, clock: FrozenClock) -> Iterator[Loyalty]:
    with opened(double, clock=clock) as made:
        yield made
