"""A shop that a person clicks through: what happens in it is written as its platform would."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from examples.shops.platform import Platform
from loyalty_core.testing import SentWebhook, ShopLine, ShopOrder, ShopRefund

FIRST_NUMBER = 5001
ARTICLES = {"TEA": 1200, "POT": 3450, "CUP": 800}
"""What the shop sells, in minor units."""
MOST_LOGGED = 50


class Refused(Exception):
    """What was clicked cannot be done, in words for the page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A webhook that was sent, or lost; ``answer`` is the gateway's status, 0 for none."""

    number: int
    at: datetime
    topic: str
    answer: int
    lost: bool


@dataclass
class Shop:
    """One shop: its customers and orders, and the webhooks it sent.

    ``gateway`` is the URL that webhooks go to. Its clock is the real one, but no two things happen
    in one second: platforms tell versions of an order apart by it.
    """

    platform: Platform
    gateway: str
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    customers: dict[str, str] = field(default_factory=dict)
    orders: dict[str, ShopOrder] = field(default_factory=dict)
    deliveries: deque[Delivery] = field(default_factory=lambda: deque(maxlen=MOST_LOGGED))
    loses: bool = False
    _back: threading.Timer | None = None
    _last: datetime = datetime(2000, 1, 1, tzinfo=UTC)
    _sent: int = 0
    _lock: threading.RLock = field(default_factory=threading.RLock)

    # -- what a person clicks ---------------------------------------------------------------------

    def register(self, email: str) -> str:
        """The number of the customer; known ones keep theirs."""
        email = email.strip().lower()
        if "@" not in email:
            raise Refused("write an e-mail address")
        with self._lock:
            if email not in self.customers:
                number = str(7000 + len(self.customers))
                at = self._now()
                self.customers[email] = number
                self._deliver(self.platform.registers(number, email, at))
            return self.customers[email]

    def place(self, email: str, articles: Sequence[str]) -> ShopOrder:
        """An order of one piece of each article, paid at once; who orders has an account."""
        with self._lock:
            number = FIRST_NUMBER + len(self.orders)
            lines = tuple(
                ShopLine(id=f"{number}{place}", sku=sku, quantity=1, price_minor=_price(sku))
                for place, sku in enumerate(articles)
            )
            if not lines:
                raise Refused("choose an article")
            customer = self.register(email)
            at = self._now()
            order = ShopOrder(
                id=str(number),
                email=email.strip().lower(),
                customer_id=customer,
                currency="USD",
                placed_at=at,
                paid_at=at,
                lines=lines,
            )
            return self._changed(order, at)

    def add(self, order_id: str, sku: str) -> ShopOrder:
        """The order with another article."""
        with self._lock:
            order = self._open(order_id)
            at, line = self._now(), f"{order.id}{len(order.lines)}"
            added = ShopLine(id=line, sku=sku, quantity=1, price_minor=_price(sku))
            return self._changed(replace(order, lines=(*order.lines, added)), at)

    def refund_line(self, order_id: str, line_id: str) -> ShopOrder:
        """The order after one piece of a line came back."""
        with self._lock:
            order = self._open(order_id)
            gone = sum(one.pieces.get(line_id, 0) for one in order.refunds)
            line = next((one for one in order.lines if one.id == line_id), None)
            if line is None or line.quantity <= gone:
                raise Refused("nothing is left of that line")
            amount = min(line.net_minor // line.quantity, _left(order))
            return self._refunded(order, amount, {line_id: 1})

    def refund_amount(self, order_id: str, amount_minor: int) -> ShopOrder:
        """The order after money was paid back, and nothing came back."""
        with self._lock:
            order = self._open(order_id)
            if not 0 < amount_minor <= _left(order):
                raise Refused(f"from 0.01 to {major(_left(order))} can be paid back")
            return self._refunded(order, amount_minor, {})

    def cancel(self, order_id: str) -> ShopOrder:
        """The order, cancelled."""
        with self._lock:
            at = self._now()
            return self._changed(replace(self._open(order_id), cancelled_at=at), at)

    def lose(self) -> None:
        """The webhooks of the next thing that happens never arrive."""
        self.loses = True

    def go_down(self, seconds: int) -> None:
        """The platform answers nobody for so long from now on."""
        with self._lock:
            self.come_up()
            self.platform.double.down = True
            self._back = threading.Timer(seconds, self.come_up)
            self._back.daemon = True
            self._back.start()

    def come_up(self) -> None:
        """The platform answers again."""
        with self._lock:
            if self._back is not None:
                self._back.cancel()
            self.platform.double.down = False

    # -- how it is done ---------------------------------------------------------------------------

    def _now(self) -> datetime:
        self._last = max(self.clock().replace(microsecond=0), self._last + timedelta(seconds=1))
        return self._last

    def _open(self, order_id: str) -> ShopOrder:
        order = self.orders.get(order_id)
        if order is None or order.cancelled_at is not None:
            raise Refused("there is no such order, or it is cancelled")
        return order

    def _refunded(self, order: ShopOrder, amount: int, pieces: Mapping[str, int]) -> ShopOrder:
        at, name = self._now(), f"9{order.id}{len(order.refunds)}"
        made = ShopRefund(id=name, at=at, pieces=pieces, amount_minor=amount)
        return self._changed(replace(order, refunds=(*order.refunds, made)), at)

    def _changed(self, order: ShopOrder, at: datetime) -> ShopOrder:
        self.orders[order.id] = order
        self._deliver(self.platform.changes(order, at))
        return order

    def _deliver(self, webhooks: Sequence[SentWebhook]) -> None:
        lost, self.loses = self.loses, False
        for one in webhooks:
            self._sent += 1
            made = Delivery(
                number=self._sent,
                at=self.clock(),
                topic=_topic(one),
                answer=0 if lost else self._post(one),
                lost=lost,
            )
            self.deliveries.appendleft(made)

    def _post(self, sent: SentWebhook) -> int:
        plugin, _, account = self.platform.connector.partition(".")
        url = f"{self.gateway}/webhooks/{plugin}/{account}"
        request = urllib.request.Request(url, data=sent.body, headers=dict(sent.headers))
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                status: int = answer.status
                return status
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code
        except OSError:
            return 0


def major(minor: int) -> str:
    """An amount as people write it."""
    return f"{minor // 100}.{minor % 100:02}"


def _price(sku: str) -> int:
    if sku not in ARTICLES:
        raise Refused(f"there is no article {sku}")
    return ARTICLES[sku]


def _left(order: ShopOrder) -> int:
    """What of the order's money was not paid back yet."""
    return order.total_minor - sum(one.amount_minor for one in order.refunds)


def _topic(sent: SentWebhook) -> str:
    """What a webhook is about, in the header that each platform has for it."""
    found = (value for name, value in sent.headers if name.lower().endswith("-topic"))
    return next(found, "webhook")
