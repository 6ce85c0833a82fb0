"""Locks in one order: a transaction waits only for what comes after all that it has.

The order is one for all programs of a database:

1. what only the jobs lock, first thing in a step: a day of the calendar, a period of a board;
2. people, in the order of their ids;
3. households, in the order of theirs;
4. identities that nobody had: who wants to have the same waits for whoever was first;
5. facts of nobody, in the order of their ids, and with them what they wait by;
6. limited items, in the order of their names;
7. the pair of two programs that settle.

Of those who wait only for what comes later, no two ever wait for each other. Commands lock at once
what they know of. What they find out late may come before what they have: into whom somebody was
merged, whose a fact is that another one causes, who paid for an order with points. It is taken if
it is free. If it is not, the transaction begins again, and locks it in its place: ``OutOfOrder``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Generic, NamedTuple, TypeVar

from sqlalchemy import Connection, Select, select
from sqlalchemy.dialects.postgresql import insert

from loyalty_core.storage import tables

Name = TypeVar("Name", bound=str)
T = TypeVar("T")


class Rank(IntEnum):
    """What is locked in which place of the order, of what commands lock."""

    PERSON = 2
    HOUSEHOLD = 3
    IDENTITY = 4
    FACT = 5
    ITEM = 6


class Lock(NamedTuple):
    """The lock of one row. Locks compare as they are ordered."""

    rank: Rank
    name: str
    program: str = ""


class OutOfOrder(BaseException):
    """Somebody has what is needed now, and must not be waited for: begin again, with it.

    It is nobody's failure, so that nothing that catches failures holds it up.
    """

    def __init__(self, first: frozenset[Lock]) -> None:
        super().__init__("begin again")
        self.first = first


@dataclass(frozen=True)
class Lockable(Generic[Name, T]):
    """Rows of one kind that can be locked.

    ``fetch`` locks and reads those with some names, and says if it waits for them; else it leaves
    out those that somebody has. ``there`` says which there are at all, without locking them.
    """

    first: Rank
    rank: Callable[[T], Rank]
    fetch: Callable[[Collection[Name], bool], Mapping[Name, T]]
    there: Callable[[Collection[Name]], Mapping[Name, Rank]]


class Locks:
    """What one transaction has locked; on SQLite nothing, as there only one writes at a time."""

    def __init__(self, connection: Connection, first: Iterable[Lock] = ()) -> None:
        """``first`` is what is locked before anything else that comes as late as it does."""
        self._connection = connection
        self._ordered = connection.dialect.name == "postgresql"
        self._first = sorted(first)
        self._held: set[Lock] = set()
        self._names: set[str] = set()
        self._last: Lock | None = None

    @property
    def begun(self) -> bool:
        """Whether anything is locked, or has to be first."""
        return bool(self._held or self._first)

    def take(self, names: Collection[Name], rows: Lockable[Name, T]) -> dict[Name, T]:
        """The rows with these names, locked; raises ``OutOfOrder``."""
        if not self._ordered:
            return dict(rows.fetch(names, True))
        self.start(max(rows.first, Rank.HOUSEHOLD))
        new = set(names) - self._names
        waits = not new or self._follow([Lock(rows.first, min(new))])
        found = dict(rows.fetch(names, waits))
        self.note({name: rows.rank(one) for name, one in found.items()})
        missing = new - found.keys()
        busy = rows.there(missing) if missing and not waits else {}
        if not busy:
            return found
        locks = [Lock(rank, name) for name, rank in busy.items()]
        if not self._follow(locks):
            raise OutOfOrder(frozenset(self._held.union(locks)))
        self.note(busy)
        return found | dict(rows.fetch([*busy], True))

    def note(self, locked: Mapping[Name, Rank]) -> None:
        """Notes what was locked."""
        if self._ordered and locked:
            self._keep([Lock(rank, name) for name, rank in locked.items()])

    def claimed(self) -> None:
        """Notes that identities were given to members; all at once, and so in their order."""
        self.note({"": Rank.IDENTITY})

    def item(self, program: str, item: str) -> None:
        """Locks a limited item, if it has to be before it is counted; raises ``OutOfOrder``."""
        lock = Lock(Rank.ITEM, item, program)
        if not self._ordered or lock in self._held:
            return
        self.start(Rank.ITEM)
        if not self._follow([lock]):
            row = _item(lock)
            free = self._connection.execute(row.with_for_update(skip_locked=True)).first()
            if free is None:  # somebody has it, or nobody has had it yet, but may right now
                raise OutOfOrder(frozenset(self._held | {lock}))
        self._keep([lock])

    def _follow(self, locks: Iterable[Lock]) -> bool:
        """Whether these come after all that is locked."""
        return self._last is None or self._last < min(locks)

    def start(self, until: Rank = Rank.HOUSEHOLD) -> None:
        """Locks what has to be locked first, in its order: what comes up to here."""
        if not self._first:
            return
        first = [lock for lock in self._first if lock.rank <= until]
        self._first = [lock for lock in self._first if lock.rank > until]
        people = {lock.name for lock in first if lock.rank <= Rank.HOUSEHOLD}
        facts = {lock.name for lock in first if lock.rank is Rank.FACT}
        member, fact = tables.member.c, tables.fact.c
        if people:
            some = select(member.id, member.household).where(member.id.in_(people))
            ordered = some.order_by(member.household, member.id).with_for_update()
            for name, household in self._connection.execute(ordered):
                self.note({name: member_rank(household)})
        if facts:
            those = select(fact.id).where(fact.id.in_(facts)).order_by(fact.id)
            found = self._connection.scalars(those.with_for_update())
            self.note(dict.fromkeys(found, Rank.FACT))
        for lock in first:
            if lock.rank is Rank.ITEM:
                counted = {"program": lock.program, "item": lock.name, "claimed": 0}
                there = insert(tables.stock).values(counted).on_conflict_do_nothing()
                self._connection.execute(there)
                self._connection.execute(_item(lock).with_for_update()).one()
                self._keep([lock])

    def _keep(self, locks: Collection[Lock]) -> None:
        self._held.update(locks)
        self._names.update(lock.name for lock in locks)
        last = max(locks)
        self._last = last if self._last is None else max(last, self._last)


def member_rank(household: bool) -> Rank:
    """The place in the order of somebody who has wallets."""
    return Rank.HOUSEHOLD if household else Rank.PERSON


def _item(lock: Lock) -> Select[tuple[str]]:
    stock = tables.stock.c
    return select(stock.item).where(stock.program == lock.program, stock.item == lock.name)
