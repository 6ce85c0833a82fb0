"""What the plugin adds to the gateway: ``Member.tiers``, for members and operators."""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias

import strawberry

from loyalty_core import Goal, Progress, Standing, format_scaled
from loyalty_gateway.extension import (
    ContributedField,
    GatewayContext,
    GraphQLExtension,
    Permission,
)

Info: TypeAlias = strawberry.Info[GatewayContext, None]


@strawberry.type(description="How far a member is in one metric.")
class TiersProgress:
    """Amounts are decimal texts in the metric's unit."""

    metric: str = strawberry.field(description="What is counted, such as spend.")
    unit: str = strawberry.field(description="What it is counted in, such as USD.")
    have: str = strawberry.field(description="How much there is.")
    need: str = strawberry.field(description="How much is needed.")
    more_than: bool = strawberry.field(description="Whether exactly that is not enough.")
    missing: str = strawberry.field(description="How much is missing.")


@strawberry.type(description="What reaching or keeping a tier takes.")
class TiersGoal:
    """One of some, and all of others."""

    tier: str = strawberry.field(description="The tier.")
    name: str = strawberry.field(description="What members call it.")
    any_of: list[TiersProgress] = strawberry.field(description="One of these is enough.")
    all_of: list[TiersProgress] = strawberry.field(description="All of these are needed.")
    by: datetime | None = strawberry.field(description="Until when it counts, if there is an end.")


@strawberry.type(description="A change of tier.")
class TiersChange:
    """When, to which tier and why."""

    at: datetime = strawberry.field(description="When it happened.")
    tier: str | None = strawberry.field(description="The tier from then on.")
    why: str = strawberry.field(description="Why, such as reached or period ended.")


@strawberry.type(description="Where a member stands in a tier scheme.")
class TiersStanding:
    """The tier held, how it is kept and how the next one is reached."""

    scheme: str = strawberry.field(description="The scheme.")
    tier: str | None = strawberry.field(description="The tier held.")
    name: str | None = strawberry.field(description="What members call it.")
    since: datetime | None = strawberry.field(description="Since when it is held.")
    until: datetime | None = strawberry.field(description="When it may end by time alone.")
    grace: bool = strawberry.field(description="Whether it is only held because of a grace.")
    stay: TiersGoal | None = strawberry.field(description="What keeps it.")
    next: TiersGoal | None = strawberry.field(description="What reaches the next one.")
    history: list[TiersChange] = strawberry.field(description="The latest changes, oldest first.")


async def tiers(root: strawberry.Parent[object], info: Info) -> list[TiersStanding] | None:
    """Where the member stands in every scheme; members are not told of hidden tiers."""
    statement = await info.context.load_statement(str(getattr(root, "id", "")))
    schemes = info.context.loyalty.tiers()
    everything = info.context.operator
    return [
        _standing(standing, {tier.tier for tier in schemes[standing.scheme] if tier.visible})
        if not everything
        else _standing(standing, {tier.tier for tier in schemes[standing.scheme]})
        for standing in statement.standings
    ]


def _standing(standing: Standing, shown: set[str]) -> TiersStanding:
    tier = standing.tier if standing.tier and standing.tier.tier in shown else None
    return TiersStanding(
        scheme=standing.scheme,
        tier=tier.tier if tier else None,
        name=tier.name if tier else None,
        since=standing.since if tier else None,
        until=standing.until if tier else None,
        grace=standing.grace,
        stay=_goal(standing.stay) if standing.stay and tier else None,
        next=_goal(standing.next) if standing.next else None,
        history=[
            TiersChange(at=change.at, tier=change.tier, why=change.why)
            for change in standing.history
            if change.tier is None or change.tier in shown
        ],
    )


def _goal(goal: Goal) -> TiersGoal:
    return TiersGoal(
        tier=goal.tier.tier,
        name=goal.tier.name,
        any_of=[_progress(one) for one in goal.any_of],
        all_of=[_progress(one) for one in goal.all_of],
        by=goal.by,
    )


def _progress(progress: Progress) -> TiersProgress:
    return TiersProgress(
        metric=progress.metric,
        unit=progress.unit,
        have=format_scaled(progress.have, progress.scale),
        need=format_scaled(progress.need, progress.scale),
        more_than=progress.more_than,
        missing=format_scaled(progress.missing, progress.scale),
    )


EVERYBODY = frozenset({Permission.MEMBER, Permission.ADMIN})
extension = GraphQLExtension(
    fields={
        "Member": (
            ContributedField(
                name="tiers",
                resolver=tiers,
                description="Where the member stands in every tier scheme.",
                permissions=EVERYBODY,
            ),
        )
    }
)
