"""A till on Square and a shop on WooCommerce in one program: one customer of both is one member."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from examples.shops.woocommerce import papers as shop_papers
from examples.shops.woocommerce.double import KEY, KEY_SECRET, WooCommerce
from loyalty_core import Loyalty
from loyalty_core.testing import FrozenClock, deliver
from plugins.square.tests import papers as till_papers
from plugins.square.tests.build import NOW, account_of
from plugins.square.tests.double import TOKEN, Square
from plugins.woocommerce.tests.build import config_of

TILL, SHOP = "square.till", "woocommerce.tea"
CODE = {"prefix": "T", "length": 12}
CATALOGUE: dict[str, Any] = {
    "coupon": {"kind": "discount", "amount": "5.00", "points": 50, "code": CODE},
    "card": {"kind": "gift_card", "amount": "5.00", "points": 50, "code": CODE},
}


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SQUARE_KEY", till_papers.KEY)
    monkeypatch.setenv("SQUARE_OLD", till_papers.OLD_KEY)
    monkeypatch.setenv("SQUARE_TOKEN", TOKEN)
    monkeypatch.setenv("WOO_SECRET", shop_papers.SECRET)
    monkeypatch.setenv("WOO_OLD", shop_papers.OLD_SECRET)
    monkeypatch.setenv("WOO_KEY", KEY)
    monkeypatch.setenv("WOO_KEY_SECRET", KEY_SECRET)


@pytest.fixture
def till() -> Iterator[Square]:
    with Square() as double:
        yield double


@pytest.fixture
def shop() -> Iterator[WooCommerce]:
    with WooCommerce() as double:
        yield double


@pytest.fixture
def loyalty(till: Square, shop: WooCommerce, database_url: str) -> Iterator[Loyalty]:
    clock = FrozenClock(NOW)
    till.clock = shop.clock = clock
    seller = account_of(till.url, rewards=["card"], location="L1", show_members=True)
    config = config_of(
        shop.url,
        catalogue=CATALOGUE,
        rewards=["coupon"],
        show_members=True,
        plugins={"square": {"seller": [seller]}},
    )
    with Loyalty.open(config, database_url, clock=clock) as made:
        yield made


def sell(loyalty: Loyalty, till: Square, id: str, **more: Any) -> None:
    till.hold(till_papers.sale(id, **more))
    deliver(loyalty, TILL, [till_papers.about_order(id)])


def order(loyalty: Loyalty, shop: WooCommerce, number: int, **more: Any) -> None:
    given = shop.hold(shop_papers.order(number, **more))
    deliver(loyalty, SHOP, [shop_papers.webhook("order.updated", given, delivery=str(number))])


def guest(email: str = "", phone: str = "") -> dict[str, Any]:
    """A guest of the shop, who has no account there."""
    return {"customer_id": 0, "billing": {"email": email, "phone": phone}}


def points(loyalty: Loyalty, **identities: str) -> int:
    found = loyalty.find(identities)
    assert found is not None
    return loyalty.statement(found.id).wallet("points").balance


@pytest.mark.parametrize("first", ["till", "shop"])
def test_an_address_makes_them_one(
    loyalty: Loyalty, till: Square, shop: WooCommerce, first: str
) -> None:
    """Whichever sold first: the till by its profile, the shop to a guest."""
    till.customers["ADA"] = till_papers.customer()
    sales = [
        lambda: sell(loyalty, till, "S1"),
        lambda: order(loyalty, shop, 1, **guest("Ada@Example.org")),
    ]
    for one in sales if first == "till" else reversed(sales):
        one()
    assert points(loyalty, email="ada@example.org") == 120
    assert loyalty.report().members == 1


def test_a_number_makes_them_one_and_then_the_address(
    loyalty: Loyalty, till: Square, shop: WooCommerce
) -> None:
    """The till knows a number alone, the shop both: what comes after finds them by either."""
    till.customers["P"] = till_papers.customer("P", "", phone_number="+14155552671")
    sell(loyalty, till, "S1", customer_id="P")
    order(loyalty, shop, 1, **guest("ada@example.org", "+1 (415) 555-2671"))
    order(loyalty, shop, 2, **guest("ada@example.org"))
    assert points(loyalty, phone="+14155552671") == 180
    assert points(loyalty, email="ada@example.org") == 180


def test_a_sale_to_a_card_is_theirs_once_its_profile_has_an_address(
    loyalty: Loyalty, till: Square, shop: WooCommerce
) -> None:
    till.customers["CARD"] = {"id": "CARD", "created_at": "2024-06-01T10:00:00Z"}
    sell(loyalty, till, "S1", customer_id="CARD")
    till.customers["CARD"] = till_papers.customer("CARD")
    deliver(loyalty, TILL, [till_papers.webhook("customer.updated", "CARD")])
    order(loyalty, shop, 1, **guest("ada@example.org"))
    assert points(loyalty, email="ada@example.org") == 120


def test_what_is_earned_here_is_spent_there_and_shown_on_both_sides(
    loyalty: Loyalty, till: Square, shop: WooCommerce
) -> None:
    till.customers["ADA"] = till_papers.customer()
    shop.customers[25] = shop_papers.customer()
    sell(loyalty, till, "S1")
    order(loyalty, shop, 1)
    ada = loyalty.find({"email": "ada@example.org"})
    assert ada is not None
    loyalty.redeem(ada.id, reward="coupon", key="1")
    loyalty.redeem(ada.id, reward="card", key="2")
    loyalty.tick()
    (coupon,), (card,) = shop.coupons.values(), till.cards.values()
    codes = {one.reward: one.code or "" for one in loyalty.grants(ada.id)}
    assert (coupon["code"], card["gan"]) == (codes["coupon"].lower(), codes["card"])
    assert card["state"] == "ACTIVE"
    till.hold(till_papers.returned("R1", till_papers.back("tea", 1000)))
    deliver(loyalty, TILL, [till_papers.about_refund("refund-R1", "R1")])
    loyalty.tick()
    assert points(loyalty, email="ada@example.org") == 10
    (meta,) = shop.customers[25]["meta_data"]
    shown = json.loads(meta["value"])["wallets"]["points"]["balance"]
    assert (shown, till.attributes["ADA", "loyalty"]) == ("10", "10 points")
    assert loyalty.verify().problems == ()


def test_two_who_turn_out_to_be_one_are_told_and_can_be_merged(
    loyalty: Loyalty, till: Square, shop: WooCommerce
) -> None:
    """Nobody's points are moved by what a till writes down: somebody has to say so."""
    till.customers["P"] = till_papers.customer("P", "", phone_number="+14155552671")
    sell(loyalty, till, "S1", customer_id="P")
    order(loyalty, shop, 1, **guest("ada@example.org"))
    till.customers["P"] = till_papers.customer("P", phone_number="+14155552671")
    sell(loyalty, till, "S2", customer_id="P")
    one, other = loyalty.find({"phone": "+14155552671"}), loyalty.find({"email": "ada@example.org"})
    assert one is not None
    assert other is not None
    assert one.id != other.id
    assert loyalty.connector_status(TILL).dead > 0  # `loyalty status` names it
    loyalty.merge(other.id, one.id, key="m")
    loyalty.replay(TILL)
    loyalty.work_inbox()
    assert loyalty.connector_status(TILL).dead == 0
    assert points(loyalty, email="ada@example.org") == 180
