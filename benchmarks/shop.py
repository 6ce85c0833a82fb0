"""What every case works on: a fresh database with a program in it, and orders to record."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from types import TracebackType
from typing import Any, Self, TypeVar

from sqlalchemy import Connection, Engine, event

from loyalty_core import Loyalty
from loyalty_core.storage.engine import open_engine

CONFIG: dict[str, Any] = {
    "program": {"id": "bench", "currency": "USD"},
    "wallets": {
        "points": {
            "expiry": {"after_months": 24},
            "value": {"points": 100, "amount": "1.00"},
        }
    },
    "plugins": {
        "points": {
            "earn": [{"rule": "base", "wallet": "points", "rate": {"USD": "1"}}],
            "redeem": {"wallet": "points"},
        }
    },
}
NOW = datetime(1998, 7, 1, tzinfo=UTC)
FIRST = datetime(1997, 1, 1, 12, tzinfo=UTC)
POOL = 32
T = TypeVar("T")
Orders = list[dict[str, Any]]


@dataclass(frozen=True)
class Measured:
    """Operations a second of one run, ours and of the reference; the slowest of a hundred, too.

    ``costs``: they are megabytes, of which fewer are better.
    """

    ours: float
    reference: float
    p99_ms: float | None = None
    reference_p99_ms: float | None = None
    costs: bool = False

    @property
    def ratio(self) -> float:
        """How many times as good as the reference we are."""
        return self.reference / self.ours if self.costs else self.ours / self.reference


class Shop:
    """A program on a fresh database; ``full`` makes SQLite wait for the disk at each commit."""

    def __init__(self, url: str, *, full: bool = False) -> None:
        self.engine: Engine = open_engine(url, pool_size=POOL)
        self.postgresql = self.engine.dialect.name == "postgresql"
        self.mark = "%s" if self.postgresql else "?"
        self.full = full
        if not self.postgresql:
            event.listen(self.engine, "connect", self._synchronous)
        self.now = NOW
        self.minutes = count(1)
        self.loyalty = self.open(CONFIG)

    def open(self, config: Mapping[str, Any]) -> Loyalty:
        """Another program in the same database, with the shop's clock."""
        return Loyalty.open(config, self.engine, clock=lambda: self.now)

    def _synchronous(self, connection: Any, _: Any) -> None:
        connection.execute(f"PRAGMA synchronous = {'FULL' if self.full else 'NORMAL'}")

    def synchronous(self, *, full: bool) -> None:
        """Lets new connections wait for the disk, or not."""
        self.full = full
        self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.loyalty.close()
        self.engine.dispose()

    @contextmanager
    def beside(self) -> Iterator[Shop]:
        """A shop with an empty database of its own, beside this one and like it."""
        url = self.engine.url
        other = url.set(database=f"{url.database}_beside")
        if self.postgresql:
            self._administer(f'CREATE DATABASE "{other.database}"')
        with Shop(other.render_as_string(hide_password=False), full=self.full) as shop:
            yield shop
        if self.postgresql:
            self._administer(f'DROP DATABASE "{other.database}"')

    def vacuum(self) -> None:
        """Does what autovacuum would, which is off here; on SQLite, what its pragma would."""
        self._administer("VACUUM ANALYZE" if self.postgresql else "ANALYZE")

    def _administer(self, text: str) -> None:
        with self.engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql(text)

    @contextmanager
    def driver(self) -> Iterator[tuple[Any, Connection]]:
        """A cursor of the driver itself, in a transaction."""
        with self.engine.connect() as connection:
            connection.begin()
            driver: Any = connection.connection.driver_connection
            yield driver.cursor(), connection

    def moment(self, at: datetime) -> Any:
        """A moment as the driver takes it."""
        return at if self.postgresql else (at - datetime(1970, 1, 1, tzinfo=UTC)) // MICROSECOND

    def join(self, number: int) -> list[str]:
        """The ids of new members with one order each, customers 0 to ``number``."""
        self.loyalty.record_many(order(f"first-{n}", str(n), FIRST) for n in range(number))
        found = (self.loyalty.find({"customer_id": str(n)}, source="shop") for n in range(number))
        return [member.id for member in found if member]


MICROSECOND = timedelta(microseconds=1)


def order(name: str, customer: str, at: datetime, amount: str = "10.00") -> dict[str, Any]:
    return {
        "type": "order",
        "source": "shop",
        "id": name,
        "identities": {"customer_id": customer},
        "currency": "USD",
        "occurred_at": at.isoformat(),
        "lines": [{"id": "1", "amount": amount}],
    }


TURNS = 10


def in_turns(ours: Callable[[int], int], theirs: Callable[[int], int]) -> Measured:
    """Both measured in ten turns, one after the other, so that both meet the same machine.

    Each does its part of the work of a turn (0 to 9), and says how many operations that was.
    """
    works, done, spent = (ours, theirs), [0, 0], [0.0, 0.0]
    for turn in range(TURNS):
        for place, work in enumerate(works):
            started = time.perf_counter()
            done[place] += work(turn)
            spent[place] += time.perf_counter() - started
    return Measured(done[0] / spent[0], done[1] / spent[1])


def part(whole: Sequence[T], turn: int) -> Sequence[T]:
    """What of the whole is the work of a turn."""
    return whole[len(whole) * turn // TURNS : len(whole) * (turn + 1) // TURNS]


def rate(work: Callable[[], int]) -> float:
    started = time.perf_counter()
    done = work()
    return done / (time.perf_counter() - started)
