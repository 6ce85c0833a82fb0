"""A partner's points through GraphQL: quoted and spent like one's own."""

from collections.abc import Iterator
from typing import Any

import pytest

from gateway.tests.shop import CONFIG, Clock, Front, ShopPlugin, signed
from loyalty_core import Loyalty
from loyalty_core.storage.engine import open_engine

REWARD = "partner:bakery.crumbs"
QUOTE = """query ($cart: CartInput!) {
  quote(cart: $cart) { ... on Quote { offers { reward points worth { amount } } } }
}"""
REDEEM = """mutation ($points: Points, $key: String!) {
  redeem(points: $points, reward: "partner:bakery.crumbs", idempotencyKey: $key) {
    __typename
    ... on Redemption { wallet points worth { amount currency } }
    ... on InsufficientPoints { needed available }
    ... on UserError { code }
  }
}"""


@pytest.fixture
def shops(clock: Clock) -> Iterator[tuple[Loyalty, Loyalty]]:
    """The bakery, whose crumbs have a digit, and the shop, on one database."""
    engine = open_engine("sqlite://")
    price: Any = {"points": 10, "amount": "0.90"}
    bakery: Any = {
        "program": {"id": "bakery", "currency": "EUR"},
        "wallets": {"crumbs": {"scale": 1}},
        "partners": {"shop": {"pays": {"crumbs": {"price": price}}}},
    }
    accepted = {"scale": 1, "value": {"points": 10, "amount": "1.00"}}
    partners = {"bakery": {"accepts": {"crumbs": accepted}}}
    one = Loyalty.open(bakery, engine, clock=clock)
    other = Loyalty.open(
        {**CONFIG, "partners": partners}, engine, plugins=[ShopPlugin()], clock=clock
    )
    yield one, other
    engine.dispose()


def test_a_partners_points_are_quoted_and_spent(shops: tuple[Loyalty, Loyalty]) -> None:
    bakery, shop = shops
    front = Front(shop)
    ada = bakery.enrol({"email": "ada@example.org"}).id
    bakery.adjust(ada, "crumbs", 500, reason="r", actor="eve", key="a")
    reader = shop.enrol({"email": "ada@example.org"}).id
    token = signed(reader)
    refused = front.data(REDEEM, token, points="10", key="k")["redeem"]
    assert refused == {"__typename": "LinkRefused", "code": "link_refused"}
    shop.link(reader, "bakery", ada, key="l")
    cart = {"currency": "EUR", "lines": [{"id": "1", "amount": "2.50"}]}
    offers = front.data(QUOTE, token, cart=cart)["quote"]["offers"]
    mine = [one for one in offers if one["reward"] == REWARD]
    assert mine == [{"reward": REWARD, "points": "25.0", "worth": {"amount": "2.50"}}]
    spent = front.data(REDEEM, token, points="12.5", key="k")["redeem"]
    worth = {"amount": "1.25", "currency": "EUR"}
    expected = {"__typename": "Redemption", "wallet": "bakery.crumbs", "points": "12.5"}
    assert spent == {**expected, "worth": worth}
    short = front.data(REDEEM, token, points="99", key="k2")["redeem"]
    expected = {"__typename": "InsufficientPoints", "needed": "99.0", "available": "37.5"}
    expected["code"] = "insufficient_points"
    assert short == expected
    assert bakery.statement(ada).wallet("crumbs").balance == 375


def test_a_partners_points_are_not_ours_to_give_or_to_change(
    shops: tuple[Loyalty, Loyalty],
) -> None:
    _, shop = shops
    front = Front(shop)
    ada = shop.enrol({"email": "ada@example.org"}).id
    give = """mutation { transfer(to: {kind: EMAIL, value: "bob@example.org"}, points: "5",
      wallet: "bakery.crumbs", idempotencyKey: "k") { ... on UserError { code } } }"""
    assert front.data(give, signed(ada))["transfer"] == {"code": "wallet_unknown"}
    change = """mutation A($id: ID!) { adjust(memberId: $id, wallet: "bakery.crumbs",
      points: "5", reason: "r", actor: "eve", idempotencyKey: "k") {
      ... on UserError { code } } }"""
    assert front.admin_data(change, id=ada)["adjust"] == {"code": "wallet_unknown"}
