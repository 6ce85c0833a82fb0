"""Points that become a donation: in whole steps, in one transaction, and back with a refund."""

from __future__ import annotations

from typing import Any

import pytest

from loyalty_core import FactError, RedemptionRefused, TransactionKind
from plugins.donation.tests.build import ADA, BOB, NOW, OAKS, STEPS, Opened, Shop

PAID = {"source": "web", "order_id": "2"}


def funded(opened: Opened, amount: str = "1250.00", **settings: Any) -> tuple[Shop, str]:
    shop = opened(points=STEPS, **settings)
    shop.buy("1", amount)
    return shop, shop.member()


@pytest.mark.parametrize(
    ("asked", "points", "cents"),
    [(None, 1000, 2000), (1250, 1000, 2000), (999, 500, 1000), (500, 500, 1000)],
)
def test_a_donation_takes_whole_steps(
    opened: Opened, asked: int | None, points: int, cents: int
) -> None:
    shop, member = funded(opened)
    receipt = shop.loyalty.redeem(member, points=asked, reward="donation.reef", key="k")
    assert (receipt.points, receipt.worth.amount_minor, receipt.worth.currency) == (
        points,
        cents,
        "USD",
    )
    assert (shop.balance("points"), shop.balance("reef")) == (1250 - points, cents)
    assert shop.loyalty.redeem(member, points=asked, reward="donation.reef", key="k") == receipt
    assert shop.balance("reef") == cents
    assert shop.loyalty.verify().problems == ()


def test_less_than_a_step_is_refused_and_changes_nothing(opened: Opened) -> None:
    shop, member = funded(opened, "499.00")
    with pytest.raises(RedemptionRefused, match="at least 500 points"):
        shop.loyalty.redeem(member, reward="donation.reef", key="k")
    assert (shop.balance("points"), shop.balance("reef")) == (499, 0)


def test_the_money_is_a_transaction_of_its_own_kind_and_nobodys_to_spend(opened: Opened) -> None:
    shop, member = funded(opened)
    receipt = shop.loyalty.redeem(member, points=500, reward="donation.reef", key="k")
    (item,) = shop.loyalty.history(member, wallet="reef").items
    made = item.transaction
    assert (made.kind, made.amount) == (TransactionKind.DONATION, 1000)
    assert made.detail["redemption"] == receipt.redemption_id
    wallet = shop.loyalty.statement(member).wallet("reef")
    assert (wallet.balance, wallet.available, wallet.earned) == (1000, 0, 1000)


def test_a_hold_gives_when_it_is_captured_and_not_before(opened: Opened) -> None:
    shop, member = funded(opened)
    held = shop.loyalty.hold(member, points=500, reward="donation.reef", key="a")
    assert shop.balance("reef") == 0
    shop.loyalty.release(held.redemption_id)
    assert (shop.balance("reef"), shop.loyalty.history(member, wallet="reef").items) == (0, ())
    again = shop.loyalty.hold(member, points=1000, reward="donation.reef", key="b")
    with pytest.raises(FactError, match="as a whole"):
        shop.loyalty.capture(again.redemption_id, points=750)
    shop.loyalty.capture(again.redemption_id)
    shop.loyalty.capture(again.redemption_id)
    assert (shop.balance("points"), shop.balance("reef")) == (250, 2000)


def test_refunds_of_an_order_take_back_both(opened: Opened) -> None:
    shop, member = funded(opened)
    shop.loyalty.redeem(member, points=1000, reward="donation.reef", key="k", **PAID)
    shop.buy("2", "3.00", identities=BOB)
    assert shop.refund("2", "r1", amount="1.00").changes == {"points": -1}  # whose order it is
    assert (shop.balance("points"), shop.balance("reef")) == (250 + 333, 2000 - 666)
    shop.refund("2", "r2", amount="2.00")
    assert (shop.balance("points"), shop.balance("reef")) == (1250, 0)
    assert shop.outstanding()["reef"] == 0
    assert shop.loyalty.verify().problems == ()


