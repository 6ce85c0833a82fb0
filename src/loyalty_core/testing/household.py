"""The model of a household: its points, its members' own, and who answers for what was spent."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import datetime

from loyalty_core.testing.model import ModelLedger


@dataclass(slots=True)
class ModelHousehold:
    """One wallet that members share: what they have together, and what each has alone.

    >>> from datetime import UTC
    >>> noon = datetime(2026, 6, 1, 12, tzinfo=UTC)
    >>> model = ModelHousehold(ModelLedger(), {"ada": ModelLedger()})
    >>> model.award("ada", "order 1", 60, 25, noon, created_at=noon)
    >>> model.common.available, model.own["ada"].available, model.common.spend(10, noon)
    (25, 35, True)
    >>> model.award("ada", "order 1", 0, 0, noon, created_at=noon)
    >>> model.common.available, model.own["ada"].available
    (0, -10)
    """

    common: ModelLedger
    own: dict[str, ModelLedger]
    answered: dict[Hashable, int] = field(default_factory=dict)

    def award(
        self,
        member: str,
        name: Hashable,
        worth: int,
        shared: int,
        now: datetime,
        *,
        created_at: datetime,
        activates_at: datetime | None = None,
        expires_at: datetime | None = None,
    ) -> None:
        """What a member was awarded is worth so much from now on, and so much of it is shared."""
        ledger, common = self.own[member], self.common
        dates = {"activates_at": activates_at, "expires_at": expires_at}
        ledger.award(name, worth - shared, now, created_at=created_at, **dates)
        common.advance(now)
        change = shared - common.worth.get(name, 0)
        if change > 0:
            back = min(change, self.answered.get(name, 0))
            self.answered[name] = self.answered.get(name, 0) - back
            ledger.award(name, worth - shared + back, now, created_at=created_at, **dates)
            ledger.worth[name] = worth - shared
            common.worth[name] = common.worth.get(name, 0) + back
            common.award(name, shared, now, created_at=created_at, **dates)
        elif change < 0:
            short = self._take_back(name, -change)
            self.answered[name] = self.answered.get(name, 0) + short
            ledger.earned -= ledger._collect(short)
            common.worth[name] = shared
            common.advance(now)
        ledger.advance(now)

    def _take_back(self, name: Hashable, amount: int) -> int:
        """How much was not there any more of what is taken from the household."""
        lot = self.common.lots[name]
        taken = self.common._take([lot], amount)
        gone = min(amount - taken, lot.gone - lot.forgiven)
        lot.forgiven += gone
        self.common.earned -= taken
        return amount - taken - gone
