"""Checks of the parts that rules are made of: conditions, caps, expiry, amounts of points."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from loyalty_core import ConfigError, Expiry, LoyaltyError, Problem, parse_scaled
from loyalty_points.config import Cap, OrderWhen, When

_MONTH_DAY = re.compile(r"[0-9]{2}-[0-9]{2}", re.ASCII)


def _problem(where: str, message: str, remedy: str) -> Problem:
    return Problem(where, message, remedy, ConfigError.code)


def positive(where: str, points: Decimal, scale: int) -> Iterator[Problem]:
    """The fault of an amount of points that is not above zero or finer than its wallet."""
    try:
        if parse_scaled(points, scale) <= 0:
            yield _problem(where, f"{points} is not positive", "Write points above zero.")
    except LoyaltyError as error:
        remedy = f"The wallet has {scale} decimal digits: round it, or give the wallet more."
        yield _problem(where, error.message, remedy)


def check_cap(where: str, cap: Cap, scale: int, has_window: bool) -> Iterator[Problem]:
    """The faults of one limit; ``has_window``: whether its rule has dates of its own."""
    yield from positive(f"{where}.limit", cap.limit, 0 if cap.counts == "awards" else scale)
    if cap.period == "campaign" and not has_window:
        remedy = "Write when.starts_on on the rule, or another period."
        yield _problem(f"{where}.period", "there are no dates to be a campaign", remedy)


def check_when(where: str, when: When) -> Iterator[Problem]:
    """The faults of conditions other than dates."""
    for index, hours in enumerate(when.hours):
        if hours.start == hours.end:
            message = f"{hours.start} to {hours.end} is no time at all"
            yield _problem(f"{where}.hours[{index}]", message, "Leave it out for the whole day.")
        if hours.start.tzinfo or hours.end.tzinfo:
            remedy = "Leave the offset out: hours are in the program's time zone."
            yield _problem(f"{where}.hours[{index}]", "a time of day with an offset", remedy)
    if when.minimum_orders < 0:
        message = f"{when.minimum_orders} is negative"
        yield _problem(f"{where}.minimum_orders", message, "Write a number of orders.")
    if when.inactive_days < 0:
        message = f"{when.inactive_days} is negative"
        yield _problem(f"{where}.inactive_days", message, "Write a number of days.")
    if not isinstance(when, OrderWhen):
        return
    for number in when.nth_order:
        if number < 1:
            remedy = "Orders are counted from 1."
            yield _problem(f"{where}.nth_order", f"{number} is no order's number", remedy)
    if when.every_nth is not None and when.every_nth < 1:
        message = f"{when.every_nth} is not positive"
        yield _problem(f"{where}.every_nth", message, "Write 2 for every second order.")


def check_dates(where: str, when: When) -> Iterator[Problem]:
    """The faults of a window of days or moments."""
    for edge in ("starts", "ends"):
        if getattr(when, f"{edge}_on") and getattr(when, f"{edge}_at"):
            message = f"both {edge}_on and {edge}_at"
            yield _problem(where, message, "Keep the day or the moment.")
    if when.starts_on and when.ends_on and when.ends_on < when.starts_on:
        message = f"{when.ends_on} is before {when.starts_on}"
        yield _problem(f"{where}.ends_on", message, "Let it end after it starts.")
    if when.starts_at and when.ends_at and when.ends_at <= when.starts_at:
        message = f"{when.ends_at.isoformat()} is not after {when.starts_at.isoformat()}"
        yield _problem(f"{where}.ends_at", message, "Let it end after it starts.")


def check_expiry(where: str, expiry: Expiry) -> Iterator[Problem]:
    """The faults of a rule's own expiry."""
    if expiry.inactivity_days is not None:
        remedy = "Write it in the wallet's expiry: it is about the whole wallet."
        yield _problem(f"{where}.inactivity_days", "a rule's points cannot lapse alone", remedy)
    spans = {name: getattr(expiry, f"after_{name}") for name in ("days", "months", "years")}
    for name, length in spans.items():
        if length is not None and not 1 <= length <= 36500:
            message = f"{length} is not from 1 to 36500"
            yield _problem(f"{where}.after_{name}", message, "Write how long the points last.")
    for day in expiry.on_dates:
        if not _is_month_day(day):
            remedy = 'Write month and day, such as "12-31"; 29 February is not in every year.'
            yield _problem(f"{where}.on_dates", f"{day!r} is not a day of each year", remedy)
    says = any(length is not None for length in (*spans.values(), expiry.inactivity_days))
    if not (says or expiry.at_end_of or expiry.on_dates):
        remedy = "Write when the points expire, or leave expiry out for the wallet's own."
        yield _problem(where, "an expiry that says nothing", remedy)


def _is_month_day(day: str) -> bool:
    try:
        date.fromisoformat(f"2027-{day}")
    except ValueError:
        return False
    return _MONTH_DAY.fullmatch(day) is not None
