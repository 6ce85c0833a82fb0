"""Two shops on one database: a bakery whose crumbs buy books, and the bookshop that takes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from loyalty_core import Json, Loyalty, RedemptionReceipt, Settlement
from tests.contract.conftest import Shop
from tests.toy import Toy, config_of, order

CRUMBS = "partner:bakery.points"
PRICE: Mapping[str, Json] = {"points": 100, "amount": "0.90"}


def bakery(
    *,
    wallet: Mapping[str, Json] | None = None,
    settings: Mapping[str, Json] | None = None,
    **pays: Json,
) -> dict[str, Json]:
    """The configuration of the bakery, which pays 0.90 USD for 100 points spent at the books."""
    agreed: Json = {"books": {"pays": {"points": {"price": dict(PRICE), **pays}}}}
    return config_of("bakery", wallet=wallet, settings=settings) | {"partners": agreed}


def books(**more: Json) -> dict[str, Json]:
    """The configuration of the bookshop, where 100 points of the bakery are worth 1.00 USD."""
    accepted: Json = {"value": {"points": 100, "amount": "1.00"}, "unit": "crumbs", **more}
    return config_of("books") | {"partners": {"bakery": {"accepts": {"points": accepted}}}}


@dataclass
class Coalition:
    """Both shops, and the accounts of one person in them."""

    bakery: Loyalty
    books: Loyalty
    ada: str
    reader: str

    def earn(self, points: int, number: str = "bread", **more: Any) -> None:
        """Points of the bakery, by an order there."""
        self.bakery.record(order(number, f"{points}.00", **more))

    def redeem(self, points: int | None = None, key: str = "k", **more: Any) -> RedemptionReceipt:
        """Points of the bakery spent at the books."""
        return self.books.redeem(self.reader, reward=CRUMBS, points=points, key=key, **more)

    def hold(self, points: int, key: str = "h", **more: Any) -> RedemptionReceipt:
        """Points of the bakery held at the books."""
        return self.books.hold(self.reader, reward=CRUMBS, points=points, key=key, **more)

    def settled(self) -> Settlement:
        """The settlement as the books have it, after making sure that both say the same."""
        (seen,), (mirrored,) = self.books.settlements(), self.bakery.settlements()
        assert (seen.ours, seen.theirs) == (mirrored.theirs, mirrored.ours)
        assert seen.closing.amount_minor == -mirrored.closing.amount_minor
        assert (seen.partner, mirrored.partner) == ("bakery", "books")
        return seen

    @property
    def owed(self) -> int:
        """What the bakery owes the books by now, in cents."""
        return self.settled().closing.amount_minor

    def sound(self) -> bool:
        """Whether both have nothing wrong in their books."""
        return self.bakery.verify().problems == self.books.verify().problems == ()


def coalition(
    shop: Shop, *, toys: tuple[Toy, ...] = (), accepting_first: bool = False, **given: Any
) -> Coalition:
    """Both shops opened, and one person who is in both and linked; nothing earned.

    They joined the bakery before the bookshop, or with ``accepting_first`` after it.
    """
    issuer = shop.open(config=bakery(**given), toys=toys)
    accepting = shop.open(config=books(), toys=toys)
    person: dict[str, Json] = {"email": "ada@example.org"}
    early = accepting.enrol(person).id if accepting_first else ""
    ada = issuer.enrol(person).id
    reader = early or accepting.enrol(person).id
    accepting.link(reader, "bakery", ada, key="link")
    return Coalition(issuer, accepting, ada, reader)
