"""Expected failures as members of result unions, and the one table from errors to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import strawberry

import loyalty_core as core
from loyalty_gateway.context import GatewayContext
from loyalty_gateway.scalars import Points

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
    core.AgreementMissing: RedemptionRefused,
    core.LinkRefused: RedemptionRefused,
    core.MemberInactive: MemberInactive,
    core.MemberNotFound: MemberNotFound,
    core.RewardUnknown: RewardUnknown,
    core.WalletUnknown: WalletUnknown,
    core.GrantNotFound: GrantNotFound,
    core.GrantRefused: GrantRefused,
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
