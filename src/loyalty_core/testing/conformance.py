"""What every connector must stand: any delivery of a history leaves the same books as it, plain."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Protocol, runtime_checkable

from loyalty_core.domain.connections import MessageReceipt
from loyalty_core.errors import SignatureInvalid
from loyalty_core.loyalty import Loyalty
from loyalty_core.testing.books import books_of
from loyalty_core.testing.clock import FrozenClock
from loyalty_core.testing.double import PlatformDouble
from loyalty_core.testing.shops import ShopOrder, changes_of


@dataclass(frozen=True, slots=True, kw_only=True)
class SentWebhook:
    """A webhook as a platform sends it, signed."""

    body: bytes
    headers: tuple[tuple[str, str], ...]
    url: str = ""

    def to(self, loyalty: Loyalty, connector: str) -> MessageReceipt:
        """The receipt of its delivery to a connector."""
        return loyalty.receive(connector, body=self.body, headers=self.headers, url=self.url)


class PlatformUnderTest(Protocol):
    """How one platform would write a history; a test of its connector implements it."""

    @property
    def connector(self) -> str:
        """The connector's id in the programs that are opened."""
        ...

    def webhooks(self, history: Sequence[ShopOrder]) -> Sequence[SentWebhook]:
        """All that the platform would send about the history, in the order it happened."""
        ...

    def hold(self, history: Sequence[ShopOrder]) -> None:
        """Makes the platform's double have this history, for walks to go through."""
        ...


@runtime_checkable
class PlatformGoingOn(PlatformUnderTest, Protocol):
    """The same of a platform whose double can be had as it was at any moment of a history."""

    @property
    def double(self) -> PlatformDouble:
        """The double, whose clock goes along."""
        ...

    def about(self, order: ShopOrder, at: datetime) -> Sequence[SentWebhook]:
        """What the platform sends about an order that changed at a moment."""
        ...

    def hold(self, history: Sequence[ShopOrder], at: datetime | None = None) -> None:
        """Makes the double have what there was at a moment; all of it if none is given."""
        ...


Opening = Callable[[], AbstractContextManager[Loyalty]]
"""Opens a program without anything in its books, at a moment after the history."""


def check_deliveries(
    opening: Opening, platform: PlatformUnderTest, history: Sequence[ShopOrder], random: Random
) -> None:
    """Asserts that any delivery of a history leaves the same books as the plain one.

    Delivered in any order, any number of times, partly lost and then reconciled; and backfilled,
    without a webhook; and reconciled once more, which finds nothing. Something is booked of each
    history in which anything was paid. Of a connector that lists no
    changes nothing is lost; one that receives no webhooks is only backfilled and reconciled.
    """
    sent, name = list(platform.webhooks(history)), platform.connector
    platform.hold(history)
    with opening() as loyalty:
        status = loyalty.connector_status(name)
        assert sent or not status.receives, "the platform sends no webhooks about the history"
        deliver(loyalty, name, sent)
        if not status.receives:
            loyalty.backfill(name)
        plain = books_of(loyalty)
        refuse_dead(loyalty, name)
        paid = any(one.paid_at and one.total_minor for one in history)
        assert plain["facts"] or not paid, "nothing is booked of the history"
        if status.walks:
            found = loyalty.reconcile(name)
            assert (found.missing, found.different, found.refused) == (0, 0, 0), found.drift
            assert books_of(loyalty) == plain, "reconciling changed what was booked"
    with opening() as loyalty:
        times = (0, 1, 1, 2, 3) if status.walks else (1, 1, 2, 3)
        arrived = [one for one in sent for _ in range(random.choice(times))]
        random.shuffle(arrived)
        deliver(loyalty, name, arrived, every=random.randint(1, 5))
        if status.walks:
            loyalty.reconcile(name)
        assert books_of(loyalty) == plain, "shuffled, doubled, lost and reconciled"
        assert loyalty.verify().problems == ()
    if status.walks:
        with opening() as loyalty:
            loyalty.backfill(name)
            assert books_of(loyalty) == plain, "backfilled"
            deliver(loyalty, name, sent)
            assert books_of(loyalty) == plain, "backfilled, then delivered"


