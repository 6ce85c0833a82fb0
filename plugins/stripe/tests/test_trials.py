"""The first fee after a trial, for which nobody has kept a card: paid on a page of Stripe."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from loyalty_core import (
    Event,
    Loyalty,
    PluginManifest,
    Subscription,
    hookimpl,
)
from loyalty_core.testing import FrozenClock
from plugins.stripe.tests.build import START, config_of, sent
from plugins.stripe.tests.club import Shop
from plugins.stripe.tests.double import Stripe

TRIAL = {
    "plan": "tried",
    "name": "The Club",
    "price": "10.00",
    "period": "month",
    "trial_days": 14,
    "retry_after_days": [1, 3],
    "grace_days": 7,
}
ENDS = "2026-03-15T00:00:00+00:00"


class Mails:
    """What members would be mailed."""

    manifest = PluginManifest(id="mails", version="1.0", requires_plugin_api=">=1.2,<2")

    def __init__(self) -> None:
        self.sent: list[Mapping[str, Any]] = []

    @hookimpl
    def loyalty_register_handlers(self) -> list[Subscription]:
        def send(event: Event) -> None:
            self.sent.append(event.data)

        kind = "paid.payment_pending"
        return [Subscription(id="mails.pending", event_type=kind, handler=send)]


@pytest.fixture
def mails() -> Mails:
    return Mails()


@pytest.fixture
def shop(double: Stripe, clock: FrozenClock, database_url: str, mails: Mails) -> Iterator[Shop]:
    """A program in which Ada tries the club, up to the end of her trial."""
    config, double.clock = config_of(double.url), clock
    config["plugins"]["paid"]["plan"] = [TRIAL]
    config["plugins"]["mails"] = {}
    with Loyalty.open(config, database_url, clock=clock, plugins=[mails]) as loyalty:
        made = Shop(loyalty, double, clock)
        made.do("subscribe", "tried")
        yield made


def until(shop: Shop, when: str) -> Any:
    """What Ada is shown at a moment of March."""
    shop.clock.set(datetime.fromisoformat(f"2026-03-{when}").replace(tzinfo=UTC))
    shop.loyalty.tick()
    return shop.shown()


def test_when_the_trial_ends_the_member_is_told_where_to_pay(shop: Shop, mails: Mails) -> None:
    shown = until(shop, "14T23:59:59")
    assert (shown["status"], shown["due"], shown["next_fee"]) == ("trial", None, 1000)
    assert (shop.double.asked, mails.sent) == ([], [])
    shown = until(shop, "15T00:00:00")
    assert (shown["status"], shown["grace_until"]) == ("grace", "2026-03-22T00:00:00+00:00")
    assert shown["due"]["pay_url"] == shop.page()["url"]
    shop.loyalty.tick()
    (mail,) = mails.sent
    assert (mail["plan"], mail["amount"], mail["currency"]) == ("tried", 1000, "USD")
    assert (mail["pay_url"], mail["charge"]) == (shop.page()["url"], shown["due"]["charge"])


def test_paid_on_the_page_the_period_begins_where_the_trial_ended(shop: Shop) -> None:
    until(shop, "15T00:00:00")
    shop.clock.advance(hours=20)
    shop.double.till.pay(shop.page(), "pm_1")
    sent(shop.loyalty, shop.double)
    shown = shop.shown()
    assert (shown["status"], shown["period_began"]) == ("active", ENDS)
    assert (shown["paid_until"], shown["due"]) == ("2026-04-15T00:00:00+00:00", None)
    shown = shop.shown(days=31)  # the next fee by the card that was kept
    assert (shown["paid_until"], shop.taken) == ("2026-05-15T00:00:00+00:00", [1000, 1000])
    assert shop.loyalty.verify().problems == ()


def test_a_page_that_nobody_pays_on_is_followed_by_others_and_then_the_end(
    shop: Shop, mails: Mails
) -> None:
    for day, attempts in (("15T00:00:00", 1), ("16T00:00:01", 2), ("18T00:00:01", 3)):
        until(shop, day)
        assert len(shop.double.till.held("checkout.session")) == attempts
        shop.clock.advance(hours=23)
        shop.double.till.expire(shop.page())
        sent(shop.loyalty, shop.double)
    urls = [mail["pay_url"] for mail in mails.sent]
    assert (len(urls), len(set(urls))) == (3, 3)
    assert until(shop, "21T23:59:59")["status"] == "grace"
    shown = until(shop, "22T00:00:00")
    assert (shown["status"], shown["fees"], shop.taken) == ("ended", 0, [])


def test_paid_after_the_grace_the_period_begins_anew(shop: Shop) -> None:
    until(shop, "15T00:00:00")
    page = shop.page()
    until(shop, "22T00:00:00")
    shop.double.till.pay(page, "pm_1")  # the webhook that it expired was lost, or it was slow
    sent(shop.loyalty, shop.double)
    shown = shop.shown()
    assert (shown["status"], shown["fees"]) == ("active", 1000)
    assert shown["paid_until"] == "2026-04-22T00:00:00+00:00"


def test_who_cancels_in_the_trial_is_not_asked(shop: Shop, mails: Mails) -> None:
    shop.do("cancel")
    assert until(shop, "15T00:00:00")["status"] == "ended"
    assert (shop.double.till.held("checkout.session"), mails.sent) == ([], [])


def test_who_had_cancelled_and_pays_on_the_page_all_the_same_has_it_back_once(shop: Shop) -> None:
    until(shop, "15T00:00:00")
    page = shop.page()
    late = {"type": "activity", "source": "desk", "id": "1", "kind": "paid.cancel"}
    who = {"identities": {"member_id": shop.ada}}
    at = START + timedelta(days=10)
    shop.double.till.pay(page, "pm_1")
    sent(shop.loyalty, shop.double)
    assert shop.shown()["status"] == "active"
    shop.loyalty.record({**late, **who, "occurred_at": at.isoformat()})
    shown = shop.shown()
    assert (shown["status"], shown["fees"], shop.taken) == ("ended", 0, [1000, -1000])
    events = shop.double.till.told()
    sent(shop.loyalty, shop.double, *Random(3).sample(events, len(events)))
    shown = shop.shown(days=40)
    assert (shown["status"], shop.taken) == ("ended", [1000, -1000])
    assert shop.loyalty.connector_status("stripe.main").dead == 0
    assert shop.loyalty.verify().problems == ()
