"""What can be spent, by arithmetic on what is stored: the same whether the nightly jobs ran."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from loyalty_core.domain.ledger import WalletBook
from loyalty_core.ports.records import Upcoming
from loyalty_core.ports.store import Reader


class Held(NamedTuple):
    """Points of one wallet that redemptions hold, in smallest units.

    ``live`` are held now; ``freed`` are those of holds whose time is over, though no job has yet
    booked that: they became free at one moment and end at another, like pending points.
    """

    live: int = 0
    freed: tuple[Upcoming, ...] = ()


NOTHING_HELD = Held()


def held_now(
    reader: Reader, books: Iterable[WalletBook], now: datetime
) -> dict[tuple[str, str], Held]:
    """What is held in each of these wallets at ``now``; those that hold nothing are left out."""
    found: dict[tuple[str, str], Held] = {}
    for redemption, ends in reader.held(books):
        pair = redemption.member_id, redemption.wallet
        live, freed = found.get(pair, NOTHING_HELD)
        if redemption.timed_out(now) and redemption.expires_at is not None:
            over = redemption.expires_at
            freed += tuple(
                Upcoming(over, ends.get(lot_id), True, amount)
                for lot_id, amount in redemption.lots.items()
            )
        else:
            live += redemption.points
        found[pair] = Held(live, freed)
    return found


def available_now(reader: Reader, members: list[str], now: datetime) -> dict[str, dict[str, int]]:
    """What each member can spend at ``now``, by wallet: negative while there is debt."""
    upcoming = reader.upcoming(members, now)
    found: dict[str, dict[str, int]] = {member: {} for member in members}
    books = reader.wallets(members)
    held = held_now(reader, books.values(), now)
    for pair, book in books.items():
        ours = held.get(pair, NOTHING_HELD)
        debt, left = repaid(book, upcoming.get(pair, ()), ours, now)
        found[pair[0]][pair[1]] = spendable(book, debt, left, ours, now)
    return found


def spendable(
    book: WalletBook, debt: int, left: Iterable[Upcoming], held: Held, now: datetime
) -> int:
    """What can be spent of a wallet at ``now``: its balance less what is held, pending or past.

    ``debt`` and the points that are ``left`` are what ``repaid`` says of it.
    """
    if book.lapsed(now):
        return -debt
    waiting = sum(points.amount for points in left if points.past(now) or points.pending(now))
    return book.balance - held.live - waiting


def repaid(
    book: WalletBook, upcoming: Iterable[Upcoming], held: Held, now: datetime
) -> tuple[int, list[Upcoming]]:
    """The debt and the points that are left once all that became active by ``now`` has paid."""
    debt, left = book.debt, []
    upcoming = [*upcoming, *held.freed]
    for points in sorted(upcoming, key=lambda one: one.activates_at) if debt else upcoming:
        paid = min(debt, points.amount) if points.paying(book.lapses_at, now) else 0
        debt -= paid
        left.append(points._replace(amount=points.amount - paid))
    return debt, left
