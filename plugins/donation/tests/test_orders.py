"""What of an order goes to a charity: percentages, the customer's own gifts, and the choice."""

from __future__ import annotations

import pytest

from loyalty_donation import choice
from plugins.donation.tests.build import ADA, NOON, OAKS, ONE_PERCENT, Opened, gift, later

CHOICE = choice("shelter", identities=ADA, at=NOON, key="c1")


def test_a_percentage_is_rounded_once_and_shared_by_the_lines(opened: Opened) -> None:
    shop = opened(percent=[ONE_PERCENT])
    receipt = shop.buy("1", "33.33", "33.33", "33.34", "0.49")
    assert receipt.changes == {"points": 100, "reef": 100}
    (award,) = [
        award
        for transaction in receipt.transactions
        for award in shop.loyalty.explain(transaction).awards
        if award.rule == "one-percent"
    ][:1]
    assert dict(award.lines) == {"a": 33, "b": 33, "c": 33, "d": 1}


@pytest.mark.parametrize(("amount", "given"), [("0.49", 0), ("0.50", 1), ("1.49", 1), ("1.50", 2)])
def test_half_a_cent_is_rounded_up(opened: Opened, amount: str, given: int) -> None:
    shop = opened(percent=[ONE_PERCENT])
    shop.buy("1", amount)
    assert shop.balance("reef") == given


def test_what_is_no_purchase_gives_no_percentage(opened: Opened) -> None:
    shop = opened(percent=[ONE_PERCENT])
    lines = [{"id": kind, "amount": "10.00", "kind": kind} for kind in ("gift_card", "tip")]
    receipt = shop.buy("1", "10.00", discount="10.00", shipping="4.00", more=lines)
    assert receipt.changes == {}


def test_percentages_have_their_days_and_categories(opened: Opened) -> None:
    rule = {
        **ONE_PERCENT,
        "categories": ["tea"],
        "starts_on": "2026-03-02",
        "ends_on": "2026-03-02",
    }
    shop = opened(percent=[rule])
    tea = [{"id": "tea", "amount": "50.00", "categories": ["tea"]}]
    shop.buy("before", more=tea, occurred_at="2026-03-01T23:59:59Z")
    assert shop.balance("reef") == 0
    shop.buy("on", "900.00", more=tea, occurred_at="2026-03-02T23:59:59Z")
    assert shop.balance("reef") == 50
    shop.buy("after", more=tea, occurred_at="2026-03-03T00:00:00Z")
    assert shop.balance("reef") == 50


def test_gifts_on_lines_are_booked_to_the_cent_and_go_to_the_articles_charity(
    opened: Opened,
) -> None:
    shop = opened()
    dogs = gift("3.21", sku="DOGS") | {"id": "dogs"}
    receipt = shop.buy("1", "10.00", more=[gift("0.07"), gift("2.00") | {"id": "two"}, dogs])
    assert receipt.changes == {"points": 10, "reef": 207, "shelter": 321}


def test_a_gift_in_a_currency_without_an_account_is_told(opened: Opened) -> None:
    shop = opened()
    assert shop.buy("1", "5.00", currency="GBP", more=[gift("1.50")]).changes == {}
    shop.loyalty.tick()
    given = {"charity": "reef", "amount": "1.50", "currency": "GBP"}
    assert shop.told == [
        ("donation.without_account", {"source": "web", "order": "1", "line": "gift", **given})
    ]


def test_each_currency_has_its_account(opened: Opened) -> None:
    shop = opened(percent=[ONE_PERCENT])
    assert shop.buy("1", "20.00", currency="EUR").changes == {"reef-eur": 20}
    assert shop.buy("2", "20.00", currency="GBP").changes == {}


def test_the_order_says_who_gets_it_else_the_member_else_the_first(opened: Opened) -> None:
    shop = opened(percent=[ONE_PERCENT])
    shop.buy("1", "10.00", occurred_at=later(-1))
    shop.record(CHOICE)
    shop.buy("2", "10.00", occurred_at=later(1))
    shop.buy("3", "10.00", occurred_at=later(2), tags=["charity:reef"])
    shop.buy("4", "10.00", occurred_at=later(3), tags=["charity:nobody"])
    assert (shop.balance("reef"), shop.balance("shelter")) == (20, 20)


