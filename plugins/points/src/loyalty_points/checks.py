"""Settings that are well formed but cannot be meant: each with its path, value and remedy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction

from loyalty_core import (
    ConfigError,
    LoyaltyError,
    Problem,
    ProgramConfig,
    minor_digits,
    parse_scaled,
)
from loyalty_points.caps import gives_points
from loyalty_points.config import ActivityRule, EarnRule, MomentRule, PointsConfig, Redeem
from loyalty_points.rule_checks import check_cap, check_dates, check_expiry, check_when, positive

ROOT = "plugins.points"
"""Where the plugin's section stands in a configuration."""


def check(config: PointsConfig, program: ProgramConfig) -> None:
    """Returns nothing when the settings can be used.

    Raises ``ConfigError`` with every fault of the whole section at once.
    """
    problems = list(faults(config, program))
    if problems:
        raise ConfigError(problems)


def faults(config: PointsConfig, program: ProgramConfig) -> Iterator[Problem]:
    """Every fault of the settings, in the order of the file."""
    places = [(f"{ROOT}.earn[{index}]", rule) for index, rule in enumerate(config.earn)]
    others = [(f"{ROOT}.activity[{index}]", rule) for index, rule in enumerate(config.activity)]
    names = Counter(rule.rule for rule in _rules(config))
    for where, rule in places:
        yield from _common(where, rule, names, program)
        yield from _earn(where, rule, config)
    for where, activity in others:
        yield from _common(where, activity, names, program)
        yield from _moment(where, activity)
        yield from _activity(where, activity)
    for index, lapse in enumerate(config.lapse):
        where = f"{ROOT}.lapse[{index}]"
        yield from _common(where, lapse, names, program)
        yield from _moment(where, lapse)
        if not 1 <= lapse.after_days <= 36500:
            message = f"{lapse.after_days} is not from 1 to 36500"
            yield _problem(f"{where}.after_days", message, "Write after how many days.")
    yield from _groups(config)
    yield from _shared_caps(config, program)
    if config.redeem is not None:
        yield from _redeem(f"{ROOT}.redeem", config.redeem, program)


def _rules(config: PointsConfig) -> tuple[EarnRule | MomentRule, ...]:
    return (*config.earn, *config.activity, *config.lapse)


def _problem(where: str, message: str, remedy: str) -> Problem:
    return Problem(where, message, remedy, ConfigError.code)


def _wallet(where: str, wallet: str, program: ProgramConfig) -> Iterator[Problem]:
    if wallet not in program.wallets:
        known = ", ".join(program.wallets) or "none"
        remedy = f"Add [wallets.{wallet}] or use one of: {known}."
        yield _problem(f"{where}.wallet", f"the program has no wallet {wallet!r}", remedy)


def _common(
    where: str, rule: EarnRule | MomentRule, names: Mapping[str, int], program: ProgramConfig
) -> Iterator[Problem]:
    if names[rule.rule] > 1:
        message = f"{rule.rule!r} names {names[rule.rule]} rules"
        yield _problem(f"{where}.rule", message, "Give each rule a name of its own.")
    if gives_points(rule):
        yield from _wallet(where, rule.wallet, program)
    scale = _scale(rule.wallet, program)
    dated = rule.when
    has_window = any((dated.starts_on, dated.starts_at, dated.ends_on, dated.ends_at))
    yield from check_when(f"{where}.when", rule.when)
    yield from check_dates(f"{where}.when", rule.when)
    for index, cap in enumerate(rule.caps):
        yield from check_cap(f"{where}.caps[{index}]", cap, scale, has_window)
        if not gives_points(rule) and cap.counts == "points":
            remedy = 'Write counts = "awards".'
            yield _problem(f"{where}.caps[{index}]", "the rule gives no points", remedy)
    if rule.reward and rule.reward not in program.rewards:
        remedy = f"Add [rewards.{rule.reward}] or use one that there is."
        yield _problem(f"{where}.reward", f"there is no reward {rule.reward!r}", remedy)
    if not 0 <= rule.pending_days <= 36500:
        message = f"{rule.pending_days} is not from 0 to 36500"
        yield _problem(f"{where}.pending_days", message, "Write the days, or leave it out.")
    if rule.expiry is not None:
        yield from check_expiry(f"{where}.expiry", rule.expiry)
    awarded = {"points": rule.points} | (
        {"bonus": rule.bonus} if isinstance(rule, EarnRule) else {}
    )
    for name, points in awarded.items():
        if points is not None:
            yield from positive(f"{where}.{name}", points, scale)


