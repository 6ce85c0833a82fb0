"""An open program on each kind of database."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from loyalty_core import Loyalty
from loyalty_core.testing import FrozenClock
from tests.toy import START, Toy, config_of


class Shop:
    """Opens programs on one database, and closes them when the test is over."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.clock = FrozenClock(START)
        self.toy = Toy()
        self._open: list[Loyalty] = []

    def open(self, *, config: Any = None, toys: tuple[object, ...] = (), **given: Any) -> Loyalty:
        """The program of ``config_of(**given)``, with the shop's own toy by default."""
        opened = {"draw": given.pop("draw")} if "draw" in given else {}
        document = config or config_of(**given)
        plugins = toys or (self.toy,)
        made = Loyalty.open(document, self.url, plugins=plugins, clock=self.clock, **opened)
        self._open.append(made)
        return made

    def close(self) -> None:
        for one in self._open:
            one.close()


@pytest.fixture
def shop(database_url: str) -> Iterator[Shop]:
    made = Shop(database_url)
    yield made
    made.close()


@pytest.fixture
def sqlite_shop(sqlite_url: str) -> Iterator[Shop]:
    made = Shop(sqlite_url)
    yield made
    made.close()
