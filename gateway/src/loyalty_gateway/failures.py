"""Expected failures as members of result unions, and the one table from errors to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, get_args

import strawberry

import loyalty_core as core
from loyalty_gateway.context import GatewayContext
from loyalty_gateway.errors import LOGGER
from loyalty_gateway.scalars import Points

R = TypeVar("R")

_MESSAGE = "What is wrong, in words for a developer or an operator."
_CODE = "The stable code of the failure, as in the reference of errors."
_FIELD = "The path of the input that is wrong, if it is known."


@strawberry.interface(description="What every expected failure says.")
class UserError:
    """The fields every expected failure has; clients match it to catch those yet to come."""

    message: str = strawberry.field(description=_MESSAGE)
    code: str = strawberry.field(description=_CODE)
    field: str | None = strawberry.field(description=_FIELD, default=None)


@strawberry.type(description="The member has fewer points available than are needed.")
class InsufficientPoints(UserError):
    """Fewer points available than needed; nothing was booked."""

    needed: Points | None = strawberry.field(description="The points needed.", default=None)
    available: Points | None = strawberry.field(
        description="The points available now.", default=None
    )


@strawberry.type(description="The redemption breaks a limit: minimum, step or share of the order.")
class RedemptionRefused(UserError):
    """A limit of the program is broken; nothing was booked."""


@strawberry.type(description="The member's status does not allow this.")
class MemberInactive(UserError):
    """A suspended or closed member cannot spend."""


@strawberry.type(description="Nobody in this program has this id or identity.")
class MemberNotFound(UserError):
    """No such member."""


@strawberry.type(description="The program has no reward of this name.")
class RewardUnknown(UserError):
    """No such reward."""


@strawberry.type(description="The program has no wallet of this name.")
class WalletUnknown(UserError):
    """No such wallet."""


@strawberry.type(description="The program has no grant of this id or code.")
class GrantNotFound(UserError):
    """No such grant."""


@strawberry.type(description="The grant cannot be used or changed as it is.")
class GrantRefused(UserError):
    """Such as one that was used already; nothing was changed."""


@strawberry.type(description="The program has no redemption of this id.")
class RedemptionNotFound(UserError):
    """No such redemption."""


@strawberry.type(description="The points are not held any more, or were spent.")
class RedemptionEnded(UserError):
    """Released, timed out or captured before."""


@strawberry.type(description="One of the two is linked to somebody else, or the member to nobody.")
class LinkRefused(UserError):
    """A person has one account at each partner."""


@strawberry.type(description="The two programs do not agree on these points.")
class AgreementMissing(UserError):
    """There is no such partner, or it does not pay."""


@strawberry.type(description="More than is open was paid, or the currency is not clear.")
class SettlementRefused(UserError):
    """Nothing was noted."""


@strawberry.type(description="The wallet does not let members give points, or so many of them.")
class TransferRefused(UserError):
    """Nothing was booked."""


@strawberry.type(description="The program has no household of this id.")
class HouseholdNotFound(UserError):
    """No such household."""


@strawberry.type(description="The household, or a place in it, does not allow this.")
class HouseholdRefused(UserError):
    """Nothing was changed."""


@strawberry.type(description="No order of this source and id waits.")
class OrderNotFound(UserError):
    """No such order."""


@strawberry.type(description="The order is somebody's already, or waited too long.")
class ClaimRefused(UserError):
    """It stays as it is."""


@strawberry.type(description="The two cannot be made one, or not be taken apart any more.")
class MergeRefused(UserError):
    """Nothing was changed."""


@strawberry.type(description="The member was erased; nothing is known of them.")
class MemberErased(UserError):
    """There is nobody left to do it to."""


@strawberry.type(description="The program has no transaction of this id.")
class TransactionNotFound(UserError):
    """No such transaction."""


@strawberry.type(description="Nothing is left of the expiry, or it is none.")
class ReinstatementRefused(UserError):
    """Nothing was booked."""


@strawberry.type(description="The program is connected to no shop of this name.")
class ConnectorUnknown(UserError):
    """Or the shop cannot do what was asked."""


@strawberry.type(description="The shop is away, or asks to come back later.")
class PlatformUnavailable(UserError):
    """What was done until then stays done."""


@strawberry.type(description="The idempotency key was used before, with other input.")
class IdempotencyConflict(UserError):
    """The first command stands; this one is refused."""


@strawberry.type(description="An identity cannot be read as what it claims to be.")
class IdentityInvalid(UserError):
    """Such as a phone number without digits."""


@strawberry.type(description="The identities belong to more than one member.")
class IdentityConflict(UserError):
    """One person's identities only."""


@strawberry.type(description="One thing that is wrong in a document.")
class Problem:
    """A path, what is wrong there, and what to do about it."""

    where: str = strawberry.field(description="The path in the document.")
    message: str = strawberry.field(description="What is wrong.")
    remedy: str = strawberry.field(description="What to do about it, if it is known.")
    code: str = strawberry.field(description="The stable code of the problem.")

    @classmethod
    def of(cls, problem: core.Problem) -> Problem:
        """The problem as clients see it."""
        return cls(
            where=problem.where,
            message=problem.message,
            remedy=problem.remedy,
            code=problem.code,
        )