def check_meanwhile(
    opening: Opening, platform: PlatformGoingOn, history: Sequence[ShopOrder], random: Random
) -> None:
    """Asserts that a platform that goes on meanwhile leaves the same books as one that stands.

    Webhooks come late, twice or never, to a platform that has changed since they were sent; there
    are walks between, and the last one finds the rest.
    """
    waiting: list[SentWebhook] = []
    with opening() as loyalty:
        for at, order in changes_of(history):
            platform.hold(history, at)
            platform.double.clock = FrozenClock(at + timedelta(seconds=1))
            sent = platform.about(order, at)
            waiting += [one for one in sent for _ in range(random.choice((0, 1, 1, 2)))]
            random.shuffle(waiting)
            now, waiting = waiting[: random.randint(0, 2)], waiting[2:]
            deliver(loyalty, platform.connector, now)
            if random.randrange(4) == 0:
                loyalty.reconcile(platform.connector)
        loyalty.reconcile(platform.connector)
        refuse_dead(loyalty, platform.connector)
        books = books_of(loyalty)
        assert loyalty.verify().problems == ()
        found = loyalty.reconcile(platform.connector)
        assert (found.missing, found.different, found.refused) == (0, 0, 0), found.drift
    with opening() as loyalty:
        loyalty.backfill(platform.connector)
        assert books_of(loyalty) == books, "gone through at the end, and told all the while"


def deliver(
    loyalty: Loyalty, connector: str, sent: Iterable[SentWebhook], *, every: int = 1
) -> None:
    """Delivers webhooks, and works on the inbox after so many, and at the end."""
    for number, one in enumerate(sent, 1):
        one.to(loyalty, connector)
        if number % every == 0:
            loyalty.work_inbox()
    loyalty.work_inbox()


def refuse_dead(loyalty: Loyalty, connector: str) -> None:
    """Asserts that nothing that was sent could not be taken in."""
    status = loyalty.connector_status(connector)
    assert (status.dead, status.pending) == (0, 0), status.failed_messages


def spoilt(sent: SentWebhook, header: str) -> dict[str, SentWebhook]:
    """The same webhook with its body or its signature in ``header`` spoilt, by what was done."""
    signature = next(value for name, value in sent.headers if name.lower() == header.lower())
    others = tuple(one for one in sent.headers if one[0].lower() != header.lower())

    def signed(*values: str) -> SentWebhook:
        return replace(sent, headers=(*others, *((header, value) for value in values)))

    made = {
        "missing": signed(),
        "empty": signed(""),
        "doubled": signed(signature, signature),
        "not ASCII": signed(signature[:-1] + "\xe9"),
        "cut short": signed(signature[:-2]),
        "another one": signed(signature[::-1] if signature[::-1] != signature else signature + "0"),
        "of nothing": signed("0" * len(signature)),
        "flipped byte": replace(sent, body=bytes([sent.body[0] ^ 1]) + sent.body[1:]),
        "cut body": replace(sent, body=sent.body[:-1]),
        "empty body": replace(sent, body=b""),
    }
    try:
        rewritten = json.dumps(json.loads(sent.body), indent=1, sort_keys=True).encode()
    except ValueError:
        return made
    return made | {"written anew": replace(sent, body=rewritten)}


def check_signatures(loyalty: Loyalty, connector: str, sent: SentWebhook, header: str) -> None:
    """Asserts that every spoilt webhook is refused and leaves nothing; the right one is kept."""
    before = loyalty.connector_status(connector).pending
    for how, one in spoilt(sent, header).items():
        try:
            one.to(loyalty, connector)
        except SignatureInvalid:
            continue
        raise AssertionError(f"a webhook was taken in whose signature is {how}")
    assert loyalty.connector_status(connector).pending == before
    assert sent.to(loyalty, connector).message_id is not None
