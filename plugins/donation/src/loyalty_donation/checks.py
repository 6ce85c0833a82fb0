"""Settings that are well formed but cannot be meant: each with its path, value and remedy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import combinations

from loyalty_core import (
    AmountInvalid,
    ConfigError,
    CurrencyUnknown,
    Expiry,
    Problem,
    ProgramConfig,
    minor_digits,
    parse_scaled,
)
from loyalty_donation.config import Campaign, DonationConfig, Match

ROOT = "plugins.donation"


def check(config: DonationConfig, program: ProgramConfig) -> None:
    """Returns nothing when the settings can be used.

    Raises ``ConfigError`` with every fault of the whole section at once.
    """
    problems = list(faults(config, program))
    if problems:
        raise ConfigError(problems)


def faults(config: DonationConfig, program: ProgramConfig) -> Iterator[Problem]:
    """Every fault of the settings, in the order of the file."""
    if not config.charity:
        yield _problem(f"{ROOT}.charity", "there is nobody to give to", "Write a charity.")
    yield from _charities(config, program)
    yield from _campaigns(config, program)
    yield from _percents(config)
    yield from _points(config, program)
    if config.round_up is not None:
        for currency, step in config.round_up.to.items():
            yield from _money(f"{ROOT}.round_up.to.{currency}", step, currency)
        if not config.round_up.line:
            yield _problem(f"{ROOT}.round_up.line", "a line needs an id", "Write one.")


def _charities(config: DonationConfig, program: ProgramConfig) -> Iterator[Problem]:
    yield from _unique("charity", "charity", [one.charity for one in config.charity])
    used = Counter(wallet for one in config.charity for wallet in one.wallets)
    used.update(one.wallet for one in config.campaign)
    skus = Counter(sku for one in config.charity for sku in one.skus)
    for index, charity in enumerate(config.charity):
        where = f"{ROOT}.charity[{index}]"
        if not charity.wallets:
            yield _problem(f"{where}.wallets", "the charity has no account", "Name a wallet.")
        for place, wallet in enumerate(charity.wallets):
            yield from _account(f"{where}.wallets[{place}]", wallet, used, program)
        known = [program.wallets[name].unit for name in charity.wallets if name in program.wallets]
        for unit in sorted(unit for unit, count in Counter(known).items() if count > 1):
            message = f"the charity has several accounts in {unit}"
            yield _problem(f"{where}.wallets", message, "Keep one.")
        for place, sku in enumerate(charity.skus):
            if skus[sku] > 1:
                message = f"{sku!r} is the article of several charities"
                yield _problem(f"{where}.skus[{place}]", message, "Keep one.")
        for wallet in charity.wallets[:1]:
            yield from _match(where, charity.match, wallet, program)


def _campaigns(config: DonationConfig, program: ProgramConfig) -> Iterator[Problem]:
    yield from _unique("campaign", "campaign", [one.campaign for one in config.campaign])
    used = Counter(wallet for one in config.charity for wallet in one.wallets)
    used.update(one.wallet for one in config.campaign)
    owned = {
        (one.charity, program.wallets[name].unit)
        for one in config.charity
        for name in one.wallets
        if name in program.wallets
    }
    for index, campaign in enumerate(config.campaign):
        where = f"{ROOT}.campaign[{index}]"
        yield from _known(f"{where}.charity", [campaign.charity], config)
        yield from _account(f"{where}.wallet", campaign.wallet, used, program)
        yield from _match(where, campaign.match, campaign.wallet, program)
        if campaign.ends_on < campaign.starts_on:
            yield _problem(f"{where}.ends_on", "it ends before it starts", "")
        if campaign.wallet not in program.wallets:
            continue
        unit = program.wallets[campaign.wallet].unit
        if campaign.goal is not None:
            yield from _money(f"{where}.goal", campaign.goal, unit)
        if campaign.when_reached == "stop" and campaign.goal is None:
            yield _problem(f"{where}.when_reached", "there is no goal to stop at", "Write a goal.")
        if campaign.when_reached == "stop" and (campaign.charity, unit) not in owned:
            message = f"the charity has no account of its own in {unit} for what is more"
            yield _problem(f"{where}.when_reached", message, "Give it one in wallets.")
    for one, other in combinations(config.campaign, 2):
        if _meet(one, other, program):
            where = f"{ROOT}.campaign[{config.campaign.index(other)}]"
            message = f"{one.campaign!r} is on for the charity on some of the same days"
            yield _problem(where, message, "Let one end before the other starts.")


def _meet(one: Campaign, other: Campaign, program: ProgramConfig) -> bool:
    wallets = [program.wallets.get(campaign.wallet) for campaign in (one, other)]
    units = {wallet.unit if wallet else "" for wallet in wallets}
    overlap = one.starts_on <= other.ends_on and other.starts_on <= one.ends_on
    return one.charity == other.charity and len(units) == 1 and overlap


def _percents(config: DonationConfig) -> Iterator[Problem]:
    yield from _unique("percent", "rule", [one.rule for one in config.percent])
    for index, rule in enumerate(config.percent):
        where = f"{ROOT}.percent[{index}]"
        if rule.rule.startswith("~"):
            yield _problem(f"{where}.rule", f"{rule.rule!r} begins with ~", "That is ours.")
        yield from _percent(f"{where}.percent", rule.percent, most=Decimal(100))
        yield from _known(f"{where}.charities", rule.charities, config)
        if rule.starts_on and rule.ends_on and rule.ends_on < rule.starts_on:
            yield _problem(f"{where}.ends_on", "it ends before it starts", "")


def _points(config: DonationConfig, program: ProgramConfig) -> Iterator[Problem]:
    points, where = config.points, f"{ROOT}.points"
    if points is None:
        return
    yield from _known(f"{where}.charities", points.charities, config)
    yield from _money(f"{where}.amount", points.amount, program.program.currency)
    if points.wallet not in program.wallets:
        message = f"the program has no wallet {points.wallet!r}"
        yield _problem(f"{where}.wallet", message, f"Wallets: {', '.join(program.wallets)}.")
        return
    wallet = program.wallets[points.wallet]
    if not wallet.spendable:
        yield _problem(f"{where}.wallet", "the wallet is not the members' to spend", "")
    yield from _scaled(f"{where}.step", points.step, wallet.scale)


def _account(
    where: str, name: str, used: Counter[str], program: ProgramConfig
) -> Iterator[Problem]:
    """Whether a wallet can be an account: money in minor units that nobody spends or loses."""
    wallet = program.wallets.get(name)
    if wallet is None:
        message = f"the program has no wallet {name!r}"
        yield _problem(where, message, f"Wallets: {', '.join(program.wallets)}.")
        return
    if used[name] > 1:
        yield _problem(where, f"{name!r} is the account of several", "Give each its own wallet.")
    try:
        digits = minor_digits(wallet.unit)
    except CurrencyUnknown:
        message = f"the unit of {name!r}, {wallet.unit!r}, is no currency"
        yield _problem(where, message, f'Write unit = "{program.program.currency}".')
        return
    if wallet.scale != digits:
        message = f"the scale of {name!r} is {wallet.scale}"
        yield _problem(where, message, f"{wallet.unit} has {digits} digits.")
    if wallet.spendable:
        yield _problem(where, f"members could spend {name!r}", "Write spendable = false.")
    if wallet.expiry != Expiry():
        yield _problem(where, f"what is in {name!r} would expire", "Leave its expiry out.")
    if program.household is not None and name in program.household.wallets:
        yield _problem(where, f"households would share {name!r}", "Leave it out of [household].")
    if wallet.debt.value != "negative":
        message = f"{name!r} forgives debt by its policy {wallet.debt.value!r}"
        yield _problem(where, message, "Leave its debt out.")


def _match(
    where: str, match: Match | None, wallet: str, program: ProgramConfig
) -> Iterator[Problem]:
    if match is None:
        return
    yield from _percent(f"{where}.match.percent", match.percent, most=Decimal(1000))
    if match.budget is not None and wallet in program.wallets:
        yield from _money(f"{where}.match.budget", match.budget, program.wallets[wallet].unit)


def _known(where: str, names: Iterable[str], config: DonationConfig) -> Iterator[Problem]:
    known = [one.charity for one in config.charity]
    for name in names:
        if name not in known:
            yield _problem(where, f"there is no charity {name!r}", f"Known: {', '.join(known)}.")


def _unique(section: str, field: str, names: list[str]) -> Iterator[Problem]:
    counted = Counter(names)
    for index, name in enumerate(names):
        if counted[name] > 1 or " " in name:
            where = f"{ROOT}.{section}[{index}].{field}"
            yield _problem(where, f"{name!r} is not a name of its own", "Use each name once.")


def _percent(where: str, percent: Decimal, *, most: Decimal) -> Iterator[Problem]:
    if not 0 < percent <= most:
        yield _problem(where, f"{percent} is not more than 0 and at most {most}", "")


def _money(where: str, amount: Decimal, currency: str) -> Iterator[Problem]:
    try:
        digits = minor_digits(currency)
    except CurrencyUnknown as error:
        yield _problem(where, error.message, error.remedy)
        return
    yield from _scaled(where, amount, digits)


def _scaled(where: str, amount: Decimal, scale: int) -> Iterator[Problem]:
    try:
        if parse_scaled(amount, scale) <= 0:
            yield _problem(where, f"{amount} is not positive", "")
    except AmountInvalid as error:
        yield _problem(where, error.message, error.remedy)


def _problem(where: str, message: str, remedy: str) -> Problem:
    return Problem(where, message, remedy, ConfigError.code)
