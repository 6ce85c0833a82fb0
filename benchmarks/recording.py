"""Recording: one order at a time, many callers at once, and imports."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from benchmarks.by_hand import Loader, post
from benchmarks.shop import (
    CONFIG,
    FIRST,
    TURNS,
    Measured,
    Shop,
    in_turns,
    order,
    part,
    rate,
)
from loyalty_core import Event, Loyalty, PluginManifest, Subscription, hookimpl

MEMBERS, CALLERS = 50, 32
Record = Callable[[dict[str, Any]], object]


def record_one(shop: Shop, number: int) -> Measured:
    """Orders of known members, each in its own transaction; by hand: ten plain statements."""
    members = shop.join(MEMBERS)

    mine: list[dict[str, Any]] = []
    raw: list[dict[str, Any]] = []
    for turn in range(
        TURNS
    ):  # later than all that either has written before: in time, like a till's
        for name, facts in (("ours", mine), ("raw", raw)):
            for n in part(range(number), turn):
                at = FIRST + timedelta(minutes=next(shop.minutes))
                facts.append(order(f"{name}-{n}", str(n % MEMBERS), at))

    def ours(turn: int) -> int:
        return len([shop.loyalty.record(fact) for fact in part(mine, turn)])

    return in_turns(ours, lambda turn: singly(shop, members, part(raw, turn)))


def heard(event: Event) -> None:
    """Nothing is delivered while a case runs."""


class Listener:
    """A plugin that is told of what is booked, so that each order has events and deliveries."""

    manifest = PluginManifest(id="listener", version="1", requires_plugin_api=">=1.0,<2")

    @hookimpl
    def loyalty_register_handlers(self, config: object, program: object) -> list[Subscription]:
        kinds = ("points_credited", "member_enrolled")
        return [Subscription(id=f"listener.{k}", event_type=k, handler=heard) for k in kinds]


def told(shop: Shop, number: int) -> tuple[Loyalty, list[dict[str, Any]]]:
    """Orders to record, and a program with a subscriber to their events."""
    config = CONFIG | {"plugins": CONFIG["plugins"] | {"listener": {}}}
    shop.join(MEMBERS)
    times = [FIRST + timedelta(minutes=next(shop.minutes)) for _ in range(number)]
    facts = [order(f"told-{n}", str(n % MEMBERS), at) for n, at in enumerate(times)]
    listening = Loyalty.open(config, shop.engine, plugins=[Listener()], clock=lambda: shop.now)
    return listening, facts


def singly(shop: Shop, members: list[str], facts: Sequence[dict[str, Any]]) -> int:
    for fact in facts:
        customer = fact["identities"]["customer_id"]
        with shop.driver() as (cursor, connection):
            post(cursor, shop, customer, members[int(customer)], fact)
            connection.commit()
    return len(facts)


def together(shop: Shop, record: Record, name: str, each: int, members: int) -> tuple[float, float]:
    """Facts a second by 32 callers at once, and the 99th percentile of their waits in ms."""
    minutes, waits = shop.minutes, []

    def call(caller: int) -> None:
        for n in range(each):
            at = FIRST + timedelta(minutes=next(minutes))  # later than all before it
            fact = order(f"{name}-{caller}-{n}", str((caller * each + n) % members), at)
            started = time.perf_counter()
            record(fact)
            waits.append(time.perf_counter() - started)

    def work() -> int:
        with ThreadPoolExecutor(CALLERS) as pool:
            list(pool.map(call, range(CALLERS)))
        return len(waits)

    done = rate(work)
    return done, sorted(waits)[len(waits) * 99 // 100] * 1000


def callers(shop: Shop, number: int, members: int = 1000) -> Measured:
    """32 callers; reference: the same callers, each with a transaction of its own."""
    shop.join(members)
    each = max(number // CALLERS, 5)
    alone, alone_p99 = together(shop, own_transaction(shop), "alone", each, members)
    grouped, p99 = together(shop, shop.loyalty.record, "group", each, members)
    return Measured(grouped, alone, p99, alone_p99)


def own_transaction(shop: Shop) -> Record:
    recorder = shop.loyalty._recorder

    def record(fact: dict[str, Any]) -> None:
        (receipt,) = recorder.record([fact])
        if receipt.error:
            raise receipt.error

    return record


def hot_member(shop: Shop, number: int) -> Measured:
    """The same, and all orders are one member's."""
    return callers(shop, number, members=1)


def callers_at_full(shop: Shop, number: int) -> Measured:
    """32 callers at synchronous FULL; reference: plain statements one by one at NORMAL."""
    members = shop.join(MEMBERS)
    shop.synchronous(full=True)
    grouped, p99 = together(shop, shop.loyalty.record, "group", number // CALLERS, MEMBERS)
    shop.synchronous(full=False)
    at = FIRST + timedelta(days=1)
    facts = [order(f"raw-{n}", str(n % MEMBERS), at) for n in range(number)]
    return Measured(grouped, rate(lambda: singly(shop, members, facts)), p99)


def imported(shop: Shop, number: int, members: int = 2357) -> Measured:
    """Orders of many members who join on the way; by hand: one statement a table and chunk."""
    orders = [
        order(f"ours-{n}", str(n * 7919 % members), FIRST + timedelta(minutes=n))
        for n in range(number)
    ]
    theirs = [
        {**one, "id": f"raw-{n}", "identities": {"customer_id": f"raw-{n * 7919 % members}"}}
        for n, one in enumerate(orders)
    ]
    loader = Loader(shop)
    return in_turns(
        lambda turn: shop.loyalty.record_many(part(orders, turn)).total,
        lambda turn: loader.load(part(theirs, turn)),
    )


def imported_strangers(shop: Shop, number: int) -> Measured:
    """The same, each order by another member."""
    return imported(shop, number, members=number + 1)
