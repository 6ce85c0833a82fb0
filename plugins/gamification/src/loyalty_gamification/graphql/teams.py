"""A member's team: shown to its members, founded, joined and left."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, TypeAlias

import strawberry

from loyalty_gamification import joining
from loyalty_gamification.graphql.types import (
    GamificationMission,
    GamificationStep,
    GamificationTeam,
    GamificationTeamCode,
)
from loyalty_gateway.extension import ContributedField, GatewayContext, Permission

Info: TypeAlias = strawberry.Info[GatewayContext, None]
Key = Annotated[
    str, strawberry.argument(description="A name for this act: the same one does it once.")
]
Code = Annotated[str, strawberry.argument(description="The founder's code.")]


async def teams(root: strawberry.Parent[object], info: Info) -> list[GamificationTeam] | None:
    """The team that the member is in; none if in none."""
    return await _teams(info.context, str(getattr(root, "id", "")))


async def found_team(info: Info, idempotency_key: Key) -> GamificationTeamCode | None:
    """The code of the member who is signed in, and a team, unless they are in one."""
    context = info.context
    me = await context.me()
    key = f"found-{me}-{idempotency_key}"
    code = await context.in_thread(joining.found_team, context.loyalty, me, key=key)
    context.forget(me)
    return GamificationTeamCode(code=code)


async def join_team(info: Info, code: Code, idempotency_key: Key) -> list[GamificationTeam] | None:
    """The team of the member who is signed in after they joined that of the code's owner."""
    context = info.context
    me = await context.me()
    key = f"join-{me}-{idempotency_key}"
    await context.in_thread(joining.join_team, context.loyalty, me, code, key=key)
    context.forget(me)
    return await _teams(context, me)


async def leave_team(info: Info, idempotency_key: Key) -> list[GamificationTeam] | None:
    """The team of the member who is signed in after they left it: none."""
    context = info.context
    me = await context.me()
    key = f"leave-{me}-{idempotency_key}"
    await context.in_thread(joining.leave_team, context.loyalty, me, key=key)
    context.forget(me)
    return await _teams(context, me)


def mission_of(one: Mapping[str, Any]) -> GamificationMission:
    """A mission as clients see it."""
    ends_at = datetime.fromisoformat(one["ends_at"]) if one["ends_at"] else None
    steps = [GamificationStep(**step) for step in one["steps"]]
    return GamificationMission(**{**one, "ends_at": ends_at, "steps": steps})


async def _teams(context: GatewayContext, member_id: str) -> list[GamificationTeam]:
    found = await context.in_thread(joining.team_with, context.loyalty, member_id)
    if found is None:
        return []
    return [
        GamificationTeam(
            team=found["team"],
            member=found["member"],
            founder=found["founder"],
            members=found["members"],
            most=found["most"],
            missions=[mission_of(one) for one in found["missions"]],
        )
    ]


MUTATIONS = tuple(
    ContributedField(
        name=name,
        resolver=resolver,
        description=description,
        permissions=frozenset({Permission.MEMBER}),
    )
    for name, resolver, description in (
        ("gamificationFoundTeam", found_team, "Founds a team, which others join by the code."),
        ("gamificationJoinTeam", join_team, "Joins the team of who has a code."),
        ("gamificationLeaveTeam", leave_team, "Leaves the team; with its founder it ends."),
    )
)
