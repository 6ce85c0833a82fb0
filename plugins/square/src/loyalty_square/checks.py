"""What can be wrong with the settings, all of it at once."""

from __future__ import annotations

import re
from collections.abc import Iterator

from loyalty_core import (
    ConfigError,
    Problem,
    ProgramConfig,
    account_problems,
    secret_problems,
    signer_problems,
    url_problems,
)
from loyalty_square.config import Account, SquareConfig
from loyalty_square.gift_cards import GIFT_CARD_CODE, MADE_HERE

WHERE = "plugins.square.seller"
_KEY = re.compile(r"[A-Za-z0-9_-]{1,50}", re.ASCII)


def check(config: SquareConfig, program: ProgramConfig) -> None:
    """Raises ``ConfigError`` with every fault of the settings."""
    problems = account_problems(WHERE, config.seller, program, MADE_HERE)
    for place, account in enumerate(config.seller):
        where = f"{WHERE}[{place}]"
        problems += signer_problems(where, account.secrets)
        problems += secret_problems(f"{where}.access_token", account.access_token)
        problems += url_problems(f"{where}.notification_url", account.notification_url, query=True)
        problems += url_problems(f"{where}.api_url", account.api_url, path=False)
        problems += _values(where, account)
        problems += _gift_cards(where, account, program)
    if problems:
        raise ConfigError(problems)


def _values(where: str, account: Account) -> Iterator[Problem]:
    if not _KEY.fullmatch(account.attribute):
        remedy = "Use 1 to 50 letters, digits, - and _."
        yield Problem(f"{where}.attribute", f"{account.attribute[:60]!r} is none", remedy)
    if len(account.group_prefix) > 100:
        yield Problem(f"{where}.group_prefix", "names of groups are short")


def _gift_cards(where: str, account: Account, program: ProgramConfig) -> Iterator[Problem]:
    if account.rewards and not account.location:
        remedy = "Write the id of one of the seller's locations."
        yield Problem(f"{where}.location", "gift cards are made at a location", remedy)
    for name in account.rewards:
        code = program.rewards[name].code if name in program.rewards else None
        if code is not None:
            drawn = code.prefix + (code.alphabet * code.length)[: code.length]
            if not GIFT_CARD_CODE.fullmatch(drawn) or code.prefix[:1].isdigit():
                message = f"{name!r}: a gift card's code is 8 to 20 letters and digits, one first"
                remedy = "Mend prefix, length or alphabet: with a digit first it may be a bank's."
                yield Problem(f"rewards.{name}.code", message, remedy)
