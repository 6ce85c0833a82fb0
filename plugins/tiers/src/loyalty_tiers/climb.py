"""One member's way on one ladder: what facts and time do to it, one moment after the other.

What is kept is small: sums by period (by day in a rolling window), the tier held and since when,
and what is known to happen later. Everything else, the tier at any later moment first of all,
follows from it: ``walk`` does what time brings, and nothing has to be run at midnight.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import NamedTuple

from loyalty_core import TierChange, day_of, start_of
from loyalty_tiers.ladder import NONE, Ladder
from loyalty_tiers.periods import ALWAYS, Calendar, Period

HISTORY = 20
"""How many changes of tier are remembered."""


class Due(NamedTuple):
    """What a refund takes from a sum at its moment, known when its order is decided."""

    at: datetime
    metric: str
    bucket: date
    amount: int


class Step(NamedTuple):
    """What happens next by time alone; at one moment in the order of ``rank``."""

    at: datetime
    rank: int
    act: Callable[[], str]


class Fixed(NamedTuple):
    """A tier set by hand, and until when."""

    tier: str
    until: datetime | None


@dataclass(slots=True)
class Climb:
    """Where a member is on a ladder, and all that is needed to say where they will be.

    ``period`` is in which the tier held has to be kept; in a grace ``judged`` is the one that ended
    and by when it is judged. ``carried`` is what was held when the period began. ``won`` are all
    tiers ever reached, ``rewarded`` those whose entry was rewarded, ``reached`` those reached since
    it was loaded. ``terms`` is the day up to which changes of terms are dealt with.
    """

    ladder: Ladder
    calendar: Calendar
    held: str
    carried: str
    since: datetime
    period: Period
    terms: date
    judged: Period | None = None
    sums: dict[str, dict[date, int]] = field(default_factory=dict)
    due: list[Due] = field(default_factory=list)
    fixed: Fixed | None = None
    invited: list[str] = field(default_factory=list)
    won: list[str] = field(default_factory=list)
    rewarded: list[str] = field(default_factory=list)
    reached: list[str] = field(default_factory=list)
    history: list[TierChange] = field(default_factory=list)

    @classmethod
    def fresh(cls, ladder: Ladder, calendar: Calendar, at: datetime) -> Climb:
        """The way of somebody who has just joined."""
        day, start = day_of(at, ladder.zone), ladder.start
        return cls(
            ladder,
            calendar,
            held=start,
            carried=start,
            since=at,
            period=calendar.around(day),
            terms=day,
            won=[start] if start else [],
            reached=[start] if start else [],
        )

    @property
    def shown(self) -> str:
        """The tier that counts: what was set by hand, else what is held."""
        fixed = self.fixed.tier if self.fixed else self.held
        return fixed if self.ladder.rank(fixed) >= 0 else NONE

    @property
    def floor(self) -> int:
        """The rank below which the member never falls."""
        tiers = [rule for rule in self.ladder.rules.tier if rule.lifetime and rule.tier in self.won]
        return max(self.ladder.rank(name) for name in [self.ladder.start, *(t.tier for t in tiers)])

    @property
    def safe(self) -> bool:
        """Whether the tier held cannot be lost by time."""
        lasting = self.period.end is None or self.ladder.rules.downgrade == "none"
        return lasting or self.ladder.rank(self.held) <= self.floor

    # -- facts ------------------------------------------------------------------------------------

    def add(self, metric: str, at: datetime, amount: int) -> None:
        """Counts an amount on its day."""
        bucket = self.calendar.bucket(day_of(at, self.ladder.zone))
        sums = self.sums.setdefault(metric, {})
        sums[bucket] = sums.get(bucket, 0) + amount
        self._prune(day_of(at, self.ladder.zone))

    def take_later(self, metric: str, added: datetime, at: datetime, amount: int) -> None:
        """Takes from what was added then, at a later moment: a refund of which is known already."""
        bucket = self.calendar.bucket(day_of(added, self.ladder.zone))
        self.due.append(Due(at, metric, bucket, amount))
        self.due.sort()

    def fix(self, fixed: Fixed | None, at: datetime) -> None:
        """Sets a tier by hand, or no more."""
        before = self.shown
        self.fixed = fixed
        self._note(at, before, "set" if fixed else "cleared")

    def reach(self, at: datetime, why: str = "reached") -> None:
        """Lets the member climb to the highest tier that what counts now is enough for."""
        before = self.shown
        self._rise(at)
        self._note(at, before, why)

    def _rise(self, at: datetime) -> None:
        day = day_of(at, self.ladder.zone)
        best = self._best(day)
        if best <= self.ladder.rank(self.held):
            return
        self.held, self.since, self.judged = self.ladder.at(best), at, None
        self.period = self.calendar.entered(day, self.period)
        self.reached.append(self.held)
        if self.held not in self.won:
            self.won.append(self.held)

    def _best(self, day: date) -> int:
        tiers = self.ladder.rules.tier

        def sums(metric: str) -> int:
            return self.sum_in(metric, self.calendar.counted(day))

        return self.ladder.highest(
            len(tiers), lambda rule: self.ladder.reaches(rule, day, sums), self.invited
        )

    def sum_in(self, metric: str, period: Period) -> int:
        """How much of a metric was counted in a period."""
        return sum(
            amount
            for day, amount in self.sums.get(metric, {}).items()
            if period.first <= day and (period.end is None or day < period.end)
        )

    # -- time -------------------------------------------------------------------------------------

    def walk(self, to: datetime) -> None:
        """Does what time has brought up to a moment, in its order."""
        while (step := self.next_step()) is not None and step.at <= to:
            before = self.shown
            self._note(step.at, before, step.act())

    def next_step(self) -> Step | None:
        """What happens next by time alone."""
        steps = []
        if self.due:
            steps.append(Step(self.due[0].at, 0, self._take))
        if self.judged and self.judged.end:
            steps.append(Step(self._start(self.judged.end), 1, self._judge))
        if self.period.end:
            steps.append(Step(self._start(self.period.end), 2, self._end_period))
        if self.fixed and self.fixed.until:
            steps.append(Step(self.fixed.until, 3, self._unfix))
        later = [day for day in self.ladder.revisions if day > self.terms]
        if later:
            steps.append(Step(self._start(later[0]), 4, self._revise))
        return min(steps, key=lambda step: (step.at, step.rank), default=None)

    def next_change(self) -> datetime | None:
        """The next moment at which time alone may change anything about the tier."""
        after = replace(self, due=list(self.due))
        step = after.next_step()
        if step is not None and step.rank == 2 and self.safe:
            after.period = Period(self.period.first)
            step = after.next_step()
        return step.at if step else None

    def _start(self, day: date) -> datetime:
        return start_of(day, self.ladder.zone)

    def _take(self) -> str:
        due = self.due.pop(0)
        sums = self.sums.get(due.metric, {})
        if due.bucket in sums:
            sums[due.bucket] -= due.amount
        if self.ladder.rules.refunds == "recount":
            best = self._best(day_of(due.at, self.ladder.zone))
            self._fall_to(max(best, self.ladder.rank(self.carried)), due.at)
        return "refund"

    def _end_period(self) -> str:
        ended = self.period
        assert ended.end is not None
        at, days = self._start(ended.end), self.ladder.rules.grace_days
        self.period = self.calendar.after(ended)
        if not self.keeps(ended):
            if days:
                self.judged = Period(ended.first, ended.end + timedelta(days=days))
            else:
                self._fall(ended, at)
        self.carried = self.held
        self._prune(ended.end)
        return "period ended"

    def _judge(self) -> str:
        ended, self.judged = self.judged, None
        assert ended is not None
        assert ended.end is not None
        if not self.keeps(ended):
            self._fall(ended, self._start(ended.end))
        self.carried = self.held
        return "grace ended"

    def _unfix(self) -> str:
        self.fixed = None
        return "set ended"

    def _revise(self) -> str:
        day = next(day for day in self.ladder.revisions if day > self.terms)
        self.terms = day
        self._rise(self._start(day))
        return "terms changed"

    def keeps(self, period: Period) -> bool:
        """Whether the tier held was kept in a period."""
        rule = self.ladder.rule(self.held)
        return rule is None or self.safe or self._kept_in(rule.tier, period)

    def _kept_in(self, tier: str, period: Period) -> bool:
        rule = self.ladder.rule(tier)
        last = (period.end or date.max) - timedelta(days=1)
        return rule is not None and self.ladder.keeps(
            rule, last, lambda metric: self.sum_in(metric, period)
        )

    def _fall(self, period: Period, at: datetime) -> None:
        """Falls as the scheme says, for a period in which the tier was not kept."""
        rank = self.ladder.rank(self.held)
        worth = self.ladder.highest(
            rank, lambda rule: self._kept_in(rule.tier, period), self.invited
        )
        if self.ladder.rules.downgrade == "one":
            worth = max(worth, self.ladder.highest(rank, lambda rule: True, self.invited))
        self._fall_to(worth, at)

    def _fall_to(self, rank: int, at: datetime) -> None:
        rank = max(rank, self.floor)
        if rank >= self.ladder.rank(self.held):
            return
        self.held, self.since = self.ladder.at(rank), at
        if self.ladder.rules.window == "rolling" and rank <= self.floor:
            self.period = Period(ALWAYS)

    def _prune(self, day: date) -> None:
        """Forgets sums that can count no more."""
        oldest = self.calendar.oldest(day, self.judged or self.period)
        for metric, sums in self.sums.items():
            if min(sums, default=oldest) < oldest:
                self.sums[metric] = {on: amount for on, amount in sums.items() if on >= oldest}

    def _note(self, at: datetime, before: str, why: str) -> None:
        if self.shown != before:
            if self.fixed is None:
                self.since = at
            self.history = [*self.history, TierChange(at=at, tier=self.shown or None, why=why)]
            self.history = self.history[-HISTORY:]
