"""What can be wrong with the settings, all of it at once."""

from __future__ import annotations

import re
from collections.abc import Iterator

from loyalty_core import (
    ConfigError,
    Problem,
    ProgramConfig,
    RewardType,
    account_problems,
    code_problems,
    signer_problems,
    url_problems,
)
from loyalty_shopify.codes import MADE_HERE
from loyalty_shopify.config import Account, ShopifyConfig

WHERE = "plugins.shopify.shop"
GIFT_CARD_CODE = re.compile(r"[0-9A-Za-z]{8,20}", re.ASCII)
CODES = "a gift card's code is 8 to 20 letters and digits"
_DOMAIN = re.compile(r"[a-z0-9][a-z0-9-]*\.myshopify\.com", re.ASCII)
_NAMESPACE = re.compile(r"[A-Za-z0-9_-]{3,255}", re.ASCII)


def check(config: ShopifyConfig, program: ProgramConfig) -> None:
    """Raises ``ConfigError`` with every fault of the settings."""
    problems = account_problems(WHERE, config.shop, program, MADE_HERE)
    for place, account in enumerate(config.shop):
        where = f"{WHERE}[{place}]"
        problems += signer_problems(where, account.secrets)
        problems += _shop(where, account)
        problems += _values(where, account)
        problems += code_problems(account, program, (RewardType.GIFT_CARD,), GIFT_CARD_CODE, CODES)
    if problems:
        raise ConfigError(problems)


def _shop(where: str, account: Account) -> Iterator[Problem]:
    if not _DOMAIN.fullmatch(account.shop):
        remedy = "Write the domain the shop has at Shopify, such as tea.myshopify.com."
        yield Problem(f"{where}.shop", f"{account.shop[:60]!r} is no shop on Shopify", remedy)
    if not account.access_token and not account.client_id:
        remedy = "Write the app's client_id, or an access_token."
        yield Problem(where, "there is nothing to ask the shop with", remedy)


def _values(where: str, account: Account) -> Iterator[Problem]:
    if not _NAMESPACE.fullmatch(account.namespace):
        remedy = "Use 3 to 255 letters, digits, - and _."
        yield Problem(f"{where}.namespace", f"{account.namespace[:60]!r} is none", remedy)
    if "," in account.tag_prefix or len(account.tag_prefix) > 100:
        yield Problem(f"{where}.tag_prefix", "tags have no commas and are short")
    if account.admin_url:
        yield from url_problems(f"{where}.admin_url", account.admin_url, path=False)
