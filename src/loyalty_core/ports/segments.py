"""What the store does for segments: counts them over all members, and keeps who is in which."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple, Protocol

from loyalty_core.domain.members import MemberId
from loyalty_core.domain.segments import Segment


@dataclass(frozen=True, slots=True, kw_only=True)
class Census:
    """What is to be counted, and as of when.

    ``segments`` are in an order in which each comes after those it is made of. ``starting`` is the
    tier that everybody has on joining, by the id of its scheme and with the scheme's own name.
    ``fingerprint`` says which rules these are.
    """

    segments: Mapping[str, Segment]
    today: date
    now: datetime
    time_zone: str
    currency: str
    starting: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    fingerprint: str = ""


class SegmentChange(NamedTuple):
    """A member who comes into a segment or leaves it, by a count that is not carried out yet."""

    member_id: MemberId
    segment: str
    enters: bool


class Counted(NamedTuple):
    """When segments were counted last, for which day and by which rules."""

    at: datetime
    day: date
    fingerprint: str


class SegmentWork(Protocol):
    """The part of a unit of work that is about segments."""

    def count_segments(self, census: Census, *, again: bool) -> bool:
        """Whether the segments were counted now: what changes waits to be carried out.

        Once for each day and rules, unless ``again`` is said; whoever comes second does nothing.
        """
        ...

    def were_counted(self) -> bool:
        """Whether there were ever segments to count."""
        ...

    def changing(self, limit: int) -> list[MemberId]:
        """Members for whom changes wait, in the order of their ids."""
        ...

    def take_changes(self, members: Iterable[MemberId]) -> list[SegmentChange]:
        """The changes of these members, who are locked; they wait no more."""
        ...

    def write_segments(self, changes: Sequence[SegmentChange], now: datetime) -> None:
        """Puts members into segments, and takes them out."""
        ...

    def forget_segments(self, members: Iterable[MemberId]) -> None:
        """Takes these members out of all segments: they are members no more."""
        ...


class SegmentReader(Protocol):
    """The part of a reader that is about segments."""

    def counted(self) -> Counted | None:
        """When segments were counted last; None before the first time."""
        ...

    def segment_sizes(self) -> tuple[Mapping[str, int], int]:
        """How many members each segment has, and how many could be in one."""
        ...

    def segment_members(self, segment_id: str, after: str | None, limit: int) -> list[MemberId]:
        """Members of a segment after one of them, in the order of their ids."""
        ...
