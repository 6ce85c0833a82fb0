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
    reward_kinds,
    url_problems,
)
from loyalty_saleor.codes import MADE_HERE
from loyalty_saleor.config import Account, SaleorConfig

WHERE = "plugins.saleor.shop"
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}", re.ASCII)


def check(config: SaleorConfig, program: ProgramConfig) -> None:
    """Raises ``ConfigError`` with every fault of the settings."""
    problems = account_problems(WHERE, config.shop, program, MADE_HERE)
    for place, account in enumerate(config.shop):
        where = f"{WHERE}[{place}]"
        problems += url_problems(f"{where}.url", account.url, path=False)
        problems += _values(where, account, program)
    if problems:
        raise ConfigError(problems)


def _values(where: str, account: Account, program: ProgramConfig) -> Iterator[Problem]:
    if not _KEY.fullmatch(account.metadata_key):
        remedy = "Use letters, digits, -, _ and ., a letter or digit first."
        yield Problem(f"{where}.metadata_key", f"{account.metadata_key[:60]!r} is none", remedy)
    if reward_kinds(account, program) - {RewardType.GIFT_CARD} and not account.channel:
        remedy = "Write the slug of a channel, such as default-channel."
        yield Problem(f"{where}.channel", "vouchers are for a channel", remedy)
