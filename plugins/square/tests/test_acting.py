"""What is done at Square: gift cards once, what members have, and nothing by our own echoes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, cast

import pytest

from loyalty_core import GrantReceipt, Loyalty
from loyalty_core.testing import (
    ActingShop,
    Asked,
    Fault,
    FrozenClock,
    check_actions,
    check_shown,
)
from plugins.square.tests.build import CONNECTOR, NOW, opened, points, sent
from plugins.square.tests.double import Square, error
from plugins.square.tests.papers import Doc, about_order, customer, sale, webhook

CODE = {"prefix": "T", "length": 12}
CATALOGUE: dict[str, Any] = {
    "five": {"kind": "gift_card", "amount": "5.00", "points": 50, "code": CODE}
}
TIERS: dict[str, Any] = {
    "tiers": {
        "scheme": [
            {
                "scheme": "main",
                "tier": [
                    {"tier": "basic"},
                    {"tier": "gold", "any_of": [{"metric": "spend", "at_least": "100.00"}]},
                ],
            }
        ]
    }
}


@contextmanager
def selling(double: Square, clock: FrozenClock, **settings: Any) -> Iterator[Loyalty]:
    """A program whose gift cards can be made, and Ada, who has 60 points."""
    given: dict[str, Any] = {"poll_minutes": 0, "location": "L1", **settings}
    with opened(double, clock=clock, catalogue=CATALOGUE, **given) as loyalty:
        double.hold(sale())
        sent(loyalty, about_order("S1", "first"))
        double.asked.clear()
        yield loyalty


@pytest.fixture
def shop(double: Square, clock: FrozenClock) -> Iterator[Loyalty]:
    with selling(double, clock, rewards=["five"]) as loyalty:
        yield loyalty


def ada(loyalty: Loyalty) -> str:
    found = loyalty.find({"email": "ada@example.org"})
    assert found is not None
    return found.id


def bought(loyalty: Loyalty) -> GrantReceipt:
    loyalty.redeem(ada(loyalty), reward="five", key="five")
    return grant(loyalty)


def grant(loyalty: Loyalty) -> GrantReceipt:
    return loyalty.grants(ada(loyalty))[0]


def card(double: Square) -> Doc:
    (made,) = double.cards.values()
    return made


def writes(double: Square) -> list[str]:
    """What was written, the questions that are asked by a POST left out."""
    made = filter(is_write, double.asked)
    return [f"{one.method} {one.path.removeprefix('/v2/')}" for one in made]


def is_write(asked: Asked) -> bool:
    questions = ("search", "bulk-retrieve", "from-gan")
    return asked.method != "GET" and not asked.path.endswith(questions)


# -- gift cards -----------------------------------------------------------------------------------


def test_points_buy_a_gift_card(shop: Loyalty, double: Square) -> None:
    assert bought(shop).state == "preparing"
    assert double.cards == {}
    assert shop.tick().actions == 1
    has = grant(shop)
    assert (has.state, points(shop)) == ("issued", 10)
    assert card(double) == {
        "id": "gftc:0",
        "type": "DIGITAL",
        "gan_source": "OTHER",
        "gan": has.code,
        "state": "ACTIVE",
        "balance_money": {"amount": 500, "currency": "USD"},
        "customer_ids": ["ADA"],
    }
    (load,) = double.activities
    assert load["activate_activity_details"]["reference_id"] == has.grant_id
    shop.tick()
    assert writes(double) == [
        "POST gift-cards",
        "POST gift-cards/activities",
        "POST gift-cards/gftc:0/link-customer",
    ]


@contextmanager
def acting(**settings: Any) -> Iterator[ActingShop]:
    """The seller, new each time, for what connectors that act are tested with."""
    clock = FrozenClock(NOW)
    with Square() as double:
        double.customers["ADA"] = customer()
        with selling(double, clock, **settings) as loyalty:
            yield ActingShop(
                loyalty=loyalty,
                double=double,
                clock=clock,
                connector=CONNECTOR,
                member=ada(loyalty),
                stands=lambda: usable(double),
                writes=is_write,
                theirs=lambda asked: theirs_are_there(double, asked),
            )


def usable(double: Square) -> list[str]:
    loaded = [one["gift_card_id"] for one in double.activities]
    assert len(loaded) == len(set(loaded))
    return [one["gan"] for one in double.cards.values() if one["state"] == "ACTIVE"]


def theirs_are_there(double: Square, asked: Asked) -> None:
    if asked.path.endswith("from-gan"):
        code = json.loads(asked.body)["gan"]
        double.cards.setdefault("theirs", {"id": "theirs", "gan": code, "state": "ACTIVE"})


def test_a_card_is_made_and_loaded_once_whatever_becomes_of_the_answers() -> None:
    check_actions(lambda: acting(rewards=["five"]), "five")


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind="answer", answer=error(503, "SERVICE_UNAVAILABLE")),
        Fault(kind="answer", answer=error(500, "INTERNAL_SERVER_ERROR")),
        Fault(kind="answer", answer=error(429, "RATE_LIMITED")),
        Fault(kind="answer", answer=error(401, "ACCESS_TOKEN_EXPIRED")),
        Fault(kind="drop"),
    ],
    ids=lambda one: f"{one.kind} {one.answer.status}",
)
def test_a_platform_that_is_away_delays_and_loses_nothing(
    shop: Loyalty, double: Square, clock: FrozenClock, fault: Fault
) -> None:
    bought(shop)
    double.faults.append(fault)
    shop.tick()
    assert (grant(shop).state, double.cards) == ("preparing", {})
    clock.advance(hours=1)
    shop.tick()
    assert (grant(shop).state, points(shop)) == ("issued", 10)


def test_what_square_refuses_gives_the_points_back(shop: Loyalty, double: Square) -> None:
    bought(shop)
    refusal = Fault(kind="answer", answer=error(400, "INVALID_REQUEST_ERROR"))
    double.faults.extend([Fault(kind="delay", seconds=0), refusal])
    shop.tick()
    assert (grant(shop).state, points(shop)) == ("revoked", 60)
    assert shop.verify().problems == ()


def test_a_grant_that_is_revoked_makes_its_card_worthless(shop: Loyalty, double: Square) -> None:
    bought(shop)
    shop.tick()
    shop.revoke_grant(grant(shop).grant_id, reason="a mistake", key="r")
    shop.tick()
    shop.tick()
    assert card(double)["state"] == "DEACTIVATED"
    assert [one["type"] for one in double.activities] == ["ACTIVATE", "DEACTIVATE"]


# -- what members have ----------------------------------------------------------------------------


def test_what_a_member_has_stands_where_the_till_shows_it(
    double: Square, clock: FrozenClock
) -> None:
    with selling(double, clock, show_members=True) as loyalty:
        loyalty.tick()
        assert double.attributes["ADA", "loyalty"] == "60 points"
        first = json.loads(double.attributes["ADA", "loyalty_data"])
        assert first["wallets"]["points"]["available"] == "60"
        assert first["member"] == ada(loyalty)
        assert {key: one["visibility"] for key, one in double.definitions.items()} == {
            "loyalty": "VISIBILITY_READ_ONLY",
            "loyalty_data": "VISIBILITY_HIDDEN",
        }
        double.hold(sale("S2"))
        sent(loyalty, about_order("S2"))
        loyalty.tick()
        then = json.loads(double.attributes["ADA", "loyalty_data"])
        assert double.attributes["ADA", "loyalty"] == "120 points"
        assert then["revision"] > first["revision"]


def test_what_is_older_is_not_written_over_what_is_newer(
    double: Square, clock: FrozenClock
) -> None:
    """Another process shows something newer between our look and our write."""
    with selling(double, clock, show_members=True) as loyalty:
        loyalty.tick()
        double.hold(sale("S2"))
        sent(loyalty, about_order("S2"))
        newer = json.loads(double.attributes["ADA", "loyalty_data"])
        newer["revision"] += 9

        def overtake(asked: Asked) -> None:
            if asked.path.endswith("bulk-upsert"):
                double.during = None
                for key, value in (("loyalty", "180 points"), ("loyalty_data", json.dumps(newer))):
                    double.attributes["ADA", key] = value
                    double.versions["ADA", key] += 1

        double.during = overtake
        assert loyalty.tick().action_failures == 1
        assert double.attributes["ADA", "loyalty"] == "180 points"
        clock.advance(minutes=1)
        assert loyalty.tick().actions == 1
        assert double.attributes["ADA", "loyalty"] == "180 points"


def test_tiers_are_groups_and_other_groups_stay(double: Square, clock: FrozenClock) -> None:
    """Square's automatic discounts can be made for a group."""
    double.groups = {f"X{place}": f"other {place}" for place in range(4)}
    double.customers["ADA"]["group_ids"] = ["X1"]
    with selling(double, clock, show_members=True, plugins=TIERS) as loyalty:
        loyalty.tick()
        names = {double.groups[one] for one in double.customers["ADA"]["group_ids"]}
        assert names == {"other 1", "tier:basic"}
        double.hold(sale("S2"))
        sent(loyalty, about_order("S2"))
        loyalty.tick()
        names = {double.groups[one] for one in double.customers["ADA"]["group_ids"]}
        assert names == {"other 1", "tier:gold"}
        assert double.attributes["ADA", "loyalty"] == "120 points · gold"


