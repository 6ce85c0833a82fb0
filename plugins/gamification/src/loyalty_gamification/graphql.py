"""What the plugin adds to the gateway: what ``Member`` shows of the games."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, TypeAlias, cast

import strawberry

from loyalty_gateway.extension import (
    ContributedField,
    GatewayContext,
    GraphQLExtension,
    Permission,
)

Info: TypeAlias = strawberry.Info[GatewayContext, None]
Shown = Mapping[str, Any]


@strawberry.type(description="How long a member has done something without a gap.")
class GamificationStreak:
    """Its length is that of this moment: nothing has to be run at midnight."""

    streak: str = strawberry.field(description="The streak.")
    name: str = strawberry.field(description="What members call it.")
    unit: str = strawberry.field(description="What is counted: day or week.")
    length: int = strawberry.field(description="How many there are now; 0 once it is broken.")
    best: int = strawberry.field(description="How many there were at most.")
    counted: bool = strawberry.field(description="Whether the present day or week has counted.")
    since: date | None = strawberry.field(description="Its first day.")
    ends_at: datetime | None = strawberry.field(
        description="When it is broken unless something counts before."
    )


@strawberry.type(description="A badge, and how far the next level is.")
class GamificationBadge:
    """Spend is in minor units."""

    badge: str = strawberry.field(description="The badge.")
    name: str = strawberry.field(description="What members call it.")
    level: str | None = strawberry.field(description="The level held.")
    level_name: str | None = strawberry.field(description="What members call the level.")
    earned_at: datetime | None = strawberry.field(description="When the level was first reached.")
    until: datetime | None = strawberry.field(description="When the level is lost.")
    have: int = strawberry.field(description="How much there is towards the next level.")
    next: str | None = strawberry.field(description="The next level.")
    needs: int | None = strawberry.field(description="How much the next level needs.")


@strawberry.type(description="One step of a mission.")
class GamificationStep:
    """Spend is in minor units."""

    step: str = strawberry.field(description="The step.")
    name: str = strawberry.field(description="What members call it.")
    have: int = strawberry.field(description="How much was done.")
    needs: int = strawberry.field(description="How much is needed.")
    done: bool = strawberry.field(description="Whether that is enough.")


@strawberry.type(description="A mission, and how far the member is.")
class GamificationMission:
    """Steps to do by a deadline."""

    mission: str = strawberry.field(description="The mission.")
    name: str = strawberry.field(description="What members call it.")
    completed: bool = strawberry.field(description="Whether it was completed in this period.")
    times: int = strawberry.field(description="How often it was ever completed.")
    ends_at: datetime | None = strawberry.field(description="Until when what was done counts.")
    steps: list[GamificationStep] = strawberry.field(description="The steps.")


@strawberry.type(description="A quiz, and how it was answered today.")
class GamificationQuiz:
    """The questions by their names; what they say is the shop's business."""

    quiz: str = strawberry.field(description="The quiz.")
    name: str = strawberry.field(description="What members call it.")
    questions: list[str] = strawberry.field(description="The names of today's questions.")
    answered: bool = strawberry.field(description="Whether today's questions were answered.")
    right: int | None = strawberry.field(description="How many of today's answers were right.")
    total: int = strawberry.field(description="How many answers were ever right.")


@strawberry.type(description="One field of a prize wheel.")
class GamificationWheelPrize:
    """Its chance is its odds among the sum of all odds."""

    prize: str = strawberry.field(description="The prize.")
    name: str = strawberry.field(description="What members call it.")
    odds: int = strawberry.field(description="Its share of the sum of all odds.")


@strawberry.type(description="A spin of a prize wheel, and what it takes to check it.")
class GamificationSpin:
    """The secret is there once the day is over."""

    spin: str = strawberry.field(description="The spin's id.")
    at: datetime = strawberry.field(description="When it was spun.")
    day: date = strawberry.field(description="The program's day on which it was spun.")
    prize: str = strawberry.field(description="What it came to.")
    day_secret: str | None = strawberry.field(
        description="The secret of that day, once it is over."
    )


@strawberry.type(description="A prize wheel with stated odds, and the member's latest spins.")
class GamificationWheel:
    """With the commitment and a day's secret anybody can compute that day's spins again."""

    wheel: str = strawberry.field(description="The wheel.")
    name: str = strawberry.field(description="What members call it.")
    left: int = strawberry.field(description="How often it can be spun in this period.")
    first_day: date = strawberry.field(description="Its first day.")
    commitment: str = strawberry.field(description="What the shop is committed to.")
    prizes: list[GamificationWheelPrize] = strawberry.field(description="The fields, in order.")
    spins: list[GamificationSpin] = strawberry.field(description="The latest spins, oldest first.")


async def streaks(root: strawberry.Parent[object], info: Info) -> list[GamificationStreak] | None:
    """The member's streaks."""
    return [
        GamificationStreak(**{**one, "since": _day(one["since"]), "ends_at": _at(one["ends_at"])})
        for one in await _shown(root, info, "streaks")
    ]


async def missions(root: strawberry.Parent[object], info: Info) -> list[GamificationMission] | None:
    """The missions that are open to the member, or completed."""
    return [
        GamificationMission(
            **{
                **one,
                "ends_at": _at(one["ends_at"]),
                "steps": [GamificationStep(**step) for step in one["steps"]],
            }
        )
        for one in await _shown(root, info, "missions")
    ]


async def quizzes(root: strawberry.Parent[object], info: Info) -> list[GamificationQuiz] | None:
    """The quizzes of today."""
    return [GamificationQuiz(**one) for one in await _shown(root, info, "quizzes")]


async def wheels(root: strawberry.Parent[object], info: Info) -> list[GamificationWheel] | None:
    """The prize wheels, and the member's latest spins."""
    return [
        GamificationWheel(
            **{
                **one,
                "first_day": date.fromisoformat(one["first_day"]),
                "prizes": [GamificationWheelPrize(**prize) for prize in one["prizes"]],
                "spins": [
                    GamificationSpin(
                        **{
                            **spin,
                            "at": datetime.fromisoformat(spin["at"]),
                            "day": date.fromisoformat(spin["day"]),
                        }
                    )
                    for spin in one["spins"]
                ],
            }
        )
        for one in await _shown(root, info, "wheels")
    ]


async def badges(root: strawberry.Parent[object], info: Info) -> list[GamificationBadge] | None:
    """The member's badges."""
    return [
        GamificationBadge(**{**one, "earned_at": _at(one["earned_at"]), "until": _at(one["until"])})
        for one in await _shown(root, info, "badges")
    ]


async def _shown(root: object, info: Info, section: str) -> Sequence[Shown]:
    """What the games of a section show of the member."""
    statement = await info.context.load_statement(str(getattr(root, "id", "")))
    return cast(Sequence[Shown], statement.shown.get("gamification", {}).get(section, []))


def _at(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


EVERYBODY = frozenset({Permission.MEMBER, Permission.ADMIN})
RESOLVERS: Sequence[tuple[Callable[..., Awaitable[object]], str]] = (
    (streaks, "How long the member has done things without a gap."),
    (missions, "The missions that are open to the member, or completed."),
    (quizzes, "The quizzes of today."),
    (wheels, "The prize wheels, and the member's latest spins."),
    (badges, "The member's badges."),
)
extension = GraphQLExtension(
    fields={
        "Member": tuple(
            ContributedField(
                name=resolver.__name__,
                resolver=resolver,
                description=description,
                permissions=EVERYBODY,
            )
            for resolver, description in RESOLVERS
        )
    }
)
