"""What a merchant may write below ``[plugins.referral]``: one tree of frozen dataclasses."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from loyalty_core import Name, doc

CHECKS = (
    "self",
    "circle",
    "not_new",
    "alias",
    "same_device",
    "same_address",
    "same_payment",
    "velocity",
)
"""The checks that are on unless the settings say otherwise, in their order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prize:
    """What is given: points, a reward of the catalogue, or both."""

    points: Decimal = field(default=Decimal(0), metadata=doc("How many points are given."))
    wallet: str = field(default="points", metadata=doc("The wallet that is credited."))
    reward: str = field(default="", metadata=doc("A reward of the catalogue that is granted."))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reward(Prize):
    """What one side of a referral gets, and for what."""

    rule: Name = field(metadata=doc("Its name, unique in this plugin; shown by explain."))
    to: Literal["referrer", "friend"] = field(metadata=doc("Who gets it."))
    when: Literal["sign_up", "order"] = field(
        default="order",
        metadata=doc("What the friend does for it: becomes a friend, or buys."),
    )
    order: int = field(
        default=1, metadata=doc("With order: for which one of the friend's orders that count.")
    )
    at_least: Decimal | None = field(
        default=None,
        metadata=doc(
            "Only orders count whose goods cost so much after discounts and refunds, in major "
            "units of the program's currency; any order that cost something if left out."
        ),
    )
    after_days: int = field(
        default=0,
        metadata=doc("So many days later, such as the return window; at once if left out."),
    )
    most: int | None = field(
        default=None,
        metadata=doc("How often one referrer gets it in each period; no limit if left out."),
    )
    per: Literal["day", "week", "month", "quarter", "year", "lifetime"] = field(
        default="lifetime", metadata=doc("The period of most, in the program's time zone.")
    )
    step: int = field(
        default=1,
        metadata=doc(
            "Which referrer: 1 invited the friend, 2 invited that one, and so on up to 5."
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestone(Prize):
    """What a referrer gets for a number of friends."""

    rule: Name = field(metadata=doc("Its name, unique in this plugin; shown by explain."))
    name: str = field(default="", metadata=doc("What members call it."))
    counts: Literal["sign_up", "order"] = field(
        default="sign_up", metadata=doc("Friends who signed up, or friends who bought.")
    )
    needs: int = field(metadata=doc("How many friends it takes."))
    repeat: bool = field(
        default=False, metadata=doc("Whether it is given for each such number of friends again.")
    )
    after_days: int = field(
        default=0, metadata=doc("A friend counts so many days later; at once if left out.")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Velocity:
    """How many friends one member may bring in a short time."""

    most: int = field(default=10, metadata=doc("How many friends within the time, at most 50."))
    hours: int = field(default=24, metadata=doc("The time."))


@dataclass(frozen=True, slots=True, kw_only=True)
class Deal(Prize):
    """Something that is cheaper for a group: what everybody in it gets once it is complete."""

    deal: Name = field(metadata=doc("Its name, unique."))
    name: str = field(default="", metadata=doc("What members call it."))
    minimum: int = field(metadata=doc("How many members it takes, the opener included."))
    maximum: int | None = field(
        default=None,
        metadata=doc("How many there can be; the group is complete then. The minimum if left out."),
    )
    hours: int = field(
        metadata=doc("How long a group is open; then it is complete if the minimum is there.")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralConfig:
    """Everything below ``[plugins.referral]``."""

    link: str = field(
        default="",
        metadata=doc("The address of a member's link, with {code} where the code goes."),
    )
    window_days: int = field(
        default=30, metadata=doc("How many days a click on a link counts, by the hour.")
    )
    touch: Literal["last", "first"] = field(
        default="last", metadata=doc("Which click in that time counts when there are several.")
    )
    reward: tuple[Reward, ...] = field(default=(), metadata=doc("What both sides get."))
    milestone: tuple[Milestone, ...] = field(
        default=(), metadata=doc("What numbers of friends bring.")
    )
    checks: tuple[str, ...] = field(
        default=CHECKS,
        metadata=doc("The checks that a referral has to pass, in their order, by their names."),
    )
    secret: str = field(
        default="",
        metadata=doc(
            "The key of the fingerprints, as env:NAME; needed by alias and the same_ checks."
        ),
    )
    velocity: Velocity = field(default=Velocity(), metadata=doc("The limit of the check velocity."))
    deal: tuple[Deal, ...] = field(default=(), metadata=doc("What groups can buy."))
