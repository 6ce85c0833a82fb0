"""Settings that are well formed but cannot be meant: each with its path, value and remedy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

from loyalty_core import (
    AmountInvalid,
    ConfigError,
    Problem,
    ProgramConfig,
    benefit_problems,
    minor_digits,
    parse_scaled,
)
from loyalty_paid.config import PaidConfig, Plan
from loyalty_paid.plans import LIFETIME

ROOT = "plugins.paid"
MOST_DAYS = 3660
SHORTEST = {"day": 1, "week": 7, "month": 28, "year": 365}
"""How many days a period has at least."""


def check(config: PaidConfig, program: ProgramConfig) -> None:
    """Returns nothing when the settings can be used.

    Raises ``ConfigError`` with every fault of the whole section at once.
    """
    problems = list(faults(config, program))
    if problems:
        raise ConfigError(problems)


def faults(config: PaidConfig, program: ProgramConfig) -> Iterator[Problem]:
    """Every fault of the settings, in the order of the file."""
    names = Counter(plan.plan for plan in config.plan)
    skus = Counter(sku for plan in config.plan for sku in {plan.plan, *plan.skus})
    for index, plan in enumerate(config.plan):
        where = f"{ROOT}.plan[{index}]"
        if names[plan.plan] > 1 or ":" in plan.plan:
            remedy = "Give it one, without a colon."
            yield _problem(f"{where}.plan", f"{plan.plan!r} is not a name of its own", remedy)
        for sku in plan.skus:
            if skus[sku] > 1:
                yield _problem(f"{where}.skus", f"{sku!r} is the fee of several plans", "")
        yield from _amounts(where, plan, program)
        yield from _days(where, plan)
        twice = Counter(one.benefit for one in plan.benefits)
        for number, benefit in enumerate(plan.benefits):
            at = f"{where}.benefits[{number}]"
            yield from benefit_problems(benefit, program, where=at)
            if twice[benefit.benefit] > 1:
                yield _problem(f"{at}.benefit", f"{benefit.benefit!r} is there twice", "")
            if benefit.lifetime:
                message = "a membership's benefits end with it"
                yield _problem(f"{at}.lifetime", message, "Take it out.")


def _amounts(where: str, plan: Plan, program: ProgramConfig) -> Iterator[Problem]:
    for name in ("price", "shipping_worth"):
        amount: Decimal = getattr(plan, name)
        try:
            minor = parse_scaled(amount, minor_digits(program.program.currency))
        except AmountInvalid as error:
            yield _problem(f"{where}.{name}", error.message, error.remedy)
        else:
            if minor < 0:
                yield _problem(f"{where}.{name}", f"{amount} is negative", "")


def _days(where: str, plan: Plan) -> Iterator[Problem]:
    if not 1 <= plan.periods <= MOST_DAYS:
        yield _problem(f"{where}.periods", f"{plan.periods} is not from 1 to {MOST_DAYS}", "")
        return
    if plan.period == LIFETIME:
        if plan.periods != 1 or plan.trial_days or plan.renewal == "provider":
            yield _problem(where, "what lasts for life is paid once", "Take out the rest.")
        return
    if not 0 <= plan.trial_days <= MOST_DAYS:
        yield _problem(f"{where}.trial_days", f"{plan.trial_days} is not sensible", "")
    if plan.trial_days and plan.renewal != "program":
        message = "only a plan that this program renews has a trial"
        yield _problem(f"{where}.trial_days", message, 'Write renewal = "program".')
    longest = SHORTEST[plan.period] * plan.periods - 1
    if plan.renewal != "none" and not 0 <= plan.grace_days <= longest:
        message = f"{plan.grace_days} is not from 0 to {longest}"
        remedy = "A grace is shorter than the period that is waited for."
        yield _problem(f"{where}.grace_days", message, remedy)
    days = list(plan.retry_after_days)
    sensible = days == sorted(set(days)) and all(0 < day < plan.grace_days for day in days)
    if plan.renewal == "program" and not sensible:
        message = f"{days} are not days of the grace, the earliest first"
        yield _problem(f"{where}.retry_after_days", message, "Try again while it lasts.")
    for name in ("refund_days", "pause_days"):
        if not 0 <= getattr(plan, name) <= MOST_DAYS:
            yield _problem(f"{where}.{name}", f"{getattr(plan, name)} is not sensible", "")


def _problem(where: str, message: str, remedy: str) -> Problem:
    return Problem(where, message, remedy, ConfigError.code)
