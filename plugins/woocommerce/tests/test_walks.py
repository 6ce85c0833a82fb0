"""Walks: what webhooks lost, moments of another zone, pages that move, a shop that is away."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from examples.shops.woocommerce.double import WooCommerce
from examples.shops.woocommerce.papers import customer, gmt, order, review, webhook
from loyalty_core import ConnectorError, Loyalty, PlatformUnavailable, Profile, ShopHttp
from loyalty_core.testing import Answer, Asked, Fault, FrozenClock
from plugins.woocommerce.tests.build import CONNECTOR, NOW, START, opened, points, sent


def at(hours: int) -> dict[str, Any]:
    moment = gmt(START + timedelta(hours=hours))
    return {"date_created_gmt": moment, "date_modified_gmt": moment}


def booked(loyalty: Loyalty) -> int:
    return loyalty.report().orders


def test_a_backfill_goes_through_all_pages(double: WooCommerce) -> None:
    for number in range(1, 11):
        double.hold(order(number, **at(number)))
    with opened(double) as loyalty:
        report = loyalty.backfill(CONNECTOR)
        assert (report.missing, report.finished, booked(loyalty)) == (10, True, 10)
        assert loyalty.reconcile(CONNECTOR).missing == 0


def test_more_orders_in_one_second_than_a_page_holds(double: WooCommerce) -> None:
    for number in range(1, 12):
        double.hold(order(number, **at(1)))
    double.hold(order(12, **at(2)))
    with opened(double) as loyalty:
        loyalty.backfill(CONNECTOR)
        assert booked(loyalty) == 12


def test_an_order_that_changes_during_a_walk_hides_no_other(double: WooCommerce) -> None:
    """By pages alone the fourth order would move to where the third was, and be left out."""
    for number in range(1, 10):
        double.hold(order(number, **at(number)))
    moved = iter(range(1, 5))

    def during(asked: Asked) -> None:
        if asked.path.endswith("/orders") and "modified_after" in asked.query:
            number = next(moved, 0)
            if number:
                later = {"date_modified_gmt": gmt(START + timedelta(hours=100 + number))}
                double.hold(order(number, **{**at(number), **later}))

    double.during = during
    with opened(double) as loyalty:
        loyalty.backfill(CONNECTOR)
        assert booked(loyalty) == 9


def test_what_webhooks_lost_is_found(double: WooCommerce) -> None:
    """The shop never sends a webhook again."""
    double.hold(order(1, **at(1)))
    with opened(double) as loyalty:
        loyalty.backfill(CONNECTOR)
        double.hold(order(2, **at(2)))
        double.hold(order(1, **{**at(1), "date_modified_gmt": gmt(START + timedelta(hours=3))}))
        report = loyalty.reconcile(CONNECTOR)
        assert (report.missing, report.different) == (1, 1)
        assert points(loyalty) == 120


def test_moments_are_compared_in_utc(double: WooCommerce) -> None:
    """Without ``dates_are_gmt`` they are of the shop's zone: hours of orders would be left out."""
    for hours in (7, -11):
        double.zone_hours = hours
        double.orders.clear()
        double.hold(order(1, **at(20)))
        with opened(double) as loyalty:
            loyalty.backfill(CONNECTOR)
            double.asked.clear()
            double.hold(order(2, **at(21)))
            assert loyalty.reconcile(CONNECTOR).missing == 1
        asked = next(one for one in double.asked if "modified_after" in one.query)
        assert asked.query["modified_after"] == gmt(START + timedelta(hours=20, minutes=-5))
        assert asked.query["dates_are_gmt"] == "true"


def test_an_order_that_was_stored_late_is_found(double: WooCommerce) -> None:
    """The moment in it is of when its change began; another was stored in between."""
    double.hold(order(1, **at(1)))
    with opened(double) as loyalty:
        loyalty.backfill(CONNECTOR)
        moment = gmt(START + timedelta(minutes=58))
        double.hold(order(2, date_created_gmt=moment, date_modified_gmt=moment))
        assert loyalty.reconcile(CONNECTOR).missing == 1


def test_an_order_in_the_trash_is_found_there(double: WooCommerce) -> None:
    """``status=any`` does not list the trash."""
    double.hold(order(1, **at(1)))
    with opened(double) as loyalty:
        loyalty.backfill(CONNECTOR)
        later = {"date_modified_gmt": gmt(START + timedelta(hours=2))}
        double.hold(order(1, **{**at(1), **later}, status="trash"))
        assert loyalty.reconcile(CONNECTOR).different == 1
        assert points(loyalty) == 0


