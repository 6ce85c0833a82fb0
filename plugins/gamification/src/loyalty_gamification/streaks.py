"""Streaks: how long a member has done something without a gap, day by day or week by week.

A streak is kept as its last unit and its length. Everything else follows from the moment: nothing
has to be run at midnight to end it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfoNotFoundError

from loyalty_core import MemberView, ProgramConfig, day_of, period_start, start_of, zone
from loyalty_gamification.config import StreakRules
from loyalty_gamification.counting import amount_of
from loyalty_gamification.turn import Document, State, Turn, known_of

DAYS = {"day": 1, "week": 7}


@dataclass(frozen=True, slots=True)
class Run:
    """A streak after a fact: ``last`` is the first day of the unit that counted last.

    ``at`` and ``zone`` are when and where that was. ``frozen`` is how many units were forgiven in
    the period that begins on ``frozen_in``.
    """

    length: int
    since: date
    last: date
    at: datetime
    zone: str
    best: int
    frozen_in: date | None = None
    frozen: int = 0


@dataclass(frozen=True, slots=True)
class Streak:
    """One streak as the configuration has it."""

    rules: StreakRules
    program: ProgramConfig

    section = "streaks"

    @property
    def name(self) -> str:
        """The streak's name."""
        return self.rules.streak

    def play(self, turn: Turn) -> None:
        """Counts the fact, and gives what the length it brings the streak to is worth."""
        if not amount_of(self.rules.what, "times", turn.outcome, ""):
            return
        before = load(turn.known(self))
        run = self.after(before, turn.at, self.zone_of(turn.member, turn.data.get("time_zone")))
        turn.keep(self, dump(run))
        turn.reached[self.section, self.name] = run.length
        if before is not None and before.last == run.last:
            return
        for prize in self.rules.prize:
            if run.length == prize.at or (prize.repeat and run.length % prize.at == 0):
                turn.give(prize, f"streak.{self.name}.{prize.at}")

    def show(self, state: State, member: MemberView, at: datetime) -> Document:
        """The length now (0 once it is broken), the best one, and until when it lasts."""
        run = load(known_of(self, state))
        length = self.count(state, at)
        made: dict[str, Any] = {
            "streak": self.name,
            "name": self.rules.name or self.name,
            "unit": self.rules.unit,
            "length": length,
            "best": run.best if run else 0,
            "counted": False,
            "since": None,
            "ends_at": None,
        }
        if run and length:
            made["counted"] = run.last >= self._unit(at, run.zone)
            made["since"] = run.since.isoformat()
            made["ends_at"] = self.ends_at(run, run.zone).isoformat()
        return made

    def count(self, state: State, at: datetime) -> int:
        """How long the streak is at a moment; 0 once it is broken."""
        run = load(known_of(self, state))
        return run.length if run and at < self.ends_at(run, run.zone) else 0

    def united(self, kept: Document, other: Document) -> Document:
        """Two people's streak as one person's: joined where they meet, else the later one."""
        ours, theirs = load(kept), load(other)
        if ours is None or theirs is None:
            return kept or other
        early, late = sorted((ours, theirs), key=lambda run: (run.last, run.length))
        best, length, since = max(early.best, late.best), late.length, late.since
        if late.since <= self._on(early.last, 1):
            added = (late.last - early.last).days // DAYS[self.rules.unit]
            length = max(late.length, early.length + min(added, late.length))
            since = min(early.since, late.since)
        return dump(replace(late, length=length, since=since, best=max(best, length)))

    def zone_of(self, member: MemberView, stated: object = None) -> str:
        """The time zone whose calendar counts."""
        if self.rules.zone == "member":
            for name in (stated, member.profile.time_zone):
                if isinstance(name, str) and name and _is_zone(name):
                    return name
        return self.program.program.time_zone

    def after(self, run: Run | None, at: datetime, zone: str) -> Run:
        """The streak after something that counts, at a moment and in a place."""
        now = self._unit(at, zone)
        month = period_start(now, self.rules.freezes_per)
        if run is None:
            return Run(length=1, since=now, last=now, at=at, zone=zone, best=1)
        if now <= run.last:
            return replace(run, at=at, zone=zone) if now == run.last and zone != run.zone else run
        if at >= self.ends_at(run, zone):
            run = replace(run, length=0, since=now)
        else:
            run = self._frozen(run, at, zone)
        if run.frozen_in != month:
            run = replace(run, frozen_in=None, frozen=0)
        length = run.length + 1
        return replace(run, length=length, last=now, at=at, zone=zone, best=max(run.best, length))

    def ends_at(self, run: Run, zone: str) -> datetime:
        """When the streak is broken, for somebody who is in ``zone``, unless something counts.

        Who travels misses a unit only if they do by the calendar of the place they came from, and
        by that of the place they are in: a flight over the date line skips no day.
        """
        return max(
            start_of(self._on(last, 2 + len(list(self._freezable(run, last)))), name)
            for name, last in self._calendars(run, zone)
        )

    def _calendars(self, run: Run, zone: str) -> list[tuple[str, date]]:
        """The calendars that may count, each with the last unit that counted by it."""
        here = max(run.last, self._unit(run.at, zone))
        return [(run.zone, run.last)] if zone == run.zone else [(zone, here), (run.zone, run.last)]

    def _frozen(self, run: Run, at: datetime, zone: str) -> Run:
        """The streak with what was missed before ``at`` forgiven, as freezes allow."""
        missed = []
        for name, last in self._calendars(run, zone):
            gap = (self._unit(at, name) - last).days // DAYS[self.rules.unit] - 1
            forgiven = list(self._freezable(run, last))
            if gap <= len(forgiven):
                missed.append(forgiven[: max(gap, 0)])
        for unit in min(missed, key=len):
            month = period_start(unit, self.rules.freezes_per)
            run = replace(
                run, frozen_in=month, frozen=run.frozen + 1 if run.frozen_in == month else 1
            )
        return run

    def _freezable(self, run: Run, last: date) -> Iterator[date]:
        """The units right after ``last`` that would be forgiven."""
        unit, counted_in, used = last, run.frozen_in, run.frozen
        while True:
            unit = self._on(unit, 1)
            month = period_start(unit, self.rules.freezes_per)
            if month != counted_in:
                counted_in, used = month, 0
            if used >= self.rules.freezes:
                return
            used += 1
            yield unit

    def _unit(self, at: datetime, zone: str) -> date:
        return period_start(day_of(at, zone), self.rules.unit)

    def _on(self, unit: date, many: int) -> date:
        return unit + timedelta(days=DAYS[self.rules.unit] * many)


def dump(run: Run) -> Document:
    """The document of a streak."""
    made = {
        "length": run.length,
        "since": run.since.isoformat(),
        "last": run.last.isoformat(),
        "at": run.at.astimezone(UTC).isoformat(),
        "zone": run.zone,
        "best": run.best,
    }
    frozen = [run.frozen_in.isoformat(), run.frozen] if run.frozen_in else None
    return {**made, "frozen": frozen} if frozen else made


def load(document: Document) -> Run | None:
    """The streak that a document describes; None if nothing has counted yet."""
    if not document:
        return None
    frozen_in, frozen = document.get("frozen", (None, 0))
    return Run(
        length=document["length"],
        since=date.fromisoformat(document["since"]),
        last=date.fromisoformat(document["last"]),
        at=datetime.fromisoformat(document["at"]),
        zone=document["zone"],
        best=document["best"],
        frozen_in=date.fromisoformat(frozen_in) if frozen_in else None,
        frozen=frozen,
    )


def _is_zone(name: str) -> bool:
    try:
        zone(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
