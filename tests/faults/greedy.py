"""A process that writes without a pause, until it is killed: ``python -m tests.faults.greedy URL``.

It says ``ready`` when it is at it.
"""

from __future__ import annotations

import sys
from itertools import count

from loyalty_core import Loyalty
from tests.toy import START, Toy, config_of, order

if __name__ == "__main__":
    with Loyalty.open(config_of(), sys.argv[1], plugins=[Toy()], clock=lambda: START) as loyalty:
        for number in count():
            loyalty.record_many([order(f"greedy {number}.{part}") for part in range(20)])
            if number == 0:
                print("ready", flush=True)
