"""What may be wrong with ``[rewards.*]``: every fault, with its path and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator

from loyalty_core.domain.amounts import parse_scaled
from loyalty_core.domain.catalogue import CodeRules, Rate, Reward, RewardType
from loyalty_core.domain.currencies import minor_digits
from loyalty_core.domain.names import is_section
from loyalty_core.domain.programs import ProgramConfig
from loyalty_core.errors import CurrencyUnknown, LoyaltyError, Problem

_CODE = re.compile(r"[!-~]*", re.ASCII)
LONGEST_DAYS = 36500
LONGEST_CODE = 64
FEWEST_CODES = 2**50
"""How many codes there must be to draw from: then nobody hits one by trying."""


def reward_faults(config: ProgramConfig) -> Iterator[Problem]:
    """Every fault of the catalogue."""
    try:
        digits = minor_digits(config.program.currency)
    except CurrencyUnknown:  # said already, and nothing can be read without it
        return
    for name, reward in config.rewards.items():
        where = f"rewards.{name}"
        if not is_section(name):
            remedy = "Use lower case letters, digits, - and _."
            yield Problem(where, f"{name!r} is not an id", remedy)
        yield from _wallet(where, reward, config)
        yield from _price(where, reward, digits)
        yield from _worth(where, reward, digits)
        yield from _limits(where, reward)
        if reward.code is not None:
            yield from _code(f"{where}.code", reward.code)


def _wallet(where: str, reward: Reward, config: ProgramConfig) -> Iterator[Problem]:
    known = ", ".join(config.wallets)
    if not config.wallets and reward.for_sale():
        yield Problem(f"{where}.wallet", "the program has no wallet", "Add [wallets.points].")
    elif reward.wallet and reward.wallet not in config.wallets:
        remedy = f"Use one of: {known}."
        yield Problem(f"{where}.wallet", f"{reward.wallet!r} is not a wallet", remedy)
    elif reward.wallet and not config.wallets[reward.wallet].spendable:
        message = f"{reward.wallet!r} is not the members' to spend"
        yield Problem(f"{where}.wallet", message, "Name another wallet.")
    elif not reward.wallet and len(config.wallets) > 1 and reward.for_sale():
        yield Problem(f"{where}.wallet", "which wallet pays?", f"Use one of: {known}.")


def _price(where: str, reward: Reward, digits: int) -> Iterator[Problem]:
    prices = [("points", reward.points)]
    prices += [(f"prices[{at}].points", one.points) for at, one in enumerate(reward.prices)]
    for name, points in prices:
        if points is not None and points <= 0:
            remedy = "What costs nothing is granted, not bought: leave its price out."
            yield Problem(f"{where}.{name}", f"{points} is not positive", remedy)
    if reward.points is not None and reward.rate is not None:
        yield Problem(f"{where}.rate", "it has a price already", "Leave points or rate out.")
    if reward.prices and reward.points is None:
        yield Problem(f"{where}.prices", "there is no price for everybody else", "Add points.")
    for at, one in enumerate(reward.prices):
        if not (one.tags or one.tiers or one.starts_on or one.ends_on):
            remedy = "Add tags, tiers, days or during, or use points for everybody."
            yield Problem(f"{where}.prices[{at}]", "it does not say for whom or when", remedy)
        if one.starts_on and one.ends_on and one.ends_on < one.starts_on:
            yield Problem(f"{where}.prices[{at}].ends_on", f"{one.ends_on} is before starts_on")
    if reward.rate is not None:
        yield from _rate(f"{where}.rate", reward.rate, digits)
    if reward.auto_issue and (reward.points is None or reward.prices):
        remedy = "Give it points, and no other prices."
        yield Problem(f"{where}.auto_issue", "it needs one price for everybody", remedy)


def _rate(where: str, rate: Rate, digits: int) -> Iterator[Problem]:
    if rate.points <= 0:
        yield Problem(f"{where}.points", f"{rate.points} is not positive")
    yield from _money(f"{where}.amount", rate.amount, digits)
    for name in ("smallest", "largest", "step"):
        points = getattr(rate, name)
        if points is not None and points <= 0:
            yield Problem(f"{where}.{name}", f"{points} is not positive")
    if rate.largest is not None and 0 < rate.largest < max(rate.smallest, rate.step or 0):
        message = f"{rate.largest} is less than the fewest that can be spent"
        yield Problem(f"{where}.largest", message, "Then it could not be bought at all.")


def _worth(where: str, reward: Reward, digits: int) -> Iterator[Problem]:
    for name in ("amount", "min_order", "cost"):
        if text := getattr(reward, name):
            yield from _money(f"{where}.{name}", text, digits)
    percent = reward.percent
    if percent is not None and not 0 < percent <= 100:
        yield Problem(f"{where}.percent", f"{percent} is not above 0 and at most 100")
    if percent is not None and reward.kind is not RewardType.DISCOUNT:
        yield Problem(f"{where}.percent", "only a discount has a percentage", "Leave it out.")
    if percent is not None and (reward.amount or reward.rate):
        yield Problem(f"{where}.percent", "it takes an amount off already", "Leave one out.")
    if reward.amount and reward.rate:
        yield Problem(f"{where}.amount", "its worth is what is paid", "Leave amount or rate out.")
    valued = reward.amount or reward.rate or percent is not None
    money = reward.kind in (RewardType.DISCOUNT, RewardType.GIFT_CARD, RewardType.DONATION)
    if money and not valued:
        yield Problem(where, "it does not say what it is worth", "Add amount, or a rate.")
    if reward.borne_by and not reward.cost:
        yield Problem(f"{where}.borne_by", "nothing is to be borne", "Add cost.")


def _limits(where: str, reward: Reward) -> Iterator[Problem]:
    if reward.stock is not None and reward.stock < 0:
        yield Problem(f"{where}.stock", f"{reward.stock} is negative")
    if reward.per_member is not None and reward.per_member.limit <= 0:
        yield Problem(f"{where}.per_member.limit", f"{reward.per_member.limit} is not positive")
    days = reward.valid_days
    if days is not None and not 1 <= days <= LONGEST_DAYS:
        yield Problem(f"{where}.valid_days", f"{days} is not from 1 to {LONGEST_DAYS}")
    if reward.starts_on and reward.ends_on and reward.ends_on < reward.starts_on:
        yield Problem(f"{where}.ends_on", f"{reward.ends_on} is before starts_on")


def _code(where: str, code: CodeRules) -> Iterator[Problem]:
    if code.pool:
        if not is_section(code.pool):
            remedy = "Use lower case letters, digits, - and _."
            yield Problem(f"{where}.pool", f"{code.pool!r} is not an id", remedy)
        if code != CodeRules(pool=code.pool):
            yield Problem(where, "codes of a pool are not drawn", "Leave the pool or the rest out.")
        return
    if not _CODE.fullmatch(code.prefix + code.alphabet):
        remedy = "Use letters, digits and signs of ASCII."
        yield Problem(where, "codes are typed by people: no spaces, no other scripts", remedy)
    if len(set(code.alphabet)) != len(code.alphabet):
        yield Problem(f"{where}.alphabet", "a letter is in it twice", "Leave one out.")
    if not 1 <= code.length <= LONGEST_CODE:
        yield Problem(f"{where}.length", f"{code.length} is not from 1 to {LONGEST_CODE}")
    elif len(code.alphabet) ** code.length < FEWEST_CODES:
        remedy = "Make it longer, or the alphabet larger: 12 letters of 31 are enough."
        yield Problem(f"{where}.length", "such codes could be guessed", remedy)


def _money(where: str, text: str, digits: int) -> Iterator[Problem]:
    try:
        if parse_scaled(text, digits) <= 0:
            yield Problem(where, f"{text!r} is not positive")
    except LoyaltyError as error:
        yield Problem(where, error.message, error.remedy)
