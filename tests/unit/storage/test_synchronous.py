"""When SQLite waits for the disk: tests do not, so what a shop has is asked of another process."""

from __future__ import annotations

import subprocess
import sys

ASKS = """
from loyalty_core.storage.engine import open_engine

with open_engine("sqlite://").connect() as connection:
    print(connection.exec_driver_sql("PRAGMA synchronous").scalar())
"""
NORMAL = "1"


def test_a_shop_waits_at_checkpoints() -> None:
    answer = subprocess.run(
        [sys.executable, "-c", ASKS], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == NORMAL
