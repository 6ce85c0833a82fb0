"""Points for reading, and evenings to talk about it."""

from loyalty_book_club.facts import FINISHED, Finished
from loyalty_book_club.plugin import plugin
from loyalty_book_club.tables import Title, most_read, pages_of

__all__ = ["FINISHED", "Finished", "Title", "most_read", "pages_of", "plugin"]
