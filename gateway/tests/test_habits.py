"""Habits through GraphQL: a member's own, and anybody's for operators."""

from gateway.tests.shop import Front, order, signed
from loyalty_core import Loyalty

MINE = "{ me { habits { recent { orders average { amount currency } } daysBetween } } }"
THEIRS = """query H($id: ID!, $days: Int!) { member(id: $id) { habits(days: $days) {
  lifetime { orders total { amount } } recent { orders } usualOrder { orders } } } }"""


def test_members_see_their_own(front: Front, loyalty: Loyalty) -> None:
    receipts = [loyalty.record(order(str(n), "ada@example.org", "1.01")) for n in range(2)]
    bob = loyalty.record(order("3", "bob@example.org", "9.00")).member_id or ""
    ada = receipts[0].member_id or ""
    assert front.data(MINE, signed(ada))["me"]["habits"] == {
        "recent": [{"orders": 2, "average": {"amount": "1.01", "currency": "EUR"}}],
        "daysBetween": 0,
    }
    assert front.data(MINE, signed(bob))["me"]["habits"]["daysBetween"] is None


def test_operators_see_anybodys_over_any_window(front: Front, loyalty: Loyalty) -> None:
    ada = loyalty.record(order("1", "ada@example.org", "2.50")).member_id
    assert front.admin_data(THEIRS, id=ada, days=1)["member"]["habits"] == {
        "lifetime": [{"orders": 1, "total": {"amount": "2.50"}}],
        "recent": [{"orders": 1}],
        "usualOrder": None,
    }
    answer = front.admin(THEIRS, id=ada, days=0)
    assert answer["errors"][0]["extensions"]["code"] == "fact_malformed"


def test_an_article_by_the_gram_is_more_than_an_int_holds(front: Front, loyalty: Loyalty) -> None:
    for number in range(2):
        flour = order(str(number), "ada@example.org", "2.50")
        flour["lines"][0] |= {"sku": "flour", "quantity": 3 * 10**9}
        ada = loyalty.record(flour).member_id
    usual = "{ habits { usualOrder { orders items { sku quantity } } } }"
    asked = f"query H($id: ID!) {{ member(id: $id) {usual} }}"
    assert front.admin_data(asked, id=ada)["member"]["habits"]["usualOrder"] == {
        "orders": 2,
        "items": [{"sku": "flour", "quantity": 3 * 10**9}],
    }
