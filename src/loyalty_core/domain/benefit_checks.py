"""Benefits that are well formed but cannot be meant, wherever a plugin lets one be written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from loyalty_core.domain.amounts import parse_scaled
from loyalty_core.domain.benefits import Benefit, BenefitKind
from loyalty_core.domain.currencies import minor_digits
from loyalty_core.domain.programs import ProgramConfig
from loyalty_core.errors import ConfigError, LoyaltyError, Problem

NEEDED: Mapping[BenefitKind, str] = {
    BenefitKind.PERCENT_OFF: "percent",
    BenefitKind.AMOUNT_OFF: "amount",
    BenefitKind.POINTS_MULTIPLIER: "multiplier",
    BenefitKind.QUOTA: "count",
}
"""What a kind cannot do without; no other kind may have it."""


def benefit_problems(benefit: Benefit, program: ProgramConfig, *, where: str) -> Iterator[Problem]:
    """Every fault of a benefit in a program, each with its path below ``where``."""
    for kind, name in NEEDED.items():
        given = getattr(benefit, name) not in (None, {})
        if kind is benefit.kind and not given:
            yield _problem(f"{where}.{name}", f"a {kind} needs it", f"Write {name}.")
        if kind is not benefit.kind and given:
            message = f"only a {kind} has it, this is a {benefit.kind}"
            yield _problem(f"{where}.{name}", message, "Take it out, or change the kind.")
    percent, multiplier = benefit.percent, benefit.multiplier
    if percent is not None and not 0 < percent <= 100:
        yield _problem(f"{where}.percent", f"{percent} is not above 0 and at most 100", "")
    if multiplier is not None and multiplier < 1:
        message = f"{multiplier} is less than 1"
        yield _problem(f"{where}.multiplier", message, "2 earns as many points again.")
    if benefit.kind is BenefitKind.POINTS_MULTIPLIER and benefit.wallet not in program.wallets:
        remedy = f"Wallets: {', '.join(program.wallets) or 'none'}."
        yield _problem(f"{where}.wallet", f"there is no wallet {benefit.wallet!r}", remedy)
    if benefit.count is not None and benefit.count < 1:
        yield _problem(f"{where}.count", f"{benefit.count} is not positive", "")
    if benefit.for_tags and benefit.kind is BenefitKind.QUOTA:
        message = "uses of a quota are counted for everybody who has it"
        yield _problem(f"{where}.for_tags", message, "Take it out.")
    if benefit.group and benefit.kind is not BenefitKind.PERCENT_OFF:
        yield _problem(f"{where}.group", "only percents are grouped", "Take it out.")
    if benefit.starts_on and benefit.ends_on and benefit.starts_on > benefit.ends_on:
        yield _problem(f"{where}.ends_on", f"{benefit.ends_on} is before it starts", "")
    for name in ("amount", "minimum"):
        for currency, amount in getattr(benefit, name).items():
            yield from _amount(f"{where}.{name}.{currency}", currency, amount)


def _amount(where: str, currency: str, amount: Decimal) -> Iterator[Problem]:
    try:
        if parse_scaled(amount, minor_digits(currency)) <= 0:
            yield _problem(where, f"{amount} is not positive", "")
    except LoyaltyError as error:
        yield _problem(where, error.message, error.remedy)


def _problem(where: str, message: str, remedy: str) -> Problem:
    return Problem(where, message, remedy, ConfigError.code)
