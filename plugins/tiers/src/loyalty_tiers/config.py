"""What a merchant may write below ``[plugins.tiers]``: one tree of frozen dataclasses."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal

from loyalty_core import Benefit, Name, doc

Window = Literal["lifetime", "calendar_year", "anniversary", "rolling"]
Downgrade = Literal["none", "one", "full"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """How much of one metric is needed: ``at_least`` so much, or ``more_than`` that."""

    metric: str = field(
        metadata=doc("spend, orders, points, or a plugin's own metric such as badges.earned.")
    )
    at_least: Decimal | None = field(
        default=None, metadata=doc("Exactly this is enough; spend is in major units.")
    )
    more_than: Decimal | None = field(
        default=None, metadata=doc("Exactly this is not enough; spend is in major units.")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What reaching a tier takes, and keeping it: one of some needs, and all of others."""

    any_of: tuple[Need, ...] = field(default=(), metadata=doc("One of these is enough."))
    all_of: tuple[Need, ...] = field(default=(), metadata=doc("All of these are needed."))
    stay_any_of: tuple[Need, ...] = field(
        default=(), metadata=doc("To keep it one of these is enough; as to reach it if left out.")
    )
    stay_all_of: tuple[Need, ...] = field(
        default=(), metadata=doc("To keep it all of these are needed; as to reach it if left out.")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisedTerms(Terms):
    """Terms from a day on, in place of all earlier ones."""

    starts_on: date = field(metadata=doc("The first day they count, in the program's time zone."))


@dataclass(frozen=True, slots=True, kw_only=True)
class Points:
    """Points that a tier gives."""

    points: Decimal = field(metadata=doc("How many points."))
    wallet: str = field(default="points", metadata=doc("The wallet that is credited."))


@dataclass(frozen=True, slots=True, kw_only=True)
class TierRule(Terms):
    """One rung. The lowest may need nothing: then everybody has it on joining."""

    tier: Name = field(metadata=doc("Its name in programs; unique in its scheme."))
    name: str = field(default="", metadata=doc("What members call it."))
    visible: bool = field(default=True, metadata=doc("Whether members are told that it exists."))
    invitation: bool = field(
        default=False, metadata=doc("Whether only who was invited can reach it.")
    )
    lifetime: bool = field(
        default=False, metadata=doc("Whether who once reached it never falls below it.")
    )
    benefits: tuple[Benefit, ...] = field(default=(), metadata=doc("What it gives."))
    entry: Points | None = field(
        default=None, metadata=doc("Points for whoever reaches it, once in a lifetime.")
    )
    every_order: Points | None = field(
        default=None, metadata=doc("Points for each order placed while holding it.")
    )
    revised: tuple[RevisedTerms, ...] = field(
        default=(), metadata=doc("Other terms from a day on; the latest that has come counts.")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemeRules:
    """One ladder: its tiers from the lowest to the highest, and how one climbs and falls."""

    scheme: Name = field(metadata=doc("Its name, unique in the program."))
    window: Window = field(
        default="calendar_year",
        metadata=doc(
            "What counts to reach a tier: everything since joining (lifetime), this calendar "
            "year, the year since the last anniversary of joining, or the last months (rolling)."
        ),
    )
    months: int = field(default=12, metadata=doc("rolling: how many months, 1 to 120."))
    downgrade: Downgrade = field(
        default="full",
        metadata=doc(
            "What becomes of who did not keep their tier in a period: they keep it all the same "
            "(none), fall one rung (one), or to the tier the period was worth (full)."
        ),
    )
    grace_days: int = field(
        default=0, metadata=doc("Days after a period in which one can still keep the tier.")
    )
    refunds: Literal["keep", "recount"] = field(
        default="keep",
        metadata=doc(
            "Refunds always move progress back. A tier that was reached is kept all the same "
            "until its period ends, or recounted at once."
        ),
    )
    points_wallet: str = field(
        default="points", metadata=doc("The wallet whose points the metric points counts.")
    )
    tier: tuple[TierRule, ...] = field(metadata=doc("The tiers, the lowest first."))


@dataclass(frozen=True, slots=True, kw_only=True)
class TiersConfig:
    """Everything below ``[plugins.tiers]``."""

    scheme: tuple[SchemeRules, ...] = field(default=(), metadata=doc("The ladders."))
