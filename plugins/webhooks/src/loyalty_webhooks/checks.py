"""What can be wrong with the settings, all of it at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from loyalty_core import ConfigError, Problem
from loyalty_webhooks.config import Endpoint, Shop, WebhooksConfig

WHERE = "plugins.webhooks"
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}", re.ASCII)


def check(config: WebhooksConfig) -> None:
    """Raises ``ConfigError`` with every fault of the settings."""
    problems: list[Problem] = []
    names: set[str] = set()
    for place, shop in enumerate(config.shop):
        where = f"{WHERE}.shop[{place}]"
        problems += _name(f"{where}.account", shop.account, names)
        problems += _secrets(where, shop.secrets)
        problems += _shop(where, shop)
    for place, endpoint in enumerate(config.endpoint):
        where = f"{WHERE}.endpoint[{place}]"
        problems += _name(f"{where}.endpoint", endpoint.endpoint, names)
        problems += _secrets(where, endpoint.secrets)
        problems += _endpoint(where, endpoint)
    if problems:
        raise ConfigError(problems)


def _name(where: str, name: str, names: set[str]) -> Iterator[Problem]:
    if not _NAME.fullmatch(name):
        remedy = "Use lower case letters, digits, - and _."
        yield Problem(where, f"{name[:60]!r} cannot be part of a URL", remedy)
    elif name in names:
        yield Problem(where, f"{name!r} is there already", "Name each differently.")
    names.add(name)


def _secrets(where: str, secrets: tuple[str, ...]) -> Iterator[Problem]:
    if not 1 <= len(secrets) <= 5:
        yield Problem(f"{where}.secrets", f"{len(secrets)} secrets", "Name one, or two.")


def _shop(where: str, shop: Shop) -> Iterator[Problem]:
    if not 1 <= shop.tolerance_seconds <= 86_400:
        message = f"{shop.tolerance_seconds} is not from 1 to 86,400"
        yield Problem(f"{where}.tolerance_seconds", message)


def _endpoint(where: str, endpoint: Endpoint) -> Iterator[Problem]:
    try:
        parts = urlsplit(endpoint.url)
        schemes = ("https", "http") if endpoint.allow_private else ("https",)
        fits = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fits = False
    if not fits or parts.username or parts.fragment:
        remedy = "Write an https URL without a name and a password in it."
        yield Problem(f"{where}.url", f"{endpoint.url[:60]!r} cannot be sent to", remedy)
    if not endpoint.events:
        yield Problem(f"{where}.events", "it is told nothing", 'Name some, or leave it out: ["*"].')
    if not 1 <= endpoint.timeout_seconds <= 60:
        message = f"{endpoint.timeout_seconds} is not from 1 to 60"
        yield Problem(f"{where}.timeout_seconds", message)
