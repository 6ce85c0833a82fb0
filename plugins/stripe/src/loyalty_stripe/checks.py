"""What can be wrong with the settings, all of it at once."""

from __future__ import annotations

import re
from collections.abc import Iterator

from loyalty_core import (
    ConfigError,
    Problem,
    connected_problems,
    signer_problems,
    url_problems,
)
from loyalty_stripe.config import Account, StripeConfig

WHERE = "plugins.stripe.account"
MOST_SECONDS = 120
_ACCOUNT = re.compile(r"acct_[A-Za-z0-9]{1,60}", re.ASCII)
_SOLD = re.compile(r"(?:price|prod|plan)_[A-Za-z0-9]{1,60}", re.ASCII)


def check(config: StripeConfig) -> None:
    """Raises ``ConfigError`` with every fault of the settings."""
    problems = connected_problems(WHERE, config.account)
    for place, account in enumerate(config.account):
        where = f"{WHERE}[{place}]"
        problems += signer_problems(where, account.secrets)
        problems += _values(where, account)
    if problems:
        raise ConfigError(problems)


def _values(where: str, account: Account) -> Iterator[Problem]:
    if account.stripe_account and not _ACCOUNT.fullmatch(account.stripe_account):
        message = f"{account.stripe_account[:60]!r} is no account of Stripe"
        yield Problem(f"{where}.stripe_account", message, 'They are named "acct_…".')
    yield from url_problems(f"{where}.api_url", account.api_url)
    if account.return_url:
        page, _, _ = account.return_url.partition("#")  # a page may be one of an app
        yield from url_problems(f"{where}.return_url", page, query=True)
    for place, sold in enumerate(account.memberships):
        if not _SOLD.fullmatch(sold):
            message = f"{sold[:60]!r} is no price and no product"
            yield Problem(f"{where}.memberships[{place}]", message, 'Write "price_…" or "prod_…".')
    if not 1 <= account.timeout_seconds <= MOST_SECONDS:
        message = f"{account.timeout_seconds} is not from 1 to {MOST_SECONDS}"
        yield Problem(f"{where}.timeout_seconds", message)
