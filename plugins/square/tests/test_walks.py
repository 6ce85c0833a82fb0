"""Walks: what webhooks lost, pages that are forgotten, many locations, a platform that is away."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from loyalty_core import ConnectorError, Loyalty, PlatformUnavailable, ShopHttp
from loyalty_core.testing import Answer, Asked, Fault, FrozenClock
from plugins.square.tests.build import CONNECTOR, NOW, START, opened, points, sent
from plugins.square.tests.double import Square, error
from plugins.square.tests.papers import (
    about_order,
    back,
    customer,
    returned,
    sale,
    stamp,
    webhook,
)


def sold(number: int, hours: int, **more: Any) -> dict[str, Any]:
    return sale(f"S{number}", START + timedelta(hours=hours), **more)


def booked(loyalty: Loyalty) -> int:
    return loyalty.report().orders


def test_a_backfill_goes_through_all_pages_of_all_locations(double: Square) -> None:
    """A search takes ten locations at most."""
    double.locations = [f"L{place:02}" for place in range(23)]
    double.hold(*(sold(one, one, location_id=f"L{one % 23:02}") for one in range(1, 31)))
    with opened(double) as loyalty:
        report = loyalty.backfill(CONNECTOR)
        assert (report.finished, booked(loyalty)) == (True, 30)
        assert loyalty.reconcile(CONNECTOR).missing == 0


def test_who_they_are_is_asked_once_for_a_page(double: Square) -> None:
    double.page_size = 50
    double.hold(*(sold(one, one) for one in range(1, 31)))
    with opened(double) as loyalty:
        loyalty.backfill(CONNECTOR)
    asked = [one for one in double.asked if one.path.endswith("bulk-retrieve")]
    assert len(asked) == 1


def test_a_seller_without_locations_has_nothing(double: Square) -> None:
    double.locations = []
    with opened(double) as loyalty:
        assert loyalty.backfill(CONNECTOR).finished
        assert loyalty.find({"email": "ada@example.org"}) is not None


def test_what_webhooks_lost_is_found(double: Square) -> None:
    clock = FrozenClock(NOW)
    double.hold(sold(1, 1))
    with opened(double, clock=clock) as loyalty:
        loyalty.backfill(CONNECTOR)
        clock.advance(days=1)
        double.hold(sale("S2", clock()), returned("R1", back("tea", 2000), at=clock()))
        report = loyalty.reconcile(CONNECTOR)
        assert (report.missing, report.different) == (1, 1)
        assert points(loyalty) == 100


def test_a_walk_looks_from_where_the_last_one_began(double: Square) -> None:
    """What was stored late, or changed on a page that was gone through, is found."""
    clock = FrozenClock(NOW)
    double.hold(*(sold(one, one) for one in range(1, 8)))

    def during(asked: Asked) -> None:
        if asked.path.endswith("customers/search") and "S9" not in double.orders:
            clock.advance(minutes=20)
            double.hold(sale("S9", NOW - timedelta(minutes=4)))

    double.during = during
    with opened(double, clock=clock) as loyalty:
        loyalty.backfill(CONNECTOR)
        assert booked(loyalty) == 7
        double.asked.clear()
        assert loyalty.reconcile(CONNECTOR).missing == 1
    searched = next(one for one in double.asked if one.path.endswith("orders/search"))
    query: Any = searched.json()
    start = query["query"]["filter"]["date_time_filter"]["updated_at"]["start_at"]
    assert start == stamp(NOW - timedelta(minutes=5)).replace(".000", "")


def test_a_page_that_square_forgot_is_begun_again(double: Square) -> None:
    double.hold(*(sold(one, one) for one in range(1, 8)))
    double.faults.extend([Fault(kind="delay", seconds=0)] * 4)
    double.faults.append(Fault(kind="answer", answer=error(503, "SERVICE_UNAVAILABLE")))
    with opened(double) as loyalty:
        with pytest.raises(PlatformUnavailable):
            loyalty.backfill(CONNECTOR)
        double.forgets_pages = True
        assert loyalty.backfill(CONNECTOR).finished
        assert booked(loyalty) == 7


@pytest.mark.parametrize("place", range(7))
def test_a_walk_goes_on_where_square_went_away(double: Square, place: int) -> None:
    double.hold(*(sold(one, one) for one in range(1, 8)))
    double.faults.extend([Fault(kind="delay", seconds=0)] * place)
    double.faults.append(Fault(kind="answer", answer=error(429, "RATE_LIMITED")))
    with opened(double) as loyalty:
        with pytest.raises(PlatformUnavailable):
            loyalty.backfill(CONNECTOR)
        assert loyalty.backfill(CONNECTOR).finished
        assert booked(loyalty) == 7


def test_customers_are_found_and_kept_up_to_date(double: Square) -> None:
    clock = FrozenClock(NOW)
    for number in range(5):
        double.customers[f"C{number}"] = customer(f"C{number}", f"c{number}@example.org")
    with opened(double, clock=clock) as loyalty:
        loyalty.backfill(CONNECTOR)
        assert loyalty.find({"customer_id": "C4"}, source="till") is not None
        clock.advance(days=1)
        changed = customer("C0", "c0@example.org", family_name="King", updated_at=stamp(clock()))
        double.customers["C0"] = changed
        loyalty.reconcile(CONNECTOR)
        found = loyalty.find({"email": "c0@example.org"})
        assert found is not None
        assert found.profile.name == "Ada King"


TROUBLE = [
    Fault(kind="answer", answer=error(503, "SERVICE_UNAVAILABLE")),
    Fault(kind="answer", answer=error(500, "INTERNAL_SERVER_ERROR")),
    Fault(kind="answer", answer=error(429, "RATE_LIMITED")),
    Fault(kind="answer", answer=error(401, "ACCESS_TOKEN_EXPIRED")),
    Fault(kind="answer", answer=Answer(status=200, body=b"<html>Are you human?</html>")),
    Fault(kind="drop"),
    Fault(kind="truncate"),
]


@pytest.mark.parametrize("fault", TROUBLE, ids=lambda one: f"{one.kind} {one.answer.status}")
@pytest.mark.parametrize("place", [0, 1])
def test_a_message_waits_until_square_answers(
    loyalty: Loyalty, double: Square, clock: FrozenClock, fault: Fault, place: int
) -> None:
    """Also where who it was could not be asked: the sale must not be anybody's then."""
    double.hold(sale())
    double.faults.extend([*[Fault(kind="delay", seconds=0)] * place, fault])
    sent(loyalty, about_order("S1"))
    status = loyalty.connector_status(CONNECTOR)
    assert (status.dead, status.pending, points(loyalty)) == (0, 1, 0)
    clock.advance(days=5)
    loyalty.work_inbox()
    assert points(loyalty) == 60


