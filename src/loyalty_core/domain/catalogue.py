"""The catalogue of rewards: what ``[rewards.*]`` of a configuration says, and what each costs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum

from loyalty_core.domain.clock import Period
from loyalty_core.domain.settings import doc

LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Digits and capitals that are not mistaken for each other."""


class RewardType(StrEnum):
    """What kind of thing a reward is.

    ``discount``: money off an order, ``amount`` or ``percent``. ``product``: something free.
    ``free_shipping``. ``gift_card``: store credit of an amount. ``experience``: a class, a trip.
    ``digital``: a download or a subscription. ``donation``: money given to somebody else; its
    grant is used as it is issued. ``sweepstake``: an entry in a draw. ``custom``: anything else.
    """

    DISCOUNT = "discount"
    PRODUCT = "product"
    FREE_SHIPPING = "free_shipping"
    GIFT_CARD = "gift_card"
    EXPERIENCE = "experience"
    DIGITAL = "digital"
    DONATION = "donation"
    SWEEPSTAKE = "sweepstake"
    CUSTOM = "custom"


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """Another price, for some members or some days.

    It is for those with one of the tags or in one of the tiers, or for all if it names none.
    """

    points: int = field(metadata=doc("The price for them, in whole points."))
    tags: tuple[str, ...] = field(
        default=(), metadata=doc("Tags of members, or segments, that it is for.")
    )
    tiers: tuple[str, ...] = field(default=(), metadata=doc("Tiers it is for, of any scheme."))
    starts_on: date | None = field(default=None, metadata=doc("The first day it holds."))
    ends_on: date | None = field(default=None, metadata=doc("The last day it holds."))

    def holds(self, tags: tuple[str, ...], tiers: Mapping[str, str], day: date | None) -> bool:
        """Whether it is the price of a member with these tags and tiers on a day."""
        for_all = not self.tags and not self.tiers
        return (
            (for_all or among(self.tags, self.tiers, tags, tiers))
            and (self.starts_on is None or (day is not None and day >= self.starts_on))
            and (self.ends_on is None or (day is not None and day <= self.ends_on))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A price that slides: ``points`` for each ``amount`` of money that the reward is to be worth.

    What is charged is the fewest points that pay the worth, in whole steps where there are any.
    """

    points: int = field(metadata=doc("How many whole points."))
    amount: str = field(metadata=doc("What they buy, in major units of the program's currency."))
    smallest: int = field(default=1, metadata=doc("The fewest whole points to spend at once."))
    largest: int | None = field(
        default=None, metadata=doc("The most whole points to spend at once.")
    )
    step: int | None = field(
        default=None, metadata=doc("Points are spent in multiples of so many whole ones.")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """How often one member may buy a reward: in each period of the calendar, or ever."""

    limit: int = field(metadata=doc("How often."))
    period: Period | None = field(
        default=None, metadata=doc("In each of which, by the program's time zone; ever if not.")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeRules:
    """Where the codes of a reward come from: a pool that is imported, or drawn at random."""

    pool: str = field(
        default="", metadata=doc("The pool they are taken from; drawn at random if left out.")
    )
    prefix: str = field(default="", metadata=doc("What drawn codes begin with."))
    length: int = field(default=12, metadata=doc("How many letters are drawn."))
    alphabet: str = field(default=LETTERS, metadata=doc("What they are drawn from."))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reward:
    """Something that points buy, or that a rule grants; what a member owns of it is a grant.

    It is bought for ``points`` or at a sliding ``rate``; without either it can only be granted.
    Money is in the program's currency.
    """

    kind: RewardType = field(metadata=doc("What kind of thing it is."))
    name: str = field(default="", metadata=doc("What members call it; its id if left out."))
    wallet: str = field(
        default="", metadata=doc("The wallet it is bought from; may be left out if there is one.")
    )
    points: int | None = field(default=None, metadata=doc("Its price, in whole points."))
    prices: tuple[Price, ...] = field(
        default=(),
        metadata=doc("Other prices for some members or days; the lowest that applies counts."),
    )
    rate: Rate | None = field(default=None, metadata=doc("A price by what it is to be worth."))
    amount: str = field(default="", metadata=doc("What it is worth, or takes off, in major units."))
    percent: Decimal | None = field(
        default=None, metadata=doc("What a discount takes off an order, in percent.")
    )
    product: str = field(default="", metadata=doc("What is given, such as a stock number."))
    min_order: str = field(
        default="", metadata=doc("What an order must come to for it to be used, in major units.")
    )
    stock: int | None = field(
        default=None, metadata=doc("How many can be bought by everybody together.")
    )
    per_member: Limit | None = field(default=None, metadata=doc("How often one member may buy it."))
    starts_on: date | None = field(default=None, metadata=doc("The first day it can be bought."))
    ends_on: date | None = field(default=None, metadata=doc("The last day it can be bought."))
    for_tags: tuple[str, ...] = field(
        default=(),
        metadata=doc("Only members with one of these tags, or segments, see and buy it."),
    )
    for_tiers: tuple[str, ...] = field(
        default=(), metadata=doc("Only members in one of these tiers see and buy it.")
    )
    valid_days: int | None = field(
        default=None,
        metadata=doc("On how many days it can be used, that of its issue counted; for ever."),
    )
    code: CodeRules | None = field(
        default=None, metadata=doc("Whether a grant of it has a code, and where that comes from.")
    )
    approval: bool = field(
        default=False, metadata=doc("Whether somebody has to approve it before it is issued.")
    )
    fulfilment: bool = field(
        default=False,
        metadata=doc("Whether somebody has to hand it over, such as to send a parcel."),
    )
    auto_issue: bool = field(
        default=False,
        metadata=doc("Whether it is bought by itself as soon as a member has the points."),
    )
    cost: str = field(default="", metadata=doc("What one costs whoever bears it, in major units."))
    borne_by: str = field(
        default="", metadata=doc("Who bears its cost: a partner's name; the program if left out.")
    )

    def for_sale(self) -> bool:
        """Whether points buy it at all."""
        return self.points is not None or self.rate is not None

    def whole_prices(
        self, tags: tuple[str, ...], tiers: Mapping[str, str], day: date | None
    ) -> Iterator[int]:
        """The prices in whole points that hold for a member with these tags and tiers on a day."""
        if self.points is not None:
            yield self.points
        for price in self.prices:
            if price.holds(tags, tiers, day):
                yield price.points


def among(
    for_tags: tuple[str, ...],
    for_tiers: tuple[str, ...],
    tags: tuple[str, ...],
    tiers: Mapping[str, str],
) -> bool:
    """Whether a member with these tags and tiers is one of those something is for."""
    held = frozenset(tiers.values())
    return not held.isdisjoint(for_tiers) or not frozenset(tags).isdisjoint(for_tags)
