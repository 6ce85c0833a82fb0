"""What can be wrong with the settings, all of it at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from loyalty_core import (
    ConfigError,
    CurrencyUnknown,
    Problem,
    ProgramConfig,
    RewardType,
    minor_digits,
    secret_problems,
)
from loyalty_shopify.codes import GIFT_CARD_CODE, MADE_HERE
from loyalty_shopify.config import Account, ShopifyConfig

WHERE = "plugins.shopify"
MOST_MINUTES = 10_080
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}", re.ASCII)
_DOMAIN = re.compile(r"[a-z0-9][a-z0-9-]*\.myshopify\.com", re.ASCII)
_NAMESPACE = re.compile(r"[A-Za-z0-9_-]{3,255}", re.ASCII)


def check(config: ShopifyConfig, program: ProgramConfig) -> None:
    """Raises ``ConfigError`` with every fault of the settings."""
    problems: list[Problem] = []
    names: set[str] = set()
    for place, account in enumerate(config.shop):
        where = f"{WHERE}.shop[{place}]"
        problems += _names(where, account, names)
        problems += _keys(where, account)
        problems += _values(where, account)
        problems += _rewards(where, account, program)
    if problems:
        raise ConfigError(problems)


def _names(where: str, account: Account, names: set[str]) -> Iterator[Problem]:
    if not _NAME.fullmatch(account.account):
        remedy = "Use lower case letters, digits, - and _."
        yield Problem(f"{where}.account", f"{account.account[:60]!r} cannot be in a URL", remedy)
    elif account.account in names:
        yield Problem(f"{where}.account", f"{account.account!r} is there already")
    names.add(account.account)
    if not _DOMAIN.fullmatch(account.shop):
        remedy = "Write the domain the shop has at Shopify, such as tea.myshopify.com."
        yield Problem(f"{where}.shop", f"{account.shop[:60]!r} is no shop on Shopify", remedy)


def _keys(where: str, account: Account) -> Iterator[Problem]:
    if not 1 <= len(account.secrets) <= 2:
        yield Problem(f"{where}.secrets", f"{len(account.secrets)} secrets", "Name one, or two.")
    for place, reference in enumerate(account.secrets):
        yield from secret_problems(f"{where}.secrets[{place}]", reference)
    if account.access_token:
        yield from secret_problems(f"{where}.access_token", account.access_token)
    elif not account.client_id:
        remedy = "Write the app's client_id, or an access_token."
        yield Problem(where, "there is nothing to ask the shop with", remedy)


def _values(where: str, account: Account) -> Iterator[Problem]:
    if account.currency:
        try:
            minor_digits(account.currency)
        except CurrencyUnknown as error:
            yield Problem(f"{where}.currency", error.message, error.remedy)
    if not 0 <= account.poll_minutes <= MOST_MINUTES:
        message = f"{account.poll_minutes} is not from 0 to {MOST_MINUTES:,}"
        yield Problem(f"{where}.poll_minutes", message)
    if not _NAMESPACE.fullmatch(account.namespace):
        remedy = "Use 3 to 255 letters, digits, - and _."
        yield Problem(f"{where}.namespace", f"{account.namespace[:60]!r} is none", remedy)
    if "," in account.tag_prefix or len(account.tag_prefix) > 100:
        yield Problem(f"{where}.tag_prefix", "tags have no commas and are short")
    if account.admin_url:
        parts = urlsplit(account.admin_url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path:
            yield Problem(f"{where}.admin_url", f"{account.admin_url[:60]!r} is no such URL")


def _rewards(where: str, account: Account, program: ProgramConfig) -> Iterator[Problem]:
    """What of the rewards a shop on Shopify cannot make; that they are there is the core's."""
    for name in account.rewards:
        reward = program.rewards.get(name)
        if reward is None:
            continue
        if reward.kind not in MADE_HERE:
            remedy = f"It makes {', '.join(MADE_HERE)}."
            yield Problem(f"{where}.rewards", f"{name!r} is a {reward.kind}", remedy)
        money = account.currency or program.program.currency
        priced = bool(reward.amount or reward.rate or reward.min_order)
        if priced and money != program.program.currency:
            message = f"{name!r} is worth {program.program.currency}, and the shop has {money}"
            yield Problem(f"{where}.rewards", message, "Only percents can be taken off there.")
        code = reward.code
        if reward.kind is RewardType.GIFT_CARD and code is not None:
            drawn = code.prefix + (code.alphabet * code.length)[: code.length]
            if not GIFT_CARD_CODE.fullmatch(drawn):
                message = f"{name!r}: a gift card's code is 8 to 20 letters and digits"
                yield Problem(f"rewards.{name}.code", message, "Mend prefix, length or alphabet.")
