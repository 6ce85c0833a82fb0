"""Two programs at random: what each has, and what the one owes the other, against a model."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from loyalty_core import InsufficientPoints, Loyalty, Money, RedemptionEnded
from loyalty_core.testing import FrozenClock
from tests.properties.engines import engine, examples, fresh_program
from tests.toy import START, Toy, config_of, order, refund

__all__ = ["engine"]

PRICES = (("0.90", 100), ("0.07", 3))


@dataclass
class Bought:
    """An order at the books, what points paid for it, and how much of it was refunded."""

    cents: int
    points: int = 0
    price: Fraction = Fraction()
    refunded: int = 0

    @property
    def spent(self) -> int:
        """The points that are not given back: in proportion to what is kept, rounded as shares."""
        kept = self.cents - min(self.refunded, self.cents)
        return -(-self.points * kept // self.cents) if self.points else 0


class World:
    """Both programs, and what they should hold."""

    def __init__(self, database: Engine, price: int, grace: int) -> None:
        self.clock = FrozenClock(START)
        self.names = fresh_program(), fresh_program()
        issuer, accepting = self.names
        amount, per = PRICES[price]
        self.price = Fraction(int(Fraction(amount) * 100), per)
        wallet: Any = {"expiry": {"after_days": 9}, "return_grace_days": grace}
        paid: Any = {"points": {"price": {"points": per, "amount": amount}}}
        value: Any = {"points": {"value": {"points": 100, "amount": "1.00"}}}
        first = config_of(issuer, wallet=wallet) | {"partners": {accepting: {"pays": paid}}}
        second = config_of(accepting) | {"partners": {issuer: {"accepts": value}}}
        self.issuer, self.accepting = (
            Loyalty.open(config, database, plugins=[Toy()], clock=self.clock)
            for config in (first, second)
        )
        self.ada = self.issuer.enrol({"email": "ada@example.org"}).id
        self.reader = self.accepting.enrol({"email": "ada@example.org"}).id
        self.accepting.link(self.reader, issuer, self.ada, key="link")
        self.earned = self.own = self.captured = self.keys = 0
        self.orders: list[Bought] = []
        self.held: list[tuple[str, int]] = []

    def act(self, kind: str, size: int, which: int) -> None:
        self.keys += 1
        getattr(self, kind)(size, which)

    def earn(self, size: int, which: int) -> None:
        self.issuer.record(order(f"e{self.keys}", f"{size}.00", at=self.clock()))
        self.earned += size

    def spend(self, size: int, which: int) -> None:
        try:
            self.issuer.redeem(self.ada, points=size, key=str(self.keys))
            self.own += size
        except InsufficientPoints:
            pass

    def buy(self, size: int, which: int) -> None:
        cents = 100 * (which + 1)
        amount = f"{which + 1}.00"
        name = f"o{len(self.orders)}"
        self.accepting.record(order(name, amount, at=self.clock()))
        self.orders.append(Bought(cents))
        try:
            self.redeem(size, name)
            self.orders[-1].points = size
        except InsufficientPoints:
            pass

    def redeem(self, size: int, name: str) -> None:
        reward = f"partner:{self.names[0]}.points"
        order_ = {"source": "web", "order_id": name}
        self.accepting.redeem(self.reader, reward=reward, points=size, key=str(self.keys), **order_)

    def hold(self, size: int, which: int) -> None:
        reward = f"partner:{self.names[0]}.points"
        try:
            minutes, key = which * 1440 + 1, str(self.keys)
            made = self.accepting.hold(
                self.reader, reward=reward, points=size, minutes=minutes, key=key
            )
            self.held.append((made.redemption_id, size))
        except InsufficientPoints:
            pass

    def settle_hold(self, size: int, which: int) -> None:
        if not self.held:
            return
        name, points = self.held.pop(which % len(self.held))
        try:
            if size % 3:
                part = min(size, points)
                self.accepting.capture(name, points=part)
                self.captured += part
            else:
                self.accepting.release(name)
        except RedemptionEnded:
            pass

    def give_back(self, size: int, which: int) -> None:
        if not self.orders:
            return
        place = which % len(self.orders)
        one = self.orders[place]
        cents = min(size, one.cents - one.refunded)
        if cents <= 0:
            return
        amount = f"{cents // 100}.{cents % 100:02}"
        self.accepting.record(refund(f"r{self.keys}", f"o{place}", at=self.clock(), amount=amount))
        one.refunded += cents

    def pass_days(self, size: int, which: int) -> None:
        self.clock.advance(days=which)

    def check(self) -> None:
        """Both books are sound, and both say what the model says."""
        wallet = self.issuer.statement(self.ada).wallet("points")
        (first, second) = self.names
        found = self.accepting.settlements(first)
        spent = self.captured + sum(one.spent for one in self.orders)
        assert wallet.redeemed == self.own + spent
        assert wallet.balance == self.earned - self.own - spent - wallet.expired
        assert wallet.balance >= 0
        owed = int(spent * self.price // 1)
        assert [one.closing for one in found] in ([Money(owed, "USD")], [] if not owed else None)
        mirrored = self.issuer.settlements(second)
        assert [one.closing.amount_minor for one in mirrored] == [-owed] * len(found)

    def sound(self) -> None:
        """Neither has anything wrong in its books."""
        assert self.issuer.verify().problems == self.accepting.verify().problems == ()


STEPS = st.tuples(
    st.sampled_from(
        ["earn", "earn", "spend", "buy", "buy", "hold", "settle_hold", "give_back", "pass_days"]
    ),
    st.integers(1, 150),
    st.integers(0, 4),
)


@examples(10, 300)
@given(
    price=st.sampled_from(range(len(PRICES))),
    grace=st.sampled_from([0, 5]),
    steps=st.lists(STEPS, min_size=5, max_size=25),
)
def test_books_and_settlement_are_the_models(
    engine: Engine, price: int, grace: int, steps: list[tuple[str, int, int]]
) -> None:
    world = World(engine, price, grace)
    world.earn(200, 0)
    for kind, size, which in steps:
        world.act(kind, size, which)
        world.check()
    world.sound()
    world.issuer.tick()
    world.check()
    world.sound()
