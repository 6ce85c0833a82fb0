"""The cases with their sizes and targets; each runs on a fresh database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks import recording, spending
from benchmarks.shop import Measured, Shop


@dataclass(frozen=True)
class Case:
    """One row of the table; ``target`` is the ratio to reach, by database."""

    name: str
    run: Callable[[Shop, int], Measured]
    size: int
    quick: int
    target: dict[str, float]
    full: bool = False


BOTH = ("SQLite", "PostgreSQL")
CASES = (
    Case("record one order", recording.record_one, 1000, 300, {"SQLite": 0.35, "PostgreSQL": 1.0}),
    Case(
        "record one order, synchronous FULL",
        recording.record_one,
        *(1000, 300, {"SQLite": 0.35}, True),
    ),
    Case("import, 2,357 members", recording.imported, 100_000, 4000, dict.fromkeys(BOTH, 0.4)),
    Case(
        "import, a member each",
        recording.imported_strangers,
        *(100_000, 3000, dict.fromkeys(BOTH, 0.4)),
    ),
    Case("32 callers", recording.callers, 6400, 960, {"PostgreSQL": 3.0}),
    Case("32 callers, one member", recording.hot_member, 3200, 480, {"PostgreSQL": 8.0}),
    Case(
        "32 callers at FULL, beside plain SQL at NORMAL",
        recording.callers_at_full,
        *(6400, 960, {"SQLite": 1.0}),
    ),
    Case("redeem from ten lots", spending.redeem, 1000, 200, dict.fromkeys(BOTH, 0.5)),
    Case("statement of a member", spending.statement, 1000, 300, dict.fromkeys(BOTH, 0.5)),
    Case("expire lots", spending.expire, 200_000, 4000, dict.fromkeys(BOTH, 0.5)),
)
