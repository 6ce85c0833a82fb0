"""What there is only so much of over all members, and claiming some of it while deciding."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

LONGEST_ITEM = 128
"""How long the name of what is limited may be, with the plugin's id and a dot before it."""


@dataclass(frozen=True, slots=True)
class Limited:
    """So much of something of which there is only so much for all members together.

    ``item`` is the plugin's name for it, ``amount`` how much is wanted, at least one, and ``of``
    how much there is in all. Pieces, points or cents: the plugin knows what it counts.
    """

    item: str
    amount: int
    of: int


def _there(wanted: Sequence[Limited]) -> bool:
    return True


@dataclass(slots=True)
class Claims:
    """What one plugin claims for one fact: all of it is there, unless ``take`` says otherwise.

    ``answers`` says of each item whether it was got.
    """

    take: Callable[[Sequence[Limited]], bool] = _there
    answers: dict[str, bool] = field(default_factory=dict)
