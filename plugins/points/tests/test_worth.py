"""What points are worth: across currencies, and when the configuration changes under them."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from loyalty_core import Loyalty, RedemptionRefused, WalletStatement
from loyalty_core.storage.engine import open_engine
from loyalty_core.testing import FrozenClock

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ADA = {"email": "ada@example.org"}


class Shop:
    """One database under one configuration after the other."""

    def __init__(self, url: str) -> None:
        self.database = open_engine(url)

    def open(self, rate: dict[str, str], worth: str = "1.00") -> Loyalty:
        config: Any = {
            "program": {"id": "shop", "currency": "EUR"},
            "wallets": {"points": {"value": {"points": 100, "amount": worth}}},
            "plugins": {"points": {"earn": [{"rule": "base", "rate": rate}], "redeem": {}}},
        }
        return Loyalty.open(config, self.database, clock=FrozenClock(NOON))


@pytest.fixture
def shop(database_url: str) -> Iterator[Shop]:
    made = Shop(database_url)
    yield made
    made.database.dispose()


def order(number: str, amount: str, currency: str, *refunded: str) -> dict[str, Any]:
    at = NOON.isoformat()
    return {
        "type": "order",
        "source": "web",
        "id": number,
        "version": 1 + len(refunded),
        "occurred_at": at,
        "currency": currency,
        "status": "paid",
        "lines": [{"id": "1", "amount": amount}],
        "refunds": [
            {"id": f"r{place}", "occurred_at": at, "amount": given}
            for place, given in enumerate(refunded)
        ],
        "identities": ADA,
    }


def wallet(loyalty: Loyalty, member: str) -> WalletStatement:
    return loyalty.statement(member).wallet("points")


@pytest.mark.hard_case("H30")
def test_each_currency_earns_at_its_own_rate_and_is_refunded_at_the_rate_it_earned(
    shop: Shop,
) -> None:
    loyalty = shop.open({"EUR": "1", "ZAR": "0.05"})
    member = loyalty.record(order("e", "100.00", "EUR")).member_id or ""
    loyalty.record(order("z", "1700.00", "ZAR"))
    loyalty.record(order("y", "100.00", "USD"))
    assert wallet(loyalty, member).available == 100 + 85
    later = shop.open({"EUR": "1", "ZAR": "0.5"})
    later.record(order("z", "1700.00", "ZAR", "850.00"))
    assert wallet(later, member).available == 100 + 43  # of 85 a half is left, not of 850
    later.record(order("z", "1700.00", "ZAR", "850.00", "850.00"))
    assert wallet(later, member).available == 100
    with pytest.raises(RedemptionRefused, match="not in ZAR"):
        later.redeem(
            member,
            points=100,
            cart={"currency": "ZAR", "lines": [{"id": "1", "amount": "20.00"}]},
            key="k",
        )
    assert later.verify().problems == ()


@pytest.mark.hard_case("H32")
def test_old_points_are_worth_what_the_configuration_says_when_they_are_spent(shop: Shop) -> None:
    loyalty = shop.open({"EUR": "1"}, worth="1.00")
    member = loyalty.record(order("a", "300.00", "EUR")).member_id or ""
    first = loyalty.redeem(member, points=100, source="web", order_id="b", key="1")
    assert str(first.worth) == "1.00 EUR"
    loyalty.record(order("b", "50.00", "EUR"))
    later = shop.open({"EUR": "1"}, worth="0.50")
    assert str(wallet(later, member).worth) == "1.25 EUR"  # of 250 points, old and new
    assert str(later.redeem(member, points=100, key="2").worth) == "0.50 EUR"
    assert later.redeem(member, points=100, source="web", order_id="b", key="1") == first
    later.record(order("b", "50.00", "EUR", "50.00"))  # points come back, not money
    assert wallet(later, member).available == 300 - 100
