"""What can be wrong with the settings, all of it at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from loyalty_core import ConfigError, Problem, secret_problems
from loyalty_stripe.config import Account, StripeConfig

WHERE = "plugins.stripe"
MOST_MINUTES = 10_080
MOST_SECONDS = 120
LOCAL = ("127.0.0.1", "::1", "localhost")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}", re.ASCII)
_ACCOUNT = re.compile(r"acct_[A-Za-z0-9]{1,60}", re.ASCII)
_SOLD = re.compile(r"(?:price|prod|plan)_[A-Za-z0-9]{1,60}", re.ASCII)


def check(config: StripeConfig) -> None:
    """Raises ``ConfigError`` with every fault of the settings."""
    problems: list[Problem] = []
    names: set[str] = set()
    sources: set[str] = set()
    for place, account in enumerate(config.account):
        where = f"{WHERE}.account[{place}]"
        problems += _names(where, account, names, sources)
        problems += _keys(where, account)
        problems += _values(where, account)
    if problems:
        raise ConfigError(problems)


def _names(where: str, account: Account, names: set[str], sources: set[str]) -> Iterator[Problem]:
    if not _NAME.fullmatch(account.account):
        remedy = "Use lower case letters, digits, - and _."
        yield Problem(f"{where}.account", f"{account.account[:60]!r} cannot be in a URL", remedy)
    elif account.account in names:
        yield Problem(f"{where}.account", f"{account.account!r} is there already")
    names.add(account.account)
    source = account.source or account.account
    if source in sources:
        remedy = "Customers are known by their source: give each account its own."
        yield Problem(f"{where}.source", f"{source!r} is that of another account", remedy)
    sources.add(source)
    if account.stripe_account and not _ACCOUNT.fullmatch(account.stripe_account):
        message = f"{account.stripe_account[:60]!r} is no account of Stripe"
        yield Problem(f"{where}.stripe_account", message, 'They are named "acct_…".')


def _keys(where: str, account: Account) -> Iterator[Problem]:
    yield from secret_problems(f"{where}.api_key", account.api_key)
    if not 1 <= len(account.secrets) <= 2:
        yield Problem(f"{where}.secrets", f"{len(account.secrets)} secrets", "Name one, or two.")
    for place, reference in enumerate(account.secrets):
        yield from secret_problems(f"{where}.secrets[{place}]", reference)


def _values(where: str, account: Account) -> Iterator[Problem]:
    for field, url in (("return_url", account.return_url), ("api_url", account.api_url)):
        if url and not _fits(url):
            remedy = "Write an https URL without a name and a password in it."
            yield Problem(f"{where}.{field}", f"{url[:60]!r} is no address", remedy)
    if not account.api_url:
        yield Problem(f"{where}.api_url", "it is empty", "Leave it out.")
    for place, sold in enumerate(account.memberships):
        if not _SOLD.fullmatch(sold):
            message = f"{sold[:60]!r} is no price and no product"
            yield Problem(f"{where}.memberships[{place}]", message, 'Write "price_…" or "prod_…".')
    if not 0 <= account.poll_minutes <= MOST_MINUTES:
        message = f"{account.poll_minutes} is not from 0 to {MOST_MINUTES:,}"
        yield Problem(f"{where}.poll_minutes", message)
    if not 1 <= account.timeout_seconds <= MOST_SECONDS:
        message = f"{account.timeout_seconds} is not from 1 to {MOST_SECONDS}"
        yield Problem(f"{where}.timeout_seconds", message)


def _fits(url: str) -> bool:
    try:
        parts = urlsplit(url)
        schemes = ("https", "http") if parts.hostname in LOCAL else ("https",)
        return bool(parts.hostname) and parts.scheme in schemes and not parts.username
    except ValueError:
        return False
