"""What is wrong with settings beyond their types: all of it at once, each with its path."""

from __future__ import annotations

import re
from collections.abc import Iterator

from loyalty_core import (
    ConfigError,
    LoyaltyError,
    Problem,
    ProgramConfig,
    minor_digits,
    parse_scaled,
)

from loyalty_book_club.config import BookClubConfig, Evening
from loyalty_book_club.facts import is_isbn

WHERE = "plugins.book_club"
MOST = 1_000_000
_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])", re.ASCII)


def check(config: BookClubConfig, program: ProgramConfig) -> None:
    """Raises ``ConfigError`` with every fault of the settings."""
    if problems := list(_problems(config, program)):
        raise ConfigError(problems)


def _problems(config: BookClubConfig, program: ProgramConfig) -> Iterator[Problem]:
    numbers = [("points", config.points), ("books_a_day", config.books_a_day)]
    months: set[str] = set()
    if config.wallet not in program.wallets:
        message = f"there is no wallet {config.wallet!r}"
        yield Problem(f"{WHERE}.wallet", message, f"Wallets: {', '.join(program.wallets)}.")
    for place, pick in enumerate(config.pick):
        where = f"pick[{place}]"
        numbers.append((f"{where}.points", pick.points))
        if not _MONTH.fullmatch(pick.month):
            message = f"{pick.month!r} is no month"
            yield Problem(f"{WHERE}.{where}.month", message, "Write it as 2026-06.")
        if pick.month in months:
            message = f"{pick.month} has two picks"
            yield Problem(f"{WHERE}.{where}.month", message, "Leave one of them out.")
        if not is_isbn(pick.isbn):
            message = f"{pick.isbn!r} is no ISBN"
            yield Problem(f"{WHERE}.{where}.isbn", message, "Write 13 digits without hyphens.")
        months.add(pick.month)
    if config.evening is not None:
        numbers.append(("evening.points", config.evening.points))
        yield from _evening_problems(config.evening, config.wallet, program)
    for name, number in numbers:
        if not 1 <= number <= MOST:
            message = f"{number} is not a sensible number"
            yield Problem(f"{WHERE}.{name}", message, f"Write a whole number from 1 to {MOST:,}.")


def _evening_problems(evening: Evening, wallet: str, program: ProgramConfig) -> Iterator[Problem]:
    if wallet in program.wallets and not program.wallets[wallet].spendable:
        message = f"points of {wallet!r} cannot be spent"
        yield Problem(f"{WHERE}.evening", message, "Leave it out, or name another wallet.")
    if not 0 <= evening.books <= MOST:
        message = f"{evening.books} is not a number of books"
        yield Problem(f"{WHERE}.evening.books", message, "Write 0, or how many it takes.")
    try:
        worth = parse_scaled(evening.worth, minor_digits(program.program.currency))
    except LoyaltyError as error:
        yield Problem(f"{WHERE}.evening.worth", error.message, "Write it as 15.00.")
    else:
        if worth <= 0:
            message = f"{evening.worth!r} is worth nothing"
            yield Problem(f"{WHERE}.evening.worth", message, "Write it as 15.00.")
