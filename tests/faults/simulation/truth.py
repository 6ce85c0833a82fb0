"""What the books must say: each command that a database committed, told to a model ledger."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from loyalty_core import InsufficientPoints, Loyalty, RedemptionRefused
from loyalty_core.testing import ModelLedger
from loyalty_core.testing.household import ModelHousehold
from tests.toy import activity, order, refund

REVIEW = 7
REFUSED = "refused"
PENDING_DAYS = 3

CARD, PRICE, CARDS = "card", 20, 6
"""A reward of the catalogue, what it costs, and how many there are."""

SHARING = ("dee@example.org", "eve@example.org")
"""Who are in a household, which gets all that they earn."""

HOME = "home"

LINKED = "fay@example.org"
ABROAD, BAKED = "partner:bakery.points", 400
"""A partner's points, and how many of them there are to spend."""


class Broken(AssertionError):
    """The books are not what they must be."""


@dataclass(frozen=True)
class Shape:
    """The rules of time: after how many days points expire, if they do."""

    expiry_days: int | None

    def expires(self, at: datetime) -> datetime | None:
        if self.expiry_days is None:
            return None
        day = at.date() + timedelta(days=self.expiry_days)
        return datetime(day.year, day.month, day.day, tzinfo=UTC)


class Truth:
    """The models of all members, and what has been committed so far.

    ``exact`` says that the clock never goes back, so that the models know every balance; if it
    does, they know what does not depend on time.
    """

    def __init__(self, shape: Shape, *, exact: bool) -> None:
        self.shape = shape
        self.exact = exact
        self.spent: Counter[str] = Counter()
        self.members: dict[str, ModelLedger] = {email: ModelLedger() for email in SHARING}
        self.home = ModelHousehold(ModelLedger(), {name: self.members[name] for name in SHARING})
        self.cards = 0
        self.crumbs = BAKED
        self.orders: dict[str, Sale] = {}
        self.refunds: dict[str, dict[str, int]] = defaultdict(dict)
        self.keys: set[str] = set()

    def model(self, email: str) -> ModelLedger:
        return self.members.setdefault(email, ModelLedger())

    def once(self, key: str) -> None:
        """Raises ``Broken`` if the command with this key was committed before."""
        if key in self.keys:
            raise Broken(f"{key} was committed twice")
        self.keys.add(key)

    def worth(self, number: str) -> int:
        return max(self.orders[number].units - sum(self.refunds[number].values()), 0)

    def award(self, email: str, number: str, worth: int, at: datetime, now: datetime) -> None:
        dates: dict[str, Any] = {
            "created_at": at,
            "activates_at": at + timedelta(days=PENDING_DAYS),
            "expires_at": self.shape.expires(at),
        }
        if email in self.home.own:
            self.home.award(email, number, worth, worth, now, **dates)
        else:
            self.model(email).award(number, worth, now, **dates)

    def spend(self, command: Redeem | Buy | Share, owner: str, amount: int, now: datetime) -> None:
        """Raises ``Broken`` if it was spent before, or is not there."""
        self.once(command.key)
        self.spent[owner] += amount
        ledger = self.home.common if owner == HOME else self.model(owner)
        if not ledger.spend(amount, now) and self.exact:
            raise Broken(f"{command.key} spent what {owner} does not have")


# -- facts -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sale:
    """An order of one line, a point a unit."""

    number: str
    email: str
    units: int
    at: datetime

    def document(self) -> dict[str, Any]:
        return order(self.number, f"{self.units}.00", email=self.email, at=self.at)

    def learn(self, truth: Truth) -> str | None:
        truth.orders[self.number] = self
        return self.number


@dataclass(frozen=True)
class Back:
    """Some units of an order given back."""

    number: str
    sale: str
    units: int
    at: datetime

    def document(self) -> dict[str, Any]:
        lines = [{"line": "a", "amount": f"{self.units}.00"}]
        return refund(self.number, self.sale, at=self.at, lines=lines)

    def learn(self, truth: Truth) -> str | None:
        truth.refunds[self.sale][self.number] = self.units
        return self.sale if self.sale in truth.orders else None


@dataclass(frozen=True)
class Review:
    """An activity."""

    number: str
    email: str
    at: datetime

    def document(self) -> dict[str, Any]:
        return activity(self.number, email=self.email, at=self.at)


# -- commands --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Record:
    """Facts in one batch; the answer is the ids that they got."""

    facts: tuple[Sale | Back | Review, ...]

    def act(self, loyalty: Loyalty) -> Any:
        ids: dict[int, str | None] = {}
        summary = loyalty.record_many(
            [fact.document() for fact in self.facts],
            on_receipt=lambda index, receipt: ids.update({index: receipt.fact_id}),
        )
        if summary.rejected:
            raise Broken(f"rejected: {summary.rejected}")
        return [ids[index] for index in range(len(self.facts))]

    def book(self, truth: Truth, now: datetime) -> None:
        due: dict[tuple[datetime, str, str], tuple[str, int]] = {}
        for fact in self.facts:
            if isinstance(fact, Review):
                due[fact.at, "activity", fact.number] = (fact.email, REVIEW)
            elif number := fact.learn(truth):
                sale = truth.orders[number]
                due[sale.at, "order", number] = (sale.email, 0)
        for at, kind, number in sorted(due):  # as the books do: in the order of the facts' time
            email, worth = due[at, kind, number]
            worth = truth.worth(number) if kind == "order" else worth
            truth.award(email, number, worth, at, now)


