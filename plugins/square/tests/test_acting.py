"""What is done at Square: gift cards once, what members have, and nothing by our own echoes."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from loyalty_core import GrantReceipt, Loyalty
from loyalty_core.testing import (
    Asked,
    Fault,
    FrozenClock,
)
from plugins.square.tests.build import CONNECTOR, ada, opened, points, sent
from plugins.square.tests.double import Square, error
from plugins.square.tests.papers import Doc, about_order, sale, webhook
from plugins.square.tests.stand import CATALOGUE, TIERS, is_write, selling


@pytest.fixture
def shop(double: Square, clock: FrozenClock) -> Iterator[Loyalty]:
    with selling(double, clock, rewards=["five"]) as loyalty:
        yield loyalty


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
