"""What the club hears of: a kind of activity of its own."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from loyalty_core import ActivityKind, FactError, doc

MOST_PAGES = 10_000
MOST_STARS = 5
_ISBN = re.compile(r"97[89][0-9]{10}", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Finished:
    """What the activity ``book_club.finished`` holds."""

    isbn: str = field(metadata=doc("The book, by its ISBN of 13 digits without hyphens."))
    pages: int = field(metadata=doc("How many pages it has."))
    stars: int | None = field(default=None, metadata=doc("How the reader liked it: 1 to 5."))

    def __post_init__(self) -> None:
        """Raises ``FactError`` with the path of what is no book."""
        if not is_isbn(self.isbn):
            raise FactError(
                f"{self.isbn[:40]!r} is no ISBN",
                where="$.data.isbn",
                remedy="Send the 13 digits below the bar code, without hyphens.",
            )
        if not 1 <= self.pages <= MOST_PAGES:
            raise FactError(
                f"{self.pages} is no number of pages",
                where="$.data.pages",
                remedy=f"Send a whole number from 1 to {MOST_PAGES:,}.",
            )
        if self.stars is not None and not 1 <= self.stars <= MOST_STARS:
            raise FactError(
                f"{self.stars} is no number of stars",
                where="$.data.stars",
                remedy=f"Send 1 to {MOST_STARS}, or leave it out.",
            )


FINISHED: ActivityKind[Finished] = ActivityKind(
    "book_club.finished", Finished, "A member has read a book to its end."
)


def is_isbn(text: str) -> bool:
    """Whether a text is an ISBN of 13 digits (ISO 2108): weighted 1 and 3 in turn they are tens."""
    weighted = (int(digit) * (1, 3)[place % 2] for place, digit in enumerate(text))
    return bool(_ISBN.fullmatch(text)) and sum(weighted) % 10 == 0
