"""When SQLite waits for the disk: tests do not, so what a shop has is asked of another process."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from sqlalchemy import create_engine, event

from loyalty_core import Loyalty, add_sqlite_hooks
from tests.toy import START, Toy, config_of, order

ASKS = """
from loyalty_core.storage.engine import open_engine

with open_engine("sqlite://").connect() as connection:
    print(connection.exec_driver_sql("PRAGMA synchronous").scalar())
"""
NORMAL, FULL = "1", 2


def test_a_shop_waits_at_checkpoints() -> None:
    answer = subprocess.run(
        [sys.executable, "-c", ASKS], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == NORMAL


def test_a_host_that_waits_at_every_commit_still_does(sqlite_url: str) -> None:
    def wait(connection: Any, _: Any) -> None:
        connection.execute("PRAGMA synchronous = FULL")

    engine = create_engine(sqlite_url)
    add_sqlite_hooks(engine)
    event.listen(engine, "connect", wait)
    with Loyalty.open(config_of(), engine, plugins=[Toy()], clock=lambda: START) as loyalty:
        loyalty.record(order("1", "3.00"))
        with engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == FULL
    engine.dispose()
