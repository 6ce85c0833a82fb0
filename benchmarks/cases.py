"""The cases with their sizes and targets; each runs on a fresh database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks import boards, growth, memory, recording, spending, upkeep
from benchmarks.peers import beside, imported_beside, installed
from benchmarks.plugins import PLUGINS, reading_of, recording_with
from benchmarks.shop import Measured, Shop


@dataclass(frozen=True)
class Case:
    """One row of the table; ``target`` is the ratio to reach, by database.

    ``runs`` is for cases that take long; ``peer`` is what must be installed; ``bound`` is what
    keeps us from more, with the figures of a profile.
    """

    name: str
    run: Callable[[Shop, int], Measured]
    size: int
    quick: int
    target: dict[str, float]
    full: bool = False
    runs: int = 5
    peer: str = ""
    bound: str = ""

    @property
    def missing(self) -> bool:
        """Whether it cannot run here."""
        return bool(self.peer) and not installed(self.peer)


def _both(target: float) -> dict[str, float]:
    return dict.fromkeys(("SQLite", "PostgreSQL"), target)


def _beside(peer: str, target: dict[str, float]) -> tuple[Case, Case]:
    one = f"whole order, a posting of {peer}"
    many = f"import of whole orders, postings of {peer}"
    return (
        Case(one, beside(peer), 1000, 300, target, peer=peer, bound=WHOLE),
        Case(many, imported_beside(peer), 10_000, 3000, target, runs=3, peer=peer),
    )


def _with(plugin: str) -> Case:
    left = _both(PLUGINS[plugin].left)
    return Case(
        f"record with {plugin} to without",
        recording_with(plugin),
        1000,
        300,
        left,
        runs=3,
        bound=PLUGIN,
    )


def _asked(plugin: str) -> Case:
    name = f"heaviest read of {plugin}, many members to 1,000"
    return Case(name, reading_of(plugin), 1_000_000, 20_000, _both(0.8), runs=1)


RECORD = {"SQLite": 0.35, "PostgreSQL": 1.0}
LARGE = {"SQLite": 0.75, "PostgreSQL": 0.85}
ONE = (
    "Of an order on SQLite, 1,350 calls of Python, 47 % of the time is ours to decide, book and "
    "turn into rows, 14 % reads and checks the order and asks the plugin, 8 % is SQLAlchemy's "
    "connection and transaction, and 21 % is SQLite's, half of it the commit. On PostgreSQL an "
    "order is three statements between BEGIN and COMMIT, five ways to the server; sending some "
    "of them together (libpq's pipeline) was tried, on a busy machine, and brought nothing."
)
IMPORT = (
    "An order is 770 calls of Python: 38 % decides and books, 15 % makes rows, 12 % reads and "
    "checks it, 10 % asks the plugin; SQLite itself takes 9 %. The collection of garbage, which "
    "is the process's and not ours to put off, adds a tenth."
)
GROUP = (
    "The leader of a group waits for PostgreSQL 60 % of the time; the rest is Python, a thread at "
    "a time. Two leaders at once bring a tenth more over many members, and cost a quarter at one."
)
AT_FULL = (
    "The writer's thread is Python's all along: a batch is limited by the cost of each order, as "
    "an import is, and 32 threads hand the interpreter to each other."
)
REDEEM = (
    "1,380 calls of Python. Of its CPU 40 % is SQLite's, two fifths of that the commit; a fifth "
    "reads and writes ten lots as rows, as much decides and books, 9 % is SQLAlchemy's connection "
    "and transaction. The hand-written form decides nothing, no plugin prices it, and it keeps no "
    "redemption. Beside it by CPU alone, in turns, the ratio is 0.35 to 0.39."
)
STATEMENT = (
    "One query, of which SQLite takes 15 %; 28 % is SQLAlchemy's connection and transaction, "
    "which shows one consistent view, 27 % turns rows into what they say, 19 % is the statement "
    "itself. By hand there are four queries that nothing is made of."
)
PLUGIN = (
    "A plugin costs its own deciding, and what its effects leave to be written: a credit is a lot, "
    "a transaction and two entries. Tiers ask what was told of a standing besides, by one more "
    "statement; since that is prebuilt text, their ratio on SQLite is 0.63 by CPU alone."
)
WHOLE = (
    "One caller waits for five ways to the server, or for SQLite's commit; the peer posts two "
    "entries, we record an order, decide it, and keep its events. 32 callers at once are three "
    "times as fast; who imports orders has the other rows, where django-hordak posts many in one "
    "transaction, too."
)
SCORED = (
    "A board asks for the member's scores, one query more, and writes two rows more, with three "
    "entries of indexes; and its program follows the order."
)
CASES = (
    Case("record one order", recording.record_one, 1000, 300, RECORD, bound=ONE),
    Case(
        "record one order, synchronous FULL",
        recording.record_one,
        *(1000, 300, {"SQLite": 0.35}, True),
        bound=ONE,
    ),
    Case(
        "import, 2,357 members",
        recording.imported,
        *(100_000, 10_000, _both(0.4)),
        runs=3,
        bound=IMPORT,
    ),
    Case(
        "import, a member each",
        recording.imported_strangers,
        *(100_000, 5000, _both(0.4)),
        runs=3,
        bound=IMPORT,
    ),
    Case("32 callers", recording.callers, 6400, 960, {"PostgreSQL": 3.0}, bound=GROUP),
    Case(
        "32 callers, one member",
        recording.hot_member,
        *(3200, 480, {"PostgreSQL": 8.0}),
        bound=GROUP,
    ),
    Case(
        "32 callers at FULL, plain SQL at NORMAL",
        recording.callers_at_full,
        *(6400, 960, {"SQLite": 1.0}),
        bound=AT_FULL,
    ),
    Case("redeem from ten lots", spending.redeem, 1000, 200, _both(0.5), bound=REDEEM),
    Case("statement of a member", spending.statement, 1000, 300, _both(0.5), bound=STATEMENT),
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
        *(1_000_000, 50_000, _both(0.8)),
        runs=1,
    ),
    Case(
        "end and seal lots, MB, many to few",
        memory.tick_memory,
        *(1_000_000, 50_000, _both(0.8)),
        runs=1,
    ),
    *(_with(plugin) for plugin in PLUGINS),
    *(_asked(plugin) for plugin in PLUGINS),
    Case("an order with a board, to without", boards.scored, 1000, 200, _both(0.6), bound=SCORED),
    Case(
        "rank and neighbours, many members to 1,000",
        boards.ranked,
        *(1_000_000, 100_000, _both(0.5)),
        runs=1,
    ),
    Case(
        "first hundred places, many members to 1,000",
        boards.first_page,
        *(1_000_000, 100_000, _both(0.8)),
        runs=1,
    ),
    *_beside("django-hordak", {"PostgreSQL": 5.0}),
    *_beside("python-accounting", _both(20.0)),
)