def test_customers_of_every_role_but_those_who_run_the_shop(double: WooCommerce) -> None:
    roles = ("administrator", "customer", "subscriber", "wholesale")
    for number, role in enumerate(roles, 1):
        double.customers[number] = customer(number, f"{role}@example.org", role=role)
    with opened(double) as loyalty:
        loyalty.backfill(CONNECTOR)
        known = [loyalty.find({"customer_id": str(one)}, source="tea") for one in range(1, 5)]
        assert [one is not None for one in known] == [False, True, True, True]
        double.customers[9] = customer(9, "new@example.org")
        double.asked.clear()
        loyalty.reconcile(CONNECTOR)
        assert loyalty.find({"email": "new@example.org"}) is not None
        listed = [one for one in double.asked if one.path.endswith("/customers")]
        assert len(listed) == 1  # the others were seen before


def test_a_customer_is_what_the_shop_says_now(loyalty: Loyalty, double: WooCommerce) -> None:
    double.customers[25] = customer(last_name="King")
    sent(loyalty, webhook("customer.updated", customer()))
    found = loyalty.find({"customer_id": "25"}, source="tea")
    assert found is not None
    assert found.profile.name == "Ada King"


@pytest.mark.parametrize("road", ["webhook", "backfill"])
def test_a_name_is_taken_away_where_it_was_given(
    loyalty: Loyalty, double: WooCommerce, road: str
) -> None:
    """The shop says nothing of tags and languages: what the host knows of those stays."""
    double.customers[25] = customer()
    loyalty.backfill(CONNECTOR)
    found = loyalty.find({"email": "ada@example.org"})
    assert found is not None
    assert found.profile.name == "Ada Lovelace"
    known = Profile(name="Ada Lovelace", locale="en", tags=("vip",))
    loyalty.update_member(found.id, profile=known)
    double.customers[25] = customer(first_name="", last_name="")
    if road == "webhook":
        sent(loyalty, webhook("customer.updated", customer()))
    else:
        loyalty.backfill(CONNECTOR, again=True)
    assert loyalty.member(found.id).profile == Profile(locale="en", tags=("vip",))


def test_nothing_of_a_customer_who_was_deleted_comes_back(
    loyalty: Loyalty, double: WooCommerce
) -> None:
    late = webhook("customer.updated", customer())
    sent(loyalty, webhook("customer.deleted", {"id": 25}, delivery="2"), late)
    assert loyalty.find({"email": "ada@example.org"}) is None


# -- reviews --------------------------------------------------------------------------------------

REVIEWED: dict[str, Any] = {
    "reviews": True,
    "plugins": {
        "points": {
            "earn": [{"rule": "base", "rate": {"USD": "1"}}],
            "activity": [{"rule": "review", "kind": "review", "points": 10}],
        }
    },
}


def test_reviews_are_looked_for_also_those_that_waited_for_approval(double: WooCommerce) -> None:
    """No webhook tells of them, and one is listed where it was written."""
    clock = FrozenClock(START + timedelta(days=40))
    days = {1: 1, 2: 20, 3: 30, 4: 32, 5: 36}
    double.reviews = [review(one, START + timedelta(days=day)) for one, day in days.items()]
    double.reviews[1] = {**double.reviews[1], "status": "hold"}
    with opened(double, clock=clock, **REVIEWED) as loyalty:
        loyalty.backfill(CONNECTOR)
        assert points(loyalty) == 40
        clock.advance(days=2)
        double.reviews[1] = {**double.reviews[1], "status": "approved"}
        double.asked.clear()
        assert loyalty.reconcile(CONNECTOR).missing == 1
        assert points(loyalty) == 50
        assert loyalty.reconcile(CONNECTOR).missing == 0


def test_a_review_that_is_edited_or_of_nobody_does_no_harm(double: WooCommerce) -> None:
    double.reviews = [review(1), review(2, reviewer_email="")]
    with opened(double, **REVIEWED) as loyalty:
        loyalty.backfill(CONNECTOR)
        double.reviews[0] = review(1, rating=1, review="Mended")
        report = loyalty.reconcile(CONNECTOR)
        assert (points(loyalty), report.refused) == (10, 0)


def test_reviews_are_not_asked_for_unless_they_are_wanted(double: WooCommerce) -> None:
    with opened(double) as loyalty:
        loyalty.backfill(CONNECTOR)
    assert not [one for one in double.asked if "reviews" in one.path]


# -- a shop that is away --------------------------------------------------------------------------

