"""Open programs for the tests, on each kind of database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from plugins.referral.tests.build import Shop


@pytest.fixture
def opened(database_url: str) -> Iterator[Callable[..., Shop]]:
    """Opens the program with the plugin's settings; it is closed when the test is over."""
    made: list[Shop] = []

    def opening(**settings: Any) -> Shop:
        made.append(Shop(database_url, settings))
        return made[-1]

    yield opening
    for shop in made:
        shop.loyalty.close()
