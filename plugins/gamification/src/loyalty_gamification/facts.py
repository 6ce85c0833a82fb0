"""What members say of teams, as activities: recorded, and in order like all facts."""

from __future__ import annotations

from dataclasses import dataclass, field

from loyalty_core import ActivityKind, doc

FOUNDED, JOINED, LEFT = (f"gamification.team_{word}" for word in ("founded", "joined", "left"))


@dataclass(frozen=True, kw_only=True)
class Nothing:
    """What the activities ``gamification.team_founded`` and ``team_left`` hold."""


@dataclass(frozen=True, kw_only=True)
class Joined:
    """What the activity ``gamification.team_joined`` holds."""

    code: str = field(metadata=doc("The public code of the member who founded the team."))


KINDS: tuple[ActivityKind[object], ...] = (
    ActivityKind(FOUNDED, Nothing, "A member has a team, unless they are in one."),
    ActivityKind(JOINED, Joined, "A member joins the team of another one."),
    ActivityKind(LEFT, Nothing, "A member is in no team."),
)
"""What is taken from outside. What teams' facts cause has kinds that nobody else may send."""