def test_a_refund_that_was_voided_gives_again(opened: Opened) -> None:
    shop, member = funded(opened)
    shop.loyalty.redeem(member, points=1000, reward="donation.reef", key="k", **PAID)
    shop.buy("2", "3.00", identities=BOB)
    shop.refund("2", "r")
    assert (shop.balance("points"), shop.balance("reef")) == (1250, 0)
    shop.refund("2", "r", voided_at="2026-12-01T12:00:00Z")
    assert (shop.balance("points"), shop.balance("reef")) == (250, 2000)
    assert shop.loyalty.verify().problems == ()


def test_a_merge_brings_the_gifts_along(opened: Opened) -> None:
    shop, ada = funded(opened)
    shop.loyalty.redeem(ada, points=1000, reward="donation.reef", key="k", **PAID)
    bob = shop.loyalty.enrol(BOB).id
    shop.loyalty.merge(bob, ada, key="m")
    assert (shop.balance("reef", BOB), shop.account("reef").total) == (2000, 2000)
    shop.buy("2", "3.00", identities=BOB)
    shop.refund("2")
    assert (shop.balance("reef", BOB), shop.balance("points", BOB)) == (0, 1250)
    assert shop.loyalty.verify().problems == ()


def test_a_merge_that_is_taken_back_takes_the_gifts_back(opened: Opened) -> None:
    shop, ada = funded(opened)
    shop.loyalty.redeem(ada, points=1000, reward="donation.reef", key="k", **PAID)
    bob = shop.loyalty.enrol(BOB).id
    shop.loyalty.merge(bob, ada, key="m")
    shop.loyalty.unmerge(ada, key="u")
    assert (shop.balance("reef", ADA), shop.balance("reef", BOB)) == (2000, 0)
    shop.buy("2", "3.00", identities={"email": "cy@example.org"})
    shop.refund("2")
    assert (shop.balance("reef", ADA), shop.balance("points", ADA)) == (0, 1250)
    assert (shop.account("reef").total, shop.loyalty.verify().problems) == (0, ())


def test_erasing_the_giver_leaves_the_charity_its_money(opened: Opened) -> None:
    shop, member = funded(opened)
    shop.loyalty.redeem(member, points=1000, reward="donation.reef", key="k")
    erased = shop.loyalty.erase(member, reason="asked", actor="eve", key="e")
    assert erased.points == {"points": 250}
    assert shop.loyalty.find(ADA) is None
    assert (shop.account("reef").total, shop.outstanding()["reef"]) == (2000, 2000)
    assert shop.loyalty.verify().problems == ()


def test_a_households_points_are_given_by_the_household(opened: Opened) -> None:
    shop = opened(points=STEPS, household={"wallets": {"points": {}}})
    ada = shop.loyalty.enrol(ADA).id
    home = shop.loyalty.create_household(ada, key="h").household_id
    shop.buy("1", "600.00", occurred_at=NOW.isoformat())
    shop.loyalty.redeem(home, spender=ada, reward="donation.reef", key="k", **PAID)
    assert [one.amount for one in shop.charities.given(home)] == [1000]
    shop.buy("2", "3.00", occurred_at=NOW.isoformat(), identities={"email": "cy@example.org"})
    receipt = shop.refund("2", "r1", amount="1.50")
    assert (receipt.changes, receipt.shared) == ({"points": -1}, {})
    assert shop.loyalty.household(home).wallet("points").balance == 600 - 500 + 250
    assert (shop.account("reef").total, shop.loyalty.verify().problems) == (500, ())


def test_points_go_to_a_campaign_that_is_on(opened: Opened) -> None:
    campaign = {**OAKS, "starts_on": "2026-12-01", "ends_on": "2026-12-01"}
    shop, member = funded(opened, campaign=[campaign])
    shop.loyalty.redeem(member, points=500, reward="donation.reef", key="a")
    shop.clock.advance(hours=12)
    shop.loyalty.redeem(member, points=500, reward="donation.reef", key="b")
    assert (shop.balance("oaks"), shop.balance("reef")) == (1000, 1000)


def test_points_can_be_given_to_some_charities_only(opened: Opened) -> None:
    shop = opened(points={**STEPS, "charities": ["shelter"]})
    assert [reward.id for reward in shop.loyalty.rewards()] == ["donation.shelter"]
