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
    minor_digits,
    secret_problems,
)
from loyalty_woocommerce.config import Account, WooCommerceConfig
from loyalty_woocommerce.coupons import MADE_HERE

WHERE = "plugins.woocommerce"
MOST_MINUTES = 10_080
MOST_SECONDS = 120
LOCAL = ("127.0.0.1", "::1", "localhost")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}", re.ASCII)
_META = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,254}", re.ASCII)


def check(config: WooCommerceConfig, program: ProgramConfig) -> None:
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
    try:
        parts = urlsplit(account.url)
        local = parts.hostname in LOCAL
        fits = bool(parts.hostname) and parts.scheme in (("https", "http") if local else ("https",))
    except ValueError:
        fits = False
    if not fits or parts.username or parts.query or parts.fragment:
        # over plain http WooCommerce takes signed requests alone, and keys would be read on the way
        remedy = "Write an https URL without a name and a password in it."
        yield Problem(f"{where}.url", f"{account.url[:60]!r} is no shop's address", remedy)


def _keys(where: str, account: Account) -> Iterator[Problem]:
    yield from secret_problems(f"{where}.consumer_key", account.consumer_key)
    yield from secret_problems(f"{where}.consumer_secret", account.consumer_secret)
    if not 1 <= len(account.secrets) <= 2:
        yield Problem(f"{where}.secrets", f"{len(account.secrets)} secrets", "Name one, or two.")
    for place, reference in enumerate(account.secrets):
        yield from secret_problems(f"{where}.secrets[{place}]", reference)


def _values(where: str, account: Account) -> Iterator[Problem]:
    if account.currency:
        try:
            minor_digits(account.currency)
        except CurrencyUnknown as error:
            yield Problem(f"{where}.currency", error.message, error.remedy)
    if not account.paid:
        yield Problem(f"{where}.paid", "no order would ever earn", 'Name some: ["completed"].')
    for place, status in enumerate(account.paid):
        if not status or status.startswith("wc-"):
            remedy = 'Write it as the API does, such as "completed".'
            yield Problem(f"{where}.paid[{place}]", f"{status[:60]!r} is no status", remedy)
    if not _META.fullmatch(account.meta_key):
        # a key that begins with _ is hidden from the shop's own editors
        remedy = "Use letters, digits, - and _, a letter or digit first."
        yield Problem(f"{where}.meta_key", f"{account.meta_key[:60]!r} is none", remedy)
    if not 0 <= account.poll_minutes <= MOST_MINUTES:
        message = f"{account.poll_minutes} is not from 0 to {MOST_MINUTES:,}"
        yield Problem(f"{where}.poll_minutes", message)
    if not 1 <= account.timeout_seconds <= MOST_SECONDS:
        message = f"{account.timeout_seconds} is not from 1 to {MOST_SECONDS}"
        yield Problem(f"{where}.timeout_seconds", message)


def _rewards(where: str, account: Account, program: ProgramConfig) -> Iterator[Problem]:
    """What of the rewards a shop on WooCommerce cannot make; that they are there is the core's."""
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
        if code is not None and (drawn := code.prefix + code.alphabet) != drawn.upper():
            message = f"{name!r}: WooCommerce takes coupons in any case, and tells them in small"
            yield Problem(f"rewards.{name}.code", message, "Use capitals and digits alone.")
