"""What all errors are: a message, a place, a remedy, a stable code, and facts as attributes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


class LoyaltyError(Exception):
    """Base of all errors of the SDK.

    ``code`` is stable across releases, ``message`` says what is wrong, ``where`` names the place
    (a path in a document, a plugin, a row of a file), ``remedy`` says what to do about it and
    ``facts`` carries the values concerned.
    """

    code: ClassVar[str] = "loyalty_error"
    default_remedy: ClassVar[str] = ""

    def __init__(self, message: str, *, where: str = "", remedy: str = "", **facts: object) -> None:
        self.message = message
        self.where = where
        self.remedy = remedy or self.default_remedy
        self.facts = facts
        super().__init__(message)

    def __str__(self) -> str:
        """The whole error in one line: what, where, remedy."""
        place = f" (at {self.where})" if self.where else ""
        remedy = f" {self.remedy}" if self.remedy else ""
        return f"{_sentence(self.message + place)}{remedy}"


def _sentence(text: str) -> str:
    return text if text.endswith((".", "?", "!")) else f"{text}."


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in a document: its path, what is wrong, and what to do."""

    where: str
    message: str
    remedy: str = ""
    code: str = "fact_malformed"

    def __str__(self) -> str:
        """One line for a person."""
        remedy = f" {self.remedy}" if self.remedy else ""
        return f"{self.where or '$'}: {_sentence(self.message)}{remedy}"
