"""A process that sells to one member and lets them spend, until it is killed.

``work`` takes a database URL and a name of its own. It says ``ready``, then ``order ID`` and
``spent KEY`` for each thing as soon as it is booked.
"""

from __future__ import annotations

from itertools import count

from loyalty_core import Loyalty
from loyalty_core.application.ids import new_id
from tests.toy import START, Toy, config_of, order


def work(url: str, run: str) -> None:
    with Loyalty.open(config_of(), url, plugins=[Toy()], clock=lambda: START) as loyalty:
        print("ready", flush=True)
        for number in count():
            name = f"{new_id()}.{run}"  # in the order of their making, so none comes late
            receipt = loyalty.record(order(name, "3.00"))
            print(f"order {name}", flush=True)
            if number % 2:
                loyalty.redeem(receipt.member_id or "", points=2, key=f"key-{name}")
                print(f"spent key-{name}", flush=True)
