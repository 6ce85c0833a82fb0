"""Money and points as exact integers: reading, writing, rounding and sharing out."""

import decimal
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_core import (
    AmountInvalid,
    Money,
    Rounding,
    format_scaled,
    parse_scaled,
    round_scaled,
    split,
)
from loyalty_core.domain.amounts import LARGEST_AMOUNT
from loyalty_core.domain.currencies import MINOR_DIGITS

AMOUNTS = st.integers(1 - LARGEST_AMOUNT, LARGEST_AMOUNT - 1)


@pytest.mark.parametrize(
    ("written", "scale", "minor"),
    [
        ("268.28", 2, 26828),
        ("-0.05", 2, -5),
        ("-0", 2, 0),
        ("007.5", 2, 750),
        ("1.500000000000", 1, 15),
        ("12.500", 3, 12500),
        ("0.0001", 4, 1),
        ("300", 0, 300),
        ("9999999999999.99", 2, LARGEST_AMOUNT - 1),
        (12, 2, 1200),
        (-3, 0, -3),
        (Decimal(3), 2, 300),
        (Decimal("1E+3"), 2, 100_000),
        (Decimal("1E-2"), 2, 1),
        (Decimal("-0.0"), 2, 0),
    ],
)
def test_an_amount_is_read_exactly(written: str | int | Decimal, scale: int, minor: int) -> None:
    assert parse_scaled(written, scale) == minor


@pytest.mark.parametrize(
    "written",
    [
        0.1,
        268.28000000000003,
        float("nan"),
        True,
        None,
        b"1",
        "",
        " 1",
        "1\n",
        "+1",
        "1.",
        ".5",
        "1,50",
        "1_000",
        "1e3",
        "NaN",
        "Infinity",
        "0x10",
        "\u0661\u0662",
        "\uff11",
        "1.0000000000001",
        "1234567890123456789",
        Decimal("NaN"),
        Decimal("Infinity"),
        Decimal("1E+999999999"),
        Decimal("1E-999999999"),
        pytest.param(10**5000, id="5001 digits"),
    ],
)
def test_what_is_no_decimal_amount_is_refused(written: object) -> None:
    with pytest.raises(AmountInvalid) as raised:
        parse_scaled(written, 2)
    assert raised.value.code == "amount_invalid"
    assert len(raised.value.message) < 120


@pytest.mark.parametrize(
    ("written", "scale", "message"),
    [
        ("1.005", 2, "1.005 has more than 2 decimal digits"),
        ("0.5", 0, "0.5 has more than 0 decimal digits"),
        (Decimal(1) / Decimal(8), 2, "0.125 has more than 2 decimal digits"),
        ("10000000000000.00", 2, "10000000000000.00 is too large to be meant"),
        ("-1000000000000000", 0, "-1000000000000000 is too large to be meant"),
    ],
)
def test_digits_that_cannot_be_kept_are_refused(
    written: str | Decimal, scale: int, message: str
) -> None:
    with pytest.raises(AmountInvalid) as raised:
        parse_scaled(written, scale)
    assert raised.value.message == message


@pytest.mark.parametrize(
    ("written", "scale", "amount"),
    [
        (Decimal("9.995"), 2, 1000),
        (Decimal("-9.995"), 2, -1000),
        (Decimal("9.9949999999999999999"), 2, 999),
        (Decimal("0.5"), 0, 1),
        (Decimal("1E+2"), 2, 10000),
        (Decimal("1E-999999999"), 2, 0),
        (7, 3, 7000),
        (LARGEST_AMOUNT - 1, 0, LARGEST_AMOUNT - 1),
    ],
)
def test_more_digits_than_are_charged_are_rounded(
    written: int | Decimal, scale: int, amount: int
) -> None:
    assert round_scaled(written, scale) == amount


