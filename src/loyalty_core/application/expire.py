"""What time does to points, by the thousand: most only end, and end together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from loyalty_core.application.automatic import buy_due
from loyalty_core.application.books import Books
from loyalty_core.application.ids import new_stamp, stamped
from loyalty_core.application.rules import Rules
from loyalty_core.domain.facts import Json
from loyalty_core.domain.members import MemberId
from loyalty_core.ports.store import UnitOfWork


@dataclass(frozen=True, slots=True)
class Done:
    """What one transaction of a step did: rows by field of the report, points by wallet."""

    counts: Counter[str] = field(default_factory=Counter)
    expired: Counter[str] = field(default_factory=Counter)


def move_points(
    uow: UnitOfWork, rules: Rules, due: Iterable[MemberId], now: datetime, most: int
) -> Done | None:
    """Brings all wallets of these members up to the present; None if there was nothing to do.

    Where nothing is due but that lots end, their points are booked as sets. All else (what becomes
    active pays debt first, what is held does not end, wallets lapse) is left to ``Books``, lot by
    lot. Both leave the same rows, which a test holds. As sets, no more than ``most`` lots end at
    once, whatever these members have; the rest is still due.
    """
    members = set(uow.lock(due))
    entangled = uow.entangled(members, now)
    books = Books(uow, rules, now)
    done = Done()
    _expire(books, members - entangled, done, most)
    books.load(entangled, open_of=entangled)
    for book, caught_up in books.caught_up:
        done.counts["activated_lots"] += caught_up.activated
        done.counts["expired_lots"] += caught_up.expired
        done.counts["timed_out_holds"] += caught_up.timed_out
        if caught_up.points:
            done.expired[book.wallet] += caught_up.points
    if rules.automatic and entangled:
        buy_due(books, uow.lock_members(entangled), entangled)
    books.flush()
    return done if done.counts or books.caught_up else None


def _expire(books: Books, members: Collection[MemberId], done: Done, most: int) -> None:
    """Ends the lots of these members that have expired, and tells of each."""
    lots = books.uow.ended_lots(members, books.now, most)
    if not lots:
        return
    stamp = new_stamp()
    books.uow.book_expiry(lots, stamp, books.now, books.rules.config.version)
    done.counts["expired_lots"] += len(lots)
    for lot in lots:
        done.expired[lot.wallet] += lot.points
        data: dict[str, Json] = {"wallet": lot.wallet, "amount": lot.points}
        made = stamped(stamp, lot.id)
        books.tell("points_expired", lot.member_id, lot.expires_at, data, made)
