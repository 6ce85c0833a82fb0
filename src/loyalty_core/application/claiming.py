"""What facts claim of what there is only so much of, over all members.

The first decision of a fact asks for it, and who asks first gets it. The answer is kept with the
fact, a refusal too: decided again, for an earlier fact came late, it comes to the same.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from loyalty_core.domain.amounts import LARGEST_AMOUNT
from loyalty_core.domain.limits import LONGEST_ITEM, Claims, Limited
from loyalty_core.ports.records import FactRecord

AMPLE = 1 << 62
"""A stock that is never sold out."""


class Stock(Protocol):
    """Where it is counted what is claimed of limited items."""

    def claim_stock(self, item: str, stock: int, amount: int = 1) -> bool:
        """Whether so many more of ``stock`` were left of a limited item, and are claimed now."""
        ...

    def unclaim_stock(self, item: str, amount: int = 1) -> None:
        """Puts so many back that were claimed."""
        ...


@dataclass(slots=True)
class Claiming:
    """One fact while it is decided: what it claims now, beside what it has claimed before.

    A claim of nothing is one that was refused.
    """

    record: FactRecord
    stock: Stock
    made: dict[str, int] = field(default_factory=dict)

    def by(self, plugin: str) -> Claims:
        """How one plugin claims."""
        return Claims(lambda wanted: self._claim(plugin, wanted))

    def end(self, silent: Collection[str] = ()) -> None:
        """Puts back what is not claimed any more; what ``silent`` plugins have claimed stays."""
        kept = dict[str, int]()
        for item, amount in self.record.claims.items():
            if item.partition(".")[0] in silent:
                kept[item] = self.made.pop(item, amount)
            elif item not in self.made:
                self._put_back(item, amount)
        for item in [one for one in self.made if one.partition(".")[0] in silent]:
            self._put_back(item, self.made.pop(item))  # of a decision that failed after it
        self.record.claims = {**kept, **self.made}

    def _claim(self, plugin: str, wanted: Sequence[Limited]) -> bool:
        """Whether all that is wanted is there, and claimed: all of it or nothing."""
        parts = {f"{plugin}.{one.item}": one for one in wanted}
        if len(parts) != len(wanted) or self.made.keys() & parts.keys():
            raise ValueError(f"{sorted(parts)}: an item is claimed once for a fact")
        if any(map(_cannot_be, parts, wanted)):
            raise ValueError(f"{wanted} cannot be claimed: at least one, of at least none")
        known = {item: self.record.claims[item] for item in parts if item in self.record.claims}
        if 0 in known.values():
            self.made.update(dict.fromkeys(parts, 0))
            for item, amount in known.items():
                self._put_back(item, amount)
            return False
        if known != {item: one.amount for item, one in parts.items()}:
            for item, amount in known.items():
                self._put_back(item, amount)
            got = self._take(parts)
        else:
            got = True
        self.made.update({item: one.amount if got else 0 for item, one in parts.items()})
        return got

    def _take(self, parts: dict[str, Limited]) -> bool:
        taken: list[str] = []
        for item in sorted(parts):  # always in one order, so that two never wait for each other
            if not self.stock.claim_stock(item, parts[item].of, parts[item].amount):
                for one in taken:
                    self._put_back(one, parts[one].amount)
                return False
            taken.append(item)
        return True

    def _put_back(self, item: str, amount: int) -> None:
        if amount:
            self.stock.unclaim_stock(item, amount)


def count_again(stock: Stock, record: FactRecord) -> None:
    """Counts what a fact of other books has claimed, whatever there is."""
    for item, amount in record.claims.items():
        if amount:
            stock.claim_stock(item, AMPLE, amount)


def _cannot_be(item: str, one: Limited) -> bool:
    whole = type(one.amount) is int and type(one.of) is int
    return not (whole and 1 <= one.amount < LARGEST_AMOUNT and 0 <= one.of < LARGEST_AMOUNT) or (
        len(item) > LONGEST_ITEM
    )
