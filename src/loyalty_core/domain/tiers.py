"""Tiers: the rungs of a scheme, where a member stands on it, and how far the next one is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from loyalty_core.domain.amounts import format_scaled
from loyalty_core.domain.effects import Credit
from loyalty_core.domain.facts import Decidable


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """One rung of a scheme; ``rank`` is 0 for the lowest. Members do not see hidden ones."""

    tier: str
    name: str
    rank: int
    visible: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a member is in one metric: ``have`` of ``need``, both in ``unit``'s smallest.

    ``unit`` is a currency, the unit of a wallet, or the metric itself; ``scale`` its decimal
    digits. With ``more_than`` exactly ``need`` is not enough.
    """

    metric: str
    unit: str
    scale: int
    have: int
    need: int
    more_than: bool = False

    @property
    def missing(self) -> int:
        """What is missing, in the smallest unit; 0 when it is reached."""
        return max(self.need + self.more_than - self.have, 0)

    def __str__(self) -> str:
        """What is missing, for a person.

        >>> str(Progress(metric="spend", unit="USD", scale=2, have=10000, need=25000))
        '150.00 USD'
        """
        return f"{format_scaled(self.missing, self.scale)} {self.unit}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What reaching or keeping a tier takes: ``any_of`` these, and ``all_of`` those.

    ``by`` is the moment until which it counts, None where there is no end.
    """

    tier: Tier
    any_of: tuple[Progress, ...] = ()
    all_of: tuple[Progress, ...] = ()
    by: datetime | None = None

    @property
    def reached(self) -> bool:
        """Whether nothing is missing any more."""
        anyhow = not self.any_of or any(not one.missing for one in self.any_of)
        return anyhow and all(not one.missing for one in self.all_of)


@dataclass(frozen=True, slots=True, kw_only=True)
class TierChange:
    """A member came to a tier (None: to none) at a moment, and why, in one word."""

    at: datetime
    tier: str | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a member stands in a scheme at a moment.

    ``until`` is when the tier may end by time alone, None if it does not. ``stay`` is what keeps
    it, ``next`` what reaches the next tier that one can work for. ``changes_at`` is the next moment
    at which time alone may change anything. ``history`` has the latest changes, oldest first.
    """

    scheme: str
    tier: Tier | None
    since: datetime | None = None
    until: datetime | None = None
    grace: bool = False
    stay: Goal | None = None
    next: Goal | None = None
    changes_at: datetime | None = None
    history: tuple[TierChange, ...] = ()

    @property
    def held(self) -> str:
        """The tier's id, empty for none."""
        return self.tier.tier if self.tier else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """What refunds had left of an order by a moment: value in minor units, points by wallet.

    ``gone`` are the ids of the lines that were given back entirely.
    """

    at: datetime
    value: int
    points: Mapping[str, int] = field(default_factory=dict)
    whole: bool = False
    gone: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a fact came to, for programs that follow it.

    ``credits`` is what all programs gave for it, before any refund, and ``measures`` what they
    measured, summed by metric. ``value`` is what the goods of an order cost after discounts, in
    minor units. ``returned`` tells its refunds known so far, oldest first, each with what is left
    after it; they happen at their own moments, which are never before the order's.
    """

    fact: Decidable
    credits: tuple[Credit, ...] = ()
    measures: Mapping[str, int] = field(default_factory=dict)
    value: int = 0
    returned: tuple[Returned, ...] = ()
