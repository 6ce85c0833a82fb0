"""Benefits: what a tier or a membership gives, and how those on prices stack; exact throughout."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from loyalty_core.domain.amounts import Rounding
from loyalty_core.domain.names import Name
from loyalty_core.domain.settings import doc

Stacking = Literal["multiply", "add", "best"]
"""How several reductions of one price go together: one after the other, summed, or the largest."""


class BenefitKind(StrEnum):
    """What a benefit is.

    ``percent_off`` and ``amount_off`` reduce prices, ``free_shipping`` takes shipping off, a
    ``points_multiplier`` multiplies what is earned by amount. ``quota`` is something one may use
    ``count`` times in a period. The rest say something to the shop, in ``value``: ``access`` to
    what others do not get, ``priority`` over them, a ``service`` level, a ``gift``, or ``custom``.
    """

    PERCENT_OFF = "percent_off"
    AMOUNT_OFF = "amount_off"
    FREE_SHIPPING = "free_shipping"
    POINTS_MULTIPLIER = "points_multiplier"
    ACCESS = "access"
    PRIORITY = "priority"
    SERVICE = "service"
    QUOTA = "quota"
    GIFT = "gift"
    CUSTOM = "custom"


@dataclass(frozen=True, slots=True, kw_only=True)
class Benefit:
    """One benefit as a merchant writes it; ``kind`` says which of the values it needs."""

    benefit: Name = field(metadata=doc("Its name, unique in the program."))
    kind: BenefitKind = field(metadata=doc("What it is."))
    text: str = field(default="", metadata=doc("What members read."))
    percent: Decimal | None = field(
        default=None, metadata=doc("percent_off: how much less goods cost, above 0 to 100.")
    )
    amount: Mapping[str, Decimal] = field(
        default_factory=dict,
        metadata=doc("amount_off: how much less the goods cost together, by currency."),
    )
    multiplier: Decimal | None = field(
        default=None, metadata=doc("points_multiplier: 2 earns as many points again.")
    )
    wallet: str = field(default="points", metadata=doc("points_multiplier: of which wallet."))
    value: str = field(
        default="", metadata=doc("What the shop is told, such as a level or a promise.")
    )
    count: int | None = field(default=None, metadata=doc("quota: how often in each period."))
    per: Literal["day", "week", "month", "quarter", "year", "lifetime", "paid_period"] = field(
        default="year",
        metadata=doc(
            "quota: the period of the program's calendar; paid_period, of a membership alone: the "
            "time that one fee pays for."
        ),
    )
    used_by: tuple[str, ...] = field(
        default=(),
        metadata=doc("quota: kinds of activities, and tags of orders, that each use one."),
    )
    minimum: Mapping[str, Decimal] = field(
        default_factory=dict,
        metadata=doc(
            "On carts: goods must cost at least this, by currency; in no other currency then."
        ),
    )
    skus: tuple[str, ...] = field(default=(), metadata=doc("Only lines with one of these SKUs."))
    categories: tuple[str, ...] = field(
        default=(), metadata=doc("Only lines in one of these categories.")
    )
    line_tags: tuple[str, ...] = field(
        default=(), metadata=doc("Only lines with one of these tags.")
    )
    without_categories: tuple[str, ...] = field(
        default=(), metadata=doc("No lines in any of these categories.")
    )
    channels: tuple[str, ...] = field(default=(), metadata=doc("Only carts of these channels."))
    starts_on: date | None = field(default=None, metadata=doc("The first day it can be used."))
    ends_on: date | None = field(default=None, metadata=doc("The last day it can be used."))
    dates: tuple[date, ...] = field(default=(), metadata=doc("The only days it can be used on."))
    for_tags: tuple[str, ...] = field(
        default=(),
        metadata=doc("Only members with one of these tags, or segments, have it; not of a quota."),
    )
    group: str = field(
        default="",
        metadata=doc("percent_off: those of a group first go together as checkout.groups says."),
    )
    visible: bool = field(default=True, metadata=doc("Whether members are told of it."))
    lifetime: bool = field(
        default=False, metadata=doc("Whether it stays for ever with who once had it.")
    )

    def is_for(self, tags: Collection[str]) -> bool:
        """Whether it is for members with these tags."""
        return not self.for_tags or not set(self.for_tags).isdisjoint(tags)

    def in_force(self, day: date) -> bool:
        """Whether it can be used on a day of the program's calendar."""
        return (
            (self.starts_on is None or day >= self.starts_on)
            and (self.ends_on is None or day <= self.ends_on)
            and (not self.dates or day in self.dates)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantedBenefit:
    """A benefit that a member has now: who gives it and why, until when, and what is left of it.

    ``source`` is the id of what gives it, such as ``tiers.status``. ``until`` is None where no end
    is known; ``left`` is what is left of a quota in this period, None for other kinds.
    """

    benefit: Benefit
    source: str
    why: str
    until: datetime | None = None
    left: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """How benefits on prices go together; the rest of a checkout is the shop's."""

    stacking: Stacking = field(
        default="multiply",
        metadata=doc(
            "Several reductions of one price: one after the other (multiply), summed (add), or "
            "only the largest (best)."
        ),
    )
    groups: Mapping[str, Stacking] = field(
        default_factory=dict,
        metadata=doc("How the benefits of a group go together before that; best if not named."),
    )
    rounding: Rounding = field(
        default=Rounding.HALF_UP,
        metadata=doc("How a part of a cent is rounded, of the discount of the whole cart."),
    )


def points_multiplier(granted: Iterable[GrantedBenefit], wallet: str, day: date) -> Decimal:
    """What points earned by amount in a wallet are multiplied by: the largest in force, at least 1.

    Multipliers of several benefits never multiply each other.
    """
    found = [
        one.benefit.multiplier
        for one in granted
        if one.benefit.kind is BenefitKind.POINTS_MULTIPLIER
        and one.benefit.wallet == wallet
        and one.benefit.multiplier is not None
        and one.benefit.in_force(day)
    ]
    return max([Decimal(1), *found])