def _earn(where: str, rule: EarnRule, config: PointsConfig) -> Iterator[Problem]:
    names = ("rate", "per", "bonus", "multiply", "reward")
    given = [name for name in names if _is_set(rule, name)]
    if len(given) != 1:
        message = f"the rule has {' and '.join(given)}" if given else "the rule gives nothing"
        yield _problem(where, message, "Write exactly one of: rate, per, bonus, multiply, reward.")
    if rule.per and rule.points is None:
        yield _problem(f"{where}.points", "missing", "Say how many points each amount earns.")
    if rule.points is not None and not rule.per:
        remedy = "Write per = { USD = ... } with it, or rate or bonus instead."
        yield _problem(f"{where}.points", "points without per", remedy)
    for currency, rate in rule.rate.items():
        yield from _rate(f"{where}.rate", currency, rate)
    for name, amounts in (("per", rule.per), ("when.minimum_amount", rule.when.minimum_amount)):
        for currency, amount in amounts.items():
            yield from _amount(f"{where}.{name}", currency, amount)
    if rule.mode is not None and not (rule.rate or rule.per):
        remedy = "Leave mode out, or write rate or per."
        yield _problem(f"{where}.mode", f"{rule.mode!r} without an amount to earn by", remedy)
    yield from _multiplier(where, rule, config)
    if rule.group and rule.group not in config.groups:
        message = f"there is no group {rule.group!r}"
        remedy = f'Add {rule.group} = "max" below [plugins.points.groups].'
        yield _problem(f"{where}.group", message, remedy)


def _is_set(rule: EarnRule, name: str) -> bool:
    value = getattr(rule, name)
    return value not in (None, {}, "")


def _multiplier(where: str, rule: EarnRule, config: PointsConfig) -> Iterator[Problem]:
    if rule.multiply is not None and not (rule.multiply.is_finite() and rule.multiply > 1):
        remedy = "Write more than 1: 2 doubles. To give less, write a rule with a lower rate."
        yield _problem(f"{where}.multiply", f"{rule.multiply} takes away", remedy)
    if rule.multiplies and rule.multiply is None:
        remedy = "Write multiply, or leave multiplies out."
        yield _problem(f"{where}.multiplies", "the rule multiplies by nothing", remedy)
    others = {
        other.rule
        for other in config.earn
        if other.multiply is None and other.wallet == rule.wallet
    }
    for name in rule.multiplies if rule.multiply is not None else ():
        if name not in others:
            message = f"{name!r} is no rule that can be multiplied here"
            remedy = f"Use one of: {', '.join(sorted(others)) or 'none'}."
            yield _problem(f"{where}.multiplies", message, remedy)


def _moment(where: str, rule: MomentRule) -> Iterator[Problem]:
    if rule.points is None and not rule.reward:
        yield _problem(where, "the rule gives nothing", "Write points, a reward, or both.")


def _activity(where: str, rule: ActivityRule) -> Iterator[Problem]:
    if not rule.kind.strip():
        remedy = 'Name the kind of activity, such as "review".'
        yield _problem(f"{where}.kind", f"{rule.kind!r} is no kind", remedy)
    if not 1 <= rule.needs <= 1_000_000:
        remedy = "Write how many activities make one award."
        yield _problem(f"{where}.needs", f"{rule.needs} is not from 1 to 1000000", remedy)
    if rule.repeat and rule.needs == 1:
        remedy = "Leave repeat out: a rule without needs gives points each time."
        yield _problem(f"{where}.repeat", "repeat without needs", remedy)
    when = rule.when
    if not any((when.starts_on, when.starts_at, when.ends_on, when.ends_at)):
        for name in ("once_within", "needs_within"):
            if getattr(rule, name) == "campaign":
                remedy = "Write when.starts_on, or another period."
                yield _problem(f"{where}.{name}", "the rule has no dates to be a campaign", remedy)


def _groups(config: PointsConfig) -> Iterator[Problem]:
    for group in config.groups:
        rules = [rule for rule in config.earn if rule.group == group]
        where = f"{ROOT}.groups.{group}"
        if len({rule.wallet for rule in rules}) > 1:
            message = f"the rules of {group!r} credit several wallets"
            yield _problem(where, message, "Make one group for each wallet.")
        if len({rule.multiply is None for rule in rules}) > 1:
            message = f"{group!r} mixes multipliers with other rules"
            yield _problem(where, message, "Make one group for multipliers and one for the others.")


