"""Points as money: never more points than the discount needs, never more than the lines cost."""

from datetime import datetime
from typing import Any

import pytest

from loyalty_core import LineKind, Money, Order, PointsValue, SpendOffer, SpendRequest
from plugins.points.tests.build import discount, line, member, order

PLAIN = "[redeem]\n"
MARGIN = """
[redeem]
[[redeem.ratio]]
line_tags = ["high-margin"]
points = 100
amount = "2.00"
"""


def offer(
    toml: str,
    available: int,
    cart: Order | None = None,
    points: int | None = None,
    **options: Any,
) -> SpendOffer:
    request = SpendRequest(wallet="points", available=available, points=points, order=cart)
    return discount(toml, **options).offer(request, member())


def bought(found: SpendOffer) -> tuple[int, int]:
    return found.points, found.worth.amount_minor


def test_points_are_worth_what_the_wallet_says() -> None:
    found = offer(PLAIN, 250, order(10000))
    assert found == SpendOffer(
        wallet="points", points=250, worth=Money(250, "USD"), lines={"l0": 250}
    )


@pytest.mark.parametrize(
    ("available", "asked", "cart", "expected"),
    [
        (5000, None, 2050, (2050, 2050)),
        (5000, 700, 2050, (700, 700)),
        (500, 700, 2050, (500, 500)),
        (5000, 3000, 2000, (2000, 2000)),  # thirty dollars offered for a twenty dollar order
        (5000, None, 0, (0, 0)),
        (0, None, 2000, (0, 0)),
        (-50, None, 2000, (0, 0)),
        (100, 0, 2000, (0, 0)),
        (100, -5, 2000, (0, 0)),
    ],
)
def test_the_least_of_asked_available_and_payable(
    available: int, asked: int | None, cart: int, expected: tuple[int, int]
) -> None:
    found = offer(PLAIN, available, order(cart), asked)
    assert bought(found) == expected
    assert bool(found.refusal) == (expected == (0, 0))


def test_without_a_cart_the_wallet_value_counts() -> None:
    assert bought(offer(PLAIN, 12345)) == (12345, 12345)
    assert bought(offer(PLAIN, 12345, points=45)) == (45, 45)
    assert bought(offer(MARGIN, 100)) == (100, 100)


@pytest.mark.parametrize(
    ("value", "available", "expected"),
    [
        (PointsValue(points=1000, amount="1.00"), 1009, (1000, 100)),  # ten points a cent
        (PointsValue(points=3, amount="1.00"), 1, (1, 33)),
        (PointsValue(points=3, amount="1.00"), 2, (2, 66)),
        (PointsValue(points=3, amount="0.01"), 10, (9, 3)),
        (PointsValue(points=7, amount="0.03"), 6, (5, 2)),
    ],
)
def test_no_point_is_charged_that_buys_nothing(
    value: PointsValue, available: int, expected: tuple[int, int]
) -> None:
    assert bought(offer(PLAIN, available, value=value)) == expected
    assert bought(offer(PLAIN, available, order(100000), value=value)) == expected


def test_points_of_a_scaled_wallet() -> None:
    assert bought(offer(PLAIN, 12345, scale=2)) == (12300, 123)


@pytest.mark.parametrize(
    ("available", "asked", "cart", "expected"),
    [
        (99, None, 5000, "99 points are available, at least 100 points are needed"),
        (500, 99, 5000, "99 points are too few, at least 100 points are needed"),
        (500, None, 99, "only 99 points can be used here, at least 100 points are needed"),
        (100, None, 5000, ""),
    ],
)
def test_the_minimum(available: int, asked: int | None, cart: int, expected: str) -> None:
    found = offer("[redeem]\nminimum = 100", available, order(cart), asked)
    assert found.refusal == expected
    assert found.minimum == 100
    assert bought(found) == ((0, 0) if expected else (100, 100))


def test_steps() -> None:
    toml = "[redeem]\nstep = 500\n"
    assert bought(offer(toml, 2750, order(10000))) == (2500, 2500)
    assert bought(offer(toml, 2750, order(2050))) == (2000, 2000)
    assert bought(offer(toml, 2750, order(2050), 999)) == (500, 500)
    assert bought(offer(toml, 1499)) == (1000, 1000)
    refused = offer(toml, 499, order(10000))
    assert refused.refusal == "499 points are available, at least 500 points are needed"
    assert refused.step == 500


@pytest.mark.parametrize(
    ("percent", "expected"), [("50", 1025), ("33.3", 682), ("100", 2050), ("0.01", 0)]
)
def test_the_share_of_the_order(percent: str, expected: int) -> None:
    found = offer(f'[redeem]\nmaximum_percent = "{percent}"', 9999, order(2050, shipping=700))
    assert bought(found) == (expected, expected)


