"""What a merchant may write below ``[plugins.points]``: one tree of frozen dataclasses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import Literal

from loyalty_core import Expiry, LineKind, Name, Rounding, doc

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
Span = Literal["day", "week", "month", "quarter", "year", "campaign", "lifetime"]
Combine = Literal["sum", "max", "first"]

UNEARNING_TENDERS = ("gift_card", "points", "store_credit")
"""What was paid with these has earned already, or will, so it does not earn again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """A part of the program's day; it goes past midnight if ``end`` is before ``start``."""

    start: time = field(metadata=doc("The first minute that counts."))
    end: time = field(metadata=doc("The first minute that no longer counts."))


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """Conditions on any fact. All that are written must hold; of a list, one entry is enough."""

    starts_on: date | None = field(
        default=None, metadata=doc("The first day it holds, in the program's time zone.")
    )
    ends_on: date | None = field(
        default=None, metadata=doc("The last day it holds, in the program's time zone.")
    )
    starts_at: datetime | None = field(
        default=None, metadata=doc("The moment from which it holds, with an offset.")
    )
    ends_at: datetime | None = field(
        default=None, metadata=doc("The moment from which it no longer holds, with an offset.")
    )
    dates: tuple[date, ...] = field(
        default=(), metadata=doc("Days on which it holds, in the program's time zone.")
    )
    weekdays: tuple[Weekday, ...] = field(default=(), metadata=doc("Weekdays, such as monday."))
    hours: tuple[Hours, ...] = field(default=(), metadata=doc("Parts of the day."))
    channels: tuple[str, ...] = field(default=(), metadata=doc("Channels of the fact."))
    stores: tuple[str, ...] = field(default=(), metadata=doc("Stores of the fact."))
    tags: tuple[str, ...] = field(
        default=(), metadata=doc("Tags of the order or activity itself (not of its lines).")
    )
    tiers: tuple[str, ...] = field(
        default=(),
        metadata=doc("Tiers the member holds: the tier in any scheme, or scheme/tier."),
    )
    segments: tuple[str, ...] = field(
        default=(), metadata=doc("Segments the member is in, and tags that the host gave.")
    )
    minimum_orders: int = field(
        default=0, metadata=doc("Paid orders the member placed before this fact, at least.")
    )
    inactive_days: int = field(
        default=0, metadata=doc("Days since the member's last paid order, at least.")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderWhen(When):
    """Conditions on an order and on its lines; those on lines choose which lines earn."""

    skus: tuple[str, ...] = field(default=(), metadata=doc("Only lines with one of these SKUs."))
    categories: tuple[str, ...] = field(
        default=(), metadata=doc("Only lines in one of these categories.")
    )
    line_tags: tuple[str, ...] = field(
        default=(), metadata=doc("Only lines with one of these tags.")
    )
    without_skus: tuple[str, ...] = field(default=(), metadata=doc("No lines with these SKUs."))
    without_categories: tuple[str, ...] = field(
        default=(), metadata=doc("No lines in any of these categories.")
    )
    without_line_tags: tuple[str, ...] = field(
        default=(), metadata=doc("No lines with any of these tags.")
    )
    payments: tuple[str, ...] = field(
        default=(),
        metadata=doc("Kinds of tender; only the share of the order paid with them earns."),
    )
    first_order: bool = field(default=False, metadata=doc("Only the member's first paid order."))
    nth_order: tuple[int, ...] = field(
        default=(), metadata=doc("The numbers of the member's orders that count, from 1.")
    )
    every_nth: int | None = field(
        default=None, metadata=doc("Every how many orders: 5 means the 5th, the 10th, and so on.")
    )
    minimum_amount: Mapping[str, Decimal] = field(
        default_factory=dict,
        metadata=doc("At least this, in major units by currency, of what can earn here."),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """Which part of an order's value earns."""

    discounts: Literal["after", "before"] = field(
        default="after", metadata=doc("Prices after all discounts, or before any.")
    )
    tax: Literal["as_priced", "include", "exclude"] = field(
        default="as_priced",
        metadata=doc("Tax counts where prices contain it (as_priced), always, or never."),
    )
    shipping: bool = field(default=False, metadata=doc("Whether shipping earns as well."))
    unearning_tenders: tuple[str, ...] = field(
        default=UNEARNING_TENDERS,
        metadata=doc("Kinds of tender whose share of the order does not earn."),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """A limit on what one rule gives one member in a period of the program's calendar."""

    period: Span = field(metadata=doc("The period; a campaign is the rule's own dated window."))
    limit: Decimal = field(metadata=doc("The most points, or the most awards, in the period."))
    counts: Literal["points", "awards"] = field(
        default="points", metadata=doc("What the limit is of.")
    )
    over: Literal["cut", "refuse"] = field(
        default="cut",
        metadata=doc("Whether an award beyond the limit is cut to what is left or refused whole."),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedCap(Cap):
    """A limit on what several rules of a wallet give one member together."""

    cap: Name = field(metadata=doc("Its name, under which it is counted."))
    wallet: str = field(default="points", metadata=doc("The wallet it is about."))
    rules: tuple[str, ...] = field(
        default=(), metadata=doc("The rules it covers; empty means every rule of the wallet.")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class EarnRule:
    """What orders earn: one of ``rate``, ``per``, ``bonus``, ``multiply`` and ``reward``."""

    rule: Name = field(metadata=doc("Its name, unique in this plugin; shown by explain."))
    wallet: str = field(default="points", metadata=doc("The wallet that is credited."))
    rate: Mapping[str, Decimal] = field(
        default_factory=dict, metadata=doc("Points for each major unit, by currency.")
    )
    per: Mapping[str, Decimal] = field(
        default_factory=dict,
        metadata=doc("The amount in major units, by currency, that ``points`` are given for."),
    )
    points: Decimal | None = field(
        default=None, metadata=doc("Points for each whole amount of ``per``.")
    )
    mode: Literal["linear", "step"] | None = field(
        default=None,
        metadata=doc("Whether parts of a unit earn: linear (default of rate), step (of per)."),
    )
    bonus: Decimal | None = field(
        default=None, metadata=doc("Points for an order that fits, whatever its amount.")
    )
    bonus_for: Literal["order", "item"] = field(
        default="order", metadata=doc("Whether the bonus is given once or for each item.")
    )
    multiply: Decimal | None = field(
        default=None,
        metadata=doc("What the wallet's rules by amount gave, times this: 2 adds as much again."),
    )
    reward: str = field(
        default="", metadata=doc("The reward of ``[rewards]`` that an order that fits grants.")
    )
    multiplies: tuple[str, ...] = field(
        default=(), metadata=doc("Multiply only these rules; bonuses must be named to be included.")
    )
    rounding: Rounding = field(
        default=Rounding.DOWN, metadata=doc("How part of the smallest unit is rounded.")
    )
    round_per: Literal["order", "line"] = field(
        default="order", metadata=doc("Whether to round the order's sum or each line.")
    )
    basis: Basis = field(default=Basis(), metadata=doc("Which part of the order's value earns."))
    when: OrderWhen = field(default=OrderWhen(), metadata=doc("The conditions."))
    priority: int = field(
        default=0, metadata=doc("Lower goes first; equal ones in the order they are written.")
    )
    group: str = field(default="", metadata=doc("The group in which rules exclude each other."))
    caps: tuple[Cap, ...] = field(default=(), metadata=doc("Limits on what this rule gives."))
    pending_days: int = field(
        default=0, metadata=doc("Days until the points can be spent, from the day of the order.")
    )
    expiry: Expiry | None = field(
        default=None, metadata=doc("When these points expire, instead of as the wallet says.")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MomentRule:
    """What is given for a moment in a member's time: points, a reward of the program, or both."""

    rule: Name = field(metadata=doc("Its name, unique in this plugin; shown by explain."))
    points: Decimal | None = field(default=None, metadata=doc("Points for each award."))
    reward: str = field(
        default="", metadata=doc("The reward of ``[rewards]`` that each award grants.")
    )
    wallet: str = field(default="points", metadata=doc("The wallet that is credited."))
    when: When = field(default=When(), metadata=doc("The conditions."))
    caps: tuple[Cap, ...] = field(default=(), metadata=doc("Limits on what this rule gives."))
    pending_days: int = field(
        default=0, metadata=doc("Days until the points can be spent, from the day it happened.")
    )
    expiry: Expiry | None = field(
        default=None, metadata=doc("When these points expire, instead of as the wallet says.")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityRule(MomentRule):
    """What activities of one kind earn, such as a review or a check-in."""

    kind: str = field(metadata=doc("The kind of activity."))
    priority: int = field(
        default=0, metadata=doc("Lower goes first; equal ones in the order they are written.")
    )
    once_per: tuple[str, ...] = field(
        default=(),
        metadata=doc("Keys of the activity's data; the same values count once."),
    )
    once_within: Span = field(
        default="lifetime", metadata=doc("The period in which the same values count once.")
    )
    needs: int = field(default=1, metadata=doc("How many such activities make one award."))
    needs_within: Span = field(
        default="lifetime", metadata=doc("The period in which they have to happen.")
    )
    repeat: bool = field(
        default=False, metadata=doc("Whether each further ``needs`` activities award again.")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LapseRule(MomentRule):
    """What a member gets who has bought nothing for a while: once, until they have bought again."""

    after_days: int = field(
        metadata=doc("How many days after the last order, in the program's time zone.")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """What points are worth on some goods: ``points`` of them pay ``amount``."""

    points: Decimal = field(metadata=doc("How many points."))
    amount: Decimal = field(metadata=doc("What they pay, in major units of the value's currency."))
    skus: tuple[str, ...] = field(default=(), metadata=doc("On lines with one of these SKUs."))
    categories: tuple[str, ...] = field(
        default=(), metadata=doc("On lines in one of these categories.")
    )
    line_tags: tuple[str, ...] = field(default=(), metadata=doc("On lines with one of these tags."))


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """Days of the program's calendar, such as those of a campaign."""

    starts_on: date = field(metadata=doc("The first day."))
    ends_on: date = field(metadata=doc("The last day."))


@dataclass(frozen=True, slots=True, kw_only=True)
class Redeem:
    """Points as money: the reward ``points.discount``."""

    wallet: str = field(default="points", metadata=doc("The wallet that pays; it needs a value."))
    minimum: Decimal = field(default=Decimal(0), metadata=doc("The fewest points at a time."))
    step: Decimal | None = field(
        default=None, metadata=doc("Points are spent in multiples of this; worth whole cents.")
    )
    maximum_percent: Decimal = field(
        default=Decimal(100),
        metadata=doc("The most that points pay of what the order's goods cost, in percent."),
    )
    kinds: tuple[LineKind, ...] = field(
        default=(LineKind.GOODS,), metadata=doc("The kinds of lines that points can pay.")
    )
    shipping: bool = field(default=False, metadata=doc("Whether points can pay shipping."))
    without_skus: tuple[str, ...] = field(
        default=(), metadata=doc("Lines with these SKUs cannot be paid with points.")
    )
    without_categories: tuple[str, ...] = field(
        default=(), metadata=doc("Lines in these categories cannot be paid with points.")
    )
    without_line_tags: tuple[str, ...] = field(
        default=(), metadata=doc("Lines with these tags cannot be paid with points.")
    )
    lifted: tuple[Days, ...] = field(
        default=(), metadata=doc("Days on which the ``without_`` keys do not hold.")
    )
    ratio: tuple[Ratio, ...] = field(
        default=(),
        metadata=doc("Other worth on some goods; the first that fits a line counts."),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsConfig:
    """Everything below ``[plugins.points]``."""

    earn: tuple[EarnRule, ...] = field(default=(), metadata=doc("Points for orders."))
    activity: tuple[ActivityRule, ...] = field(
        default=(), metadata=doc("Points and rewards for activities.")
    )
    lapse: tuple[LapseRule, ...] = field(
        default=(), metadata=doc("Points and rewards for those who have not bought for a while.")
    )
    groups: Mapping[str, Combine] = field(
        default_factory=dict,
        metadata=doc("How the rules of each group combine: sum, max, or first by priority."),
    )
    caps: tuple[SharedCap, ...] = field(
        default=(), metadata=doc("Limits on what several rules give together.")
    )
    redeem: Redeem | None = field(default=None, metadata=doc("Points as money."))
