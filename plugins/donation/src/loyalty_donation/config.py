"""What a merchant may write below ``[plugins.donation]``: one tree of frozen dataclasses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal

from loyalty_core import Name, doc


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What the merchant adds to what goes into an account."""

    percent: Decimal = field(metadata=doc("Percent of all that goes into the account."))
    budget: Decimal | None = field(
        default=None,
        metadata=doc("The most it adds, in major units of the account; no limit if left out."),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Charity:
    """Somebody to give to, with an account for each currency."""

    charity: Name = field(metadata=doc("Its name in programs, unique."))
    name: str = field(default="", metadata=doc("What people call it."))
    wallets: tuple[str, ...] = field(
        metadata=doc("The wallets that are its accounts, one for each currency.")
    )
    skus: tuple[str, ...] = field(
        default=(), metadata=doc("Articles that are a donation to it, on lines of kind donation.")
    )
    match: Match | None = field(default=None, metadata=doc("What the merchant adds."))


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """A time in which what a charity is given goes into an account of its own, towards a goal."""

    campaign: Name = field(metadata=doc("Its name in programs, unique."))
    name: str = field(default="", metadata=doc("What people call it."))
    charity: str = field(metadata=doc("The charity it is for."))
    wallet: str = field(metadata=doc("The wallet that is its account."))
    starts_on: date = field(metadata=doc("Its first day, in the program's time zone."))
    ends_on: date = field(metadata=doc("Its last day, in the program's time zone."))
    goal: Decimal | None = field(
        default=None, metadata=doc("What it is to come to, in major units of its account.")
    )
    when_reached: Literal["continue", "stop"] = field(
        default="continue",
        metadata=doc(
            "Once the goal is reached it goes on beyond it (continue), or it stops there: what is "
            "more goes to the charity's own account."
        ),
    )
    match: Match | None = field(default=None, metadata=doc("What the merchant adds."))


@dataclass(frozen=True, slots=True, kw_only=True)
class Percent:
    """A part of what goods cost, given by the merchant."""

    rule: Name = field(metadata=doc("Its name, unique in this plugin; shown by explain."))
    percent: Decimal = field(metadata=doc("Percent of what goods cost after discounts."))
    charities: tuple[str, ...] = field(
        default=(),
        metadata=doc("Those one may choose from, the first if one does not; all if left out."),
    )
    categories: tuple[str, ...] = field(
        default=(), metadata=doc("Only goods in one of these categories.")
    )
    starts_on: date | None = field(
        default=None, metadata=doc("The first day, in the program's time zone.")
    )
    ends_on: date | None = field(
        default=None, metadata=doc("The last day, in the program's time zone.")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Points:
    """Points that become a donation, in whole steps: the rewards ``donation.<charity>``."""

    wallet: str = field(default="points", metadata=doc("The wallet that pays."))
    step: Decimal = field(metadata=doc("How many points a step is."))
    amount: Decimal = field(
        metadata=doc("What a step gives, in major units of the program's currency.")
    )
    charities: tuple[str, ...] = field(
        default=(), metadata=doc("Those that points can be given to; all if left out.")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundUp:
    """A donation that makes a cart's total a round one: quotes suggest it as a line."""

    to: Mapping[str, Decimal] = field(
        metadata=doc("What the total becomes a multiple of, in major units by currency.")
    )
    line: str = field(default="round-up", metadata=doc("The suggested line's id and article."))


@dataclass(frozen=True, slots=True, kw_only=True)
class DonationConfig:
    """Everything below ``[plugins.donation]``."""

    charity: tuple[Charity, ...] = field(metadata=doc("Whom to give to; the first is the default."))
    campaign: tuple[Campaign, ...] = field(default=(), metadata=doc("Campaigns with a goal."))
    percent: tuple[Percent, ...] = field(default=(), metadata=doc("Parts of purchases."))
    points: Points | None = field(default=None, metadata=doc("Points that become donations."))
    round_up: RoundUp | None = field(default=None, metadata=doc("Rounding up at the checkout."))
