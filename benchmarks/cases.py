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
        Case(many, imported_beside(peer), 10_000, 3000, target, runs=3, peer=peer, bound=WHOLE),
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
    return Case(name, reading_of(plugin), 1_000_000, 20_000, _both(0.8), runs=1, bound=FOUND)


RECORD = {"SQLite": 0.35, "PostgreSQL": 1.0}
LARGE = {"SQLite": 0.75, "PostgreSQL": 0.85}
ONE = (
    "Of an order on SQLite, 1,310 calls of Python, 47 % of the time is ours to decide, book and "
    "turn into rows, 14 % reads and checks the order and asks the plugin, 8 % is SQLAlchemy's "
    "connection and transaction, and 21 % is SQLite's, half of it the commit. On PostgreSQL an "
    "order is three statements between BEGIN and COMMIT, five ways to the server; on a busy "
    "machine 2.6 ms of its 4.1 ms of CPU are the client's, and 1.6 of 2.9 of the hand-written "
    "form's thirteen ways. Sending statements together (a pipeline of psycopg) takes the client "
    "0.09 ms of CPU more for three of them."
)
IMPORT = (
    "An order is 770 calls of Python: 38 % decides and books, 15 % makes rows, 12 % reads and "
    "checks it, 10 % asks the plugin; SQLite itself takes 9 %. The collection of garbage, which "
    "is the process's and not ours to put off, adds a tenth."
)
GROUP = (
    "The leader of a group waits for PostgreSQL 60 % of the time; the rest is Python, a thread at "
    "a time. Two leaders at once bring a tenth more over many members, and cost a quarter at one. "
    "The reference is our own road, a transaction for each: what makes that cheaper helps it more."
)
AT_FULL = (
    "The writer's thread is Python's all along: a batch is limited by the cost of each order, as "
    "an import is, and 32 threads hand the interpreter to each other."
)
REDEEM = (
    "1,100 calls of Python. About half of its time is SQLite's, three fifths of that the commit; "
    "a sixth reads and writes ten lots as rows, as much decides and books, a twentieth is "
    "SQLAlchemy's connection. The hand-written form decides nothing, and no plugin prices it. "
    "Beside it by CPU alone, in turns, the ratio is 0.55 on a busy machine; before transactions "
    "began on the driver, and only points were written of a lot, it was 0.51."
)
STATEMENT = (
    "260 calls of Python. One query, of which SQLite takes a tenth; twice as much is SQLAlchemy's "
    "connection; a fifth turns rows into what they say, the rest is the statement itself. By hand "
    "there are four queries that nothing is made of. By CPU alone, in turns, the ratio is 0.64 on "
    "a busy machine; before transactions began on the driver, and one member was asked for by one "
    "id, it was 0.46."
)
PLUGIN = (
    "A plugin costs its own deciding, and what its effects leave to be written: a credit is a lot, "
    "a transaction and two entries. Tiers ask what was told of a standing besides, by one more "
    "statement; since that is prebuilt text, their ratio on SQLite is 0.63 by CPU alone."
)
WHOLE = (
    "One caller waits for five ways to the server, or for SQLite's commit. Of an order on "
    "PostgreSQL 1.1 ms of CPU are the client's, a fifth of that the driver's, and 0.6 ms the "
    "server's; the peer posts two entries, we record an order, decide it, and keep what it follows "
    "from. 32 callers at once are almost four times as fast. Imported, an order takes 0.46 ms, "
    "most of it Python as in other imports; django-hordak posts many in one transaction as well."
)
SCORED = (
    "A board asks for the member's scores, one query more, and writes two rows more, with three "
    "entries of indexes; and its program follows the order."
)
FOUND = (
    "The same indexes are walked however many members there are. On PostgreSQL a read of donation "
    "takes 19 pages out of 250,000 members in place of 14, and as much CPU of client and server "
    "together; one of referral 13 out of 60,000 in place of 12. What is left, it seems, is "
    "memory: each of the thousand members asked for is on other pages, which no cache of a "
    "processor holds. SQLite gets them from the system: a plain statement out of 250,000 is at "
    "0.85 by CPU. Points and gamification were not looked at by themselves."
)
STATED = (
    "Out of 1,000,000 members, 9.6 GB, a statement on SQLite takes 141 us in place of 97: some 25 "
    "more of the system, which is asked for pages, the rest ours, as their bytes are in no cache "
    "of the processor. Connections with `mmap_size` of 8 GB and `cache_size` of 64 MB are at 0.82, "
    "with the first alone at 0.74. How much memory each connection may take is the host's to say."
)
PAGE = (
    "Read in turns, by CPU of client and server together, a hundred places out of 100,000 cost "
    "what they do out of 1,000, 5.2 ms and 5.1: their members are on 404 pages in place of 21. "
    "The row was measured before the two were read in turns."
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
        bound=STATED,
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
        bound=PAGE,
    ),
    *_beside("django-hordak", {"PostgreSQL": 5.0}),
    *_beside("python-accounting", _both(20.0)),
)