def _shared_caps(config: PointsConfig, program: ProgramConfig) -> Iterator[Problem]:
    names = Counter(cap.cap for cap in config.caps)
    for index, cap in enumerate(config.caps):
        where = f"{ROOT}.caps[{index}]"
        if names[cap.cap] > 1:
            message = f"{cap.cap!r} is not a name of its own"
            yield _problem(f"{where}.cap", message, "Give each cap a name of its own.")
        yield from _wallet(where, cap.wallet, program)
        yield from check_cap(where, cap, _scale(cap.wallet, program), has_window=False)
        known = {rule.rule for rule in _rules(config) if rule.wallet == cap.wallet}
        for name in cap.rules:
            if name not in known:
                message = f"{name!r} is no rule of wallet {cap.wallet!r}"
                remedy = f"Use some of: {', '.join(sorted(known)) or 'none'}."
                yield _problem(f"{where}.rules", message, remedy)


def _redeem(where: str, redeem: Redeem, program: ProgramConfig) -> Iterator[Problem]:
    yield from _wallet(where, redeem.wallet, program)
    wallet = program.wallets.get(redeem.wallet)
    if wallet is None:
        return
    for index, days in enumerate(redeem.lifted):
        if days.ends_on < days.starts_on:
            message = f"{days.ends_on} is before {days.starts_on}"
            yield _problem(f"{where}.lifted[{index}].ends_on", message, "Let it end after that.")
    if redeem.minimum:
        yield from positive(f"{where}.minimum", redeem.minimum, wallet.scale)
    percent = redeem.maximum_percent
    if not (percent.is_finite() and 0 < percent <= 100):
        message = f"{percent} is not a percentage above 0 and up to 100"
        yield _problem(f"{where}.maximum_percent", message, "Write 50 for one half.")
    if wallet.value is None:
        message = f"wallet {redeem.wallet!r} has no value"
        remedy = f'Add [wallets.{redeem.wallet}.value] with points = 100 and amount = "1.00".'
        yield _problem(f"{where}.wallet", message, remedy)
        return
    currency = wallet.value.currency or program.program.currency
    worths = {}
    try:
        worth = Fraction(parse_scaled(wallet.value.amount, minor_digits(currency)))
        worths[f"{where}.step"] = worth / wallet.value.points
    except (LoyaltyError, ZeroDivisionError):
        return  # the core reports a wallet's value itself
    for index, ratio in enumerate(redeem.ratio):
        place = f"{where}.ratio[{index}]"
        faults = [
            *positive(f"{place}.points", ratio.points, wallet.scale),
            *_amount(f"{place}.amount", currency, ratio.amount, named=False),
        ]
        yield from faults
        if not (ratio.skus or ratio.categories or ratio.line_tags):
            remedy = "Write skus, categories or line_tags, or change the wallet's value instead."
            yield _problem(place, "the ratio does not say on which goods it counts", remedy)
        if not faults:
            worths[place] = (
                Fraction(ratio.amount) * 10 ** minor_digits(currency) / Fraction(ratio.points)
            )
    if redeem.step is not None:
        yield from _step(where, redeem.step, wallet.scale, worths)


def _step(
    where: str, step: Decimal, scale: int, worths: Mapping[str, Fraction]
) -> Iterator[Problem]:
    wrong = list(positive(f"{where}.step", step, scale))
    yield from wrong
    for place, worth in () if wrong else worths.items():
        if (Fraction(step) * worth).denominator != 1:
            message = f"a step of {step} points is not worth whole minor units of money"
            yield _problem(place, message, "Choose a step that is, or leave step out.")


def _scale(wallet: str, program: ProgramConfig) -> int:
    definition = program.wallets.get(wallet)
    return definition.scale if definition else 0


def _rate(where: str, currency: str, rate: Decimal) -> Iterator[Problem]:
    try:
        minor_digits(currency)
    except LoyaltyError as error:
        yield _problem(f"{where}.{currency}", error.message, error.remedy)
    if not (rate.is_finite() and rate > 0):
        remedy = "Write a rate above zero, or leave the currency out."
        yield _problem(f"{where}.{currency}", f"{rate} is not positive", remedy)


def _amount(where: str, currency: str, amount: Decimal, named: bool = True) -> Iterator[Problem]:
    place = f"{where}.{currency}" if named else where
    try:
        if parse_scaled(amount, minor_digits(currency)) <= 0:
            yield _problem(place, f"{amount} is not positive", "Write an amount above zero.")
    except LoyaltyError as error:
        yield _problem(place, error.message, error.remedy)
