"""What the tests of object stores have in common: a bucket, and programs that watch it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest

from loyalty_core import Loyalty
from loyalty_core.testing import FrozenClock
from plugins.csv.tests.build import NOW, config_of
from plugins.csv.tests.double import SECRET, ObjectStore


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStore]:
    monkeypatch.setenv("TILL_KEY", SECRET)
    with ObjectStore() as made:
        yield made


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(NOW)


@pytest.fixture
def loyalty(database_url: str, store: ObjectStore, clock: FrozenClock) -> Iterator[Loyalty]:
    with Loyalty.open(config_of(store), database_url, clock=clock) as made:
        yield made


@pytest.fixture
def opened(
    database_url: str, store: ObjectStore, clock: FrozenClock
) -> Callable[[], AbstractContextManager[Loyalty]]:
    """Opens the same program anew, as another process would."""
    return lambda: Loyalty.open(config_of(store), database_url, clock=clock)
