"""One database for all examples of a property test: each example has a program of its own in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from sqlalchemy import Engine

from loyalty_core.storage.engine import open_engine

NIGHTLY = bool(os.environ.get("LOYALTY_NIGHTLY"))
_NEVER_SLOW = {"deadline": None, "suppress_health_check": list(HealthCheck)}


def examples(quick: int, nightly: int, **more: Any) -> settings:
    """How many examples a test has; only the nightly run takes the time to shrink a failure."""
    number = nightly if NIGHTLY else quick
    phases = tuple(Phase) if NIGHTLY else (Phase.explicit, Phase.reuse, Phase.generate)
    return settings(max_examples=number, phases=phases, **_NEVER_SLOW, **more)


_numbers = count(1)


def fresh_program() -> str:
    """The id of a program that no other example of this run has."""
    return f"p{next(_numbers)}"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    """An engine on SQLite and one on PostgreSQL, for a whole module."""
    server: Any = None
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('properties')}/loyalty.db"
    else:
        server = request.getfixturevalue("postgres_server")
        url = server.create_database()
    made = open_engine(url)
    yield made
    made.dispose()
    if server is not None:
        server.drop_database(url)
