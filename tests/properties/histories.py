"""Hypothesis strategies for what happens to a few members: facts, as they occurred."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from tests.toy import START

FACTS_FROM = START - timedelta(days=30)
MEMBERS = ("ada", "bob", "cy")

UNPAID = ("pending", "partly_paid", "cancelled")
KINDS_OF_REFUND = ("whole", "amount", "quantity", "line", "line_amount")

Document = dict[str, Any]


def identities(member: str, *, email: bool) -> dict[str, str]:
    """Always the customer number, so that everything of one person is known as one person's."""
    known = {"customer_id": member}
    return known | {"email": f"{member}@example.org"} if email else known


@st.composite
def moments(draw: st.DrawFn) -> str:
    """A moment of the last thirty days; few days and few hours, so that days and ties matter."""
    days = draw(st.integers(0, 12))
    hours = draw(st.sampled_from([0, 0, 5, 11]))
    return (FACTS_FROM + timedelta(days=days, hours=hours)).isoformat()


def amounts(highest: int = 90) -> st.SearchStrategy[str]:
    """Money in cents, often with a part of a unit."""
    return st.integers(0, highest * 100).map(lambda cents: f"{cents // 100}.{cents % 100:02d}")


@st.composite
def lines(draw: st.DrawFn) -> list[Document]:
    return [
        {"id": name, "amount": draw(amounts()), "quantity": draw(st.integers(1, 3))}
        for name in ("a", "b", "c")[: draw(st.integers(1, 3))]
    ]


@st.composite
def refunds(draw: st.DrawFn, number: str) -> Document:
    """A refund of something that the order may or may not have, for any reason."""
    made: Document = {"id": number, "occurred_at": draw(moments())}
    why = draw(st.sampled_from(["goods", "goods", "goods", "goodwill", "chargeback"]))
    made |= {} if why == "goods" else {"kind": why}
    kind = draw(st.sampled_from([*KINDS_OF_REFUND, "tenders", "shipping"]))
    line = draw(st.sampled_from(["a", "b", "c"]))
    if kind == "amount":
        made["amount"] = draw(amounts(60))
    elif kind == "tenders":
        made["tenders"] = [
            {"kind": name, "amount": draw(amounts(30))} for name in ("card", "points")
        ]
    elif kind == "shipping":
        made["shipping"] = draw(amounts(5))
    elif kind == "quantity":
        made["lines"] = [{"line": line, "quantity": draw(st.integers(1, 2))}]
    elif kind == "line":
        made["lines"] = [{"line": line}]
    elif kind == "line_amount":
        made["lines"] = [{"line": line, "amount": draw(amounts(60))}]
    return made


@st.composite
def orders(draw: st.DrawFn, number: str) -> list[Document]:
    """One order: up to three versions and up to three refunds that come by themselves.

    Some refunds are undone afterwards, and some are in another currency than the order.
    """
    member = draw(st.sampled_from(MEMBERS))
    base: Document = {
        "type": "order",
        "source": "web",
        "id": number,
        "currency": "USD",
        "occurred_at": draw(moments()),
    }
    facts: list[Document] = []
    stamped = draw(st.booleans())
    for version in range(1, draw(st.integers(1, 3)) + 1):
        moved = draw(st.booleans()) if version > 1 else False
        later = START - timedelta(seconds=draw(st.integers(0, 1)))
        facts.append(
            base
            | ({"updated_at": later.isoformat()} if stamped else {"version": version})
            | {
                "identities": identities(member, email=draw(st.booleans())),
                "lines": draw(lines()),
                "status": draw(st.sampled_from(["paid", "paid", "paid", *UNPAID])),
                "shipping": draw(st.sampled_from(["0", "4.99"])),
            }
            | ({"occurred_at": draw(moments())} if moved else {})
        )
    for index in range(draw(st.integers(0, 3))):
        given = draw(refunds(f"r{index}"))
        currency = draw(st.sampled_from(["USD", "USD", "USD", "EUR"]))
        apart = {"type": "refund", "source": "web", "order_id": number, "currency": currency}
        known = identities(member, email=False) if draw(st.booleans()) else {}
        facts.append(apart | {"refund": given, "identities": known})
        if draw(st.integers(0, 3)) == 0:
            undone = given | {"voided_at": draw(moments())}
            facts.append(apart | {"refund": undone, "identities": known})
    return facts


@st.composite
def activities(draw: st.DrawFn, number: str) -> list[Document]:
    """One activity."""
    member = draw(st.sampled_from(MEMBERS))
    return [
        {
            "type": "activity",
            "source": "web",
            "id": number,
            "kind": draw(st.sampled_from(["review", "check_in"])),
            "occurred_at": draw(moments()),
            "identities": identities(member, email=draw(st.booleans())),
        }
    ]


@st.composite
def histories(draw: st.DrawFn) -> list[Document]:
    """All facts of a few members, as one would have been told them without any delay."""
    facts: list[Document] = []
    for number in range(draw(st.integers(1, 6))):
        facts += draw(orders(f"o{number}"))
    for number in range(draw(st.integers(0, 4))):
        facts += draw(activities(f"a{number}"))
    return facts


@st.composite
def deliveries(draw: st.DrawFn, facts: list[Document]) -> list[list[Document]]:
    """The same facts as a bad network brings them: shuffled, some twice, in batches."""
    again = [fact for fact in facts if draw(st.booleans())]
    shuffled = draw(st.permutations(facts + again))
    batches = []
    while shuffled:
        size = draw(st.integers(1, 6))
        batches.append(shuffled[:size])
        shuffled = shuffled[size:]
    return batches