def test_a_choice_of_nobody_changes_nothing(opened: Opened) -> None:
    shop = opened(percent=[ONE_PERCENT])
    shop.record(choice("nobody", identities=ADA, at=NOON, key="c1"))
    shop.buy("1", "10.00", occurred_at=later(1))
    shop.loyalty.tick()
    assert (shop.balance("reef"), shop.balance("shelter")) == (10, 0)
    assert shop.told == [("donation.choice_refused", {"charity": "nobody"})]


def test_who_is_not_among_a_rules_charities_cannot_be_chosen_for_it(opened: Opened) -> None:
    shop = opened(percent=[{**ONE_PERCENT, "charities": ["shelter"]}])
    shop.buy("1", "10.00", tags=["charity:reef"])
    assert (shop.balance("reef"), shop.balance("shelter")) == (0, 10)


def test_a_late_choice_moves_what_came_after_it(opened: Opened) -> None:
    shop = opened(percent=[ONE_PERCENT])
    shop.buy("1", "10.00", occurred_at=later(1))
    assert (shop.balance("reef"), shop.balance("shelter")) == (10, 0)
    shop.record(CHOICE)
    assert (shop.balance("reef"), shop.balance("shelter")) == (0, 10)
    assert shop.loyalty.verify().problems == ()


def test_a_refund_takes_its_share_and_a_cancelled_order_all(opened: Opened) -> None:
    shop = opened(percent=[ONE_PERCENT])
    shop.buy("1", "60.00", "40.00", more=[gift("0.75")])
    assert shop.refund("1", lines=[{"line": "a"}]).changes == {"points": -60, "reef": -60}
    assert shop.balance("reef") == 115
    assert shop.refund("1", "s", lines=[{"line": "gift"}]).changes == {"reef": -75}
    assert shop.buy("1", "60.00", "40.00", version=1, status="cancelled").changes == {
        "points": -40,
        "reef": -40,
    }
    assert shop.outstanding() == {"oaks": 0, "reef": 0, "reef-eur": 0, "shelter": 0}


def test_a_quote_suggests_what_rounds_up(opened: Opened) -> None:
    shop = opened(round_up={"to": {"USD": "5.00"}}, percent=[ONE_PERCENT])
    lines = [{"id": "a", "amount": "12.34"}]
    quote = shop.loyalty.quote({"currency": "USD", "lines": lines, "shipping": "1.00"})
    (line,) = quote.suggested
    assert (line.id, line.kind, line.net) == ("round-up", "donation", 166)
    assert quote.earned("reef") == 12
    more = [*lines, {"id": "round-up", "amount": "1.66", "kind": "donation"}]
    again = shop.loyalty.quote({"currency": "USD", "lines": more, "shipping": "1.00"})
    assert (again.suggested, again.earned("reef")) == ((), 12 + 166)
    for round_or_foreign in (
        {"currency": "USD", "lines": [{"id": "a", "amount": "15.00"}]},
        {"currency": "EUR", "lines": lines},
    ):
        assert shop.loyalty.quote(round_or_foreign).suggested == ()


def test_a_campaign_takes_what_comes_on_its_days(opened: Opened) -> None:
    shop = opened(percent=[ONE_PERCENT], campaign=[OAKS])
    days = [
        "2026-04-30T23:59:59Z",
        "2026-05-01T00:00:00Z",
        "2026-05-10T23:59:59Z",
        "2026-05-11T00:00:00Z",
    ]
    for number, day in enumerate(days):
        shop.buy(str(number), "10.00", occurred_at=day)
    shop.buy("other", "10.00", occurred_at=days[1], tags=["charity:shelter"])
    shop.buy("euro", "10.00", occurred_at=days[1], currency="EUR")
    assert {name: shop.balance(name) for name in ("reef", "oaks", "shelter", "reef-eur")} == {
        "reef": 20,
        "oaks": 20,
        "shelter": 10,
        "reef-eur": 10,
    }
