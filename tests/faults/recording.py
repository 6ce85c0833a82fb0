"""A process that records, ticks, delivers and redeems until it is killed, and says what it did.

``work`` does so in a database from a step on: one line of JSON on standard output for each command
that has returned, and for each event that was received.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from loyalty_core import Event, FactReceipt, Loyalty
from loyalty_core.domain.clock import Clock
from loyalty_core.testing import FrozenClock
from tests.toy import START, Toy, config_of, order, refund

BATCH = 3
MEMBERS = 4
PENDING_DAYS = 30
CONFIG = config_of(settings={"first_order": 7, "pending_days": PENDING_DAYS})


def email(number: int) -> str:
    return f"m{number % MEMBERS}@example.org"


def moment(number: int) -> datetime:
    """When the points of a step become active."""
    return START + timedelta(minutes=number)


def facts(number: int) -> list[dict[str, Any]]:
    """The facts of a step: an order of 60, and now and then a quarter of an earlier one back."""
    at = moment(number) - timedelta(days=PENDING_DAYS)
    made = [order(str(number), email=email(number), at=at)]
    if number % 5 == 4:
        made.append(refund(f"r{number}", of=str(number - 4), at=at, amount="15.00"))
    return made


def issued(steps: int) -> int:
    """The points of so many steps: of the four bonuses, one loses a quarter, rounded down."""
    return 60 * steps + 4 * 7 - 15 * (steps // 5) - 7 // 4


def redeems(number: int) -> bool:
    """Whether a step spends ten points after its facts."""
    return number % 3 == 2


def redeem(loyalty: Loyalty, number: int) -> str:
    """The transaction of the step's redemption."""
    member = loyalty.find({"email": email(number)})
    assert member is not None
    return loyalty.redeem(member.id, points=10, key=f"spend {number}").transaction_id


def opened(database: str, clock: Clock, receive: Callable[[Event], None]) -> Loyalty:
    toy = Toy(subscribed=("points_credited", "points_redeemed"), on_event=receive)
    return Loyalty.open(CONFIG, database, plugins=[toy], clock=clock)


def say(*booked: object) -> None:
    print(json.dumps(booked), flush=True)


def work(database: str, first: int) -> None:
    clock = FrozenClock(START)
    with opened(database, clock, lambda event: say(first, "event", event.id)) as loyalty:
        for start in count(first, BATCH):
            steps = range(start, start + BATCH)
            batch = [(number, fact) for number in steps for fact in facts(number)]

            def booked(
                index: int, receipt: FactReceipt, batch: list[tuple[int, Any]] = batch
            ) -> None:
                number, fact = batch[index]
                say(number, fact["type"], receipt.fact_id)

            clock.set(moment(start))
            loyalty.record_many([fact for _, fact in batch], on_receipt=booked, chunk=len(batch))
            clock.set(moment(start + BATCH - 1))
            report = loyalty.tick()
            say(start, "tick", report.activated_lots)
            for number in filter(redeems, steps):
                say(number, "redemption", redeem(loyalty, number))
