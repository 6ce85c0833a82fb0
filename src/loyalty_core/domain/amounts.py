"""Exact amounts: money in minor units, points in a wallet's smallest unit. No floats anywhere."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal
from enum import StrEnum
from typing import NewType

from loyalty_core.domain.currencies import minor_digits
from loyalty_core.errors import AmountInvalid

Minor = NewType("Minor", int)
"""An amount of money in the minor units of the currency its document states (cents for EUR)."""

LARGEST_AMOUNT = 10**15
"""Amounts at or above this are refused: they fit a 64-bit column with room for sums."""

_EXACT = Context(prec=60, rounding=ROUND_HALF_UP)
"""Digits enough for every amount: a host may have set the precision of its own decimals."""
_DECIMAL = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,12})?", re.ASCII)


class Rounding(StrEnum):
    """How a fraction of the smallest unit becomes a whole one."""

    DOWN = "down"
    UP = "up"
    HALF_UP = "half_up"
    HALF_EVEN = "half_even"

    def apply(self, value: Decimal) -> int:
        """The whole number this mode makes of ``value``.

        >>> Rounding.HALF_EVEN.apply(Decimal("2.5")), Rounding.HALF_UP.apply(Decimal("2.5"))
        (2, 3)
        """
        return int(value.to_integral_value(rounding=_MODES[self]))


_MODES = {
    Rounding.DOWN: ROUND_FLOOR,
    Rounding.UP: ROUND_CEILING,
    Rounding.HALF_UP: ROUND_HALF_UP,
    Rounding.HALF_EVEN: ROUND_HALF_EVEN,
}


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An amount of one currency: integer minor units and the ISO 4217 code."""

    amount_minor: int
    currency: str

    @property
    def digits(self) -> int:
        """How many digits the currency's minor unit has (2 for EUR, 0 for JPY)."""
        return minor_digits(self.currency)

    def __str__(self) -> str:
        """Amount and code for a person.

        >>> str(Money(1250, "EUR")), str(Money(-5, "USD")), str(Money(300, "JPY"))
        ('12.50 EUR', '-0.05 USD', '300 JPY')
        """
        return f"{format_scaled(self.amount_minor, self.digits)} {self.currency}"


def parse_scaled(value: object, scale: int) -> int:
    """The integer of smallest units that a decimal text, ``Decimal`` or ``int`` stands for.

    ``value`` is in major units, ``scale`` says how many digits the smallest unit has.

    Raises ``AmountInvalid`` for floats, exponents, not-a-number, more digits than ``scale`` has,
    and amounts of ``LARGEST_AMOUNT`` smallest units or more.

    >>> parse_scaled("12.5", 2), parse_scaled(Decimal("3"), 2), parse_scaled(7, 0)
    (1250, 300, 7)
    """
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise AmountInvalid(f"{value!r} is not a decimal amount", value=value)
    text = _written_out(value)
    if not _DECIMAL.fullmatch(text):
        raise AmountInvalid(f"{text[:60]!r} is not a decimal amount", value=text[:60])
    whole, _, fraction = text.partition(".")  # digits, not Decimal: a host may set its precision
    if fraction[scale:].strip("0"):
        raise AmountInvalid(
            f"{text} has more than {scale} decimal digits",
            remedy=f"Round it to {scale} digits first: the sender knows how, we do not.",
            value=text,
        )
    scaled = int(whole + fraction[:scale].ljust(scale, "0"))
    if abs(scaled) >= LARGEST_AMOUNT:
        raise AmountInvalid(f"{text} is too large to be meant", value=text)
    return scaled


def round_scaled(value: int | Decimal, scale: int, where: str = "") -> int:
    """The nearest integer of smallest units, half of one and more up, however many digits come.

    Platforms that keep more digits than they charge round in the same way. ``value`` is in major
    units, ``scale`` says how many digits the smallest unit has.

    Raises ``AmountInvalid`` for not-a-number, and ``LARGEST_AMOUNT`` smallest units or more.

    >>> round_scaled(Decimal("9.995"), 2), round_scaled(Decimal("-9.994"), 2), round_scaled(7, 0)
    (1000, -999, 7)
    """
    read = Decimal(value)
    shown = str(read)[:60]
    if not read.is_finite() or read.adjusted() > len(str(LARGEST_AMOUNT)):
        raise AmountInvalid(f"{shown} is not an amount", value=shown, where=where)
    scaled = int(_EXACT.scaleb(read, scale).to_integral_value(ROUND_HALF_UP, _EXACT))
    if abs(scaled) >= LARGEST_AMOUNT:
        raise AmountInvalid(f"{shown} is too large to be meant", value=shown, where=where)
    return scaled


def parse_decimal(text: str) -> Decimal:
    """The number that a decimal text stands for, with up to 12 decimal digits.

    Raises ``AmountInvalid`` for exponents, not-a-number, more digits, and what is too large.

    >>> parse_decimal("1000.50")
    Decimal('1000.50')
    """
    if not _DECIMAL.fullmatch(text):
        raise AmountInvalid(f"{text[:60]!r} is not a decimal amount", value=text[:60])
    parse_scaled(text.partition(".")[0], 0)
    return Decimal(text)


def _written_out(value: str | int | Decimal) -> str:
    """The digits of a number, or what it is called where they would be too many to be meant."""
    if isinstance(value, Decimal) and value.is_finite():
        return format(value, "f") if -40 < value.adjusted() < 40 else str(value)
    return hex(value) if isinstance(value, int) and abs(value) >= LARGEST_AMOUNT**2 else str(value)


def format_scaled(amount: int, scale: int) -> str:
    """``amount`` smallest units as a plain decimal text in major units.

    >>> format_scaled(1250, 2), format_scaled(-5, 2), format_scaled(7, 0)
    ('12.50', '-0.05', '7')
    """
    if scale == 0:
        return str(amount)
    sign, digits = ("-" if amount < 0 else ""), str(abs(amount)).rjust(scale + 1, "0")
    return f"{sign}{digits[:-scale]}.{digits[-scale:]}"


def split(total: int, weights: Sequence[int]) -> tuple[int, ...]:
    """``total`` shared out in proportion to ``weights`` so that the shares sum to it exactly.

    Largest-remainder method (Hamilton); ties go to the earlier share. All-zero weights share
    nothing unless ``total`` is zero too, so callers give at least one positive weight.

    >>> split(100, (1, 1, 1)), split(0, (5, 5)), split(7, (0, 2, 1))
    ((34, 33, 33), (0, 0), (0, 5, 2))
    """
    whole = sum(weights)
    if whole == 0:
        return (0,) * len(weights)
    shares = [total * weight // whole for weight in weights]
    rest = total - sum(shares)
    if not rest:
        return tuple(shares)
    by_remainder = sorted(
        range(len(weights)), key=lambda index: (-(total * weights[index] % whole), index)
    )
    for index in by_remainder[:rest]:
        shares[index] += 1
    return tuple(shares)
