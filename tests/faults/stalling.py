"""A process that takes in webhooks, sells codes and makes them at a stall, until it is killed.

``work`` takes a database URL, the folder that is the stall, the hour it is, and a name of its own.
It says ``ready``, then ``kept ID`` for each webhook that was answered, and ``bought KEY`` for each
code.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

from loyalty_core import Action, Loyalty, MakeCode, Wants
from tests.stall import Stall, sent
from tests.toy import START, Toy, order

CONFIG: dict[str, Any] = {
    "program": {"id": "shop", "currency": "USD"},
    "wallets": {"points": {}},
    "rewards": {"five": {"kind": "discount", "amount": "5.00", "points": 50, "code": {}}},
    "plugins": {"toy": {}, "stall": {}},
}


class Folder(Stall):
    """A stall whose codes are files, which outlive whoever makes them."""

    def __init__(self, place: Path) -> None:
        super().__init__(wants=Wants(rewards=("five",)))
        self.place = place

    def act(self, action: Action) -> None:
        if isinstance(action, MakeCode):
            with (self.place / action.code).open("a") as file:
                file.write(f"{action.grant.grant_id}\n")


def opened(url: str, place: Path, hour: int) -> Loyalty:
    """The program, some hours after the start: leases of processes that were killed are over."""
    now = START + timedelta(hours=hour)
    return Loyalty.open(CONFIG, url, plugins=[Toy(), Folder(place)], clock=lambda: now)


def work(url: str, place: Path, hour: int, run: str) -> None:
    with opened(url, place, hour) as loyalty:
        print("ready", flush=True)
        for number in count():
            name = f"{run}.{number}"
            for _ in range(1 + number % 2):  # every other one comes twice
                loyalty.receive("stall.main", **sent(order(name, "100.00"), key=name))
            print(f"kept {name}", flush=True)
            loyalty.work_inbox()
            member = loyalty.find({"email": "ada@example.org"})
            if member is not None and number % 2:
                loyalty.redeem(member.id, reward="five", key=name)
                print(f"bought {name}", flush=True)
                loyalty.tick()
