"""What the plugin adds to the gateway: plans, a member's membership, and what can be done to it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from enum import Enum
from typing import Annotated, Any, TypeAlias

import strawberry

from loyalty_core import format_scaled, minor_digits, read_settings
from loyalty_gateway.extension import (
    ContributedField,
    GatewayContext,
    GraphQLExtension,
    Permission,
)
from loyalty_paid.commands import Memberships
from loyalty_paid.config import PaidConfig

Info: TypeAlias = strawberry.Info[GatewayContext, None]
Shown = Mapping[str, Any]


@strawberry.enum(description="Where a membership stands.")
class PaidStatus(Enum):
    """Mirrors the plugin's ``Status``."""

    NONE = strawberry.enum_value("none", description="There never was one.")
    UNPAID = strawberry.enum_value("unpaid", description="Its first fee is not paid yet.")
    TRIAL = strawberry.enum_value("trial", description="Active, and nothing is paid yet.")
    ACTIVE = strawberry.enum_value("active", description="Paid for.")
    GRACE = strawberry.enum_value("grace", description="Active, though a renewal is unpaid.")
    PAUSED = strawberry.enum_value("paused", description="It stands still.")
    ENDED = strawberry.enum_value("ended", description="It is over.")


@strawberry.enum(description="When a membership ends that is cancelled.")
class PaidWhen(Enum):
    """Mirrors what ``Memberships.cancel`` takes."""

    PERIOD_END = strawberry.enum_value("period_end", description="When what is paid ends.")
    NOW = strawberry.enum_value("now", description="At once, with a refund inside its window.")


@strawberry.type(description="A plan that members can come to.")
class PaidPlan:
    """Amounts are decimal texts in the program's currency."""

    plan: str = strawberry.field(description="The plan.")
    name: str = strawberry.field(description="What members call it.")
    price: str = strawberry.field(description="The fee of one period.")
    currency: str = strawberry.field(description="The ISO 4217 code of the fee.")
    period: str = strawberry.field(description="day, week, month, year or lifetime.")
    periods: int = strawberry.field(description="How many of them one fee pays for.")
    renewal: str = strawberry.field(description="Who asks for the next fee, or none.")
    trial_days: int = strawberry.field(description="Days without a fee at the beginning.")
    refund_days: int = strawberry.field(description="The days of the refund window.")
    pause_days: int = strawberry.field(description="The longest pause; 0 for none.")
    benefits: list[str] = strawberry.field(description="What members read of its benefits.")


@strawberry.type(description="A fee that is asked for.")
class PaidDue:
    """It is to be had once."""

    charge: str = strawberry.field(description="What is paid for.")
    amount: str = strawberry.field(description="How much, as a decimal text.")
    at: datetime = strawberry.field(description="When it was due.")
    attempts: int = strawberry.field(description="How often it could not be had.")
    reason: str = strawberry.field(description="Why not, the last time.")
    pay_url: str | None = strawberry.field(description="Where the member can pay it.")


@strawberry.type(description="A member's membership, what comes next, and what it has saved.")
class PaidMembership:
    """Amounts are decimal texts in the currency."""

    status: PaidStatus = strawberry.field(description="Where it stands.")
    currency: str = strawberry.field(description="The ISO 4217 code of its amounts.")
    plan: str | None = strawberry.field(description="The plan.")
    name: str | None = strawberry.field(description="What members call the plan.")
    since: datetime | None = strawberry.field(description="When it began.")
    paid_until: datetime | None = strawberry.field(
        description="When what is paid ends; null also for life."
    )
    renews_at: datetime | None = strawberry.field(description="When the next fee is asked for.")
    grace_until: datetime | None = strawberry.field(
        description="Until when benefits go on though the renewal is not paid."
    )
    cancelled_at: datetime | None = strawberry.field(description="When it was cancelled.")
    paused_until: datetime | None = strawberry.field(description="When a pause ends.")
    next_plan: str | None = strawberry.field(description="The plan from the next period on.")
    next_fee: str | None = strawberry.field(description="The next fee.")
    due: PaidDue | None = strawberry.field(description="The fee that is asked for now.")
    fee: str | None = strawberry.field(description="The fee of this period.")
    saved: str | None = strawberry.field(description="What this period has saved so far.")
    saved_in_all: str | None = strawberry.field(description="What all periods have saved.")
    earned_back_at: str | None = strawberry.field(
        description="What has to be spent in a period, at list prices, to save its fee."
    )
    still_to_spend: str | None = strawberry.field(
        description="What of that is still to be spent, by what was saved."
    )
    refused: str | None = strawberry.field(
        description="Why the latest command did nothing, in one word; null if it did."
    )


Key = Annotated[
    str,
    strawberry.argument(
        description="Your own key for this command: sent again, nothing is done twice."
    ),
]
PlanName = Annotated[str, strawberry.argument(description="The plan.")]


async def plans(info: Info) -> list[PaidPlan] | None:
    """The plans that can be come to."""
    program = info.context.loyalty.config
    section = program.plugins["paid"]
    config = read_settings(PaidConfig, section, where="plugins.paid")
    return [
        PaidPlan(
            plan=plan.plan,
            name=plan.name or plan.plan,
            price=str(plan.price),
            currency=program.program.currency,
            period=plan.period,
            periods=plan.periods,
            renewal=plan.renewal,
            trial_days=plan.trial_days,
            refund_days=plan.refund_days,
            pause_days=plan.pause_days,
            benefits=[one.text for one in plan.benefits if one.visible and one.text],
        )
        for plan in config.plan
        if plan.open
    ]


