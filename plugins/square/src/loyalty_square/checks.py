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
from loyalty_square.config import Account, SquareConfig
from loyalty_square.gift_cards import MADE_HERE

WHERE = "plugins.square.seller"
GIFT_CARD_CODE = re.compile(r"[A-Za-z][0-9A-Za-z]{7,19}", re.ASCII)
CODES = "a gift card's code is 8 to 20 letters and digits, a letter first, as a bank's is not"
_KEY = re.compile(r"[A-Za-z0-9_-]{1,50}", re.ASCII)


def check(config: SquareConfig, program: ProgramConfig) -> None:
    """Raises ``ConfigError`` with every fault of the settings."""
    problems = account_problems(WHERE, config.seller, program, MADE_HERE)
    for place, account in enumerate(config.seller):
        where = f"{WHERE}[{place}]"
        problems += signer_problems(where, account.secrets)
        problems += url_problems(f"{where}.notification_url", account.notification_url, query=True)
        problems += url_problems(f"{where}.api_url", account.api_url, path=False)
        problems += _values(where, account)
        problems += code_problems(account, program, MADE_HERE, GIFT_CARD_CODE, CODES)
    if problems:
        raise ConfigError(problems)


def _values(where: str, account: Account) -> Iterator[Problem]:
    if not _KEY.fullmatch(account.attribute):
        remedy = "Use 1 to 50 letters, digits, - and _."
        yield Problem(f"{where}.attribute", f"{account.attribute[:60]!r} is none", remedy)
    if len(account.group_prefix) > 100:
        yield Problem(f"{where}.group_prefix", "names of groups are short")
    if account.rewards and not account.location:
        remedy = "Write the id of one of the seller's locations."
        yield Problem(f"{where}.location", "gift cards are made at a location", remedy)
