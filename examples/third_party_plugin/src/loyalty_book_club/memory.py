"""What the plugin remembers of a member, as a small document that the core keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from loyalty_core import Json

KEPT = 200
"""How many books are remembered by name: one that is read again after so many others counts."""


@dataclass
class Memory:
    """The books read, each with its day; and how many are older than those still known by name."""

    books: dict[str, str] = field(default_factory=dict)
    older: int = 0

    @classmethod
    def of(cls, state: Mapping[str, Json]) -> Memory:
        """The memory that a state holds."""
        books, older = state.get("books", {}), state.get("older", 0)
        named = {isbn: str(day) for isbn, day in books.items()} if isinstance(books, dict) else {}
        return cls(named, older if isinstance(older, int) else 0)

    @property
    def state(self) -> dict[str, Json]:
        """The memory as it is kept."""
        return {"books": dict(self.books), "older": self.older}

    @property
    def count(self) -> int:
        """How many books were read."""
        return self.older + len(self.books)

    def read_on(self, day: str) -> int:
        """How many books were read on a day."""
        return sum(other == day for other in self.books.values())

    def add(self, isbn: str, day: str) -> None:
        """Remembers a book; the one that was read first is forgotten where there are too many."""
        self.books[isbn] = day
        self._shorten()

    def joined(self, other: Memory) -> Memory:
        """The memory of a member that two became."""
        both = sorted({**other.books, **self.books}.items(), key=lambda one: (one[1], one[0]))
        made = Memory(dict(both), self.older + other.older)
        made._shorten()
        return made

    def _shorten(self) -> None:
        while len(self.books) > KEPT:
            del self.books[min(self.books, key=lambda isbn: (self.books[isbn], isbn))]
            self.older += 1
