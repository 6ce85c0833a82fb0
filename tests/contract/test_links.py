"""Members linked across programs, and what merging and erasing do with it."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, func, select

from loyalty_core import (
    AgreementMissing,
    IdempotencyConflict,
    LinkRefused,
    MemberErased,
    MemberNotFound,
    RedemptionEnded,
)
from loyalty_core.storage import partner_tables
from tests.contract.coalition import Coalition, coalition
from tests.contract.conftest import Shop
from tests.toy import order, points, refund


def rows(shop: Shop) -> int:
    """How many rows there are about links."""
    engine = create_engine(shop.url)
    with engine.connect() as connection:
        found = connection.scalar(select(func.count()).select_from(partner_tables.link))
    engine.dispose()
    return int(found or 0)


def partners(both: Coalition) -> tuple[list[str], list[str]]:
    """Who each of the two is linked to, by both shops."""
    return (
        [one.partner_member for one in both.books.links(both.reader)],
        [one.partner_member for one in both.bakery.links(both.ada)],
    )


def test_a_link_is_seen_from_both_sides(shop: Shop) -> None:
    both = coalition(shop)
    assert partners(both) == ([both.ada], [both.reader])
    again = both.books.link(both.reader, "bakery", both.ada, key="link")
    assert (again.member_id, again.partner, again.partner_member) == (
        *(both.reader, "bakery"),
        both.ada,
    )
    assert both.bakery.link(both.ada, "books", both.reader, key="x").partner_member == both.reader
    assert rows(shop) == 2
    with pytest.raises(IdempotencyConflict):
        both.books.link(both.ada, "bakery", both.ada, key="link")


def test_a_link_is_one_to_one(shop: Shop) -> None:
    both = coalition(shop)
    bob = both.bakery.enrol({"email": "bob@example.org"}).id
    rob = both.books.enrol({"email": "bob@example.org"}).id
    for member, other, where in (
        (both.reader, bob, "member_id"),
        (rob, both.ada, "partner_member"),
    ):
        with pytest.raises(LinkRefused) as caught:
            both.books.link(member, "bakery", other, key=where)
        assert caught.value.where == where
    with pytest.raises(MemberNotFound):
        both.books.link(rob, "bakery", rob, key="3")
    with pytest.raises(MemberNotFound):
        both.books.link("nobody", "bakery", bob, key="4")
    with pytest.raises(AgreementMissing):
        both.books.link(rob, "florist", bob, key="5")
    assert rows(shop) == 2
    assert both.books.unlink(both.reader, "bakery") is True
    assert both.books.unlink(both.reader, "bakery") is False
    assert partners(both) == ([], [])
    both.books.link(both.reader, "bakery", bob, key="6")
    assert [one.partner_member for one in both.bakery.links(bob)] == [both.reader]


def test_unlinking_keeps_what_was_promised(shop: Shop) -> None:
    both = coalition(shop)
    both.earn(300)
    both.books.record(order("novel", "3.00"))
    held = both.hold(100)
    both.bakery.unlink(both.ada, "books")
    both.books.capture(held.redemption_id, source="web", order_id="novel")
    assert both.owed == 90
    with pytest.raises(LinkRefused):
        both.redeem(10)
    both.books.record(refund("r", "novel"))
    assert points(both.bakery, both.ada) == (300, 300, 0, 0)
    assert both.owed == 0


def test_a_merge_on_either_side_takes_the_link_along(shop: Shop) -> None:
    both = coalition(shop)
    both.earn(300)
    held = both.hold(50)
    anna = both.bakery.enrol({"email": "anna@example.org"}).id
    student = both.books.enrol({"email": "student@example.org"}).id
    both.bakery.merge(anna, both.ada, key="m")
    both.books.merge(student, both.reader, key="m")
    assert [one.partner_member for one in both.books.links(student)] == [anna]
    assert [one.partner_member for one in both.bakery.links(anna)] == [student]
    both.books.redeem(student, reward="partner:bakery.points", points=100, key="k")
    both.books.redeem(both.reader, reward="partner:bakery.points", points=10, key="k2")
    both.books.capture(held.redemption_id)
    assert points(both.bakery, anna) == (140, 140, 0, 0)
    assert both.owed == 144
    both.books.unmerge(both.reader, key="u")
    both.bakery.unmerge(both.ada, key="u")
    assert partners(both) == ([both.ada], [both.reader])
    assert both.books.links(student) == both.bakery.links(anna) == ()
    assert points(both.bakery, both.ada) == (140, 140, 0, 0)
    assert both.sound()


@pytest.mark.parametrize("who", ["issuer", "accepting"])
def test_an_erasure_ends_the_link_and_keeps_what_is_owed(shop: Shop, who: str) -> None:
    both = coalition(shop)
    both.earn(300)
    both.books.record(order("novel", "3.00"))
    both.redeem(100, source="web", order_id="novel")
    held = both.hold(50)
    if who == "issuer":
        both.bakery.erase(both.ada, reason="asked", actor="eve", key="e")
        assert both.books.links(both.reader) == ()
        with pytest.raises((RedemptionEnded, MemberErased)):
            both.books.capture(held.redemption_id)
        both.books.record(refund("r", "novel"))
    else:
        both.books.erase(both.reader, reason="asked", actor="eve", key="e")
        assert both.bakery.links(both.ada) == ()
        with pytest.raises(MemberErased):
            both.books.capture(held.redemption_id)
        both.books.release(held.redemption_id)
        assert points(both.bakery, both.ada) == (200, 200, 0, 0)
    assert rows(shop) == 0
    assert both.owed == 90
    assert both.sound()
