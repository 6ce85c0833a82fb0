"""A program's configuration as data: what ``[program]`` and ``[wallets.*]`` of a file may say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Literal

from loyalty_core.domain.amounts import Money, parse_scaled
from loyalty_core.domain.benefits import Checkout
from loyalty_core.domain.calendars import Calendar
from loyalty_core.domain.catalogue import Reward
from loyalty_core.domain.clock import (
    LocalMoment,
    Period,
    add_months,
    day_of,
    moment_in,
    next_period_start,
    start_of,
)
from loyalty_core.domain.facts import Json
from loyalty_core.domain.households import HouseholdRules
from loyalty_core.domain.segments import Campaign, Segment
from loyalty_core.domain.settings import doc


class JoinPolicy(StrEnum):
    """What becomes of a fact about somebody who is not a member yet.

    ``on_first_fact``: it makes them one. ``opt_in``: it waits for them to enrol, for
    ``join_wait_days`` at most, and is booked when they do.
    """

    ON_FIRST_FACT = "on_first_fact"
    OPT_IN = "opt_in"


class DebtPolicy(StrEnum):
    """What happens when points already spent must be taken back.

    All first take what is left of the points concerned. ``negative`` then takes other available
    points and books the rest as debt; ``pending_first`` takes pending points before it makes
    debt; ``clamp`` takes other available points and forgives the rest, but for as many as are held
    for a redemption: those become debt. The next earning, or a hold set free, pays debt.
    """

    NEGATIVE = "negative"
    PENDING_FIRST = "pending_first"
    CLAMP = "clamp"


class GoodwillPolicy(StrEnum):
    """Whether money given back while the customer keeps the goods (goodwill) takes points back.

    ``keep``: the points stay. ``take_back``: goodwill is a refund like any other.
    """

    KEEP = "keep"
    TAKE_BACK = "take_back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiry:
    """When points of a wallet expire; nothing set means never.

    Points are usable up to, and not on, the day this gives, in the program's time zone: points
    of 22 January with ``after_months = 12`` can be spent through 21 January a year later.
    """

    after_days: int | None = field(
        default=None, metadata=doc("Days after the award; added to months and years.")
    )
    after_months: int | None = field(
        default=None,
        metadata=doc("Months after the award; the last day of a month that is too short."),
    )
    after_years: int | None = field(default=None, metadata=doc("Years after the award."))
    at_end_of: Period | None = field(
        default=None, metadata=doc("Then on to the end of that day, week, month, quarter or year.")
    )
    on_dates: tuple[str, ...] = field(
        default=(),
        metadata=doc(
            "Then on to the next of these days of each year, such as 12-31; unusable from it on."
        ),
    )
    inactivity_days: int | None = field(
        default=None,
        metadata=doc("All points expire when nothing is earned or spent for so many days."),
    )
    remind_days: tuple[int, ...] = field(
        default=(),
        metadata=doc("How many days before points expire the event `points_expiring` tells it."),
    )
    counted_from: Literal["award", "activation"] = field(
        default="award",
        metadata=doc(
            "Whether to count from when points are awarded or from when they become available."
        ),
    )

    def expires_at(self, awarded: datetime, activates: datetime, zone: str) -> datetime | None:
        """The moment from which points awarded then can no longer be spent; None for never."""
        first = day_of(activates if self.counted_from == "activation" else awarded, zone)
        day = add_months(first, (self.after_months or 0) + 12 * (self.after_years or 0))
        day += timedelta(days=self.after_days or 0)
        moved = day != first
        if self.at_end_of:
            day, moved = next_period_start(day, self.at_end_of), True
        if self.on_dates:
            day, moved = self._next_date(day), True
        return start_of(day, zone) if moved else None

    def _next_date(self, day: date) -> date:
        for year in (day.year, day.year + 1):
            for month_day in sorted(self.on_dates):
                candidate = date.fromisoformat(f"{year}-{month_day}")
                if candidate > day:
                    return candidate
        raise AssertionError(self.on_dates)  # a date of next year is always later


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsValue:
    """What points are worth as money: ``points`` of them are worth ``amount`` of ``currency``."""

    points: int = field(metadata=doc("How many whole points."))
    amount: str = field(metadata=doc("What they are worth, in major units, such as 1.00."))
    currency: str = field(default="", metadata=doc("ISO 4217; the program's currency if left out."))


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferRules:
    """Whether members may give points of a wallet to each other, and how many; in whole points."""

    allowed: bool = field(
        default=False, metadata=doc("Whether members may give each other points of the wallet.")
    )
    smallest: int | None = field(
        default=None, metadata=doc("The fewest whole points that may be given at once.")
    )
    largest: int | None = field(
        default=None, metadata=doc("The most whole points that may be given at once.")
    )
    per_day: int | None = field(
        default=None,
        metadata=doc("The most whole points that one member may give away in a day."),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Wallet:
    """One unit that members hold: its name, fineness, expiry, debt policy and worth.

    ``scale`` is how many decimal digits the smallest unit has (0: whole points).
    """

    unit: str = field(default="points", metadata=doc("What members call it."))
    scale: int = field(default=0, metadata=doc("Decimal digits of its smallest unit, 0 to 6."))
    expiry: Expiry = field(
        default=Expiry(), metadata=doc("When its points expire; never if left out.")
    )
    debt: DebtPolicy = field(
        default=DebtPolicy.NEGATIVE,
        metadata=doc("What happens when points already spent are taken back."),
    )
    value: PointsValue | None = field(
        default=None,
        metadata=doc(
            "What points are worth as money when they are spent, old ones as well; they need not be"
            " worth any."
        ),
    )
    return_grace_days: int = field(
        default=0,
        metadata=doc(
            "When an order paid with points is refunded and the points' own expiry has passed: for"
            " how many days they can be spent again; with 0 they expire at once."
        ),
    )
    transfer: TransferRules = field(
        default=TransferRules(),
        metadata=doc("Whether members may give points away; not if left out."),
    )
    spendable: bool = field(
        default=True,
        metadata=doc(
            "Whether it is the members' to spend; not what is only counted for them, or held for"
            " others, such as a charity's account. That outlives an erased member, too."
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """Points of a partner that are accepted here, and what they buy."""

    value: PointsValue = field(metadata=doc("What they are worth to the member here."))
    unit: str = field(default="points", metadata=doc("What members call them."))
    scale: int = field(
        default=0, metadata=doc("Decimal digits of their smallest unit, as the partner has it.")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """Points of our own that a partner may accept, and what we owe the partner for them."""

    price: PointsValue = field(
        metadata=doc("What we owe the partner for so many points; it need not be their value.")
    )
    most_per_month: int | None = field(
        default=None,
        metadata=doc("The most whole points that may be spent there in a month of ours."),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Partner:
    """What is agreed with another program of the same database; both sides must say their part."""

    accepts: Mapping[str, Accepted] = field(
        default_factory=dict, metadata=doc("The partner's wallets whose points buy here.")
    )
    pays: Mapping[str, Paid] = field(
        default_factory=dict, metadata=doc("Our wallets whose points buy there.")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One merchant's program. ``currency`` is what its reports are in."""

    id: str = field(
        metadata=doc(
            "The name its books are kept under: never change it. Small letters, digits, - and _."
        )
    )
    name: str = field(default="", metadata=doc("What people call it."))
    currency: str = field(
        default="USD",
        metadata=doc(
            "ISO 4217: the currency of its reports, and of wallets' values that name none."
        ),
    )
    time_zone: str = field(
        default="UTC",
        metadata=doc("Whose midnight ends a day: an IANA name such as Europe/Berlin."),
    )
    locale: str = field(default="en", metadata=doc("The language of the program, a BCP 47 tag."))
    join: JoinPolicy = field(
        default=JoinPolicy.ON_FIRST_FACT,
        metadata=doc("Who becomes a member: everybody with a first fact, or who enrols (opt_in)."),
    )
    join_wait_days: int = field(
        default=30,
        metadata=doc(
            "How many days a fact waits for its person to enrol (opt_in), and an order that names "
            "nobody for a member to claim it."
        ),
    )
    goodwill: GoodwillPolicy = field(
        default=GoodwillPolicy.KEEP,
        metadata=doc("Whether money given back without goods takes points back."),
    )
    unmerge_days: int = field(
        default=30,
        metadata=doc("How many days after a merge of members it can be taken back."),
    )
    ends_on: date | None = field(
        default=None,
        metadata=doc(
            "The last day of the program: what happens later earns nothing and makes nobody a "
            "member, and tiers give no benefits."
        ),
    )
    spend_until: date | None = field(
        default=None,
        metadata=doc("The last day on which points buy something, if not that of the program."),
    )
    in_force_from: LocalMoment | None = field(
        default=None,
        metadata=doc(
            "When this configuration starts to decide, in every process; the one before it goes on "
            "until then. A day or a moment, in the program's zone. Left out: when it is opened."
        ),
    )
    default_country: str = field(
        default="", metadata=doc("ISO 3166, such as DE: for phone numbers without a country code.")
    )

    @property
    def starts_at(self) -> datetime | None:
        """When its configuration starts to decide, in UTC; None for once it is opened."""
        stated = self.in_force_from
        return None if stated is None else moment_in(stated, self.time_zone)

    def earns(self, at: datetime) -> bool:
        """Whether what happens at a moment can still earn."""
        return self.ends_on is None or day_of(at, self.time_zone) <= self.ends_on

    def spends(self, at: datetime) -> bool:
        """Whether points can still buy something at a moment."""
        last = self.spend_until or self.ends_on
        return last is None or day_of(at, self.time_zone) <= last


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramConfig:
    """A whole configuration file, read and checked.

    ``plugins`` and ``gateway`` keep their sections as they stand: their owners read them.
    ``version`` is the number under which the database knows this configuration. ``household`` is
    None where members cannot share points.
    """

    program: Program
    wallets: Mapping[str, Wallet] = field(default_factory=dict)
    checkout: Checkout = Checkout()
    rewards: Mapping[str, Reward] = field(default_factory=dict)
    segments: Mapping[str, Segment] = field(default_factory=dict)
    campaigns: Mapping[str, Campaign] = field(default_factory=dict)
    partners: Mapping[str, Partner] = field(default_factory=dict)
    plugins: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    gateway: Mapping[str, Json] = field(default_factory=dict)
    household: HouseholdRules | None = None
    calendar: Calendar = Calendar()
    version: int = 0

    def scale(self, wallet: str) -> int | None:
        """The decimal digits of a wallet of ours, or of a partner's; None for an unknown one."""
        if wallet in self.wallets:
            return self.wallets[wallet].scale
        partner, _, name = wallet.partition(".")
        accepted = self.partners[partner].accepts.get(name) if partner in self.partners else None
        return accepted.scale if accepted else None

    def worth(self, wallet: str, points: int) -> Money | None:
        """What ``points`` of the smallest unit are worth, rounded down; None without a value."""
        definition = self.wallets[wallet]
        if definition.value is None:
            return None
        value = definition.value
        price = Money(0, value.currency or self.program.currency)
        per = value.points * 10**definition.scale
        minor = _minor(value.amount, price.digits) * abs(points) // per
        return Money(minor if points >= 0 else -minor, price.currency)


@lru_cache(maxsize=256)
def _minor(amount: str, digits: int) -> int:
    """An amount of a configuration in minor units; every statement asks for that of each wallet."""
    return parse_scaled(amount, digits)
