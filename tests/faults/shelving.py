"""A process that takes webhooks in, walks through a shop and makes codes there, until it is killed.

``shelve`` takes a database URL, a name of its own, how late it is, and the file that is the shop's
shelf of codes. It says ``ready``, then ``received ID`` and ``spent KEY`` for each thing that it has
acknowledged.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

from loyalty_core import Action, DropCode, Loyalty, MakeCode, Wants
from loyalty_core.application.ids import new_id
from tests.stall import Stall, sent
from tests.toy import START, Toy, order

SOLD = 40
"""How many orders the shop lists."""
CONFIG: Mapping[str, Any] = {
    "program": {"id": "shop", "currency": "USD"},
    "wallets": {"points": {}},
    "rewards": {"five": {"kind": "discount", "amount": "5.00", "points": 50, "code": {}}},
    "plugins": {"toy": {}, "stall": {}},
}


class Shelf(Stall):
    """A stall whose codes are lines of a file, which stay when the process is killed."""

    file: Path

    def act(self, action: Action) -> str | None:
        """Adds a line: it is there before it is known here that it is."""
        assert isinstance(action, MakeCode | DropCode)
        made = f"{type(action).__name__} {action.code} {action.grant.grant_id}\n"
        shelf = os.open(self.file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(shelf, made.encode())
        os.close(shelf)
        return None


def opened(url: str, hours: int, file: Path) -> Loyalty:
    """The program beside the shop, so many hours later."""
    stall = Shelf(
        sold=[order(f"sold {number}", "1.00", email="bob@example.org") for number in range(SOLD)],
        wants=Wants(rewards=("five",)),
    )
    stall.file = file
    now = START + timedelta(hours=hours)
    return Loyalty.open(CONFIG, url, plugins=[Toy(), stall], clock=lambda: now)


def shelve(url: str, run: str, hours: int, file: str) -> None:
    """Sells, spends and makes codes without an end."""
    with opened(url, hours, Path(file)) as loyalty:
        ada = loyalty.enrol({"email": "ada@example.org"}).id
        print("ready", flush=True)
        for number in count():
            name = f"{new_id()}.{run}"
            loyalty.receive("stall.main", **sent(order(name, "60.00")))
            print(f"received {name}", flush=True)
            loyalty.work_inbox()
            if number % 2:
                loyalty.redeem(ada, reward="five", key=f"key-{name}")
                print(f"spent key-{name}", flush=True)
            loyalty.tick()
            loyalty.reconcile("stall", pages=1)
