"""Many at once on one household: nothing is spent twice, nothing is lost, nobody is locked out."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from loyalty_core import HouseholdRefused, InsufficientPoints, LoyaltyError
from tests.contract.conftest import Shop
from tests.contract.household import Home, home, opened
from tests.contract.test_questions import statements_of
from tests.toy import order, refund

NAMES = ("ada", "bob", "cy", "dan")


def spent(ours: Home, names: list[str], amount: int) -> Counter[str]:
    """How often each of these calls, all at once, was answered how."""

    def spend(numbered: tuple[int, str]) -> str:
        number, name = numbered
        try:
            ours.loyalty.redeem(
                ours.id, points=amount, spender=ours.people[name], key=f"{name} {number}"
            )
        except (InsufficientPoints, HouseholdRefused) as error:
            return error.code
        return name

    with ThreadPoolExecutor(8) as threads:
        return Counter(threads.map(spend, enumerate(names)))


@pytest.mark.hard_case("H9")
def test_two_members_never_spend_the_same_points(shop: Shop) -> None:
    ours = home(opened(shop), "ada", "bob")
    ours.buys("ada", "1", 105)
    answers = spent(ours, ["ada", "bob"] * 12, 10)
    assert answers["ada"] + answers["bob"] == 10
    assert answers["insufficient_points"] == 14
    assert ours.has() == (5, 5, 0, 0)
    assert sum(took for _, took in ours.flows().values()) == 100
    assert ours.loyalty.verify().problems == ()


def test_nobody_spends_more_than_a_days_points(shop: Shop) -> None:
    ours = home(opened(shop, wallets={"points": {"per_day": 30}}), "ada", "bob")
    ours.buys("ada", "1", 500)
    answers = spent(ours, ["ada", "bob"] * 8, 10)
    assert answers == {"ada": 3, "bob": 3, "household_refused": 10}
    assert ours.has() == (440, 440, 0, 0)
    assert ours.flows() == {"ada": (500, 30), "bob": (0, 30)}


def test_members_record_and_spend_at_once(shop: Shop) -> None:
    loyalty = opened(shop, share="50")
    ours = home(loyalty, *NAMES)
    ours.buys("ada", "first", 400)

    def play(number: int) -> list[LoyaltyError | None]:
        names = NAMES[number % 4 :] + NAMES[: number % 4]
        facts = [order(f"{number}-{name}", "20.00", email=f"{name}@example.org") for name in names]
        back = [refund("r", f"{number}-{name}") for name in names[:2]]
        receipts: list[LoyaltyError | None] = []
        loyalty.record_many(facts + back, on_receipt=lambda _, one: receipts.append(one.error))
        loyalty.redeem(ours.id, points=5, spender=ours.people[names[0]], key=f"s{number}")
        return receipts

    with ThreadPoolExecutor(8) as threads:
        answers = [one for each in threads.map(play, range(12)) for one in each]
    assert answers == [None] * 72
    owned = sum(ours.of(name)[0] for name in NAMES)
    assert (owned, ours.has()[0]) == (200 + 12 * 20, 200 + 12 * 20 - 60)
    assert {took for _, took in ours.flows().values()} == {15}
    assert loyalty.verify().problems == ()


def test_sharing_costs_two_statements_and_nothing_for_who_does_not_share(shop: Shop) -> None:
    plain, sharing = shop.open(program="plain"), opened(shop)
    ours = home(sharing, "ada", "bob")
    counts = []
    for loyalty, name in ((plain, "cy"), (sharing, "cy"), (sharing, "ada"), (sharing, "bob")):
        for warm in ("1", "2"):
            loyalty.record(order(f"{name}{warm}", email=f"{name}@example.org"))
        with statements_of(loyalty) as sent:
            loyalty.record(order(f"{name}3", email=f"{name}@example.org"))
        counts.append(len(sent))
    assert counts[1:] == [counts[0], counts[0] + 2, counts[0] + 2]
    assert ours.has()[0] == 360
