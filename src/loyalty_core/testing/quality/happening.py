"""Histories of a few members, made up by chance: what happened, and how it arrives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from loyalty_core.domain.amounts import format_scaled
from loyalty_core.domain.currencies import minor_digits
from loyalty_core.testing.quality.claim import Hints
from loyalty_core.testing.quality.subject import Document

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
"""When everything of a history has happened."""
DAYS = 40
NAMES = ("ada", "bob", "cy")
"""The members; each has a public code such as ADA-10."""
SOURCE = "web"
_KINDS = ("whole", "amount", "quantity", "line")
_PLAIN = ("review", "check_in")


def known(name: str) -> dict[str, str]:
    """What a member is known by: a number at the shop, and an address.

    >>> known("ada")
    {'customer_id': 'ada-7001', 'email': 'ada@quality.example'}
    """
    return {"customer_id": f"{name}-7001", "email": f"{name}@quality.example"}


def code_of(name: str) -> str:
    """The public code that a member has."""
    return f"{name.upper()}-10"


class Happening:
    """Makes up what happens, by chance from a seed, so that it can be made up again."""

    def __init__(self, seed: int, currency: str, hints: Hints) -> None:
        self.random = Random(seed)  # noqa: S311 - no secret
        self.currency = currency
        self.digits = minor_digits(currency)
        self.hints = hints

    def history(self, orders: int = 0) -> list[Document]:
        """Facts of all members, in the order in which they happened: so many orders, or a few."""
        facts: list[Document] = []
        for number in range(orders or self.random.randint(2, 5)):
            facts += self._order(f"o{number}")
        for number in range(self.random.randint(2, 6)):
            facts.append(self._activity(f"a{number}"))
        return _in_order(facts)

    def of_one(self, name: str, count: int) -> list[Document]:
        """Many facts of one member, in the order in which they happened."""
        facts = [
            self._activity(f"a{number}") if number % 2 else self._order(f"o{number}")[0]
            for number in range(count)
        ]
        return _in_order([{**fact, "identities": known(name)} for fact in facts])

    def once_each(self) -> list[Document]:
        """An activity of each kind that the plugin knows, of each member, in any order."""
        facts: list[Document] = []
        for name in NAMES:
            kinds = self.random.sample(self.hints.activities, len(self.hints.activities))
            facts += [
                {**self._activity(f"{name}{number}", kind), "identities": known(name)}
                for number, kind in enumerate(kinds)
            ]
        return _in_order(facts)

    def latest(self, name: str) -> Document:
        """An order that a member places now, and pays."""
        order, identities = self._order(f"{name}-now")[0], known(name)
        now = {"occurred_at": NOW.isoformat(), "status": "paid"}
        return order | now | {"identities": identities}

    def deliveries(self, facts: Sequence[Document]) -> list[list[Document]]:
        """The same facts as a bad network brings them: shuffled, some twice, in batches."""
        again = [fact for fact in facts if self.random.randrange(3) == 0]
        shuffled = self.random.sample([*facts, *again], len(facts) + len(again))
        batches = []
        while shuffled:
            size = self.random.randint(1, 5)
            batches.append(shuffled[:size])
            shuffled = shuffled[size:]
        return batches

    # -- facts --------------------------------------------------------------------------------

    def _order(self, number: str) -> list[Document]:
        """One order: up to two versions, and up to two refunds that come by themselves."""
        who, at = known(self.random.choice(NAMES)), self._at()
        chosen = self._chosen(self.hints.order)
        made = []
        for version in range(1, self.random.choice((1, 1, 2)) + 1):
            status = self.random.choice(("paid", "paid", "paid", "paid", "pending", "cancelled"))
            order = {
                "type": "order",
                "source": SOURCE,
                "id": number,
                "version": version,
                "currency": self.currency,
                "occurred_at": at.isoformat(),
                "status": status,
                "identities": who,
                "lines": [self._line(name) for name in "abc"[: self.random.randint(1, 3)]],
            }
            made.append(order | chosen)
        refunds = self.random.choice((0, 0, 1, 2))
        return made + [self._refund(number, f"r{index}", at) for index in range(refunds)]

    def _line(self, name: str) -> Document:
        units = self.random.choice((self.random.randint(0, 90), self.random.randint(90, 700)))
        minor = units * 10**self.digits + self.random.randrange(10**self.digits)
        line = {"id": name, "amount": self._text(minor), "quantity": self.random.randint(1, 3)}
        return line | (self._chosen(self.hints.line) if self.random.randrange(2) else {})

    def _refund(self, order: str, number: str, ordered: datetime) -> Document:
        at = min(ordered + timedelta(hours=self.random.randint(1, 400)), NOW)
        given: Document = {"id": number, "occurred_at": at.isoformat()}
        kind, line = self.random.choice(_KINDS), self.random.choice("abc")
        if kind == "amount":
            given["amount"] = self._text(self.random.randint(1, 60 * 10**self.digits))
        elif kind == "quantity":
            given["lines"] = [{"line": line, "quantity": 1}]
        elif kind == "line":
            given["lines"] = [{"line": line}]
        about = {"type": "refund", "source": SOURCE, "order_id": order, "currency": self.currency}
        return {**about, "refund": given}

    def _activity(self, number: str, kind: Mapping[str, Any] | None = None) -> Document:
        hints = self.hints.activities
        chosen: Mapping[str, Any] = kind or {"kind": self.random.choice(_PLAIN)}
        if hints and kind is None and self.random.randrange(4):
            chosen = self.random.choice(list(hints))
        made = {
            "type": "activity",
            "source": SOURCE,
            "id": number,
            "occurred_at": self._at().isoformat(),
            "identities": known(self.random.choice(NAMES)),
        }
        data = self._chosen(chosen.get("data", {}))
        return made | {**chosen, **({"data": data} if data else {})}

    # -- their parts --------------------------------------------------------------------------

    def _at(self) -> datetime:
        """A moment of the last days; few hours, so that days and ties matter."""
        days, hours = self.random.randrange(DAYS), self.random.choice((0, 0, 7, 11))
        return NOW - timedelta(days=days + 1) + timedelta(hours=hours)

    def _chosen(self, choices: Mapping[str, Any]) -> Document:
        """One of each list; what is no list stays as it is."""
        return {
            name: self.random.choice(value) if isinstance(value, list) else value
            for name, value in choices.items()
        }

    def _text(self, minor: int) -> str:
        return format_scaled(minor, self.digits)


def _in_order(facts: Sequence[Document]) -> list[Document]:
    """The facts by their moments; of activities with the same id the first one."""
    first = {(fact["type"], fact["id"]): fact for fact in reversed(facts) if "id" in fact}
    kept = [
        fact
        for fact in facts
        if fact["type"] != "activity" or first[fact["type"], fact["id"]] is fact
    ]
    return sorted(kept, key=_moment)


def _moment(fact: Document) -> str:
    return str(fact.get("occurred_at") or fact["refund"]["occurred_at"])
