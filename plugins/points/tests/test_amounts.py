"""How much orders earn: rates, steps, rounding, what counts, and which line earned it."""

from decimal import Decimal
from fractions import Fraction

import pytest

from loyalty_core import SHIPPING, LineKind, Rounding
from loyalty_points.awards import rounded
from plugins.points.tests.build import BASE, amounts, credits, line, member, order, points


@pytest.mark.hard_case("H29")
@pytest.mark.parametrize(
    ("minor", "currency", "expected"),
    [
        (25000, "USD", 250),
        (25099, "USD", 250),
        (99, "USD", 0),
        (100, "USD", 1),
        (25000, "JPY", 250),
        (99, "JPY", 0),
        (1000, "KWD", 10),
        (999, "KWD", 9),
        (25000, "GBP", 0),
    ],
)
def test_a_rate_is_for_each_major_unit_of_the_currency(
    minor: int, currency: str, expected: int
) -> None:
    earned = amounts(points(BASE).decide(order(minor, currency=currency), member()))
    assert earned == ({"base": expected} if expected else {})


STEP = '[[earn]]\nrule = "base"\npoints = 5\n'


@pytest.mark.hard_case("H28")
@pytest.mark.parametrize(
    ("mode", "minor", "expected"),
    [
        ("step", 249, 0),
        ("step", 250, 5),
        ("step", 300, 5),
        ("step", 499, 5),
        ("step", 500, 10),
        ("linear", 49, 0),
        ("linear", 50, 1),
        ("linear", 300, 6),
    ],
)
def test_step_counts_whole_amounts_and_linear_parts_of_them(
    mode: str, minor: int, expected: int
) -> None:
    program = points(f'{STEP}per = {{ USD = "2.50" }}\nmode = "{mode}"')
    assert sum(amounts(program.decide(order(minor), member())).values()) == expected


def test_per_is_a_step_and_rate_is_linear_unless_said_otherwise() -> None:
    assert amounts(points(f'{STEP}per = {{ USD = "2.50" }}').decide(order(300), member())) == {
        "base": 5
    }
    rate = '[[earn]]\nrule = "base"\nrate = { USD = "3" }\n'
    assert amounts(points(rate).decide(order(150), member())) == {"base": 4}
    assert amounts(points(rate + 'mode = "step"').decide(order(150), member())) == {"base": 3}


@pytest.mark.hard_case("H27")
@pytest.mark.parametrize(
    ("rounding", "per_order", "per_line"),
    [("down", 2, 1), ("up", 3, 4), ("half_up", 3, 4), ("half_even", 2, 2)],
)
def test_rounding_is_of_the_order_or_of_each_line(
    rounding: str, per_order: int, per_line: int
) -> None:
    bought = order(50, 150, 50)  # 0.50 + 1.50 + 0.50 = 2.50
    rule = f'{BASE}rounding = "{rounding}"\n'
    assert amounts(points(rule).decide(bought, member())) == {"base": per_order}
    per_line_rule = f'{rule}round_per = "line"'
    assert amounts(points(per_line_rule).decide(bought, member()))["base"] == per_line


@pytest.mark.hard_case("H27")
@pytest.mark.parametrize(
    ("value", "mode", "expected"),
    [
        (Fraction(10**30 + 1, 10**30), Rounding.UP, 2),
        (Fraction(10**30 - 1, 10**30), Rounding.DOWN, 0),
        (Fraction(1, 2) - Fraction(1, 10**40), Rounding.HALF_UP, 0),
        (Fraction(1, 2) + Fraction(1, 10**40), Rounding.HALF_EVEN, 1),
        (Fraction(3, 2), Rounding.HALF_EVEN, 2),
        (Fraction(7), Rounding.UP, 7),
    ],
)
def test_rounding_is_exact_however_close_the_fraction(
    value: Fraction, mode: Rounding, expected: int
) -> None:
    assert rounded(value, mode) == expected


@pytest.mark.hard_case("H27")
def test_known_binary_traps_do_not_appear() -> None:
    program = points('[[earn]]\nrule = "base"\nrate = { USD = "0.1" }', scale=3)
    assert amounts(program.decide(order(10, 20), member())) == {"base": 30}
    assert amounts(program.decide(order(26828), member())) == {"base": 26828}


def test_points_of_a_scaled_wallet_are_smallest_units() -> None:
    toml = BASE + '[[earn]]\nrule = "gift"\nbonus = "0.5"'
    assert amounts(points(toml, scale=2).decide(order(12345), member())) == {
        "base": 12345,
        "gift": 50,
    }


