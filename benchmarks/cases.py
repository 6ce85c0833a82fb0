"""The cases with their sizes and targets; each runs on a fresh database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks import growth, memory, recording, spending, upkeep
from benchmarks.peers import beside, installed
from benchmarks.shop import Measured, Shop


@dataclass(frozen=True)
class Case:
    """One row of the table; ``target`` is the ratio to reach, by database.

    ``runs`` is for cases that take long; ``peer`` is what must be installed.
    """

    name: str
    run: Callable[[Shop, int], Measured]
    size: int
    quick: int
    target: dict[str, float]
    full: bool = False
    runs: int = 5
    peer: str = ""

    @property
    def missing(self) -> bool:
        """Whether it cannot run here."""
        return bool(self.peer) and not installed(self.peer)


def _beside(peer: str, target: dict[str, float]) -> Case:
    return Case(f"whole order, {peer} a posting", beside(peer), 2000, 300, target, peer=peer)


def _both(target: float) -> dict[str, float]:
    return dict.fromkeys(("SQLite", "PostgreSQL"), target)


RECORD = {"SQLite": 0.35, "PostgreSQL": 1.0}
LARGE = {"SQLite": 0.75, "PostgreSQL": 0.85}
CASES = (
    Case("record one order", recording.record_one, 1000, 300, RECORD),
    Case(
        "record one order, synchronous FULL",
        recording.record_one,
        *(1000, 300, {"SQLite": 0.35}, True),
    ),
    Case("import, 2,357 members", recording.imported, 100_000, 4000, _both(0.4), runs=3),
    Case("import, a member each", recording.imported_strangers, 100_000, 3000, _both(0.4), runs=3),
    Case("32 callers", recording.callers, 6400, 960, {"PostgreSQL": 3.0}),
    Case("32 callers, one member", recording.hot_member, 3200, 480, {"PostgreSQL": 8.0}),
    Case(
        "32 callers at FULL, plain SQL at NORMAL",
        recording.callers_at_full,
        *(6400, 960, {"SQLite": 1.0}),
    ),
    Case("redeem from ten lots", spending.redeem, 1000, 200, _both(0.5)),
    Case("statement of a member", spending.statement, 1000, 300, _both(0.5)),
    Case("end lots", upkeep.expire, 1_000_000, 20_000, _both(0.5), runs=1),
    Case("seal", upkeep.seal, 100_000, 4000, _both(0.3), runs=3),
    Case(
        "statement, many members to 1,000",
        growth.statements_of_many,
        *(1_000_000, 100_000, _both(0.8)),
        runs=1,
    ),
    Case(
        "statement, many entries to ten",
        growth.statements_of_much,
        *(10_000, 10_000, _both(0.8)),
        runs=3,
    ),
    Case(
        "record, many members to 1,000",
        growth.record_in_large_books,
        *(1_000_000, 100_000, LARGE),
        runs=1,
    ),
    Case(
        "import, MB, many orders to few",
        memory.import_memory,
        1_000_000,
        20_000,
        _both(0.8),
        runs=1,
    ),
    Case(
        "end and seal lots, MB, many to few",
        memory.tick_memory,
        1_000_000,
        50_000,
        _both(0.8),
        runs=1,
    ),
    _beside("django-hordak", {"PostgreSQL": 5.0}),
    _beside("python-accounting", _both(20.0)),
)
BOUNDS: list[str] = []
