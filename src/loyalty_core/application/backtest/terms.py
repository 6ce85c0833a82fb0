"""By which rules each step of a replay is done, and where they differ from those of then."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from loyalty_core.application.catalogue import CATALOGUE
from loyalty_core.application.config import effective
from loyalty_core.application.rules import Rules
from loyalty_core.domain.facts import Json
from loyalty_core.domain.programs import GoodwillPolicy
from loyalty_core.domain.redemptions import PARTNER, Redemption
from loyalty_core.ports.configs import ConfigVersion
from loyalty_core.ports.records import FactRecord

BOOKING = ("program", "wallets", "rewards", "checkout", "household", "partners")
"""The sections that say how points are booked, whatever they were awarded for."""


@dataclass(frozen=True, slots=True)
class Terms:
    """The rules by date: those of ``versions`` before ``since``, and ``new`` from then on."""

    new: Rules
    since: datetime
    versions: Sequence[ConfigVersion]
    rules_then: Callable[[int], Rules]

    def rules(self, at: datetime, version: int = 0) -> Rules:
        """The rules of what happened at a moment; of then, those of ``version`` if it is known."""
        if at >= self.since:
            return self.new
        return self.rules_then(version or self._then(at).version)

    def goodwill(self, record: FactRecord) -> GoodwillPolicy:
        """What goodwill does to a fact's points: as the rules say that decide it."""
        return self.rules(record.occurred_at, record.config_version).config.program.goodwill

    def books_alike(self) -> bool:
        """Whether the sections that say how points are booked are what they were all along."""
        new = effective(self.new.config)
        return all(
            one.document.get(name) == new.get(name) for one in self._since() for name in BOOKING
        )

    def sold_alike(self, redemption: Redemption) -> bool:
        """Whether a reward costs and gives what it did when it was redeemed."""
        at, reward = redemption.created_at, redemption.reward
        if at < self.since or reward.startswith(PARTNER):
            return True
        then, new = self._then(at).document, effective(self.new.config)
        if redemption.plugin == CATALOGUE:
            return _at(then, "rewards", reward) == _at(new, "rewards", reward)
        same = _at(then, "plugins", redemption.plugin) == _at(new, "plugins", redemption.plugin)
        return same and then.get("checkout") == new.get("checkout")

    def _since(self) -> Sequence[ConfigVersion]:
        """The versions that were in force at any time since the beginning of the backtest."""
        first = self.versions.index(self._then(self.since))
        return self.versions[first:]

    def _then(self, at: datetime) -> ConfigVersion:
        """The version in force at a moment; the first one for what is older than all."""
        return in_force(self.versions, at)


def in_force(versions: Sequence[ConfigVersion], at: datetime) -> ConfigVersion:
    """The version in force at a moment; the first one for what is older than all."""
    place = bisect_right([one.first_used_at for one in versions], at)
    return versions[max(place - 1, 0)]


def _at(document: Mapping[str, Json], section: str, name: str) -> Json:
    return cast(Mapping[str, Json], document.get(section) or {}).get(name)
