"""Points that will expire are told of, so many days before, once for each number of days."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta

from loyalty_core.application.books import Books
from loyalty_core.application.expire import Done
from loyalty_core.application.rules import Rules
from loyalty_core.domain.clock import day_of, start_of
from loyalty_core.domain.facts import Json
from loyalty_core.ports.calendar import CalendarMark
from loyalty_core.ports.store import UnitOfWork

MEMBERS_A_CHUNK = 500


class Reminding:
    """Tells of points that expire under the current rules."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._zone = rules.config.program.time_zone
        self._wallets: dict[int, list[str]] = {}
        for name, wallet in rules.config.wallets.items():
            for days in wallet.expiry.remind_days:
                self._wallets.setdefault(days, []).append(name)

    def remind(self, uow: UnitOfWork, *, now: datetime) -> Done | None:
        """A chunk of those whose points end so many days after a day; None once all are told.

        A day that the jobs missed is made up for, unless the points have ended since.
        """
        today = day_of(now, self._zone)
        for days, wallets in self._wallets.items():
            kind = f"expiring {days}"
            mark = uow.lock_calendar(kind, today)
            if mark.day > today:
                continue
            if mark.day <= today - timedelta(days=days):
                mark = CalendarMark(today - timedelta(days=days - 1))
            ends = mark.day + timedelta(days=days)
            span = start_of(ends, self._zone), start_of(ends + timedelta(days=1), self._zone)
            members = uow.members_ending(wallets, span, mark.after, MEMBERS_A_CHUNK)
            books = Books(uow, self._rules, now)
            for one in uow.ending_points(members, wallets, span):
                data: Mapping[str, Json] = {
                    "wallet": one.wallet,
                    "amount": one.amount,
                    "expires_at": one.at.isoformat(),
                    "days": (ends - today).days,
                }
                books.tell("points_expiring", one.member_id, now, data)
            books.flush()
            more = len(members) == MEMBERS_A_CHUNK
            next_day = CalendarMark(mark.day + timedelta(days=1))
            uow.mark_calendar(kind, CalendarMark(mark.day, members[-1]) if more else next_day)
            return Done(Counter(reminders=len(members)))
        return None
