"""Walks: what webhooks lost, many pages, a shop that is away, and what is asked for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from graphql import parse, validate

from loyalty_core import ConnectorError, Loyalty, PlatformUnavailable
from loyalty_core.testing import Answer, Fault, FrozenClock
from loyalty_saleor import queries
from plugins.saleor.tests.build import CONNECTOR, NOW, START, opened, points, sent
from plugins.saleor.tests.double import SCHEMA, Saleor, failed
from plugins.saleor.tests.papers import about_order, customer, event, order, refunded


def placed(number: int, hours: int, **more: Any) -> dict[str, Any]:
    return order(f"O{number}", START + timedelta(hours=hours), **more)


def booked(loyalty: Loyalty) -> int:
    return loyalty.report().orders


@pytest.mark.parametrize("name", [one for one in vars(queries) if one.isupper()])
def test_what_is_asked_is_in_the_schema(name: str) -> None:
    query = getattr(queries, name)
    if not name.endswith("_FIELDS"):
        assert validate(SCHEMA, parse(query)) == []


def test_a_backfill_goes_through_all_pages(double: Saleor) -> None:
    double.hold(*(placed(one, one) for one in range(1, 11)))
    with opened(double) as loyalty:
        report = loyalty.backfill(CONNECTOR)
        assert (report.finished, booked(loyalty)) == (True, 10)
        assert loyalty.reconcile(CONNECTOR).missing == 0


def test_orders_of_one_moment_are_all_found(double: Saleor) -> None:
    double.hold(*(placed(one, 1) for one in range(1, 12)))
    with opened(double) as loyalty:
        loyalty.backfill(CONNECTOR)
        assert booked(loyalty) == 11


def test_what_webhooks_lost_is_found(double: Saleor) -> None:
    clock = FrozenClock(NOW)
    double.hold(placed(1, 1))
    with opened(double, clock=clock) as loyalty:
        loyalty.backfill(CONNECTOR)
        clock.advance(days=1)
        now = clock().isoformat()
        double.hold(order("O2", clock()))
        double.hold({**refunded(placed(1, 1), event("e1", 3000, at=clock())), "updatedAt": now})
        report = loyalty.reconcile(CONNECTOR)
        assert (report.missing, report.different) == (1, 1)
        assert points(loyalty) == 90


def test_an_order_that_was_stored_late_is_found(double: Saleor) -> None:
    clock = FrozenClock(NOW)
    double.hold(placed(1, 1))
    with opened(double, clock=clock) as loyalty:
        loyalty.backfill(CONNECTOR)
        double.hold(order("O2", NOW - timedelta(minutes=4)))
        assert loyalty.reconcile(CONNECTOR).missing == 1


def test_customers_are_found_and_kept_up_to_date(double: Saleor) -> None:
    clock = FrozenClock(NOW)
    for number in range(5):
        double.customers[f"C{number}"] = customer(f"C{number}", f"c{number}@example.org")
    with opened(double, clock=clock) as loyalty:
        loyalty.backfill(CONNECTOR)
        assert loyalty.find({"customer_id": "C4"}, source="tea") is not None
        clock.advance(days=1)
        changed = {"lastName": "King", "updatedAt": clock().isoformat()}
        double.customers["C0"] = customer("C0", "c0@example.org", **changed)
        loyalty.reconcile(CONNECTOR)
        found = loyalty.find({"email": "c0@example.org"})
        assert found is not None
        assert found.profile.name == "Ada King"


TROUBLE = [
    Fault(kind="answer", answer=Answer(status=503)),
    Fault(kind="answer", answer=Answer(status=429, headers={"retry-after": "7"})),
    Fault(kind="answer", answer=failed("InvalidTokenError")),
    Fault(kind="answer", answer=Answer(status=200, body=b"<html>Are you human?</html>")),
    Fault(kind="drop"),
    Fault(kind="truncate"),
]


@pytest.mark.parametrize("fault", TROUBLE, ids=lambda one: f"{one.kind} {one.answer.status}")
def test_a_message_waits_until_the_shop_answers(
    loyalty: Loyalty, double: Saleor, clock: FrozenClock, fault: Fault
) -> None:
    double.hold(order())
    about_order("O1").to(loyalty, CONNECTOR)
    double.faults.append(fault)
    loyalty.work_inbox()
    status = loyalty.connector_status(CONNECTOR)
    assert (status.dead, status.pending, points(loyalty)) == (0, 1, 0)
    clock.advance(days=5)
    loyalty.work_inbox()
    assert points(loyalty) == 60


@pytest.mark.parametrize("place", range(4))
def test_a_walk_goes_on_where_the_shop_went_away(double: Saleor, place: int) -> None:
    double.hold(*(placed(one, one) for one in range(1, 8)))
    double.faults.extend([Fault(kind="delay", seconds=0)] * place)
    double.faults.append(TROUBLE[1])
    with opened(double) as loyalty:
        with pytest.raises(PlatformUnavailable) as refused:
            loyalty.backfill(CONNECTOR)
        assert refused.value.retry_after == 7
        assert loyalty.backfill(CONNECTOR).finished
        assert booked(loyalty) == 7


@pytest.mark.parametrize(
    ("answer", "remedy"),
    [
        (Answer(status=404, body=b"<html>no</html>"), "URL and version"),
        (failed("GraphQLError", 400), "URL and version"),
        (Answer(status=401), "permissions"),
        (failed("PermissionDenied"), "permissions"),
    ],
)
def test_what_is_wrong_with_the_settings_is_told(
    double: Saleor, answer: Answer, remedy: str
) -> None:
    double.faults.append(Fault(kind="answer", answer=answer))
    with opened(double) as loyalty, pytest.raises(ConnectorError) as refused:
        loyalty.backfill(CONNECTOR)
    assert remedy in refused.value.remedy
    assert not isinstance(refused.value, PlatformUnavailable)


def test_an_order_that_cannot_be_read_holds_up_no_other(double: Saleor) -> None:
    double.hold(placed(1, 1), placed(2, 2), placed(3, 3))
    double.orders["O2"]["total"]["gross"]["currency"] = "QQQ"
    with opened(double) as loyalty:
        assert loyalty.backfill(CONNECTOR).refused == 1
        assert points(loyalty) == 120


def test_tick_looks_by_itself(double: Saleor) -> None:
    clock = FrozenClock(NOW)
    double.hold(placed(1, 1))
    with opened(double, clock=clock) as loyalty:
        loyalty.tick()
        assert booked(loyalty) == 1
        double.hold(order("O2", clock()))
        clock.advance(minutes=14)
        loyalty.tick()
        assert booked(loyalty) == 1
        clock.advance(minutes=1)
        loyalty.tick()
        assert booked(loyalty) == 2


def test_a_webhook_asks_for_one_order(loyalty: Loyalty, double: Saleor) -> None:
    double.hold(order())
    sent(loyalty, about_order("O1"))
    assert [one.path for one in double.asked] == ["/.well-known/jwks.json", "/graphql/"]
