"""The settings below ``[plugins.book_club]``; each field says what it is."""

from __future__ import annotations

from dataclasses import dataclass, field

from loyalty_core import doc


@dataclass(frozen=True, kw_only=True)
class Pick:
    """A book that the club reads together in a month."""

    month: str = field(metadata=doc("The month, as 2026-06, in the program's time zone."))
    isbn: str = field(metadata=doc("The book."))
    points: int = field(metadata=doc("How many points more it gives in that month."))


@dataclass(frozen=True, kw_only=True)
class Evening:
    """Evenings with an author, which points buy a seat at."""

    points: int = field(metadata=doc("What a seat costs, in the wallet's smallest unit."))
    worth: str = field(metadata=doc("What a seat is worth, in major units, such as 15.00."))
    books: int = field(
        default=0, metadata=doc("How many books somebody must have read to get one.")
    )


@dataclass(frozen=True, kw_only=True)
class BookClubConfig:
    """What a merchant may write."""

    points: int = field(
        default=10,
        metadata=doc("How many points a book gives, in the wallet's smallest unit."),
    )
    books_a_day: int = field(
        default=2, metadata=doc("How many books in a day give points; others count as read.")
    )
    wallet: str = field(default="points", metadata=doc("The wallet that gets them."))
    pick: tuple[Pick, ...] = field(
        default=(), metadata=doc("What the club reads together, one for each month.")
    )
    evening: Evening | None = field(
        default=None, metadata=doc("Evenings with an author; without, there are none.")
    )
