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
from loyalty_tiers.config import Need, Points, SchemeRules, Terms, TierRule, TiersConfig
from loyalty_tiers.ladder import free

ROOT = "plugins.tiers"
METRICS = ("spend", "orders", "points")
MOST_MONTHS = 120


def check(config: TiersConfig, program: ProgramConfig) -> None:
    """Returns nothing when the settings can be used.

    Raises ``ConfigError`` with every fault of the whole section at once.
    """
    problems = list(faults(config, program))
    if problems:
        raise ConfigError(problems)


def faults(config: TiersConfig, program: ProgramConfig) -> Iterator[Problem]:
    """Every fault of the settings, in the order of the file."""
    names = Counter(rules.scheme for rules in config.scheme)
    for index, rules in enumerate(config.scheme):
        where = f"{ROOT}.scheme[{index}]"
        if names[rules.scheme] > 1:
            yield _problem(f"{where}.scheme", f"{rules.scheme!r} is not a name of its own", "")
        yield from _scheme(where, rules, program)
    granted = Counter(
        name
        for rules in config.scheme
        for name in {one.benefit for tier in rules.tier for one in tier.benefits}
    )
    for name in sorted(name for name, count in granted.items() if count > 1):
        message = f"the benefit {name!r} is in several schemes"
        yield _problem(f"{ROOT}.scheme", message, "Give each its own name.")


def _scheme(where: str, rules: SchemeRules, program: ProgramConfig) -> Iterator[Problem]:
    if not rules.tier:
        yield _problem(f"{where}.tier", "the scheme has no tiers", "Write at least one.")
    if not 1 <= rules.months <= MOST_MONTHS:
        yield _problem(f"{where}.months", f"{rules.months} is not from 1 to {MOST_MONTHS}", "")
    longest = 28 * rules.months if rules.window == "rolling" else 365
    if not 0 <= rules.grace_days < longest:
        message = f"{rules.grace_days} is not from 0 to {longest - 1}"
        yield _problem(f"{where}.grace_days", message, "A grace ends before the next period.")
    names = Counter(tier.tier for tier in rules.tier)
    for rank, tier in enumerate(rules.tier):
        at = f"{where}.tier[{rank}]"
        if names[tier.tier] > 1:
            yield _problem(f"{at}.tier", f"{tier.tier!r} is not a name of its own", "")
        if rank and free(tier) and not tier.invitation:
            message = "a tier above the lowest needs something"
            yield _problem(at, message, "Write any_of or all_of, or invitation = true.")
        yield from _tier(at, rules, tier, program)


def _tier(
    where: str, rules: SchemeRules, tier: TierRule, program: ProgramConfig
) -> Iterator[Problem]:
    yield from _terms(where, rules, tier, program)
    for index, terms in enumerate(tier.revised):
        yield from _terms(f"{where}.revised[{index}]", rules, terms, program)
        if free(tier) != free(terms):
            message = "revised terms cannot begin or cease to need something"
            yield _problem(f"{where}.revised[{index}]", message, "")
    for name, points in (("entry", tier.entry), ("every_order", tier.every_order)):
        if points is not None:
            yield from _points(f"{where}.{name}", points, program)
    twice = Counter(one.benefit for one in tier.benefits)
    for index, benefit in enumerate(tier.benefits):
        at = f"{where}.benefits[{index}]"
        yield from benefit_problems(benefit, program, where=at)
        if benefit.per == "paid_period":
            yield _problem(f"{at}.per", "a tier has no period that is paid for", "Name another.")
        if twice[benefit.benefit] > 1:
            yield _problem(f"{at}.benefit", f"{benefit.benefit!r} is there twice", "")


def _terms(
    where: str, rules: SchemeRules, terms: Terms, program: ProgramConfig
) -> Iterator[Problem]:
    for name in ("any_of", "all_of", "stay_any_of", "stay_all_of"):
        for index, need in enumerate(getattr(terms, name)):
            yield from _need(f"{where}.{name}[{index}]", rules, need, program)


def _need(where: str, rules: SchemeRules, need: Need, program: ProgramConfig) -> Iterator[Problem]:
    owner = need.metric.partition(".")[0]
    if need.metric not in METRICS and (owner not in program.plugins or "." not in need.metric):
        remedy = f"Use {', '.join(METRICS)}, or <plugin>.<metric> of a plugin that is on."
        yield _problem(f"{where}.metric", f"{need.metric!r} is no metric", remedy)
    if need.metric == "points" and rules.points_wallet not in program.wallets:
        message = f"the program has no wallet {rules.points_wallet!r}"
        yield _problem(f"{where}.metric", message, "Set the scheme's points_wallet.")
        return
    amounts = [amount for amount in (need.at_least, need.more_than) if amount is not None]
    if len(amounts) != 1:
        yield _problem(where, "it has not exactly one of at_least and more_than", "Write one.")
        return
    scale = 0
    if need.metric == "spend":
        scale = minor_digits(program.program.currency)
    elif need.metric == "points":
        scale = program.wallets[rules.points_wallet].scale
    yield from _amount(where, amounts[0], scale)


def _points(where: str, points: Points, program: ProgramConfig) -> Iterator[Problem]:
    if points.wallet not in program.wallets:
        message = f"the program has no wallet {points.wallet!r}"
        yield _problem(f"{where}.wallet", message, f"Wallets: {', '.join(program.wallets)}.")
        return
    yield from _amount(f"{where}.points", points.points, program.wallets[points.wallet].scale)


def _amount(where: str, amount: Decimal, scale: int) -> Iterator[Problem]:
    try:
        if parse_scaled(amount, scale) < 0:
            yield _problem(where, f"{amount} is negative", "")
    except AmountInvalid as error:
        yield _problem(where, error.message, error.remedy)


def _problem(where: str, message: str, remedy: str) -> Problem:
    return Problem(where, message, remedy, ConfigError.code)
