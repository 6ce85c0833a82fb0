"""What a merchant may write below ``[plugins.paid]``: one tree of frozen dataclasses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from loyalty_core import Benefit, Name, doc

Period = Literal["day", "week", "month", "year", "lifetime"]
Renewal = Literal["program", "provider", "none"]
Answer = Literal["paid", "declined", "pending"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a membership costs, how long it lasts and what it gives."""

    plan: Name = field(metadata=doc("Its name in programs; unique among the plans."))
    name: str = field(default="", metadata=doc("What members call it."))
    price: Decimal = field(
        metadata=doc("The fee of one period, in the program's currency, in major units.")
    )
    period: Period = field(metadata=doc("What is paid for, in days of the program's time zone."))
    periods: int = field(default=1, metadata=doc("How many of them one fee pays for."))
    renewal: Renewal = field(
        default="program",
        metadata=doc(
            "Who asks for the next fee: this program, through its payment provider; the provider "
            "itself, whose payments come as facts; or none, so that it ends unless bought again."
        ),
    )
    trial_days: int = field(
        default=0, metadata=doc("Days without a fee, once in a member's lifetime.")
    )
    retry_after_days: tuple[int, ...] = field(
        default=(1, 3, 5),
        metadata=doc("When a renewal that failed is tried again, in days after it was due."),
    )
    grace_days: int = field(
        default=7, metadata=doc("For how many days benefits go on while a renewal is unpaid.")
    )
    refund_days: int = field(
        default=14,
        metadata=doc("Who cancels at once within so many days of paying has the fee back."),
    )
    pause_days: int = field(
        default=0, metadata=doc("The longest pause, in days; 0 if it cannot be paused.")
    )
    open: bool = field(
        default=True, metadata=doc("Whether members can still come to it; who has it, keeps it.")
    )
    skus: tuple[str, ...] = field(
        default=(), metadata=doc("Articles that are its fee, besides its own name.")
    )
    shipping_worth: Decimal = field(
        default=Decimal(0),
        metadata=doc("What an order shipped free saves, as orders do not say; in major units."),
    )
    benefits: tuple[Benefit, ...] = field(
        default=(), metadata=doc("What members have while it is active.")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptSettings:
    """What the provider ``paid.test`` answers; it moves no money."""

    answers: Mapping[str, Answer] = field(
        default_factory=dict,
        metadata=doc(
            'By "day.attempt" of a fee, such as "2026-03-01.1", else by "attempt"; paid otherwise.'
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidConfig:
    """Everything below ``[plugins.paid]``."""

    provider: str = field(
        default="paid.manual",
        metadata=doc(
            "The payment provider that is asked for fees: paid.manual (an operator says what was "
            "paid), paid.test, or one of another plugin."
        ),
    )
    plan: tuple[Plan, ...] = field(default=(), metadata=doc("The plans; a member has one."))
    test: ScriptSettings = field(
        default=ScriptSettings(), metadata=doc("What the provider paid.test answers.")
    )
