"""Settings that are well formed but cannot be meant: each with its path, value and remedy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from decimal import Decimal

from loyalty_core import (
    AmountInvalid,
    ConfigError,
    Problem,
    ProgramConfig,
    minor_digits,
    parse_scaled,
)
from loyalty_referral.config import Prize, ReferralConfig, Reward
from loyalty_referral.facts import USUAL
from loyalty_referral.fraud import GROUP, asked_by, check_of, compared_by
from loyalty_referral.prints import ALIAS, SAME, secret_of
from loyalty_referral.referrer import LATEST

ROOT = "plugins.referral"
MOST_DAYS = 3660
MOST_HOURS = 24 * 366
MOST_IN_GROUP = 200
MOST_STEPS = 5
SHORTEST_SECRET = 32


def check(config: ReferralConfig, program: ProgramConfig) -> None:
    """Returns nothing when the settings can be used.

    Raises ``ConfigError`` with every fault of the whole section at once.
    """
    problems = list(faults(config, program))
    if problems:
        raise ConfigError(problems)


def faults(config: ReferralConfig, program: ProgramConfig) -> Iterator[Problem]:
    """Every fault of the settings, in the order of the file."""
    if config.link and "{code}" not in config.link:
        yield problem(f"{ROOT}.link", "the link does not say the code", "Write {code} in it.")
    yield from _number(f"{ROOT}.window_days", config.window_days, 1, MOST_DAYS)
    yield from _names(config)
    for index, reward in enumerate(config.reward):
        yield from _reward(f"{ROOT}.reward[{index}]", reward, config, program)
    for index, milestone in enumerate(config.milestone):
        where = f"{ROOT}.milestone[{index}]"
        yield from _prize(where, milestone, program)
        yield from _number(f"{where}.needs", milestone.needs, 1, None)
        yield from _number(f"{where}.after_days", milestone.after_days, 0, MOST_DAYS)
    yield from _checks(config)
    for index, deal in enumerate(config.deal):
        where = f"{ROOT}.deal[{index}]"
        yield from _prize(where, deal, program)
        yield from _number(f"{where}.minimum", deal.minimum, 2, MOST_IN_GROUP)
        if deal.maximum is not None:
            yield from _number(f"{where}.maximum", deal.maximum, deal.minimum, MOST_IN_GROUP)
        yield from _number(f"{where}.hours", deal.hours, 1, MOST_HOURS)


def _names(config: ReferralConfig) -> Iterator[Problem]:
    rewards = [one.rule for one in config.reward]
    milestones = [one.rule for one in config.milestone]
    deals = [one.deal for one in config.deal]
    counted = Counter(rewards + milestones), Counter(deals)
    named = [
        *((f"reward[{index}].rule", name, counted[0]) for index, name in enumerate(rewards)),
        *((f"milestone[{index}].rule", name, counted[0]) for index, name in enumerate(milestones)),
        *((f"deal[{index}].deal", name, counted[1]) for index, name in enumerate(deals)),
    ]
    for place, name, all_names in named:
        if all_names[name] > 1 or " " in name:
            message = f"{name!r} is not a name of its own"
            remedy = "Use each name once, without spaces."
            yield problem(f"{ROOT}.{place}", message, remedy)


def _reward(
    where: str, rule: Reward, config: ReferralConfig, program: ProgramConfig
) -> Iterator[Problem]:
    yield from _prize(where, rule, program)
    yield from _number(f"{where}.order", rule.order, 1, None)
    yield from _number(f"{where}.after_days", rule.after_days, 0, MOST_DAYS)
    yield from _number(f"{where}.step", rule.step, 1, MOST_STEPS)
    if rule.when == "sign_up" and (rule.order != 1 or rule.at_least is not None):
        message = "who signs up has not ordered"
        yield problem(f"{where}.when", message, 'Write when = "order", or leave those out.')
    if rule.at_least is not None:
        digits = minor_digits(program.program.currency)
        yield from _amount(f"{where}.at_least", rule.at_least, digits)
    if rule.most is not None:
        yield from _number(f"{where}.most", rule.most, 1, None)
    elif rule.per != "lifetime":
        yield problem(f"{where}.per", "there is no limit in that period", "Write most.")
    if rule.to == "friend" and rule.most is not None:
        yield problem(f"{where}.most", "a friend gets it once anyway", "Leave it out.")
    if rule.to == "friend" and rule.step != 1:
        yield problem(f"{where}.step", "steps are those of referrers", "Leave it out.")
    if rule.step > 1 and "circle" not in config.checks:
        message = "without the check circle a chain could come back to where it began"
        yield problem(f"{where}.step", message, "Write circle in checks.")


def _prize(where: str, prize: Prize, program: ProgramConfig) -> Iterator[Problem]:
    """A prize in a wallet or of a reward that is not there, of part of a point, or of nothing."""
    if not prize.points and not prize.reward:
        yield problem(where, "it gives nothing", "Write points or a reward.")
    if prize.wallet in program.wallets and prize.points:
        yield from _amount(f"{where}.points", prize.points, program.wallets[prize.wallet].scale)
    elif prize.points:
        message = f"the program has no wallet {prize.wallet!r}"
        yield problem(f"{where}.wallet", message, f"Wallets: {', '.join(program.wallets)}.")
    if prize.reward and prize.reward not in program.rewards:
        message = f"the program has no reward {prize.reward!r}"
        remedy = f"Rewards: {', '.join(program.rewards) or 'none'}."
        yield problem(f"{where}.reward", message, remedy)


def _checks(config: ReferralConfig) -> Iterator[Problem]:
    counted = Counter(config.checks)
    for index, name in enumerate(config.checks):
        where = f"{ROOT}.checks[{index}]"
        if counted[name] > 1:
            yield problem(where, f"{name!r} is there twice", "Keep one.")
        if check_of(name, config) is None:
            message = f"there is no check {name!r}"
            remedy = f"Install the distribution that has it as an entry point in {GROUP}."
            yield problem(where, message, remedy)
    yield from _asked(config)
    compared = [name for name in config.checks if name == ALIAS or name.startswith(SAME)]
    if compared and len(secret_of(config.secret)) < SHORTEST_SECRET:
        message = f"the secret is not set, or shorter than {SHORTEST_SECRET} characters"
        remedy = (
            'Make one with python -c "import secrets; print(secrets.token_hex(32))", or leave '
            f"{', '.join(compared)} out of checks."
        )
        yield problem(f"{ROOT}.secret", message, remedy)
    yield from _number(f"{ROOT}.velocity.most", config.velocity.most, 1, LATEST)
    yield from _number(f"{ROOT}.velocity.hours", config.velocity.hours, 1, MOST_HOURS)


def _asked(config: ReferralConfig) -> Iterator[Problem]:
    """Data of checks that cannot stand beside the others' in one activity."""
    taken = {*USUAL, *compared_by(config)}
    asked: Mapping[str, object] = asked_by(config)
    for name, kind in asked.items():
        where = f"{ROOT}.checks[{config.checks.index(name)}]"
        if not (isinstance(kind, type) and is_dataclass(kind)):
            message = f"the check {name!r} asks for data that are not a dataclass"
            yield problem(where, message, "Tell whoever made it, or leave it out.")
            continue
        for item in fields(kind):
            if item.name in taken:
                message = f"the check {name!r} asks for {item.name!r}, which is taken"
                yield problem(where, message, "Leave one of both checks out.")
            elif item.default is MISSING and item.default_factory is MISSING:
                message = f"the check {name!r} asks for {item.name!r} without a default"
                yield problem(where, message, "Tell whoever made it, or leave it out.")
            taken.add(item.name)


def _number(where: str, number: int, least: int, most: int | None) -> Iterator[Problem]:
    if number < least or (most is not None and number > most):
        limits = f"from {least} up" if most is None else f"from {least} to {most}"
        yield problem(where, f"{number} is not {limits}", "")


def _amount(where: str, amount: Decimal, scale: int) -> Iterator[Problem]:
    try:
        if parse_scaled(amount, scale) <= 0:
            yield problem(where, f"{amount} is not positive", "")
    except AmountInvalid as error:
        yield problem(where, error.message, error.remedy)


def problem(where: str, message: str, remedy: str) -> Problem:
    """A fault of the configuration."""
    return Problem(where, message, remedy, ConfigError.code)
