"""From the shop to the gateway and back: a webhook, and a page of a customer who is signed in."""

from __future__ import annotations

from starlette.testclient import TestClient

from examples.shops.shopify.double import Shopify
from examples.shops.shopify.papers import order, webhook
from loyalty_core import Loyalty
from loyalty_gateway import GatewaySettings, create_app
from loyalty_gateway.settings import JwtSettings
from plugins.shopify.tests.build import opened, points
from plugins.shopify.tests.test_signing import proxied

JWT = JwtSettings(secret="a secret of thirty-two bytes or more, for tests", audience="loyalty")


def client_of(loyalty: Loyalty) -> TestClient:
    return TestClient(create_app(loyalty, GatewaySettings(jwt=JWT)))


def test_a_wrong_signature_is_answered_with_401(double: Shopify) -> None:
    """Shopify's review of apps asks for that very number."""
    with opened(double) as loyalty:
        client, forged = client_of(loyalty), webhook(order(), secret="a guess")
        url = "/webhooks/shopify/tea"
        answer = client.post(url, content=forged.body, headers=list(forged.headers))
        assert answer.status_code == 401
        assert loyalty.work_inbox().done == 0


def test_a_customer_sees_on_a_page_of_the_shop_what_they_bought_there(double: Shopify) -> None:
    with opened(double) as loyalty:
        client, sold = client_of(loyalty), webhook(order())
        url = "/webhooks/shopify/tea"
        assert client.post(url, content=sold.body, headers=list(sold.headers)).status_code == 200
        assert points(loyalty) == 10
        answer = client.get("/sign-in/shopify/tea" + proxied(logged_in_customer_id="7000"))
        assert answer.status_code == 200, answer.text
        token = answer.json()["token"]
        query = '{ me { wallet(name: "points") { balance } } }'
        asked = client.post(
            "/graphql", json={"query": query}, headers={"authorization": f"Bearer {token}"}
        )
        assert asked.json() == {"data": {"me": {"wallet": {"balance": "10"}}}}
        nobody = client.get("/sign-in/shopify/tea" + proxied(logged_in_customer_id=""))
        assert nobody.status_code == 401
