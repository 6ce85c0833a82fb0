"""Limits on what rules give one member in a period: how much of an award is allowed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from loyalty_points.awards import smallest_units
from loyalty_points.config import Cap, EarnRule, MomentRule, SharedCap
from loyalty_points.memory import Memory, window_of

Rule = EarnRule | MomentRule


def gives_points(rule: Rule) -> bool:
    """Whether limits on points concern the rule: not one that gives a reward alone."""
    return not rule.reward or rule.points is not None


class _Place(NamedTuple):
    """One cap that concerns a rule, and where the memory counts for it."""

    cap: Cap
    table: str
    name: str
    window: str


class Caps:
    """The caps of all rules over what the memory has counted."""

    def __init__(
        self, shared: tuple[SharedCap, ...], scales: Mapping[str, int], memory: Memory
    ) -> None:
        self._shared = shared
        self._scales = scales
        self._memory = memory

    def allowed(self, rule: Rule, amount: int) -> int:
        """How much of ``amount`` the rule may give now: all of it, a part, or nothing.

        Caps that cut do so first; then a cap that refuses looks at what is left of the award.
        Amounts are in the wallet's smallest unit.
        """
        places = list(self._places(rule))
        for over in ("cut", "refuse"):
            for place in places:
                if place.cap.over == over:
                    amount = self._allowed_by(place, rule, amount)
        return amount

    def open(self, rule: Rule) -> bool:
        """Whether the rule may give one award more, which is no points."""
        return self.allowed(rule, 1) > 0

    def count(self, rule: Rule, amount: int) -> None:
        """Counts an award of ``amount`` against every cap that concerns the rule."""
        counted = set()
        for place in self._places(rule):
            key = (place.table, place.name, place.cap.period)
            if key not in counted:
                counted.add(key)
                self._memory.count(*key, place.window, amount)

    def _places(self, rule: Rule) -> Iterator[_Place]:
        day = self._memory.day
        for cap in rule.caps:
            yield _Place(cap, "counts", rule.rule, window_of(cap.period, day, rule.when))
        for shared in self._shared if gives_points(rule) else ():
            covered = rule.rule in shared.rules if shared.rules else True
            if covered and shared.wallet == rule.wallet:
                window = window_of(shared.period, day, None)
                yield _Place(shared, "shared", shared.cap, window)

    def _allowed_by(self, place: _Place, rule: Rule, amount: int) -> int:
        cap = place.cap
        used = self._memory.counter(place.table, place.name, cap.period, place.window)
        if cap.counts == "awards":
            return amount if used.awards < cap.limit else 0
        left = max(smallest_units(cap.limit, self._scales[rule.wallet]) - used.points, 0)
        if amount <= left:
            return amount
        return left if cap.over == "cut" else 0
