"""A clock that stands still until it is told to move."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta


class FrozenClock:
    """A ``Clock`` that shows what it was set to; safe to share between threads.

    >>> clock = FrozenClock(datetime(2026, 6, 1, tzinfo=UTC))
    >>> clock.advance(days=2).isoformat()
    '2026-06-03T00:00:00+00:00'
    >>> clock() == datetime(2026, 6, 3, tzinfo=UTC)
    True
    """

    def __init__(self, now: datetime) -> None:
        self._lock = threading.Lock()
        self._now = _utc(now)

    def __call__(self) -> datetime:
        """The moment the clock shows."""
        return self._now

    def set(self, now: datetime) -> datetime:
        """The moment given, which the clock shows from now on; it may go back as well."""
        with self._lock:
            self._now = _utc(now)
            return self._now

    def advance(
        self, *, days: int = 0, hours: int = 0, minutes: int = 0, seconds: int = 0
    ) -> datetime:
        """The moment the clock shows after moving on by so much."""
        with self._lock:
            self._now += timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
            return self._now


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no time zone")
    return moment.astimezone(UTC)