@pytest.mark.parametrize(
    "written",
    [
        Decimal("NaN"),
        Decimal("-Infinity"),
        Decimal("1E+999999999"),
        Decimal("9999999999999.995"),
        LARGEST_AMOUNT // 100,
        pytest.param(10**5000, id="5001 digits"),
    ],
)
def test_what_no_amount_can_be_is_not_rounded(written: int | Decimal) -> None:
    with pytest.raises(AmountInvalid) as raised:
        round_scaled(written, 2, "$.total")
    assert raised.value.where == "$.total"
    assert len(raised.value.message) < 120


def test_a_hosts_decimal_precision_changes_no_amount() -> None:
    with decimal.localcontext() as context:
        context.prec = 3
        assert round_scaled(Decimal("1234567.895"), 2) == 123456790
        assert parse_scaled("1234567.89", 2) == 123456789
        assert Rounding.DOWN.apply(Decimal("1234567.5")) == 1234567
        with pytest.raises(AmountInvalid):
            parse_scaled("1.0001", 2)


def test_one_unit_of_each_currency_is_a_power_of_ten_of_its_minor_units() -> None:
    read = {code: parse_scaled("1", digits) for code, digits in MINOR_DIGITS.items()}
    assert read == {code: 10**digits for code, digits in MINOR_DIGITS.items()}
    assert (read["EUR"], read["JPY"], read["KWD"], read["CLF"]) == (100, 1, 1000, 10000)


@given(AMOUNTS, st.integers(0, 6))
def test_writing_and_reading_are_inverse(amount: int, scale: int) -> None:
    written = format_scaled(amount, scale)
    assert parse_scaled(written, scale) == amount
    assert len(written.partition(".")[2]) == scale


def test_money_is_written_with_the_digits_of_its_currency() -> None:
    written = [str(Money(n, code)) for n, code in ((1, "EUR"), (1, "JPY"), (-1, "KWD"), (0, "CLF"))]
    assert written == ["0.01 EUR", "1 JPY", "-0.001 KWD", "0.0000 CLF"]


@pytest.mark.parametrize(
    ("value", "down", "up", "half_up", "half_even"),
    [
        ("2.5", 2, 3, 3, 2),
        ("3.5", 3, 4, 4, 4),
        ("2.4999", 2, 3, 2, 2),
        ("-2.5", -3, -2, -3, -2),
        ("7", 7, 7, 7, 7),
    ],
)
def test_each_rounding(value: str, down: int, up: int, half_up: int, half_even: int) -> None:
    rounded = [mode.apply(Decimal(value)) for mode in Rounding]
    assert rounded == [down, up, half_up, half_even]


def test_rounding_keeps_all_digits() -> None:
    assert Rounding.UP.apply(Decimal("1234567890123456789012345678901.5")) == (
        1234567890123456789012345678902
    )


def test_part_units_by_step_and_in_proportion() -> None:
    units = Decimal("3.00") / Decimal("2.50")  # five points for each 2.50
    assert Rounding.DOWN.apply(units) * 5 == 5
    assert Rounding.DOWN.apply(units * 5) == 6


@pytest.mark.parametrize(
    ("total", "weights", "shares"),
    [
        (100, (1, 1, 1), (34, 33, 33)),
        (-100, (1, 1, 1), (-33, -33, -34)),
        (1, (1, 1, 1), (1, 0, 0)),
        (5, (0, 1, 0), (0, 5, 0)),
        (10, (2, 1), (7, 3)),
        (3, (999, 1), (3, 0)),
        (7, (), ()),
        (0, (3, 4), (0, 0)),
        (7, (0, 0), (0, 0)),
        (10**15, (10**15 - 1, 1), (10**15 - 1, 1)),
    ],
)
def test_sharing_out(total: int, weights: tuple[int, ...], shares: tuple[int, ...]) -> None:
    assert split(total, weights) == shares


@given(AMOUNTS, st.lists(st.integers(0, LARGEST_AMOUNT), min_size=1).filter(any))
def test_shares_sum_to_the_total_and_are_within_one_of_their_proportion(
    total: int, weights: list[int]
) -> None:
    shares, whole = split(total, weights), sum(weights)
    assert sum(shares) == total
    assert all(
        abs(share * whole - total * weight) < whole
        for share, weight in zip(shares, weights, strict=True)
    )