def test_what_a_member_has_is_shown_once_and_echoes_change_nothing() -> None:
    """Groups too: each is made once, and the member is in it."""

    @contextmanager
    def opening() -> Iterator[ActingShop]:
        with acting(show_members=True, plugins=TIERS) as shop:
            double = cast(Square, shop.double)
            topics = ("customer.updated", "customer.custom_attribute.owned.updated")
            yield replace(
                shop,
                stands=lambda: [
                    double.attributes["ADA", "loyalty"],
                    *(double.groups[one] for one in double.customers["ADA"]["group_ids"]),
                    str(len(double.groups)),
                ],
                echoes=lambda word: [webhook(one, "ADA", event=one + word) for one in topics],
            )

    check_shown(opening)


def test_a_profile_that_is_gone_is_nothing_to_write_to(double: Square, clock: FrozenClock) -> None:
    with selling(double, clock, show_members=True) as loyalty:
        double.customers.clear()
        assert loyalty.tick().actions == 1
        assert (writes(double), double.attributes) == ([], {})


# -- health, and access that is taken away --------------------------------------------------------


def test_health_tells_of_tokens_currencies_and_locations(double: Square) -> None:
    with opened(double, location="L9", rewards=["five"], catalogue=CATALOGUE) as loyalty:
        assert "no location L9" in loyalty.connector_health(CONNECTOR).detail
    with opened(double) as loyalty:
        found = loyalty.connector_health(CONNECTOR)
        assert (found.ok, "2 locations" in found.detail) == (True, True)
        double.currency = "CAD"
        assert "CAD" in loyalty.connector_health(CONNECTOR).detail
        double.token = "another"
        found = loyalty.connector_health(CONNECTOR)
        assert (found.ok, "401 UNAUTHORIZED" in found.detail) == (False, True)


def test_access_that_was_taken_away_switches_it_off(loyalty: Loyalty, double: Square) -> None:
    sent(loyalty, webhook("oauth.authorization.revoked", "MLX", event="old"))
    assert (
        loyalty.connector_status(CONNECTOR).disabled_at is None
    )  # the token is taken: it was long ago
    double.token = "another"
    sent(loyalty, webhook("oauth.authorization.revoked", "MLX", event="new"))
    assert loyalty.connector_status(CONNECTOR).disabled_at is not None
