"""One thing that is done again in a replay."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from loyalty_core.domain.clock import Booked


class Step(NamedTuple):
    """When the books learnt of it, when it happened, and doing it again.

    ``version`` is that of the rules it was done by, 0 if that is not known.
    """

    booked: Booked
    occurred_at: datetime
    act: Callable[[], None]
    version: int
