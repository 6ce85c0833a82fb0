"""Whatever is done at once in two shops, nobody ever waits for somebody who waits for them."""

from __future__ import annotations

import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import event

from loyalty_core.storage.engine import open_engine
from tests.faults.jostling import ACTS, Jostler, Shops

NIGHTLY = bool(os.environ.get("LOYALTY_NIGHTLY"))
THREADS = 12 if NIGHTLY else 6
ROUNDS = 10 if NIGHTLY else 1
PEOPLE = ("ada", "bob", "cy", "dan", "eve")
DEADLOCK = "40P01"


@pytest.mark.timeout(3600)
def test_no_two_ever_wait_for_each_other(postgresql_url: str) -> None:
    """A deadlock is broken up by PostgreSQL, and tried again: here there has to be none."""
    engine = open_engine(postgresql_url)
    deadlocks: list[str] = []

    def note(context: Any) -> None:
        error = context.original_exception
        if getattr(error, "sqlstate", None) == DEADLOCK:
            deadlocks.append(f"{error.diag.context}: {context.statement}")

    event.listen(engine, "handle_error", note)
    with Shops(engine, PEOPLE) as both:
        jostlers = [Jostler(both, seed) for seed in range(THREADS)]
        with ThreadPoolExecutor(THREADS) as threads:
            list(threads.map(lambda one: one.jostle(ROUNDS), jostlers))
        assert deadlocks == []
        assert [one.verify().problems for one in both.shops.values()] == [(), ()]
    done = sum((one.done for one in jostlers), Counter[str]())
    refused = {act.__name__ for act in ACTS} - done.keys()
    assert not refused or not NIGHTLY, "none of these was ever done"
    engine.dispose()
