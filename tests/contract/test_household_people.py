"""What becomes of places in households when members are merged, erased and exported."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import create_engine, select, update

from loyalty_core import (
    IdempotencyConflict,
    MergeRefused,
)
from loyalty_core.storage import tables
from loyalty_core.storage.households_tables import household_member
from tests.contract.conftest import Shop
from tests.contract.household import home, opened
from tests.toy import totals

RETURN: dict[str, Any] = {"share": "50", "on_leaving": "return"}


def test_a_merge_takes_the_place_along_and_back(shop: Shop) -> None:
    loyalty = opened(shop, **RETURN)
    ours = home(loyalty, "ada", "bob")
    ours.buys("bob", "1", 40)
    bea = loyalty.enrol({"email": "bea@example.org"}).id
    shop.clock.advance(days=1)
    loyalty.merge(bea, ours.people["bob"], key="m")
    assert loyalty.statement(bea).household_id == ours.id
    ours.buys("bea", "2", 60, at=shop.clock())
    ours.buys("bob", "3", 80, at=shop.clock())
    ours.people["bob"] = bea
    assert ours.has() == (90, 90, 0, 0)
    assert ours.of("bob") == (90, 90, 0, 0)
    active = [one for one in loyalty.household(ours.id).members if one.state == "active"]
    assert [one.member_id for one in active] == [ours.people["ada"], bea]
    assert loyalty.verify().problems == ()
    loyalty.redeem(ours.id, points=10, spender=bea, key="s")
    assert ours.leaves("bob").points == {"points": 80}
    assert (ours.has(), ours.of("bob")) == ((0, 0, 0, 0), (170, 170, 0, 0))
    assert loyalty.verify().problems == ()


def test_a_merge_taken_back_gives_the_place_back(shop: Shop) -> None:
    loyalty = opened(shop)
    ours = home(loyalty, "ada", "bob")
    bob, bea = ours.people["bob"], loyalty.enrol({"email": "bea@example.org"}).id
    loyalty.merge(bea, bob, key="m")
    shop.clock.advance(days=1)
    loyalty.unmerge(bob, key="u")
    assert loyalty.statement(bea).household_id is None
    assert loyalty.statement(bob).household_id == ours.id
    assert ours.buys("bob", "1", 30, at=shop.clock()) == {"points": 30}
    assert ours.buys("bea", "2", 30, at=shop.clock()) == {}
    assert loyalty.verify().problems == ()


def test_members_of_two_households_are_not_merged(shop: Shop) -> None:
    loyalty = opened(shop)
    ours, theirs = home(loyalty, "ada", "bob"), home(loyalty, "cy")
    with pytest.raises(MergeRefused, match="two households") as refused:
        loyalty.merge(ours.people["bob"], theirs.people["cy"], key="m")
    assert refused.value.remedy == "Let one of them leave their household first."
    assert loyalty.statement(theirs.people["cy"]).household_id == theirs.id
    loyalty.merge(ours.people["bob"], ours.people["ada"], key="n")
    members = loyalty.household(ours.id).members
    assert [(one.member_id, one.role.value, one.state.value) for one in members] == [
        (ours.people["bob"], "head", "active"),
        (ours.people["ada"], "member", "left"),
    ]


def test_who_is_erased_leaves_first(shop: Shop) -> None:
    loyalty = opened(shop, **RETURN)
    ours = home(loyalty, "ada", "bob")
    ours.buys("ada", "1", 40)
    ours.buys("bob", "2", 10)
    theirs = home(loyalty, "cy")
    loyalty.invite_to_household(theirs.id, ours.people["ada"], by=theirs.people["cy"], key="i")
    erased = loyalty.erase(ours.people["ada"], reason="asked", actor="desk", key="e")
    assert erased.points == {"points": 40}
    assert ours.has() == (5, 5, 0, 0)
    members = loyalty.household(ours.id).members
    assert [(one.member_id, one.role.value, one.state.value) for one in members] == [
        (ours.people["bob"], "head", "active"),
        (ours.people["ada"], "member", "left"),
    ]
    assert [one.state.value for one in loyalty.household(theirs.id).members] == [
        "active",
        "declined",
    ]
    assert totals(loyalty, ours.people["ada"]) == (20, 0, 0, -40)
    assert loyalty.verify().problems == ()
    loyalty.erase(ours.people["bob"], reason="asked", actor="desk", key="f")
    assert loyalty.household(ours.id).dissolved
    assert loyalty.verify().problems == ()


def test_an_export_has_the_members_places_and_what_they_spent(shop: Shop) -> None:
    loyalty = opened(shop)
    ours = home(loyalty, "ada", "bob")
    ours.buys("ada", "1", 40)
    ours.spends("ada", 5)
    spent = ours.spends("bob", 3)
    data: Any = loyalty.export(ours.people["bob"])["data"]
    assert [(row["household_id"], row["state"]) for row in data["household_member"]] == [
        (ours.id, "active")
    ]
    assert [row["id"] for row in data["redemption"]] == [spent.redemption_id]


def test_an_export_has_what_was_left_of_a_dissolved_household(shop: Shop) -> None:
    ours = home(opened(shop), "ada")
    ours.buys("ada", "1", 40)
    ours.spends("ada", 40)
    ours.leaves("ada")
    data: Any = ours.loyalty.export(ours.people["ada"])["data"]
    assert [row["remaining"] for row in data["lot"]] == [0]


def test_what_identifies_who_spends_is_erased_with_them(shop: Shop) -> None:
    loyalty = opened(shop)
    ours = home(loyalty, "ada", "bob")
    ours.buys("ada", "1", 40)
    bob = ours.people["bob"]
    loyalty.redeem(ours.id, points=3, spender=bob, key="bob@example.org spends")
    loyalty.erase(bob, reason="asked", actor="desk", key="e")
    with pytest.raises(IdempotencyConflict):
        loyalty.redeem(ours.id, points=3, spender=bob, key="bob@example.org spends")
    engine = create_engine(shop.url)
    with engine.connect() as connection:
        assert "bob@example.org" not in str(list(connection.execute(select(tables.receipt))))
    engine.dispose()


def test_places_that_do_not_fit_are_found(shop: Shop) -> None:
    loyalty = opened(shop)
    ours = home(loyalty, "ada", "bob")
    engine = create_engine(shop.url)
    with engine.begin() as connection:
        place = household_member.c.member_id
        demoted = update(household_member).where(place == ours.people["ada"])
        connection.execute(demoted.values(role="member"))
        gone = update(household_member).where(place == ours.people["bob"])
        connection.execute(gone.values(state="left"))
    engine.dispose()
    assert [(one.where, one.message) for one in loyalty.verify().problems] == [
        (ours.people["bob"], f"is left in {ours.id}, and shares otherwise"),
        (ours.id, "household has 0 heads"),
    ]
