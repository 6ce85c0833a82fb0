"""Who is in which segment: counted over all members, and asked for."""

from __future__ import annotations

from collections.abc import Callable

from loyalty_core.application.segments import Segmenting
from loyalty_core.domain.segments import RecountReport, SegmentPage, SegmentReport


class SegmentMethods:
    """Who is in which segment: counted over all members, and asked for."""

    _segmenting: Segmenting

    def segments(self) -> SegmentReport:
        """Every segment of the program with how many members it has, as of the last count."""
        return self._segmenting.report()

    def segment_members(
        self, segment: str, *, first: int = 100, after: str | None = None
    ) -> SegmentPage:
        """Up to ``first`` (at most 1,000) members of a segment, after the one with id ``after``.

        In the order of their ids, as of the last count. Raises ``SegmentUnknown``, ``FactError``.
        """
        return self._segmenting.members(segment, first, after)

    def recount_segments(self, *, progress: Callable[[int], None] | None = None) -> RecountReport:
        """What a count of all segments changed; ``tick`` does it once a day of the program.

        The database counts over all members at once. Only what differs is written, in chunks, and
        told by the event ``segment_changed``. ``progress`` gets the number of changes so far.
        """
        return self._segmenting.recount(progress)