def test_an_answer_without_an_end_is_not_read(
    double: Square, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ShopHttp, "LARGEST", 500)
    double.hold(*(sold(one, one) for one in range(1, 4)))
    with opened(double) as loyalty, pytest.raises(ConnectorError, match="larger than 500"):
        loyalty.backfill(CONNECTOR)


def test_a_cursor_of_another_connector_is_told(double: Square) -> None:
    with opened(double) as loyalty:
        (walk,) = [one for one in loyalty.connectors if one.id == CONNECTOR]
        with pytest.raises(ConnectorError, match="no place in a walk"):
            walk.changed_since('{"phase": "orders"}')  # type: ignore[attr-defined]


def test_tick_looks_by_itself(double: Square) -> None:
    clock = FrozenClock(NOW)
    double.hold(sold(1, 1))
    with opened(double, clock=clock) as loyalty:
        loyalty.tick()
        assert booked(loyalty) == 1
        double.hold(sale("S2", clock()))
        clock.advance(minutes=29)
        loyalty.tick()
        assert booked(loyalty) == 1
        clock.advance(minutes=1)
        loyalty.tick()
        assert booked(loyalty) == 2


def test_an_order_of_a_customer_that_is_gone_names_their_id_alone(double: Square) -> None:
    double.customers.clear()
    double.hold(sale())
    with opened(double) as loyalty:
        sent(loyalty, about_order("S1"), webhook("customer.deleted", "ADA"))
        found = loyalty.find({"customer_id": "ADA"}, source="till")
        assert found is not None
        assert [one.kind for one in found.identities] == ["customer_id"]
