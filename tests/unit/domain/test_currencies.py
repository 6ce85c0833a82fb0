"""The table of currencies against the one that another package takes from ISO."""

import iso4217
import pytest

from loyalty_core import CurrencyUnknown, minor_digits
from loyalty_core.domain.currencies import MINOR_DIGITS


def test_digits_are_those_of_iso_4217() -> None:
    theirs = {currency.code: currency.exponent for currency in iso4217.Currency}
    payable = {code: digits for code, digits in theirs.items() if digits is not None}
    assert payable == MINOR_DIGITS


@pytest.mark.parametrize("code", ["eur", "EURO", "", "XXX", "XAU", "DEM", "EUR ", "€", "\ud800"])
def test_what_is_no_currency_is_refused(code: str) -> None:
    with pytest.raises(CurrencyUnknown) as raised:
        minor_digits(code)
    assert raised.value.code == "currency_unknown"
    assert raised.value.facts == {"currency": code}
