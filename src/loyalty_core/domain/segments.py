"""Segments: members who have something in common, by what they bought, who they are, or rank."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from loyalty_core.domain.benefits import Benefit
from loyalty_core.domain.members import Member
from loyalty_core.domain.settings import doc

SPEND = "spend"
ORDERS = "orders"
SINCE_ORDER = "days_since_order"
SINCE_JOINING = "days_since_joining"
METRICS = (SPEND, ORDERS, SINCE_ORDER, SINCE_JOINING)
"""What the core counts of a member; the rest is measured by plugins, and named after them."""
AGES = (SINCE_ORDER, SINCE_JOINING)
"""Metrics in days, of which the fewest rank first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Something that must hold of a member. All that is written must; of a list, one is enough.

    ``spend`` is what goods cost after discounts and refunds, in one currency; an order counts in
    ``orders`` until all of it was given back. Days are whole days of the program's calendar.
    """

    metric: str = field(
        default="",
        metadata=doc(
            "spend, orders, days_since_order, days_since_joining, or a plugin's own metric such as "
            "badges.earned."
        ),
    )
    at_least: Decimal | None = field(
        default=None, metadata=doc("The metric is this or more; spend is in major units.")
    )
    more_than: Decimal | None = field(default=None, metadata=doc("The metric is more than this."))
    at_most: Decimal | None = field(default=None, metadata=doc("The metric is this or less."))
    less_than: Decimal | None = field(default=None, metadata=doc("The metric is less than this."))
    top: int | None = field(default=None, metadata=doc("So many members, by the metric the first."))
    top_percent: Decimal | None = field(
        default=None, metadata=doc("The first so many percent of the members that are ranked.")
    )
    after_percent: Decimal | None = field(
        default=None, metadata=doc("Without the first so many percent of them.")
    )
    among: str = field(
        default="",
        metadata=doc("Rank the members of this segment alone; without it, who has any of it."),
    )
    within_days: int | None = field(
        default=None, metadata=doc("Count the last so many days, and today; all if left out.")
    )
    currency: str = field(
        default="", metadata=doc("spend: in which currency; the program's if left out.")
    )
    categories: tuple[str, ...] = field(
        default=(),
        metadata=doc("orders, days_since_order: orders of which goods in one of these were kept."),
    )
    segments: tuple[str, ...] = field(default=(), metadata=doc("In one of these segments."))
    tags: tuple[str, ...] = field(default=(), metadata=doc("With one of these tags of the host."))
    tiers: tuple[str, ...] = field(
        default=(), metadata=doc("In one of these tiers: of any scheme, or scheme/tier.")
    )
    consents: tuple[str, ...] = field(
        default=(), metadata=doc("With a consent to one of these purposes.")
    )
    joined_from: date | None = field(
        default=None, metadata=doc("Joined on this day of the program's calendar, or later.")
    )
    joined_until: date | None = field(
        default=None, metadata=doc("Joined on this day of the program's calendar, or earlier.")
    )
    birthday_months: tuple[int, ...] = field(
        default=(), metadata=doc("Born in one of these months, from 1 to 12.")
    )

    @property
    def ranks(self) -> bool:
        """Whether it is about a place among others."""
        return any(one is not None for one in (self.top, self.top_percent, self.after_percent))

    @property
    def compares(self) -> bool:
        """Whether it says how much of the metric there must be."""
        limits = (self.at_least, self.more_than, self.at_most, self.less_than)
        return any(one is not None for one in limits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A group of members, counted anew each day: who fulfils its conditions, and what they get."""

    name: str = field(default="", metadata=doc("What members call it; its id if left out."))
    visible: bool = field(
        default=True, metadata=doc("Whether members are told of it and of its benefits.")
    )
    all_of: tuple[Condition, ...] = field(default=(), metadata=doc("All of these must hold."))
    any_of: tuple[Condition, ...] = field(default=(), metadata=doc("One of these must hold."))
    none_of: tuple[Condition, ...] = field(default=(), metadata=doc("None of these may hold."))
    benefits: tuple[Benefit, ...] = field(default=(), metadata=doc("What its members have."))

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """All conditions, whichever way they go together."""
        return (*self.all_of, *self.any_of, *self.none_of)

    def uses(self) -> Iterator[str]:
        """The segments that it is made of."""
        for one in self.conditions:
            yield from one.segments
            if one.among:
                yield one.among


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """The days of a campaign; a table that says ``during`` has them as its first and last day."""

    name: str = field(default="", metadata=doc("What people call it."))
    starts_on: date = field(metadata=doc("Its first day, in the program's time zone."))
    ends_on: date = field(metadata=doc("Its last day, in the program's time zone."))


def in_order(segments: Mapping[str, Segment]) -> Sequence[str]:
    """The names of the segments, each after those it is made of; those of a circle are left out."""
    done: dict[str, None] = {}
    while True:
        ready = [
            name
            for name, one in segments.items()
            if name not in done and all(used in done for used in one.uses())
        ]
        if not ready:
            return tuple(done)
        done |= dict.fromkeys(ready)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldSegment:
    """A segment that a member is in, as of the last count, and since when."""

    segment: str
    name: str
    visible: bool
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentCount:
    """How many members a segment has, as of the last count, of how many there are in all."""

    segment: str
    name: str
    visible: bool
    members: int
    of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentReport:
    """All segments with their members; ``counted_at`` is None before the first count."""

    counted_at: datetime | None
    segments: tuple[SegmentCount, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentPage:
    """Members of a segment in the order of their ids, and whether there are ``more``."""

    members: tuple[Member, ...] = ()
    more: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RecountReport:
    """What a count changed: how many members came into each segment, and left it."""

    entered: Mapping[str, int] = field(default_factory=dict)
    left: Mapping[str, int] = field(default_factory=dict)
