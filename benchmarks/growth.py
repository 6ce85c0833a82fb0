"""Large books: built by copying one recorded order as sets, then asked and written to."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from benchmarks.shop import FIRST, TURNS, Measured, Shop, in_turns, order, part, rate
from loyalty_core import Loyalty

EACH = 5
"""Orders of a member in large books: ten entries."""
SMALL = 1000
LATER = FIRST + timedelta(days=400)
ROWS_A_TRANSACTION = 50_000
SLOW_SECONDS = 2
SECOND = 2**40
"""What is added to the number of an order for what it leaves in a wallet other than points."""
ID = {"member": 1, "fact": 2, "lot": 3, "transaction": 4}
TABLES = ("member", "identity", "wallet", "fact", "lot", "transaction", "entry")


@dataclass(frozen=True)
class Span:
    """Members ``first`` to ``last``, each with as many orders, mixed in time."""

    first: int
    last: int
    each: int

    @property
    def owner(self) -> str:
        """The number of the member whose order number ``n.i`` is."""
        start = self.first * self.each
        return f"({self.first} + (n.i - {start}) % {self.last - self.first})"

    def portions(self, orders: bool) -> Iterator[tuple[int, int]]:
        """The numbers of all rows of a table, some thousand at a time."""
        times = self.each if orders else 1
        for start in range(self.first * times, self.last * times, ROWS_A_TRANSACTION):
            yield start, min(start + ROWS_A_TRANSACTION, self.last * times)


class Grower:
    """Copies of what ``record`` leaves of one order: the same rows but for ids and moments."""

    def __init__(self, shop: Shop, members: int = 0) -> None:
        """``members`` is how many another one has made in these books."""
        self.shop = shop
        name = f"template-{members}"
        shop.loyalty.record(order(name, name, FIRST))
        member = shop.loyalty.find({"customer_id": name}, source="shop")
        assert member is not None
        self.template = member.id
        self.members = members

    def grow(self, members: int, each: int = EACH) -> list[str]:
        """Ids of new members, with ``each`` orders each, a second apart."""
        span = Span(self.members, self.members + members, each)
        started = said = time.monotonic()
        for table in TABLES:
            for first, last in span.portions(table in ("fact", "lot", "transaction", "entry")):
                copy = self._copy(table, self._changed(table, span), first, last)
                with self.shop.driver() as (cursor, connection):
                    cursor.execute(copy)
                    connection.commit()
                if time.monotonic() - said > SLOW_SECONDS:
                    said = time.monotonic()
                    print(
                        f"  {table} {last:,}, {said - started:.0f} s", file=sys.stderr, flush=True
                    )
        with self.shop.driver() as (cursor, connection):
            cursor.execute("ANALYZE")
            connection.commit()
        self.members += members
        return [_id(ID["member"], n) for n in range(span.first, span.last)]

    def _copy(self, table: str, changed: dict[str, str], first: int, last: int) -> str:
        with self.shop.driver() as (cursor, _):
            cursor.execute(f"SELECT * FROM loyalty_{table} LIMIT 0")
            names = [column[0] for column in cursor.description]
        values = ", ".join(changed.get(name, f"one.{name}") for name in names)
        own = "id" if table == "member" else "member_id"
        if self.shop.postgresql:
            numbers = f"SELECT i FROM generate_series({first}, {last - 1}) AS i"
        else:
            counted = f"SELECT {first} AS i UNION ALL SELECT i + 1 FROM n WHERE i < {last - 1}"
            numbers = f"WITH RECURSIVE n(i) AS ({counted}) SELECT i FROM n"
        return (
            f"INSERT INTO loyalty_{table} ({', '.join(names)}) SELECT {values} "
            f"FROM loyalty_{table} AS one CROSS JOIN ({numbers}) AS n "
            f"WHERE one.{own} = '{self.template}'"
        )

    def _changed(self, table: str, span: Span) -> dict[str, str]:
        """The columns of a copy that are not the template's, as SQL."""
        member = self._sql_id("member", span.owner)
        at, ends = self._moment("n.i"), self._moment("n.i + 730 * 86400")
        balance, earned = f"one.balance * {span.each}", f"one.earned * {span.each}"
        mine = {"member_id": member, "fact_id": self._sql_id("fact", "n.i"), "occurred_at": at}
        row = f"n.i + CASE WHEN one.wallet = 'points' THEN 0 ELSE {SECOND} END"  # of two wallets
        lot = f"CASE WHEN one.lot_id IS NOT NULL THEN {self._sql_id('lot', f'({row})')} END"
        made = self._sql_id("transaction", f"({row})")
        alone = {"member_id": self._sql_id("member", "n.i")}
        return {
            "member": {
                "id": self._sql_id("member", "n.i"),
                "decided_at": self._moment(str(span.last * span.each)),
            },
            "identity": {**alone, "value": "CAST(n.i AS TEXT)"},
            "wallet": {**alone, "balance": balance, "earned": earned},
            "fact": {**mine, "id": mine["fact_id"], "external_id": "'grown-' || n.i"},
            "lot": {
                **mine,
                "id": self._sql_id("lot", f"({row})"),
                "created_at": at,
                "activates_at": at,
                "expires_at": ends,
            },
            "transaction": {**mine, "id": made},
            "entry": {
                **mine,
                "transaction_id": made,
                "lot_id": lot,
            },
        }[table]

    def _sql_id(self, kind: str, number: str) -> str:
        if self.shop.postgresql:
            tail = f"lpad(to_hex({number}::bigint), 12, '0')"
            return f"('{_id(ID[kind], 0)[:24]}' || {tail})::uuid"
        return f"('{_id(ID[kind], 0)[:24]}' || printf('%012x', {number}))"

    def _moment(self, number: str) -> str:
        if self.shop.postgresql:
            return f"('{FIRST.isoformat()}'::timestamptz + ({number}) * interval '1 second')"
        return f"({self.shop.moment(FIRST)} + ({number}) * 1000000)"


