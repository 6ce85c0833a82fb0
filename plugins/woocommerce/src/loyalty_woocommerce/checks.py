"""What can be wrong with the settings, all of it at once."""

from __future__ import annotations

import re
from collections.abc import Iterator

from loyalty_core import (
    ConfigError,
    Problem,
    ProgramConfig,
    account_problems,
    code_problems,
    signer_problems,
    url_problems,
)
from loyalty_woocommerce.config import Account, WooCommerceConfig
from loyalty_woocommerce.coupons import MADE_HERE

WHERE = "plugins.woocommerce.shop"
MOST_SECONDS = 120
COUPON_CODE = re.compile(r"[^a-z]+", re.ASCII)
CODES = "WooCommerce takes coupons in any case and tells them in small letters: let them have none"
_META = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,254}", re.ASCII)


def check(config: WooCommerceConfig, program: ProgramConfig) -> None:
    """Raises ``ConfigError`` with every fault of the settings."""
    problems = account_problems(WHERE, config.shop, program, MADE_HERE)
    for place, account in enumerate(config.shop):
        where = f"{WHERE}[{place}]"
        problems += signer_problems(where, account.secrets)
        problems += url_problems(f"{where}.url", account.url)
        problems += _values(where, account)
        problems += code_problems(account, program, MADE_HERE, COUPON_CODE, CODES)
    if problems:
        raise ConfigError(problems)


def _values(where: str, account: Account) -> Iterator[Problem]:
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
    if not 1 <= account.timeout_seconds <= MOST_SECONDS:
        message = f"{account.timeout_seconds} is not from 1 to {MOST_SECONDS}"
        yield Problem(f"{where}.timeout_seconds", message)
