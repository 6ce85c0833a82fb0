"""One thing that is done again in a replay."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple


class Step(NamedTuple):
    """When the books learnt of it, in which order, when it happened, and doing it again.

    ``version`` is that of the rules it was done by, 0 if that is not known.
    """

    booked_at: datetime
    id: str
    occurred_at: datetime
    act: Callable[[], None]
    version: int