async def membership(root: strawberry.Parent[object], info: Info) -> PaidMembership | None:
    """The member's membership."""
    statement = await info.context.load_statement(str(getattr(root, "id", "")))
    return _membership(statement.shown.get("paid", {}))


async def subscribe(info: Info, plan: PlanName, idempotency_key: Key) -> PaidMembership | None:
    """Comes to a plan."""
    return await _do(info, Memberships.subscribe, plan, key=idempotency_key)


async def cancel(
    info: Info,
    idempotency_key: Key,
    when: Annotated[
        PaidWhen, strawberry.argument(description="When it ends.")
    ] = PaidWhen.PERIOD_END,
) -> PaidMembership | None:
    """Ends it, now or when the period does."""
    return await _do(info, Memberships.cancel, key=idempotency_key, when=when.value)


async def pause(
    info: Info,
    idempotency_key: Key,
    days: Annotated[int | None, strawberry.argument(description="For how many days.")] = None,
) -> PaidMembership | None:
    """Lets it stand still."""
    return await _do(info, Memberships.pause, key=idempotency_key, days=days)


async def resume(info: Info, idempotency_key: Key) -> PaidMembership | None:
    """Goes on, or is renewed after all."""
    return await _do(info, Memberships.resume, key=idempotency_key)


async def change(info: Info, plan: PlanName, idempotency_key: Key) -> PaidMembership | None:
    """Comes to another plan."""
    return await _do(info, Memberships.change, plan, key=idempotency_key)


async def give(
    info: Info,
    plan: PlanName,
    code: Annotated[str, strawberry.argument(description="The public code of who gets it.")],
    idempotency_key: Key,
) -> PaidMembership | None:
    """Pays a period for somebody else."""
    return await _do(info, Memberships.give, plan, code, key=idempotency_key)


async def _do(
    info: Info, command: Callable[..., Shown], *words: str, **named: object
) -> PaidMembership | None:
    """A command of whoever is signed in, and what came of it."""
    context = info.context
    member = await context.me()
    context.forget(member)
    shown = await context.in_thread(command, Memberships(context.loyalty), member, *words, **named)
    return _membership(shown)


def _membership(shown: Shown) -> PaidMembership:
    currency = str(shown.get("currency", "XXX"))

    def money(name: str) -> str | None:
        amount = shown.get(name)
        return None if amount is None else format_scaled(amount, minor_digits(currency))

    def moment(name: str) -> datetime | None:
        return datetime.fromisoformat(shown[name]) if shown.get(name) else None

    due = shown.get("due")
    return PaidMembership(
        status=PaidStatus(shown.get("status", "none")),
        currency=currency,
        plan=shown.get("plan"),
        name=shown.get("name"),
        since=moment("since"),
        paid_until=moment("paid_until"),
        renews_at=moment("renews_at"),
        grace_until=moment("grace_until"),
        cancelled_at=moment("cancelled_at"),
        paused_until=moment("paused_until"),
        next_plan=shown.get("next_plan"),
        next_fee=money("next_fee"),
        due=None if due is None else _due(due, currency),
        fee=money("fee"),
        saved=money("saved"),
        saved_in_all=money("saved_in_all"),
        earned_back_at=money("earned_back_at"),
        still_to_spend=money("still_to_spend"),
        refused=(shown.get("command") or {}).get("refused"),
    )


def _due(due: Shown, currency: str) -> PaidDue:
    return PaidDue(
        charge=due["charge"],
        amount=format_scaled(due["amount"], minor_digits(currency)),
        at=datetime.fromisoformat(due["at"]),
        attempts=due["attempts"],
        reason=due["reason"],
        pay_url=due["pay_url"],
    )


EVERYBODY = frozenset({Permission.PUBLIC, Permission.MEMBER, Permission.ADMIN})
MEMBERS = frozenset({Permission.MEMBER})
COMMANDS: tuple[tuple[str, Callable[..., Awaitable[object]], str], ...] = (
    ("paidSubscribe", subscribe, "Comes to a plan; its fee is asked for, after a trial if any."),
    ("paidCancel", cancel, "Is not renewed, or ends now, with a refund inside its window."),
    ("paidPause", pause, "Stands still for some days."),
    ("paidResume", resume, "Ends a pause early, or takes a cancellation back."),
    ("paidChange", change, "Comes to a dearer plan once that is paid, to a cheaper one later."),
    ("paidGive", give, "Pays a period for whoever has a public code."),
)
extension = GraphQLExtension(
    queries=(
        ContributedField(
            name="paidPlans",
            resolver=plans,
            description="The plans that members can come to.",
            permissions=EVERYBODY,
        ),
    ),
    mutations=tuple(
        ContributedField(name=name, resolver=resolver, description=text, permissions=MEMBERS)
        for name, resolver, text in COMMANDS
    ),
    fields={
        "Member": (
            ContributedField(
                name="membership",
                resolver=membership,
                description="The member's paid membership.",
                permissions=frozenset({Permission.MEMBER, Permission.ADMIN}),
            ),
        )
    },
)
