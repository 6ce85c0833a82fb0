"""What the plugin adds to the gateway: what ``Member`` shows of the games."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime
from functools import partial
from typing import Annotated, Any, TypeAlias, cast

import strawberry

from loyalty_core import format_scaled
from loyalty_gamification.graphql.teams import MUTATIONS, mission_of, teams
from loyalty_gamification.graphql.types import (
    GamificationBadge,
    GamificationBoard,
    GamificationMission,
    GamificationPlace,
    GamificationQuiz,
    GamificationRankedMember,
    GamificationRanking,
    GamificationSpin,
    GamificationStreak,
    GamificationWheel,
    GamificationWheelPrize,
    GamificationWin,
)
from loyalty_gateway.extension import (
    ContributedField,
    GatewayContext,
    GraphQLExtension,
    Permission,
)

Info: TypeAlias = strawberry.Info[GatewayContext, None]
Shown = Mapping[str, Any]
BoardName = Annotated[str, strawberry.argument(description="The board.")]
Day = Annotated[
    date | None, strawberry.argument(description="A day of the period meant; left out, today.")
]
Near = Annotated[int, strawberry.argument(description="How many neighbours on either side.")]
First = Annotated[int, strawberry.argument(description="How many places, up to 1,000.")]
After = Annotated[
    str | None, strawberry.argument(description="The cursor after which the page begins.")
]


async def streaks(root: strawberry.Parent[object], info: Info) -> list[GamificationStreak] | None:
    """The member's streaks."""
    return [
        GamificationStreak(**{**one, "since": _day(one["since"]), "ends_at": _at(one["ends_at"])})
        for one in await _shown(root, info, "streaks")
    ]


async def missions(root: strawberry.Parent[object], info: Info) -> list[GamificationMission] | None:
    """The missions that are open to the member, or completed."""
    return [mission_of(one) for one in await _shown(root, info, "missions")]


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


async def boards(root: strawberry.Parent[object], info: Info) -> list[GamificationBoard] | None:
    """The boards, and where the member is."""
    return [
        GamificationBoard(
            board=one["board"],
            name=one["name"],
            period=_day(one["period"]),
            ends_at=_at(one["ends_at"]),
            unit=one["unit"],
            amount=format_scaled(one["amount"], one["scale"]),
            rank=one["rank"],
            title=one["title"],
            won=GamificationWin(
                title=one["won"]["title"],
                period=date.fromisoformat(one["won"]["period"]),
                rank=one["won"]["rank"],
                until=_at(one["won"]["until"]),
            )
            if one["won"]
            else None,
            times=one["times"],
        )
        for one in await _shown(root, info, "boards")
    ]


async def places(
    root: strawberry.Parent[object], info: Info, board: BoardName, day: Day = None, near: Near = 2
) -> list[GamificationPlace] | None:
    """The member's place with the neighbours'; none where there is none, or the board is hidden."""
    member, loyalty = str(getattr(root, "id", "")), info.context.loyalty
    ask = partial(loyalty.board_around, board, member, day=day, neighbours=near)
    found = await info.context.in_thread(ask)
    if found.place is None or not found.page.board.visible:
        return []
    return [
        GamificationPlace(
            rank=one.rank,
            shown_as=one.shown_as,
            amount=format_scaled(one.amount, found.page.board.scale),
            own=one is found.place,
        )
        for one in (*found.above, found.place, *found.below)
    ]


async def ranking(
    info: Info, board: BoardName, day: Day = None, first: First = 100, after: After = None
) -> GamificationRanking | None:
    """A page of a board, for operators."""
    ask = partial(info.context.loyalty.board, board, day=day, first=first, after=after)
    page = await info.context.in_thread(ask)
    return GamificationRanking(
        period=_day(page.period),
        closes_at=page.closes_at,
        closed=page.closed,
        ranked=page.ranked,
        more=page.more,
        places=[
            GamificationRankedMember(
                rank=one.rank,
                member_id=strawberry.ID(one.member_id),
                shown_as=one.shown_as,
                amount=format_scaled(one.amount, page.board.scale),
                reached_at=one.reached_at,
                cursor=one.cursor,
            )
            for one in page.places
        ],
    )


async def _shown(root: object, info: Info, section: str) -> Sequence[Shown]:
    """What the games of a section show of the member."""
    statement = await info.context.load_statement(str(getattr(root, "id", "")))
    return cast(Sequence[Shown], statement.shown.get("gamification", {}).get(section, []))


def _at(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


NAMES = {"places": "boardPlaces"}
EVERYBODY = frozenset({Permission.MEMBER, Permission.ADMIN})
RESOLVERS: Sequence[tuple[Callable[..., Awaitable[object]], str]] = (
    (streaks, "How long the member has done things without a gap."),
    (missions, "The missions that are open to the member, or completed."),
    (teams, "The team that the member is in, and how far its missions are."),
    (quizzes, "The quizzes of today."),
    (wheels, "The prize wheels, and the member's latest spins."),
    (badges, "The member's badges."),
    (boards, "The boards that members are ranked on, and where the member is."),
    (places, "The member's place on a board with the neighbours', under names all may see."),
)
extension = GraphQLExtension(
    queries=(
        ContributedField(
            name="gamificationRanking",
            resolver=ranking,
            description="Who is where on a board.",
            permissions=frozenset({Permission.ADMIN}),
        ),
    ),
    mutations=MUTATIONS,
    fields={
        "Member": tuple(
            ContributedField(
                name=NAMES.get(resolver.__name__, resolver.__name__),
                resolver=resolver,
                description=description,
                permissions=EVERYBODY,
            )
            for resolver, description in RESOLVERS
        )
    },
)