@dataclass(frozen=True)
class Redeem:
    """Points spent; the answer is the receipt, or why there is none."""

    email: str
    amount: int
    key: str

    def act(self, loyalty: Loyalty) -> Any:
        member = loyalty.find({"email": self.email})
        try:
            reward = {"reward": "toy.money", "points": self.amount}
            return member and loyalty.redeem(member.id, key=self.key, **reward)
        except InsufficientPoints:
            return REFUSED

    def book(self, truth: Truth, now: datetime) -> None:
        truth.spend(self, self.email, self.amount, now)

    def there(self, truth: Truth, now: datetime) -> bool:
        """Whether it should not have been refused."""
        truth.model(self.email).advance(now)
        return truth.model(self.email).available >= self.amount


@dataclass(frozen=True)
class Buy:
    """A card bought of the catalogue; the answer is the receipt, with its code."""

    email: str
    key: str

    def act(self, loyalty: Loyalty) -> Any:
        member = loyalty.find({"email": self.email})
        try:
            return member and loyalty.redeem(member.id, reward=CARD, key=self.key)
        except (InsufficientPoints, RedemptionRefused):
            return REFUSED

    def book(self, truth: Truth, now: datetime) -> None:
        truth.spend(self, self.email, PRICE, now)
        truth.cards += 1
        if truth.cards > CARDS:
            raise Broken(f"{self.key} bought a card that was not there")

    def there(self, truth: Truth, now: datetime) -> bool:
        """Whether it should not have been refused."""
        truth.model(self.email).advance(now)
        return truth.cards < CARDS and truth.model(self.email).available >= PRICE


@dataclass(frozen=True)
class Share:
    """Points of the household, spent by somebody in it."""

    email: str
    amount: int
    key: str

    def act(self, loyalty: Loyalty) -> Any:
        member = loyalty.find({"email": self.email})
        home = loyalty.statement(member.id).household_id if member else None
        if member is None or home is None:
            raise Broken(f"{self.email} is in no household")
        reward = {"reward": "toy.money", "points": self.amount}
        try:
            return loyalty.redeem(home, spender=member.id, key=self.key, **reward)
        except InsufficientPoints:
            return REFUSED

    def book(self, truth: Truth, now: datetime) -> None:
        truth.spend(self, HOME, self.amount, now)

    def there(self, truth: Truth, now: datetime) -> bool:
        """Whether it should not have been refused."""
        truth.home.common.advance(now)
        return truth.home.common.available >= self.amount


@dataclass(frozen=True)
class Travel:
    """A partner's points spent here."""

    amount: int
    key: str

    def act(self, loyalty: Loyalty) -> Any:
        member = loyalty.find({"email": LINKED})
        if member is None:
            raise Broken("who is linked is missing")
        try:
            return loyalty.redeem(member.id, reward=ABROAD, points=self.amount, key=self.key)
        except InsufficientPoints:
            return REFUSED

    def book(self, truth: Truth, now: datetime) -> None:
        truth.once(self.key)
        truth.crumbs -= self.amount
        if truth.crumbs < 0:
            raise Broken(f"{self.key} spent crumbs that are not there")

    def there(self, truth: Truth, now: datetime) -> bool:
        """Whether it should not have been refused."""
        return truth.crumbs >= self.amount


@dataclass(frozen=True)
class Adjust:
    """A balance corrected; the answer is the receipt."""

    email: str
    amount: int
    key: str

    def act(self, loyalty: Loyalty) -> Any:
        member = loyalty.find({"email": self.email})
        if member is None:
            return None
        receipt = loyalty.adjust(
            member.id, "points", self.amount, reason="test", actor="eve", key=self.key
        )
        if receipt.amount != self.amount:
            raise Broken(f"{self.key} was adjusted by {receipt.amount}")
        return receipt

    def book(self, truth: Truth, now: datetime) -> None:
        truth.once(self.key)
        truth.model(self.email).adjust(self.amount, now, truth.shape.expires(now))


@dataclass(frozen=True)
class Enrol:
    """A person who joins, or is known already; the answer is the member's id."""

    email: str
    key: str

    def act(self, loyalty: Loyalty) -> Any:
        return loyalty.enrol({"email": self.email}, key=self.key).id

    def book(self, truth: Truth, now: datetime) -> None:
        truth.once(self.key)


@dataclass(frozen=True)
class Tick:
    """The nightly jobs, and deliveries."""

    def act(self, loyalty: Loyalty) -> Any:
        loyalty.tick()

    def book(self, truth: Truth, now: datetime) -> None:
        """Changes nothing: in the model the jobs run at every instant."""


Spending = Redeem | Buy | Share | Travel
Command = Record | Spending | Adjust | Enrol | Tick
