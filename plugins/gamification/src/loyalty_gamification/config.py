"""What a merchant may write below ``[plugins.gamification]``: one tree of frozen dataclasses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal

from loyalty_core import Name, doc

Unit = Literal["day", "week"]
Span = Literal["week", "month", "quarter", "year"]
Counts = Literal["times", "spend"]
Window = Literal["lifetime", "day", "week", "month", "quarter", "year"]


@dataclass(frozen=True, slots=True, kw_only=True)
class What:
    """Which facts count. All that is written must hold; of a list, one entry is enough."""

    kind: str = field(metadata=doc("The kind of activity, such as check_in, or order."))
    channels: tuple[str, ...] = field(default=(), metadata=doc("Channels of the fact."))
    stores: tuple[str, ...] = field(default=(), metadata=doc("Stores of the fact."))
    tags: tuple[str, ...] = field(
        default=(), metadata=doc("Tags of the order or activity itself (not of its lines).")
    )
    data: Mapping[str, str] = field(
        default_factory=dict, metadata=doc("Values that the activity's data must have, by key.")
    )
    skus: tuple[str, ...] = field(
        default=(), metadata=doc("Orders only: one line has one of these SKUs.")
    )
    categories: tuple[str, ...] = field(
        default=(), metadata=doc("Orders only: one line is in one of these categories.")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Prize:
    """What is won: points, a reward, both, or nothing if neither is written."""

    points: Decimal = field(default=Decimal(0), metadata=doc("How many points are given."))
    wallet: str = field(default="points", metadata=doc("The wallet that is credited."))
    reward: str = field(default="", metadata=doc("A reward of the catalogue that is granted."))


@dataclass(frozen=True, slots=True, kw_only=True)
class StreakPrize(Prize):
    """What is given when a streak reaches a length."""

    at: int = field(metadata=doc("The length, in days or weeks."))
    repeat: bool = field(
        default=False, metadata=doc("Whether it is given at each multiple of that length.")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class StreakRules:
    """Days or weeks without a gap. A gap ends a streak, and the next fact begins another one."""

    streak: Name = field(metadata=doc("Its name in programs; unique among the streaks."))
    name: str = field(default="", metadata=doc("What members call it."))
    what: What = field(metadata=doc("The facts that count; one in each unit is enough."))
    unit: Unit = field(default="day", metadata=doc("Whether days or weeks (from Monday) count."))
    zone: Literal["program", "member"] = field(
        default="program",
        metadata=doc(
            "Whose calendar counts. The member's is that of the place the activity names in "
            "data.time_zone, else of the member's profile, else the program's."
        ),
    )
    freezes: int = field(
        default=0, metadata=doc("How many missed units are forgiven in each period.")
    )
    freezes_per: Span = field(default="month", metadata=doc("The period of freezes."))
    prize: tuple[StreakPrize, ...] = field(
        default=(), metadata=doc("Points at certain lengths, in each streak anew.")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BadgeLevel(Prize):
    """One level of a badge; its points are given once in a lifetime."""

    level: Name = field(metadata=doc("Its name; unique in its badge."))
    name: str = field(default="", metadata=doc("What members call it."))
    needs: Decimal = field(
        metadata=doc("How much the level needs; spend is in major units, all else whole.")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BadgeRules:
    """Something to show; what it is for, exactly one of what, streak, mission and quiz says."""

    badge: Name = field(metadata=doc("Its name in programs; unique among the badges."))
    name: str = field(default="", metadata=doc("What members call it."))
    what: What | None = field(default=None, metadata=doc("For facts: these count."))
    counts: Counts = field(
        default="times",
        metadata=doc("Whether facts count by their number or, orders only, by what was spent."),
    )
    streak: str = field(default="", metadata=doc("For the length of this streak."))
    mission: str = field(default="", metadata=doc("For how many times this mission was completed."))
    quiz: str = field(default="", metadata=doc("For right answers in this quiz."))
    expires_after_days: int | None = field(
        default=None,
        metadata=doc(
            "Days until a level is lost, from the day of the last fact that was enough for it; "
            "never if left out."
        ),
    )
    level: tuple[BadgeLevel, ...] = field(metadata=doc("The levels, the lowest first."))


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRules(Prize):
    """One step of a mission; its points are given when it is done."""

    step: Name = field(metadata=doc("Its name; unique in its mission."))
    name: str = field(default="", metadata=doc("What members call it."))
    what: What = field(metadata=doc("The facts that count."))
    counts: Counts = field(
        default="times",
        metadata=doc("Whether facts count by their number or, orders only, by what was spent."),
    )
    needs: Decimal = field(
        default=Decimal(1), metadata=doc("How much is needed; spend is in major units.")
    )
    once_per: tuple[str, ...] = field(
        default=(), metadata=doc("Keys of the activity's data; the same values count once.")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MissionRules(Prize):
    """Steps to do by a deadline; the mission's points are given when all are done."""

    mission: Name = field(metadata=doc("Its name in programs; unique among the missions."))
    name: str = field(default="", metadata=doc("What members call it."))
    starts_on: date | None = field(
        default=None, metadata=doc("The first day it can be worked on, in the program's zone.")
    )
    ends_on: date | None = field(
        default=None, metadata=doc("The last day it can be worked on, in the program's zone.")
    )
    within_days: int | None = field(
        default=None,
        metadata=doc(
            "How many days there are for it, that of the first thing that counts included. What "
            "was done is lost when they have passed, and one may begin again."
        ),
    )
    per: Window = field(
        default="lifetime", metadata=doc("The period of the calendar in which it is there anew.")
    )
    repeat: bool = field(
        default=False, metadata=doc("Whether it can be completed again within its period.")
    )
    order: Literal["any", "in_order"] = field(
        default="any", metadata=doc("Whether a step counts only once those before it are done.")
    )
    team: bool = field(
        default=False,
        metadata=doc("Whether teams work on it together: what any of them does counts for all."),
    )
    share: Decimal = field(
        default=Decimal(0),
        metadata=doc(
            "Of a team: the percentage of it that a member must have done to win the prize; at "
            "least something."
        ),
    )
    step: tuple[StepRules, ...] = field(metadata=doc("The steps."))


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamRules:
    """What holds for teams."""

    members: int = field(
        default=10, metadata=doc("How many members a team has at most, the founder included.")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question with its right answers; what it says is the shop's business."""

    question: Name = field(metadata=doc("Its name: the key of its answer in the activity's data."))
    answers: tuple[str, ...] = field(
        metadata=doc("The right answers; capitals, and space around them, are no matter.")
    )
    on: date | None = field(
        default=None, metadata=doc("The only day on which it is asked; every day if left out.")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class QuizRules(Prize):
    """Questions, answered once a member and day; points are for each right answer."""

    quiz: Name = field(
        metadata=doc("Its name, unique among the quizzes: what answers have in data.quiz.")
    )
    name: str = field(default="", metadata=doc("What members call it."))
    kind: str = field(default="quiz", metadata=doc("The kind of activity that answers it."))
    all_right: Prize = field(
        default=Prize(), metadata=doc("Points for a day's questions all answered right, besides.")
    )
    question: tuple[Question, ...] = field(metadata=doc("The questions."))


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelPrize(Prize):
    """One field of a wheel; a prize without points is what the shop makes of its name."""

    prize: Name = field(metadata=doc("Its name; unique on its wheel."))
    name: str = field(default="", metadata=doc("What members call it."))
    odds: int = field(metadata=doc("Its share of the sum of all odds of the wheel."))
    stock: int | None = field(
        default=None,
        metadata=doc("How many of it all members together may win in each period of limits."),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelRules:
    """A wheel whose spins are fixed before the first one, and can be checked by anybody."""

    wheel: Name = field(
        metadata=doc("Its name, unique among the wheels: what spins have in data.wheel.")
    )
    name: str = field(default="", metadata=doc("What members call it."))
    kind: str = field(default="spin", metadata=doc("The kind of activity that spins it."))
    spins: int = field(default=1, metadata=doc("How often a member may spin in each period."))
    per: Window = field(default="day", metadata=doc("The period of spins."))
    first_day: date = field(metadata=doc("Its first day, in the program's time zone."))
    days: int = field(metadata=doc("For how many days it can be spun, 1 to 3660."))
    secret: str = field(
        metadata=doc("A long random text that nobody knows, as env:NAME of the environment.")
    )
    commitment: str = field(
        metadata=doc("What commits to the secret; to be published before the first day.")
    )
    prize: tuple[WheelPrize, ...] = field(metadata=doc("The prizes, in the order of the fields."))
    budget: Decimal | None = field(
        default=None,
        metadata=doc("How many points all members together may win in each period of limits."),
    )
    limits_per: Window = field(
        default="lifetime", metadata=doc("The period of stocks and of the budget.")
    )
    instead: str = field(
        default="",
        metadata=doc("The prize that is won instead of one that is gone; it has no limit itself."),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardPrize(Prize):
    """What the first places of a period win once it is closed, each the first prize that fits."""

    places: int = field(metadata=doc("Up to which rank it is won."))
    title: str = field(
        default="",
        metadata=doc(
            "A title: shown while the member is among those places, and won when the period is "
            "closed, until the next one is."
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardRules:
    """Members ranked by a sum in each period; of equal sums the one reached first is ahead."""

    board: Name = field(metadata=doc("Its name in programs; unique among the boards."))
    name: str = field(default="", metadata=doc("What members call it."))
    what: What | None = field(
        default=None,
        metadata=doc("The facts that count; if left out, orders for spend, and all otherwise."),
    )
    counts: Literal["times", "spend", "points", "measure"] = field(
        default="spend",
        metadata=doc(
            "What is summed: the number of facts; what was spent, in the program's currency; the "
            "points that other programs gave for facts; or something they measured. Of orders "
            "counts what refunds have left."
        ),
    )
    wallet: str = field(default="points", metadata=doc("The wallet, where points count."))
    metric: str = field(
        default="", metadata=doc("What is measured, such as points.visits, where a measure counts.")
    )
    per: Literal["day", "week", "month", "quarter", "year", "lifetime"] = field(
        default="lifetime", metadata=doc("The period of the calendar; each has a ranking anew.")
    )
    settles_after_days: int = field(
        default=0,
        metadata=doc(
            "How many days after a period late facts and refunds still move its ranking; then it "
            "is closed for good."
        ),
    )
    tags: tuple[str, ...] = field(
        default=(), metadata=doc("Who takes part: members with one of these tags, else all.")
    )
    keeps: int = field(
        default=100, metadata=doc("How many places of a closed period are kept to be looked at.")
    )
    hidden: bool = field(default=False, metadata=doc("Whether members do not see it."))
    prize: tuple[BoardPrize, ...] = field(
        default=(), metadata=doc("What is won, the fewest places first; not of a lifetime.")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class GamificationConfig:
    """Everything below ``[plugins.gamification]``."""

    streak: tuple[StreakRules, ...] = field(default=(), metadata=doc("The streaks."))
    mission: tuple[MissionRules, ...] = field(default=(), metadata=doc("The missions."))
    team: TeamRules = field(
        default=TeamRules(), metadata=doc("What holds for the teams of missions.")
    )
    quiz: tuple[QuizRules, ...] = field(default=(), metadata=doc("The quizzes."))
    wheel: tuple[WheelRules, ...] = field(default=(), metadata=doc("The prize wheels."))
    badge: tuple[BadgeRules, ...] = field(default=(), metadata=doc("The badges."))
    board: tuple[BoardRules, ...] = field(default=(), metadata=doc("The boards."))
