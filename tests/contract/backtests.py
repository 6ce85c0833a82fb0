"""What tests of backtests ask and look at."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from loyalty_core import (
    Backtest,
    Figures,
    Loyalty,
)
from tests.toy import config_of

DAY = timedelta(days=1)
SINCE = datetime(2026, 6, 15, tzinfo=UTC)
Settings = Mapping[str, Any]


def months(found: Backtest) -> dict[str, tuple[Figures, Figures]]:
    return {one.about: (one.was, one.would) for one in found.months}


def replayed(loyalty: Loyalty, config: Any = None, since: datetime = SINCE, **given: Any) -> Any:
    """The figures of each month under a configuration with these settings, and all of it."""
    found = loyalty.backtest(config or config_of(**given), since=since)
    return months(found), found


def member_of(loyalty: Loyalty, email: str = "ada@example.org") -> str:
    found = loyalty.find({"email": email})
    assert found is not None
    return found.id
