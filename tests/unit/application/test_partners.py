"""What a configuration says of partners, and what points of theirs buy."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

import pytest

from loyalty_core import Accepted, ConfigError, Json, MemberView, Money, PointsValue, SpendRequest
from loyalty_core.application.config import effective, fingerprint, load_config
from loyalty_core.application.forms import read_cart
from loyalty_core.domain.partners import PartnerPoints, Price

NOW = datetime(2026, 6, 1, tzinfo=UTC)
VALUE: dict[str, Json] = {"points": 100, "amount": "1.00"}


def config(**partner: Json) -> dict[str, Json]:
    return {
        "program": {"id": "books"},
        "wallets": {"pages": {}},
        "partners": {"bakery": dict(partner)},
    }


@pytest.mark.parametrize(
    ("partner", "where"),
    [
        ({"accepts": {"points": {}}}, "partners.bakery.accepts.points.value"),
        ({"accepts": {"points": {"value": {**VALUE, "amount": "0"}}}}, "points.value.amount"),
        ({"accepts": {"points": {"value": {**VALUE, "points": 0}}}}, "points.value.points"),
        ({"accepts": {"points": {"value": {**VALUE, "currency": "X"}}}}, "points.value.currency"),
        ({"accepts": {"points": {"value": VALUE, "scale": 7}}}, "accepts.points.scale"),
        ({"pays": {"stars": {"price": VALUE}}}, "partners.bakery.pays.stars"),
        ({"pays": {"pages": {"price": VALUE, "most_per_month": 0}}}, "pages.most_per_month"),
        ({"pays": {"pages": {"price": {**VALUE, "amount": "-1"}}}}, "pages.price.amount"),
        ({"takes": {}}, "partners.bakery.takes"),
    ],
)
def test_every_fault_is_named(partner: dict[str, Json], where: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(config(**partner))
    (problem,) = caught.value.problems
    assert problem.where.endswith(where)


@pytest.mark.parametrize("name", ["books", "Bakery", "b.c"])
def test_a_partner_is_another_program(name: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config({"program": {"id": "books"}, "partners": {name: {}}})
    assert [one.where for one in caught.value.problems] == [f"partners.{name}"]


def test_partners_are_stored_whole_and_decide() -> None:
    accepts: dict[str, Json] = {"points": {"value": VALUE}}
    read = load_config(config(accepts=accepts, pays={"pages": {"price": VALUE}}))
    stored: Any = effective(read)
    assert stored["partners"]["bakery"]["accepts"]["points"] == {
        "value": {"points": 100, "amount": "1.00", "currency": ""},
        "unit": "points",
        "scale": 0,
    }
    assert load_config(stored) == read
    assert fingerprint(load_config(stored)) == fingerprint(read)
    assert fingerprint(load_config(config())) != fingerprint(read)
    assert (read.scale("pages"), read.scale("bakery.points")) == (0, 0)
    assert (read.scale("stars"), read.scale("bakery.stars"), read.scale("a.b")) == (None,) * 3


def test_a_price_is_exact() -> None:
    assert Price.of(PointsValue(points=3, amount="0.07"), 2, "EUR") == Price(7, 300, "EUR")
    assert Price.of(PointsValue(points=1, amount="5", currency="JPY"), 0, "EUR").each == 5
    assert Price(7, 300, "EUR").each == Fraction(7, 300)


@pytest.mark.parametrize(
    ("asked", "available", "lines", "points", "minor"),
    [
        (None, 500, ["3.00"], 300, 300),
        (250, 500, ["3.00"], 250, 250),
        (999, 120, ["3.00"], 120, 120),
        (None, 500, ["0.00"], 0, 0),
        (None, 0, ["3.00"], 0, 0),
        (100, 500, None, 100, 100),
    ],
)
def test_what_a_partners_points_buy(
    asked: int | None, available: int, lines: list[str] | None, points: int, minor: int
) -> None:
    accepted = Accepted(value=PointsValue(points=100, amount="1.00"), unit="crumbs")
    reward = PartnerPoints("bakery", "points", accepted, Price(100, 100, "EUR"))
    order = None
    if lines is not None:
        listed: list[Json] = [{"id": str(n), "amount": each} for n, each in enumerate(lines)]
        order = read_cart({"currency": "EUR", "lines": listed}, NOW).as_order(NOW)
    request = SpendRequest(wallet=reward.wallet, available=available, points=asked, order=order)
    offer = reward.offer(request, MemberView())
    assert (offer.points, offer.worth) == (points, Money(minor, "EUR"))
    assert bool(offer.refusal) is (points == 0)
    assert sum(offer.lines.values()) == (minor if lines else 0)


def test_points_are_charged_for_whole_cents_alone() -> None:
    """Three points are worth seven cents: the fraction of a cent that is over buys nothing."""
    accepted = Accepted(value=PointsValue(points=3, amount="0.07"))
    reward = PartnerPoints("bakery", "points", accepted, Price(7, 3, "EUR"))
    offer = reward.offer(SpendRequest(wallet=reward.wallet, available=7, points=7), MemberView())
    assert (offer.points, offer.worth) == (7, Money(16, "EUR"))
    offer = reward.offer(SpendRequest(wallet=reward.wallet, available=1), MemberView())
    assert (offer.points, offer.worth) == (1, Money(2, "EUR"))
