"""Adding up what a backtest compares: by month, by segment, and by member."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from itertools import accumulate
from typing import TypeVar

from loyalty_core.domain.backtests import Compared, Figures, GrantsCompared
from loyalty_core.domain.clock import add_months, day_of
from loyalty_core.domain.grants import GrantRecord
from loyalty_core.domain.ledger import Transaction, TransactionKind

T = TypeVar("T")
MOST_MEMBERS = 100
"""How many members are named whom it makes the greatest difference to."""

_FIGURES: Mapping[TransactionKind, tuple[str, int]] = {
    TransactionKind.ACCRUAL: ("earned", 1),
    TransactionKind.REVERSAL: ("earned", 1),
    TransactionKind.DONATION: ("earned", 1),
    TransactionKind.REDEMPTION: ("spent", -1),
    TransactionKind.EXPIRY: ("expired", -1),
    TransactionKind.ADJUSTMENT: ("moved", 1),
    TransactionKind.TRANSFER: ("moved", 1),
    TransactionKind.REPAYMENT: ("moved", 1),
}
BEFORE = ""
"""What stands for all months before the backtest begins."""

Sums = Counter[str]
Place = tuple[str, str]
"""What is counted about (a month, a segment, a member), and the wallet or the reward."""


@dataclass(slots=True)
class Side:
    """One side of the comparison: sums by month and by segment, and grants by month."""

    months: dict[Place, Sums] = field(default_factory=dict)
    segments: dict[Place, Sums] = field(default_factory=dict)
    grants: Counter[Place] = field(default_factory=Counter)
    segment_grants: Counter[Place] = field(default_factory=Counter)


class Counting:
    """Adds both sides up, a few members at a time; memory grows with months, not with members."""

    def __init__(self, since: datetime, until: datetime, zone: str) -> None:
        self._since, self._until, self._zone = since, until, zone
        self._was, self._would = Side(), Side()
        self._movers: list[tuple[int, str, Compared]] = []
        self._granted: list[tuple[int, str, GrantsCompared]] = []
        self.gaining = self.losing = 0

    def add(
        self,
        was: Iterable[Transaction],
        would: Iterable[Transaction],
        segments: Mapping[str, Sequence[str]],
    ) -> None:
        """Adds the transactions of members, who are in these segments, as they are and would be."""
        before, after = (
            self._sums(side, made, segments)
            for side, made in ((self._was, was), (self._would, would))
        )
        totals: Counter[str] = Counter()
        for place in before.keys() | after.keys():
            one = _compared(place, before.get(place, Counter()), after.get(place, Counter()))
            if one.differs:
                totals[one.about] += one.would.earned - one.was.earned
                _push(self._movers, (_change(one), f"{one.about} {one.wallet}", one))
        self.gaining += sum(change > 0 for change in totals.values())
        self.losing += sum(change < 0 for change in totals.values())

    def add_grants(
        self,
        was: Iterable[GrantRecord],
        would: Iterable[GrantRecord],
        segments: Mapping[str, Sequence[str]],
    ) -> None:
        """Adds the grants that were made since, and those that would have been."""
        before, after = (
            self._members_grants(side, made, segments)
            for side, made in ((self._was, was), (self._would, would))
        )
        for place in before.keys() | after.keys():
            change = abs(after[place] - before[place])
            if change:
                one = GrantsCompared(*place, before[place], after[place])
                _push(self._granted, (change, f"{one.about} {one.reward}", one))

    def months(self) -> tuple[Compared, ...]:
        """Each wallet month by month, from the first to the last, whatever happened in them."""
        names = list(self._names())
        wallets = sorted({wallet for side in (self._was, self._would) for _, wallet in side.months})
        return tuple(one for wallet in wallets for one in self._monthly(wallet, names))

    def segments(self) -> tuple[Compared, ...]:
        """Each segment and wallet since the beginning of the backtest."""
        was, would = self._was.segments, self._would.segments
        return tuple(
            _compared(place, was.get(place, Counter()), would.get(place, Counter()))
            for place in sorted(was.keys() | would.keys())
        )

    def members(self) -> tuple[Compared, ...]:
        """The members for whom anything differs most, the greatest difference first."""
        return tuple(_largest(self._movers))

    def grants(self) -> tuple[GrantsCompared, ...]:
        """The grants of each reward and month."""
        return _granted(self._was.grants, self._would.grants)

    def segment_grants(self) -> tuple[GrantsCompared, ...]:
        """The grants of each reward and segment since the beginning of the backtest."""
        return _granted(self._was.segment_grants, self._would.segment_grants)

    def member_grants(self) -> tuple[GrantsCompared, ...]:
        """The members whose grants of a reward differ most, the greatest difference first."""
        return tuple(_largest(self._granted))

    def _members_grants(
        self, side: Side, made: Iterable[GrantRecord], segments: Mapping[str, Sequence[str]]
    ) -> Counter[Place]:
        """The grants by member and reward; those by month and segment are added to the side."""
        members: Counter[Place] = Counter()
        for grant in made:
            if grant.created_at < self._since or grant.revoked_at is not None:
                continue
            members[grant.member_id, grant.reward] += 1
            side.grants[self._month(grant.created_at), grant.reward] += 1
            for segment in segments.get(grant.member_id, ()):
                side.segment_grants[segment, grant.reward] += 1
        return members

    def _sums(
        self, side: Side, made: Iterable[Transaction], segments: Mapping[str, Sequence[str]]
    ) -> dict[Place, Sums]:
        """The sums by member and wallet; those by month and segment are added to the side."""
        members: dict[Place, Sums] = {}
        for one in made:
            counted = Counter(owed=one.amount)
            if one.occurred_at >= self._since:
                name, sign = _FIGURES[one.kind]
                counted[name] += sign * one.amount
            month = self._month(one.occurred_at)
            side.months.setdefault((month, one.wallet), Counter()).update(counted)
            members.setdefault((one.member_id, one.wallet), Counter()).update(counted)
            for segment in segments.get(one.member_id, ()):
                side.segments.setdefault((segment, one.wallet), Counter()).update(counted)
        return members

    def _month(self, at: datetime) -> str:
        return BEFORE if at < self._since else day_of(at, self._zone).isoformat()[:7]

    def _names(self) -> Iterator[str]:
        """The months from the first to the last; what is dated later has months of its own."""
        sides = (self._was, self._would)
        last = max(
            [day_of(self._until, self._zone).isoformat()[:7]]
            + [month for side in sides for month, _ in side.months]
        )
        day = day_of(self._since, self._zone).replace(day=1)
        while (name := day.isoformat()[:7]) <= last:
            yield name
            day = add_months(day, 1)

    def _monthly(self, wallet: str, names: Sequence[str]) -> Iterator[Compared]:
        sides = [
            [side.months.get((name, wallet), Counter()) for name in (BEFORE, *names)]
            for side in (self._was, self._would)
        ]
        owed = [list(accumulate(sums["owed"] for sums in side)) for side in sides]
        for place, name in enumerate(names, start=1):
            both = (
                _figures(side[place], there[place]) for side, there in zip(sides, owed, strict=True)
            )
            yield Compared(name, wallet, *both)


def _change(one: Compared) -> int:
    """By how much a wallet differs where it differs most."""
    changes: list[int] = [
        getattr(one.would, each.name) - getattr(one.was, each.name) for each in fields(Figures)
    ]
    return max(map(abs, changes))


def _push(largest: list[tuple[int, str, T]], entry: tuple[int, str, T]) -> None:
    heapq.heappush(largest, entry)
    if len(largest) > MOST_MEMBERS:
        heapq.heappop(largest)


def _largest(entries: list[tuple[int, str, T]]) -> Iterator[T]:
    return (one for _, _, one in sorted(entries, key=lambda item: (-item[0], item[1])))


def _granted(was: Counter[Place], would: Counter[Place]) -> tuple[GrantsCompared, ...]:
    places = sorted(was.keys() | would.keys())
    return tuple(GrantsCompared(*place, was[place], would[place]) for place in places)


def _compared(place: Place, was: Sums, would: Sums) -> Compared:
    return Compared(*place, _figures(was, was["owed"]), _figures(would, would["owed"]))


def _figures(sums: Sums, owed: int) -> Figures:
    return Figures(sums["earned"], sums["spent"], sums["expired"], sums["moved"], owed)