BASIS = [
    ("", True, 90 + 180),
    ('discounts = "before"', True, 100 + 200),
    ('tax = "exclude"', True, 90 - 9 + 180 - 18),
    ('tax = "include"', True, 90 + 180),
    ("shipping = true", True, 90 + 180 + 50),
    ('shipping = true, tax = "exclude"', True, 90 - 9 + 180 - 18 + 50 - 5),
    ("", False, 90 + 180),
    ('tax = "exclude"', False, 90 + 180),
    ('tax = "include"', False, 90 + 9 + 180 + 18),
    ('shipping = true, tax = "include"', False, 90 + 9 + 180 + 18 + 50 + 5),
]


@pytest.mark.parametrize(("basis", "tax_included", "expected"), BASIS)
def test_the_basis_says_what_counts(basis: str, tax_included: bool, expected: int) -> None:
    bought = order(
        line("a", 10000, tax=900),
        line("b", 20000, discount=0, tax=1800),
        discount=3000,  # a tenth off everything: 1000 on a, 2000 on b
        shipping=5000,
        shipping_tax=500,
        tax_included=tax_included,
    )
    program = points(f"{BASE}basis = {{ {basis} }}")
    credit = credits(program.decide(bought, member()))["base"]
    assert credit.amount == expected
    assert (SHIPPING in credit.lines) == ("shipping" in basis)


@pytest.mark.hard_case("H36")
@pytest.mark.parametrize("kind", [LineKind.GIFT_CARD, LineKind.TIP, LineKind.DONATION])
def test_only_goods_earn(kind: LineKind) -> None:
    bought = order(line("card", 5000, kind=kind), line("tea", 1000))
    assert credits(points(BASE).decide(bought, member()))["base"].lines == {"tea": 10}
    assert points(BASE).decide(order(line("card", 5000, kind=kind)), member()) == []


@pytest.mark.hard_case("H34", "H36")
@pytest.mark.parametrize(
    ("paid", "expected"),
    [
        ([], 100),
        ([("card", 10000)], 100),
        ([("gift_card", 10000)], 0),
        ([("gift_card", 2500), ("card", 7500)], 75),
        ([("points", 3333), ("card", 6667)], 66),
        ([("store_credit", 20000)], 0),
        ([("card", 99999)], 100),
    ],
)
def test_what_was_paid_with_earlier_value_does_not_earn(
    paid: list[tuple[str, int]], expected: int
) -> None:
    toml = BASE + '[[earn]]\nrule = "bonus"\nbonus = 7'
    earned = amounts(points(toml).decide(order(10000, paid=paid), member()))
    assert earned == ({"base": expected, "bonus": 7} if expected else {})


def test_unearning_tenders_can_be_chosen() -> None:
    program = points(BASE + 'basis = { unearning_tenders = ["voucher"] }')
    bought = order(10000, paid=[("voucher", 4000), ("gift_card", 6000)])
    assert amounts(program.decide(bought, member())) == {"base": 60}


def test_the_order_rounds_once_and_lines_share_by_largest_remainder() -> None:
    credit = credits(points(BASE).decide(order(333, 333, 334), member()))["base"]
    assert credit.amount == 10
    assert credit.lines == {"l0": 3, "l1": 3, "l2": 4}


def test_a_bonus_goes_to_the_lines_that_won_it() -> None:
    toml = """
        [[earn]]
        rule = "tent"
        bonus = 200
        when = { skus = ["TENT"] }
        [[earn]]
        rule = "welcome"
        bonus = 10
    """
    bought = order(line("t", 7500, sku="TENT"), line("p", 2500, sku="PEG"), shipping=500)
    found = credits(points(toml).decide(bought, member()))
    assert found["tent"].lines == {"t": 200}
    assert found["welcome"].lines == {"t": 8, "p": 2}
    assert amounts(points(toml).decide(order(line("p", 2500, sku="PEG")), member())) == {
        "welcome": 10
    }


def test_a_bonus_for_each_item_counts_quantities() -> None:
    toml = '[[earn]]\nrule = "tent"\nbonus = 50\nbonus_for = "item"\nwhen = { skus = ["TENT"] }'
    bought = order(
        line("a", 100, sku="TENT", quantity=3), line("b", 100, sku="TENT"), line("c", 100, sku="X")
    )
    credit = credits(points(toml).decide(bought, member()))["tent"]
    assert (credit.amount, credit.lines) == (200, {"a": 150, "b": 50})


def test_a_bonus_on_free_goods_is_spread_evenly() -> None:
    toml = '[[earn]]\nrule = "gift"\nbonus = 5'
    free = order(line("a", 100, discount=100), line("b", 900, discount=900))
    assert credits(points(toml).decide(free, member()))["gift"].lines == {"a": 3, "b": 2}


def test_a_rate_of_many_digits_is_kept_exactly() -> None:
    toml = '[[earn]]\nrule = "base"\nrate = { USD = "0.333333333333" }'
    bought = order(300_000_000_000_000)
    expected = int(Decimal(3000000000000) * Decimal("0.333333333333"))
    assert amounts(points(toml).decide(bought, member())) == {"base": expected}
