"""A process of its own that ticks once: for tests that kill it while it asks for money."""

from __future__ import annotations

import json
import sys
from datetime import datetime

from loyalty_core import Loyalty
from loyalty_core.testing import FrozenClock

if __name__ == "__main__":
    config, database, now = sys.argv[1:]
    clock = FrozenClock(datetime.fromisoformat(now))
    with Loyalty.open(json.loads(config), database, clock=clock) as loyalty:
        loyalty.tick()