def _id(kind: int, number: int) -> str:
    return f"0000000{kind}-0000-7000-8000-{number:012x}"


def record_in_large_books(shop: Shop, number: int) -> Measured:
    """Orders recorded in books of ``number`` members with ten entries each.

    Reference: the same in books of 1,000 members, in turns.
    """
    with shop.beside() as few:
        for one, members in ((shop, number), (few, SMALL)):
            Grower(one).grow(members)
            _recorded(one, members, TURNS)  # what is prepared once is, from here on
        return in_turns(
            lambda turn: _recorded(shop, number, turn), lambda turn: _recorded(few, SMALL, turn)
        )


def _recorded(shop: Shop, members: int, turn: int) -> int:
    """How many orders were recorded, one each of some members, spread over all there are."""
    each = SMALL // TURNS
    step = members // SMALL
    facts = [
        order(f"later-{n}", str(n % SMALL * step), LATER + timedelta(minutes=n))
        for n in range(turn * each, (turn + 1) * each)
    ]
    return len([shop.loyalty.record(fact) for fact in facts])


def statements_of_many(shop: Shop, number: int) -> Measured:
    """Statements out of ``number`` members; reference: out of 1,000."""
    with shop.beside() as few:
        return compared(shop, few, number, EACH, lambda loyalty, one: loyalty.statement(one))


def compared(
    shop: Shop, few: Shop, number: int, each: int, read: Callable[[Loyalty, str], object]
) -> Measured:
    """What is asked of 1,000 out of ``number`` members, in turns with the same of all in ``few``.

    Each is asked once before, in both: what is compared is not whether the disk was read.
    """
    asked: list[Callable[[int], int]] = []
    for one, members in ((shop, number), (few, SMALL)):
        ids = Grower(one).grow(members, each)[:: members // SMALL]
        asked.append(partial(_asked, one.loyalty, read, ids))
    for ask in asked:
        for turn in range(TURNS):
            ask(turn)
    return in_turns(*asked)


def _asked(
    loyalty: Loyalty, read: Callable[[Loyalty, str], object], ids: Sequence[str], turn: int
) -> int:
    return len([read(loyalty, one) for one in part(ids, turn)])


def statements_of_much(shop: Shop, number: int) -> Measured:
    """Statements of members with ``number`` entries each; reference: with ten."""
    grower = Grower(shop)
    few = grower.grow(SMALL)
    much = grower.grow(10, number // 2)
    stated(shop, few)
    small = stated(shop, few)
    return Measured(stated(shop, much * (SMALL // 10)), small)


def stated(shop: Shop, ids: list[str]) -> float:
    return rate(lambda: len([shop.loyalty.statement(one) for one in ids]))
