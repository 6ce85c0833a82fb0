"""What GraphQL told, read back as the SDK's values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import loyalty_core as core


def moment_of(text: str) -> datetime:
    """A moment in UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)


def moment_or_none(text: str | None) -> datetime | None:
    """A moment, if there is one."""
    return moment_of(text) if text else None


def money_of(told: Mapping[str, str]) -> core.Money:
    """Money in minor units."""
    currency = told["currency"]
    minor = core.parse_scaled(told["amount"], core.minor_digits(currency))
    return core.Money(core.Minor(minor), currency)


def money_or_none(told: Mapping[str, str] | None) -> core.Money | None:
    """Money, if there is any."""
    return money_of(told) if told else None


def discounts_of(told: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """The discount of each line in minor units."""
    return {one["line"]: money_of(one["discount"]).amount_minor for one in told}


def wallet_of(told: Mapping[str, Any]) -> core.WalletStatement:
    """A wallet with its points in smallest units."""

    def points(text: str) -> int:
        return core.parse_scaled(text, told["scale"])

    def dated(one: Mapping[str, str]) -> core.Dated:
        return core.Dated(moment_of(one["at"]), points(one["points"]))

    counted = ("balance", "available", "pending", "held", "debt", "earned", "redeemed")
    counted += ("expired", "adjusted", "transferred")
    return core.WalletStatement(
        wallet=told["name"],
        unit=told["unit"],
        scale=told["scale"],
        worth=money_or_none(told["worth"]),
        next_pending=dated(told["nextPending"]) if told["nextPending"] else None,
        expiring=tuple(map(dated, told["expiring"])),
        lapses_at=moment_or_none(told["lapsesAt"]),
        **{name: points(told[name]) for name in counted},
    )


def grant_of(told: Mapping[str, Any], member_id: str) -> core.GrantReceipt:
    """A grant as its member sees it."""
    return core.GrantReceipt(
        grant_id=told["id"],
        member_id=member_id,
        reward=told["reward"],
        name=told["name"],
        kind=core.RewardType[told["kind"]],
        state=core.GrantState[told["state"]],
        code=told["code"],
        worth=money_or_none(told["worth"]),
        percent=Decimal(told["percent"]) if told["percent"] else None,
        product=told["product"] or "",
        min_order=money_or_none(told["minOrder"]),
        created_at=datetime.min.replace(tzinfo=UTC),
        issued_at=moment_or_none(told["issuedAt"]),
        expires_at=moment_or_none(told["expiresAt"]),
        used_at=moment_or_none(told["usedAt"]),
        saved=money_or_none(told["saved"]),
    )


def benefit_of(told: Mapping[str, Any]) -> core.GrantedBenefit:
    """A benefit as its member sees it."""
    return core.GrantedBenefit(
        benefit=core.Benefit(
            benefit=told["name"],
            kind=core.BenefitKind[told["kind"]],
            text=told["text"] or "",
            value=told["value"] or "",
        ),
        source="",
        why=told["why"],
        until=moment_or_none(told["until"]),
        left=told["left"],
    )


def pricing_of(told: Mapping[str, Any]) -> core.Pricing:
    """What a cart costs, and why."""
    return core.Pricing(
        price=money_of(told["price"]),
        member_price=money_of(told["memberPrice"]),
        lines=tuple(
            core.LinePrice(
                line=one["line"],
                price=money_of(one["price"]).amount_minor,
                member_price=money_of(one["memberPrice"]).amount_minor,
            )
            for one in told["lines"]
        ),
        used=tuple(
            core.BenefitUse(
                benefit=one["benefit"], source="", why=one["why"], amount=money_of(one["amount"])
            )
            for one in told["used"]
        ),
        missed=tuple(
            core.MissedBenefit(
                benefit=one["benefit"], text=one["text"] or "", missing=money_of(one["missing"])
            )
            for one in told["missed"]
        ),
    )


def suggested_of(told: Mapping[str, Any]) -> core.Line:
    """A line that may be added."""
    return core.Line(
        id=told["id"],
        sku=told["sku"],
        kind=core.LineKind[told["kind"]],
        amount=money_of(told["amount"]).amount_minor,
    )


def segment_of(told: Mapping[str, Any]) -> core.HeldSegment:
    """A segment that the member is told of."""
    since = moment_of(told["since"])
    return core.HeldSegment(segment=told["segment"], name=told["name"], visible=True, since=since)


def standing_of(told: Mapping[str, Any]) -> core.Standing:
    """A standing, whose tier has no rank here: the page orders tiers as they come."""
    tier = core.Tier(tier=told["tier"], name=told["name"], rank=0) if told["tier"] else None
    return core.Standing(
        scheme=told["scheme"],
        tier=tier,
        since=moment_or_none(told["since"]),
        until=moment_or_none(told["until"]),
        grace=told["grace"],
        stay=_goal(told["stay"]) if told["stay"] else None,
        next=_goal(told["next"]) if told["next"] else None,
        history=tuple(
            core.TierChange(at=moment_of(one["at"]), tier=one["tier"], why=one["why"])
            for one in told["history"]
        ),
    )


def _goal(told: Mapping[str, Any]) -> core.Goal:
    return core.Goal(
        tier=core.Tier(tier=told["tier"], name=told["name"], rank=0),
        any_of=tuple(map(_progress, told["anyOf"])),
        all_of=tuple(map(_progress, told["allOf"])),
        by=moment_or_none(told["by"]),
    )


def _progress(told: Mapping[str, Any]) -> core.Progress:
    scale = len(told["need"].partition(".")[2])
    return core.Progress(
        metric=told["metric"],
        unit=told["unit"],
        scale=scale,
        have=core.parse_scaled(told["have"], scale),
        need=core.parse_scaled(told["need"], scale),
        more_than=told["moreThan"],
    )


def habits_of(told: Mapping[str, Any], member_id: str) -> core.Habits:
    """What a member usually does."""

    def purchases(one: Mapping[str, Any]) -> core.Purchases:
        made = core.Purchases(one["orders"], money_of(one["total"]))
        assert made.average == money_of(one["average"])
        return made

    usual = told["usualOrder"]
    return core.Habits(
        member_id=core.MemberId(member_id),
        since=moment_of(told["since"]),
        lifetime=tuple(map(purchases, told["lifetime"])),
        recent=tuple(map(purchases, told["recent"])),
        usual_order=core.UsualOrder(
            tuple(core.UsualItem(one["sku"], one["quantity"]) for one in usual["items"]),
            usual["orders"],
            moment_of(usual["lastAt"]),
        )
        if usual
        else None,
        usual_stores=tuple(
            core.UsualStore(one["store"], one["orders"], moment_of(one["lastAt"]))
            for one in told["usualStores"]
        ),
        days_between=told["daysBetween"],
    )
