"""The types that the plugin adds to the gateway."""

from __future__ import annotations

from datetime import date, datetime

import strawberry


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
    stock: int | None = strawberry.field(
        description="How many of it all members together may win in a period; null for no limit."
    )


@strawberry.type(description="A spin of a prize wheel, and what it takes to check it.")
class GamificationSpin:
    """The secret is there once the day is over."""

    spin: str = strawberry.field(description="The spin's id.")
    at: datetime = strawberry.field(description="When it was spun.")
    day: date = strawberry.field(description="The program's day on which it was spun.")
    prize: str = strawberry.field(description="What it came to.")
    drawn: str = strawberry.field(
        description="What was drawn: another prize than it came to, if that one was gone."
    )
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
    instead: str | None = strawberry.field(
        description="The prize that is won instead of one that is gone."
    )
    spins: list[GamificationSpin] = strawberry.field(description="The latest spins, oldest first.")


@strawberry.type(description="A title that was won when a period of a board was closed.")
class GamificationWin:
    """It is held until the next period is closed."""

    title: str = strawberry.field(description="The title.")
    period: date = strawberry.field(description="The first day of the period.")
    rank: int = strawberry.field(description="The rank it was won with.")
    until: datetime | None = strawberry.field(description="When it ends.")


@strawberry.type(description="A board, and where the member is on it now.")
class GamificationBoard:
    """Amounts are decimals of whole units."""

    board: str = strawberry.field(description="The board.")
    name: str = strawberry.field(description="What members call it.")
    period: date | None = strawberry.field(description="The first day of the present period.")
    ends_at: datetime | None = strawberry.field(description="When the period is over.")
    unit: str = strawberry.field(description="What is summed: a currency, or points.")
    amount: str = strawberry.field(description="What the member has; 0 without a place.")
    rank: int | None = strawberry.field(description="The member's rank; the first one is 1.")
    title: str | None = strawberry.field(description="The title that goes with that rank now.")
    won: GamificationWin | None = strawberry.field(description="The title won last.")
    times: int = strawberry.field(description="How often a title was won.")


@strawberry.type(description="A place on a board, as others may see it.")
class GamificationPlace:
    """Whose it is, is said of those alone who agreed to it."""

    rank: int = strawberry.field(description="The rank; nobody shares one.")
    shown_as: str = strawberry.field(
        description="The member's name, with their consent; else one made up for this period."
    )
    amount: str = strawberry.field(description="What the member has.")
    own: bool = strawberry.field(description="Whether it is the member's own place.")


@strawberry.type(description="A place on a board, as operators see it.")
class GamificationRankedMember:
    """Whose it is."""

    rank: int = strawberry.field(description="The rank; nobody shares one.")
    member_id: strawberry.ID = strawberry.field(description="The member.")
    shown_as: str = strawberry.field(description="What others see of the member.")
    amount: str = strawberry.field(description="What the member has.")
    reached_at: datetime = strawberry.field(description="Since when: of equals, the first leads.")
    cursor: str = strawberry.field(description="The place, for the page that follows it.")


@strawberry.type(description="Places of a board.")
class GamificationRanking:
    """A page of a board in one period."""

    period: date | None = strawberry.field(description="The first day of the period.")
    closes_at: datetime | None = strawberry.field(description="From when on nothing moves it.")
    closed: bool = strawberry.field(description="Whether it was closed; then this is for good.")
    ranked: int = strawberry.field(description="How many members have a place.")
    more: bool = strawberry.field(description="Whether there are places behind these.")
    places: list[GamificationRankedMember] = strawberry.field(description="The places.")


@strawberry.type(description="A team, and how far its missions are.")
class GamificationTeam:
    """Who the others are, is told to nobody."""

    team: str = strawberry.field(description="The team.")
    member: bool = strawberry.field(description="Whether the member is in it.")
    founder: bool = strawberry.field(description="Whether the member founded it.")
    members: int = strawberry.field(description="How many members it has.")
    most: int = strawberry.field(description="How many it may have.")
    missions: list[GamificationMission] = strawberry.field(
        description="The missions that it works on; times is how often it completed them."
    )


@strawberry.type(description="A code that others join a team by.")
class GamificationTeamCode:
    """The founder's public code."""

    code: str = strawberry.field(description="The code.")