@strawberry.type(description="An order, refund, activity, cart or amount cannot be taken in.")
class FactRejected(UserError):
    """Nothing of the document was booked; ``code`` says which kind of fault it was."""

    remedy: str = strawberry.field(description="What to do about it.", default="")
    problems: list[Problem] = strawberry.field(
        description="Every fault found in the document.", default_factory=list
    )


FAILURES: Mapping[type[core.LoyaltyError], type[UserError]] = {
    core.InsufficientPoints: InsufficientPoints,
    core.RedemptionRefused: RedemptionRefused,
    core.MemberInactive: MemberInactive,
    core.MemberNotFound: MemberNotFound,
    core.RewardUnknown: RewardUnknown,
    core.WalletUnknown: WalletUnknown,
    core.GrantNotFound: GrantNotFound,
    core.GrantRefused: GrantRefused,
    core.RedemptionNotFound: RedemptionNotFound,
    core.RedemptionEnded: RedemptionEnded,
    core.LinkRefused: LinkRefused,
    core.AgreementMissing: AgreementMissing,
    core.SettlementRefused: SettlementRefused,
    core.TransferRefused: TransferRefused,
    core.HouseholdNotFound: HouseholdNotFound,
    core.HouseholdRefused: HouseholdRefused,
    core.OrderNotFound: OrderNotFound,
    core.ClaimRefused: ClaimRefused,
    core.MergeRefused: MergeRefused,
    core.MemberErased: MemberErased,
    core.TransactionNotFound: TransactionNotFound,
    core.ReinstatementRefused: ReinstatementRefused,
    core.ConnectorUnknown: ConnectorUnknown,
    core.PlatformUnavailable: PlatformUnavailable,
    core.IdempotencyConflict: IdempotencyConflict,
    core.IdentityInvalid: IdentityInvalid,
    core.IdentityConflict: IdentityConflict,
    core.FactError: FactRejected,
}
"""The failure that stands for each error of the SDK; a subclass is its nearest base's."""


def failure_of(
    error: core.LoyaltyError, context: GatewayContext, *kinds: type[UserError], wallet: str = ""
) -> UserError:
    """The failure that stands for ``error``, if it is one of ``kinds``.

    ``wallet`` is the one that the error's points are of. Raises ``error`` if it is not expected.
    """
    failure = _failure_of(error, context, wallet)
    if isinstance(failure, kinds):
        return failure
    raise error


def _failure_of(error: core.LoyaltyError, context: GatewayContext, wallet: str) -> UserError | None:
    kind = next((FAILURES[base] for base in type(error).__mro__ if base in FAILURES), None)
    if kind is None:
        return None
    common = {"message": error.message, "code": error.code, "field": error.where or None}
    if kind is InsufficientPoints:
        facts = {name: error.facts.get(name) for name in ("needed", "available")}
        named = str(error.facts.get("wallet", wallet))
        shown = {
            name: context.points(named, amount)
            for name, amount in facts.items()
            if isinstance(amount, int) and context.loyalty.config.scale(named) is not None
        }
        return InsufficientPoints(**common, **shown)  # type: ignore[arg-type]
    if isinstance(error, core.FactError) and kind is FactRejected:
        problems = [Problem.of(problem) for problem in error.problems]
        details: Any = {**common, "remedy": error.remedy, "problems": problems}
        return FactRejected(**details)
    return kind(**common)  # type: ignore[arg-type]


def failures_in(union: object) -> tuple[type[UserError], ...]:
    """The failures among the members of a result's union."""
    members = get_args(get_args(union)[0])
    return tuple(kind for kind in members if issubclass(kind, UserError))


async def attempted(
    context: GatewayContext,
    union: object,
    command: Callable[..., R],
    *given: object,
    wallet: str = "",
    **named: object,
) -> R | UserError:
    """What a command of the SDK answers, or the failure of the ``union`` that stopped it.

    A failure that a plugin adds to the union comes before the gateway's own. ``wallet`` is the
    one that its points are of. Raises every other error.
    """
    try:
        return await context.in_thread(command, *given, **named)
    except core.LoyaltyError as error:
        contributed = _contributed(error, context, union)
        return contributed or failure_of(error, context, *failures_in(union), wallet=wallet)


def _contributed(
    error: core.LoyaltyError, context: GatewayContext, union: object
) -> UserError | None:
    """What a plugin answers for the error; its own failure there leaves it to the gateway."""
    for failure_for in context.failures.get(get_args(union)[1].graphql_name, ()):
        try:
            failure = failure_for(error, context)
        except Exception:  # a plugin's, and the command was stopped already
            LOGGER.exception("a plugin could not say its failure for %s", error.code)
            continue
        if isinstance(failure, UserError):
            return failure
    return None
