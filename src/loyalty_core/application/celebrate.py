"""Days of members that come every year become activities, once a year each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta

from loyalty_core.application.expire import Done
from loyalty_core.application.own_facts import record_own
from loyalty_core.application.rules import Rules, RulesAt
from loyalty_core.domain.calendars import YearlyKind
from loyalty_core.domain.clock import day_of, start_of
from loyalty_core.domain.facts import CAUSED, Activity, FactKey
from loyalty_core.domain.members import MemberId
from loyalty_core.ports.calendar import CalendarMark
from loyalty_core.ports.store import UnitOfWork

SOURCE = f"{CAUSED}calendar"
MEMBERS_A_CHUNK = 500
MISSED = timedelta(days=31)
"""How long ago a day may be that the jobs missed: later nobody would call it a birthday."""
SOONEST = timedelta(days=183)
"""How long after a birthday the next one may be: a date that was changed does not pay twice."""


class Celebrating:
    """Records the days of the members under the current rules."""

    def __init__(self, rules: Rules, rules_at: RulesAt) -> None:
        self._rules = rules
        self._rules_at = rules_at
        self._zone = rules.config.program.time_zone

    def celebrate(self, uow: UnitOfWork, *, now: datetime) -> Done | None:
        """A chunk of one day's members; None once all is done up to today."""
        today = day_of(now, self._zone)
        for kind in self._rules.config.calendar.kinds:
            mark = uow.lock_calendar(kind, today)
            if mark.day > today:
                continue
            if mark.day < today - MISSED:
                mark = CalendarMark(today - MISSED)
            found = list(self._found(uow, kind, mark))
            recorded = self._record(uow, kind, mark.day, found, now)
            more = len(found) == MEMBERS_A_CHUNK
            next_day = CalendarMark(mark.day + timedelta(days=1))
            uow.mark_calendar(kind, CalendarMark(mark.day, found[-1][0]) if more else next_day)
            return Done(Counter(calendar_facts=recorded))
        return None

    def _found(
        self, uow: UnitOfWork, kind: YearlyKind, mark: CalendarMark
    ) -> Iterator[tuple[MemberId, int]]:
        """The next members whose day it is, with the year since joining, or that of the day."""
        calendar, day = self._rules.config.calendar, mark.day
        if kind is YearlyKind.BIRTHDAY:
            days = [f"{month:02}-{number:02}" for month, number in calendar.days(day)]
            for member in uow.born_on(days, mark.after, MEMBERS_A_CHUNK):
                yield member, day.year
            return
        first = uow.first_joined()
        joined = calendar.joined_on(day, day_of(first, self._zone)) if first else ()
        spans = [self._span(one) for one in joined]
        for member, at in uow.joined_between(spans, mark.after, MEMBERS_A_CHUNK) if spans else ():
            yield member, day.year - day_of(at, self._zone).year

    def _span(self, day: date) -> tuple[datetime, datetime]:
        return start_of(day, self._zone), start_of(day + timedelta(days=1), self._zone)

    def _record(
        self,
        uow: UnitOfWork,
        kind: YearlyKind,
        day: date,
        found: Iterable[tuple[MemberId, int]],
        now: datetime,
    ) -> int:
        at = start_of(day, self._zone)
        wanted = dict(found)
        if kind is YearlyKind.BIRTHDAY:
            last = {_key(kind, member, day.year - 1): member for member in wanted}
            for key, record in uow.known(last)[0].items():
                if record.occurred_at > at - SOONEST:
                    del wanted[last[key]]
        name = "year" if kind is YearlyKind.BIRTHDAY else "years"
        given = [
            (
                member,
                Activity(
                    source=SOURCE,
                    id=_key(kind, member, day.year).id,
                    kind=kind.value,
                    occurred_at=at,
                    data={name: number},
                ),
            )
            for member, number in wanted.items()
        ]
        return record_own(uow, self._rules, self._rules_at, given, now)


def _key(kind: YearlyKind, member: MemberId, year: int) -> FactKey:
    return FactKey(SOURCE, "activity", f"{kind}:{member}:{year}")