TROUBLE = [
    Fault(kind="answer", answer=Answer(status=503)),
    Fault(kind="answer", answer=Answer(status=500, body=b"<html>A critical error</html>")),
    Fault(kind="answer", answer=Answer(status=429, headers={"retry-after": "7"})),
    Fault(kind="answer", answer=Answer(status=200, body=b"<html>Are you human?</html>")),
    Fault(kind="answer", answer=Answer(status=200, body=b"<br/>Notice: odd<br/>[]")),
    Fault(kind="answer", answer=Answer.of({"code": "woocommerce_rest_cannot_view"}, 401)),
    Fault(kind="drop"),
    Fault(kind="truncate"),
]


@pytest.mark.parametrize("fault", TROUBLE, ids=lambda one: f"{one.kind} {one.answer.status}")
def test_a_message_waits_until_the_shop_answers(
    loyalty: Loyalty, double: WooCommerce, clock: FrozenClock, fault: Fault
) -> None:
    double.faults.append(fault)
    sent(loyalty, webhook("order.created", double.hold(order())))
    status = loyalty.connector_status(CONNECTOR)
    assert (status.dead, status.pending, points(loyalty)) == (0, 1, 0)
    clock.advance(days=5)
    loyalty.work_inbox()
    assert points(loyalty) == 60


def test_a_shop_that_takes_too_long_is_away(double: WooCommerce) -> None:
    double.faults.append(Fault(kind="delay", seconds=2))
    with opened(double, timeout_seconds=1) as loyalty:
        sent(loyalty, webhook("order.created", double.hold(order())))
        assert loyalty.connector_status(CONNECTOR).pending == 1


@pytest.mark.parametrize("place", range(5))
def test_a_walk_goes_on_where_the_shop_went_away(double: WooCommerce, place: int) -> None:
    for number in range(1, 8):
        double.hold(order(number, **at(number)))
    double.faults.extend([Fault(kind="delay", seconds=0)] * place)
    double.faults.append(Fault(kind="answer", answer=Answer(status=503)))
    with opened(double) as loyalty:
        with pytest.raises(PlatformUnavailable):
            loyalty.backfill(CONNECTOR)
        assert loyalty.backfill(CONNECTOR).finished
        assert booked(loyalty) == 7


def test_the_shop_says_for_how_long_to_wait(double: WooCommerce) -> None:
    double.faults.append(TROUBLE[2])
    with opened(double) as loyalty, pytest.raises(PlatformUnavailable) as refused:
        loyalty.backfill(CONNECTOR)
    assert refused.value.retry_after == 7


def test_an_answer_without_an_end_is_not_read(
    double: WooCommerce, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ShopHttp, "LARGEST", 500)
    double.hold(order())
    with opened(double) as loyalty, pytest.raises(ConnectorError, match="larger than 500"):
        loyalty.backfill(CONNECTOR)


@pytest.mark.parametrize(
    ("status", "body", "remedy"),
    [
        (301, b"", "does not redirect"),
        (404, b"<html>", "permalinks"),
        (404, b'{"code": "rest_no_route", "message": "No route"}', "permalinks"),
        (401, b'{"code": "x", "message": "Consumer key is invalid"}', "read and write"),
        (403, b"", "read and write"),
    ],
)
def test_what_is_wrong_with_the_settings_is_told(
    double: WooCommerce, status: int, body: bytes, remedy: str
) -> None:
    double.faults.append(Fault(kind="answer", answer=Answer(status=status, body=body)))
    with opened(double) as loyalty, pytest.raises(ConnectorError) as refused:
        loyalty.backfill(CONNECTOR)
    assert remedy in refused.value.remedy
    assert not isinstance(refused.value, PlatformUnavailable)


def test_the_shop_is_asked_for_no_more_than_is_read(double: WooCommerce) -> None:
    double.hold(order())
    double.customers[25] = customer()
    with opened(double) as loyalty:
        loyalty.backfill(CONNECTOR)
    for asked in double.asked:
        assert "billing" not in asked.query["_fields"].split(",")
        assert "meta_data" not in asked.query["_fields"]


def test_tick_looks_by_itself(double: WooCommerce) -> None:
    clock = FrozenClock(NOW)
    double.hold(order(1, **at(1)))
    with opened(double, clock=clock) as loyalty:
        loyalty.tick()
        assert booked(loyalty) == 1
        double.hold(order(2, **at(2)))
        clock.advance(minutes=14)
        loyalty.tick()
        assert booked(loyalty) == 1
        clock.advance(minutes=1)
        loyalty.tick()
        assert booked(loyalty) == 2
