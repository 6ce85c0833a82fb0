"""What a backtest finds: what would have been, beside what was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Figures:
    """What became of the points of a wallet in a span of time, in its smallest unit.

    ``earned`` after refunds, ``spent`` after what was given back, ``moved`` by adjustments,
    transfers and merges. ``owed`` is what members hold at the end of the span, their debt taken
    off.
    """

    earned: int = 0
    spent: int = 0
    expired: int = 0
    moved: int = 0
    owed: int = 0


@dataclass(frozen=True, slots=True)
class Compared:
    """The figures of one wallet ``about`` something: a month (2026-01), a segment, a member."""

    about: str
    wallet: str
    was: Figures
    would: Figures

    @property
    def differs(self) -> bool:
        """Whether the other configuration makes any difference here."""
        return self.was != self.would


@dataclass(frozen=True, slots=True)
class GrantsCompared:
    """How many grants of a reward were made and not revoked, ``about`` a month, segment, member."""

    about: str
    reward: str
    was: int
    would: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Impossible:
    """Something that was done, and could not have been under the other configuration.

    ``what`` is the kind of transaction it came to; ``points`` are in the smallest unit.
    """

    what: str
    member_id: str
    wallet: str
    points: int
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest:
    """The books as they would be under another configuration since a moment, beside the books.

    ``months`` go from that of ``since`` to that of ``until``, when the books were read.
    ``segments`` are of all members in each today. Of those in ``uncounted``, which the books do not
    have, or not with this definition, they are of all who would be in it today; facts were decided
    on whom the books had in it then, which of a new one is nobody. ``members`` are the 100 for whom
    anything of a wallet differs most. ``grants`` are by month, ``segment_grants`` and
    ``member_grants`` as those. ``impossible`` are the first 1,000 of ``impossible_count``.

    Of ``members_total`` members, ``replayed`` are those whom it may make a difference to:
    ``gaining`` of them earn more, ``losing`` less. ``erased`` people are as they were. ``failed``
    counts the facts on which each plugin failed.
    """

    since: datetime
    until: datetime
    months: tuple[Compared, ...]
    segments: tuple[Compared, ...]
    members: tuple[Compared, ...]
    grants: tuple[GrantsCompared, ...]
    segment_grants: tuple[GrantsCompared, ...] = ()
    member_grants: tuple[GrantsCompared, ...] = ()
    impossible: tuple[Impossible, ...] = ()
    impossible_count: int = 0
    members_total: int = 0
    replayed: int = 0
    gaining: int = 0
    losing: int = 0
    erased: int = 0
    failed: Mapping[str, int] = field(default_factory=dict)
    uncounted: tuple[str, ...] = ()

    @property
    def differs(self) -> bool:
        """Whether the other configuration makes any difference at all."""
        grants = any(one.was != one.would for one in self.grants)
        every = (*self.months, *self.segments, *self.members)
        return grants or bool(self.impossible_count) or any(one.differs for one in every)
