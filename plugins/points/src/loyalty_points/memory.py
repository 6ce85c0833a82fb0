"""What the plugin remembers of a member: counts of the current periods, in a small JSON document.

The document is ``{"counts": {rule: {period: {"since", "points", "awards"}}}, "shared": the same by
cap, "seen": {rule: {"since", "values"}}, "progress": {rule: {"since", "count"}}}``. Facts are
decided in the order of time, so a period that has passed is never asked for again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import get_args

from loyalty_core import Json, Period, Scalar, period_start
from loyalty_points.config import Span, When

CALENDAR: tuple[Period, ...] = get_args(Period)
COUNTED = ("counts", "shared")
Table = dict[str, Json]


@dataclass(frozen=True, slots=True)
class Counter:
    """How much was given in one window: points in smallest units, and awards."""

    points: int = 0
    awards: int = 0


def window_of(span: Span, day: date, when: When | None) -> str:
    """What tells the window that ``day`` lies in from every other window of the same span."""
    if span == "lifetime":
        return ""
    if span == "campaign":
        bounds = (when.starts_on or when.starts_at, when.ends_on or when.ends_at) if when else ()
        return next((bound.isoformat() for bound in bounds if bound), "")
    return period_start(day, span).isoformat()


class Memory:
    """A working copy of the member's document; the one it was made from is left as it is."""

    def __init__(self, state: Mapping[str, Json], day: date) -> None:
        self.day = day
        self.changed = False
        self._document: Table = dict(state)

    def counter(self, table: str, name: str, span: Span, window: str) -> Counter:
        """What was given so far under ``name`` (a rule in counts, a cap in shared)."""
        found = _at(self._document, table, name, span)
        if found.get("since") != window:
            return Counter()
        return Counter(_number(found, "points"), _number(found, "awards"))

    def count(self, table: str, name: str, span: Span, window: str, points: int) -> None:
        """Adds one award of ``points``."""
        before = self.counter(table, name, span, window)
        self._put(
            (table, name, span),
            {"since": window, "points": before.points + points, "awards": before.awards + 1},
        )

    def has_seen(self, rule: str, window: str, values: Sequence[Scalar]) -> bool:
        """Whether these values of an activity's data have counted in the window."""
        return _digest(values) in self._seen(rule, window)

    def see(self, rule: str, window: str, values: Sequence[Scalar]) -> None:
        """Remembers that these values have counted."""
        seen: list[Json] = [*self._seen(rule, window), _digest(values)]
        self._put(("seen", rule), {"since": window, "values": seen})

    def progress(self, rule: str, window: str) -> int:
        """How many activities have counted towards the rule's next award."""
        found = _at(self._document, "progress", rule)
        return _number(found, "count") if found.get("since") == window else 0

    def advance(self, rule: str, window: str, count: int) -> None:
        """Remembers how many activities have counted."""
        self._put(("progress", rule), {"since": window, "count": count})

    def document(self) -> Mapping[str, Json]:
        """The whole new document, without what belongs to days, weeks or years gone by."""
        kept: Table = {}
        for table, content in self._document.items():
            assert isinstance(content, dict)
            current = self._current(content) if table in COUNTED else content
            if current:
                kept[table] = current
        return kept

    def _current(self, names: Table) -> Table:
        kept: Table = {}
        for name, spans in names.items():
            assert isinstance(spans, dict)
            current = {
                span: counter for span, counter in spans.items() if not self._is_past(span, counter)
            }
            if current:
                kept[name] = current
        return kept

    def _is_past(self, span: str, counter: Json) -> bool:
        assert isinstance(counter, dict)
        starts = {period: period_start(self.day, period).isoformat() for period in CALENDAR}
        return span in starts and counter["since"] != starts[span]

    def _seen(self, rule: str, window: str) -> list[Json]:
        found = _at(self._document, "seen", rule)
        values = found.get("values") if found.get("since") == window else None
        return values if isinstance(values, list) else []

    def _put(self, path: tuple[str, ...], value: Table) -> None:
        table = self._document
        for name in path[:-1]:
            inner = table.get(name, {})
            assert isinstance(inner, dict)
            copied = dict(inner)  # what the view holds is left alone
            table[name] = copied
            table = copied
        table[path[-1]] = value
        self.changed = True


def _at(document: Table, *path: str) -> Table:
    """The table at the path, or an empty one that is not kept."""
    for name in path:
        inner = document.get(name, {})
        assert isinstance(inner, dict)
        document = inner
    return document


def _number(table: Table, key: str) -> int:
    value = table[key]
    assert isinstance(value, int)
    return value


def _digest(values: Sequence[Scalar]) -> str:
    """A short name for the values: the document stays small and holds nothing of a person."""
    text = json.dumps(list(values), ensure_ascii=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def united(
    kept: Mapping[str, Json], other: Mapping[str, Json], needs: Mapping[str, int]
) -> Mapping[str, Json]:
    """Two people's documents as one person's: all that counted for either has counted.

    ``needs`` says how many activities each rule asks for. Where two windows differ the later one
    counts; a progress never reaches an award by being added up.
    """
    made: Table = {}
    for table in sorted({*kept, *other}):
        mine, theirs = _at(dict(kept), table), _at(dict(other), table)
        union: Table = {}
        for name in sorted({*mine, *theirs}):
            pair = _at(mine, name), _at(theirs, name)
            if table in COUNTED:
                spans = sorted({*pair[0], *pair[1]})
                union[name] = {s: _joined(_at(pair[0], s), _at(pair[1], s), None) for s in spans}
            else:
                union[name] = _joined(*pair, needs.get(name))
        made[table] = union
    return made


def _joined(one: Table, other: Table, needs: int | None) -> Table:
    """Two windows as one: the later of them, or their sums and unions if they are the same."""
    if not one or not other or one["since"] != other["since"]:
        return max(one, other, key=lambda window: str(window.get("since", "")) if window else "")
    made: Table = {"since": one["since"]}
    for key in sorted({*one, *other} - {"since"}):
        mine, theirs = one[key], other[key]
        if isinstance(mine, list) and isinstance(theirs, list):
            made[key] = [*mine, *(value for value in theirs if value not in mine)]
        elif key == "count":
            done = _number(one, key), _number(other, key)
            most = max(done)
            made[key] = most if needs is None or most >= needs else min(sum(done), needs - 1)
        else:
            made[key] = _number(one, key) + _number(other, key)
    return made
