"""When points expire: at the start of a day in the program's time zone, by the calendar."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_core import Expiry, start_of
from loyalty_core.domain.clock import add_months

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NOON = "2026-01-22T12:00Z"


def expires(rule: dict[str, Any], awarded: str, activates: str = "", zone: str = "UTC") -> str:
    """When it does, as the zone's own clocks show it; empty for never."""
    first = datetime.fromisoformat(awarded)
    active = datetime.fromisoformat(activates) if activates else first
    found = Expiry(**rule).expires_at(first, active, zone)
    return found.isoformat() if found else ""


@pytest.mark.hard_case("H16")
@pytest.mark.parametrize(
    ("rule", "awarded", "expected"),
    [
        ({}, NOON, ""),
        ({"inactivity_days": 90}, NOON, ""),  # that is the wallet's, not a lot's
        ({"after_days": 1}, NOON, "2026-01-23"),
        ({"after_days": 30}, NOON, "2026-02-21"),
        ({"after_months": 1}, "2026-01-31T23:59:59.999999Z", "2026-02-28"),
        ({"after_months": 1}, "2028-01-31T00:00Z", "2028-02-29"),
        ({"after_months": 12}, NOON, "2027-01-22"),
        ({"after_years": 1}, "2028-02-29T08:00Z", "2029-02-28"),
        ({"after_years": 4}, "2028-02-29T08:00Z", "2032-02-29"),
        ({"after_years": 1, "after_months": 1, "after_days": 1}, "2026-01-31T08:00Z", "2027-03-01"),
        ({"at_end_of": "day"}, NOON, "2026-01-23"),
        ({"at_end_of": "week"}, NOON, "2026-01-26"),
        ({"at_end_of": "month"}, NOON, "2026-02-01"),
        ({"at_end_of": "quarter"}, NOON, "2026-04-01"),
        ({"at_end_of": "year"}, NOON, "2027-01-01"),
        ({"at_end_of": "year"}, "2026-12-31T23:59Z", "2027-01-01"),
        ({"at_end_of": "month", "after_days": 10}, NOON, "2026-03-01"),  # on from 1 February
        ({"at_end_of": "year", "after_months": 12}, NOON, "2028-01-01"),
        ({"on_dates": ("12-31",)}, NOON, "2026-12-31"),
        ({"on_dates": ("12-31",)}, "2026-12-31T00:00Z", "2027-12-31"),  # not on the day itself
        ({"on_dates": ("07-01", "01-01")}, NOON, "2026-07-01"),
        ({"on_dates": ("07-01", "01-01")}, "2026-07-01T00:00Z", "2027-01-01"),
        ({"on_dates": ("02-28",), "after_months": 1}, "2028-01-31T08:00Z", "2029-02-28"),
        ({"on_dates": ("03-01",), "at_end_of": "month"}, NOON, "2026-03-01"),
    ],
)
def test_days_of_expiry(rule: dict[str, Any], awarded: str, expected: str) -> None:
    assert expires(rule, awarded) == (f"{expected}T00:00:00+00:00" if expected else "")


@pytest.mark.hard_case("H17")
@pytest.mark.parametrize(
    ("counted_from", "expected"),
    [("award", "2026-02-28T00:00:00+00:00"), ("activation", "2026-03-14T00:00:00+00:00")],
)
def test_pending_points_count_from_the_award_or_from_their_activation(
    counted_from: str, expected: str
) -> None:
    rule = {"after_months": 1, "counted_from": counted_from}
    assert expires(rule, "2026-01-31T12:00Z", "2026-02-14T12:00Z") == expected


@pytest.mark.hard_case("H24")
@pytest.mark.parametrize(
    ("zone", "awarded", "expected"),
    [
        # The same moment is on 31 January, 1 February or 30 January.
        ("UTC", "2026-01-31T11:30Z", "2026-02-28T00:00:00+00:00"),
        ("Pacific/Kiritimati", "2026-01-31T11:30Z", "2026-02-28T10:00:00+00:00"),
        ("Etc/GMT+12", "2026-01-31T11:30Z", "2026-02-28T12:00:00+00:00"),
        # Winter to summer time: 23:00 UTC before the change, 22:00 after it.
        ("Europe/Berlin", "2026-02-28T23:30Z", "2026-03-31T22:00:00+00:00"),
        ("America/New_York", "2026-02-08T04:30Z", "2026-03-07T05:00:00+00:00"),
        # Midnight is left out on the day of expiry: it begins at one o'clock.
        ("America/Sao_Paulo", "2018-10-04T12:00Z", "2018-11-04T03:00:00+00:00"),
    ],
)
def test_the_day_is_that_of_the_programs_time_zone(zone: str, awarded: str, expected: str) -> None:
    assert expires({"after_months": 1}, awarded, zone=zone) == expected


def test_all_points_of_a_day_expire_together() -> None:
    moments = ["2026-03-28T23:00Z", "2026-03-29T01:30Z", "2026-03-29T21:59:59.999999Z"]
    found = {expires({"after_days": 1}, moment, zone="Europe/Berlin") for moment in moments}
    assert found == {"2026-03-29T22:00:00+00:00"}
    assert expires({"after_days": 1}, "2026-03-29T22:00Z", zone="Europe/Berlin") not in found


@given(
    st.integers(1, 120 * 365 * 24 * 60).map(lambda minutes: EPOCH + timedelta(minutes=minutes)),
    st.integers(1, 1200),
    st.sampled_from(["UTC", "Europe/Berlin", "Pacific/Kiritimati", "Etc/GMT+12"]),
)
def test_expiry_is_the_midnight_so_many_months_later(
    awarded: datetime, months: int, zone: str
) -> None:
    found = Expiry(after_months=months).expires_at(awarded, awarded, zone)
    days = {date.fromordinal(awarded.toordinal() + shift) for shift in (-1, 0, 1)}
    assert found in {start_of(add_months(day, months), zone) for day in days}
    assert found is not None
    assert found > awarded