def test_discounts_are_taken_off_before() -> None:
    cart = order(line("a", 1000, discount=400), line("b", 400), discount=100)
    found = offer(PLAIN, 9999, cart)
    assert (bought(found), found.lines) == ((900, 900), {"a": 540, "b": 360})


def test_what_points_cannot_pay() -> None:
    cart = order(
        line("card", 5000, kind=LineKind.GIFT_CARD),
        line("tip", 100, kind=LineKind.TIP),
        line("wine", 2000, categories=("alcohol",)),
        line("sale", 300, tags=("clearance",)),
        line("x", 70, sku="X"),
        line("tea", 1000),
        shipping=500,
    )
    toml = """
        [redeem]
        without_categories = ["alcohol"]
        without_line_tags = ["clearance"]
        without_skus = ["X"]
    """
    assert offer(toml, 99999, cart).lines == {"tea": 1000}
    assert offer(toml + "shipping = true", 99999, cart).lines == {"tea": 1000, "~shipping": 500}
    cards = order(line("card", 5000, kind=LineKind.GIFT_CARD))
    assert offer(toml, 99999, cards).refusal == "nothing here can be paid with points"
    assert offer('[redeem]\nkinds = ["tip"]', 99999, cart).lines == {"tip": 100}


@pytest.mark.parametrize(
    ("at", "points"),
    [
        ("2026-11-27T04:59:59Z", 0),  # a second before midnight in New York
        ("2026-11-27T05:00:00Z", 1000),
        ("2026-12-01T04:59:59Z", 1000),
        ("2026-12-01T05:00:00Z", 0),
    ],
)
def test_what_points_cannot_pay_is_lifted_on_some_days(at: str, points: int) -> None:
    toml = """
        [redeem]
        without_line_tags = ["sale"]
        lifted = [{ starts_on = 2026-11-27, ends_on = 2026-11-30 }]
        """
    request = SpendRequest(
        wallet="points",
        available=9999,
        order=order(line("sale", 1000, tags=("sale",))),
        at=datetime.fromisoformat(at),
    )
    found = discount(toml, time_zone="America/New_York").offer(request, member())
    assert found.points == points


def test_another_currency_is_refused() -> None:
    found = offer(PLAIN, 500, order(1000, currency="EUR"))
    assert (found.points, found.refusal) == (0, "points pay in USD, not in EUR")
    euros = PointsValue(points=100, amount="1.00", currency="EUR")
    assert bought(offer(PLAIN, 500, order(1000, currency="EUR"), value=euros)) == (500, 500)


def test_yen_have_no_cents() -> None:
    value = PointsValue(points=100, amount="50", currency="JPY")
    assert bought(offer(PLAIN, 333, order(1000, currency="JPY"), value=value)) == (332, 166)


def test_points_go_first_where_they_are_worth_most() -> None:
    cart = order(line("plain", 5000), line("rich", 3000, tags=("high-margin",)))
    found = offer(MARGIN, 2000, cart)
    # 1500 points pay all 30.00 of the rich line, the other 500 pay 5.00 of the plain one
    assert bought(found) == (2000, 3500)
    assert found.lines == {"rich": 3000, "plain": 500}
    assert found.detail == {
        "parts": [{"points": 1500, "worth": "30.00"}, {"points": 500, "worth": "5.00"}]
    }
    assert bought(offer(MARGIN, 1000, cart)) == (1000, 2000)
    assert bought(offer(MARGIN, 99999, cart)) == (6500, 8000)


def test_two_ratios_with_steps_and_a_share() -> None:
    cart = order(line("plain", 5000), line("rich", 3050, tags=("high-margin",)))
    toml = MARGIN.replace("[redeem]", "[redeem]\nstep = 100", 1)
    # 1525 points for the rich line leave 1475 of 3000 for the plain one
    assert bought(offer(toml, 3099, cart)) == (3000, 3050 + 1475)
    half = MARGIN.replace("[redeem]", "[redeem]\nmaximum_percent = 50", 1)
    assert bought(offer(half, 99999, cart)) == (1525 + 975, 4025)


@pytest.mark.hard_case("H33")
def test_an_odd_cent_costs_a_whole_point_and_no_more() -> None:
    cart = order(line("rich", 3051, tags=("high-margin",)))
    assert bought(offer(MARGIN, 99999, cart)) == (1526, 3051)


def test_the_first_ratio_that_fits_counts() -> None:
    toml = MARGIN + '[[redeem.ratio]]\ncategories = ["tea"]\npoints = 100\namount = "5.00"'
    both = line("a", 1000, tags=("high-margin",), categories=("tea",))
    assert bought(offer(toml, 99999, order(both))) == (500, 1000)
    tea = line("a", 1000, categories=("tea",))
    assert bought(offer(toml, 99999, order(tea))) == (200, 1000)


def test_the_reward_says_what_it_is() -> None:
    reward = discount(PLAIN)
    assert (reward.id, reward.wallet, reward.summary) == (
        "points.discount",
        "points",
        "A discount paid with points",
    )
