"""The plugin's table: who read what. It is for questions over many members alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from loyalty_core import Json, Loyalty, Migration, OwnTables, own_table
from sqlalchemy import BigInteger, Column, Index, Select, String, Subquery, func, select

READING = own_table(
    "loyalty_book_club_reading",
    Column("isbn", String(13), nullable=False),
    Column("pages", BigInteger, nullable=False),
    Column("stars", BigInteger),
    Index("loyalty_book_club_reading_isbn", "program", "isbn"),
)
TABLES = OwnTables(
    tables=(READING,),
    migrations=(Migration("0001_reading", lambda connection: READING.create(connection)),),
)


@dataclass(frozen=True, kw_only=True)
class Title:
    """A book, how many members have read it, and what they thought of it.

    ``stars`` is the sum that ``rated`` of them gave.
    """

    isbn: str
    readers: int
    stars: int
    rated: int


def most_read(loyalty: Loyalty, *, first: int = 10, since: datetime | None = None) -> list[Title]:
    """The books that most members have read since a moment, at most ``first`` of them."""

    def ask(reading: Subquery) -> Select[*tuple[object, ...]]:
        readers = func.count(reading.c.member_id.distinct())
        found = select(
            reading.c.isbn,
            readers.label("readers"),
            func.coalesce(func.sum(reading.c.stars), 0).label("stars"),
            func.count(reading.c.stars).label("rated"),
        )
        if since is not None:
            found = found.where(reading.c.occurred_at >= since)
        return found.group_by(reading.c.isbn).order_by(readers.desc(), reading.c.isbn).limit(first)

    return [_title(row) for row in loyalty.rows(READING, ask)]


def pages_of(loyalty: Loyalty, member_id: str) -> int:
    """How many pages a member has read."""
    (row,) = loyalty.rows(
        READING,
        lambda reading: select(func.coalesce(func.sum(reading.c.pages), 0).label("pages")).where(
            reading.c.member_id == member_id
        ),
    )
    return _whole(row["pages"])


def _title(row: Mapping[str, Json | datetime]) -> Title:
    return Title(
        isbn=str(row["isbn"]),
        readers=_whole(row["readers"]),
        stars=_whole(row["stars"]),
        rated=_whole(row["rated"]),
    )


def _whole(value: object) -> int:
    """A sum as a whole number: PostgreSQL answers sums of large integers with decimals."""
    return int(str(value))
