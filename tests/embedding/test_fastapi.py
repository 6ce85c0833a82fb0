"""The FastAPI shop, with the gateway mounted in it."""

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.embedding.loading import EXAMPLES, loaded

ADA = {"X-Customer": "ada@example.org"}
ORDER: dict[str, Any] = {
    "type": "order",
    "source": "web",
    "id": "1",
    "identities": {"email": "ada@example.org"},
    "currency": "EUR",
    "occurred_at": "2025-01-12T09:30:00Z",
    "lines": [{"id": "1", "amount": "80.00"}],
}
CART = {"currency": "EUR", "lines": [{"id": "1", "amount": "30.00"}]}


@pytest.fixture
def client(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    monkeypatch.setenv("SHOP_TOKEN_SECRET", "a secret of the tests, long enough for HS256")
    shop = loaded(EXAMPLES / "fastapi_app.py").create_shop(database_url)
    with TestClient(shop) as client:
        yield client


def test_orders_earn_once(client: TestClient) -> None:
    assert client.get("/me/points", headers=ADA).status_code == 404
    assert client.post("/orders", json=ORDER).json() == {"status": "booked", "points": 80}
    assert client.post("/orders", json=ORDER).json() == {"status": "duplicate", "points": 0}
    points = client.get("/me/points", headers=ADA).json()
    assert points == {"available": 80, "worth": "0.80 EUR"}


def test_a_wrong_order_is_told_its_fault(client: TestClient) -> None:
    answer = client.post("/orders", json={**ORDER, "currency": "EURO"})
    assert answer.status_code == 422
    assert answer.json()["code"] == "currency_unknown"
    assert client.get("/me/points", headers=ADA).status_code == 404


def test_the_front_end_asks_the_gateway(client: TestClient) -> None:
    client.post("/orders", json=ORDER)
    token = client.get("/me/loyalty-token", headers=ADA).json()["token"]
    query = """query Checkout($cart: CartInput!) {
      me { wallet(name: "points") { available worth { amount currency } } }
      quote(cart: $cart) { ... on Quote { earnings { rule points } offers { reward points } } }
    }"""
    answer = client.post(
        "/loyalty/graphql",
        json={"query": query, "variables": {"cart": CART}},
        headers={"Authorization": f"Bearer {token}"},
    )
    assert answer.json() == {
        "data": {
            "me": {"wallet": {"available": "80", "worth": {"amount": "0.80", "currency": "EUR"}}},
            "quote": {
                "earnings": [{"rule": "purchases", "points": "30"}],
                "offers": [{"reward": "points.discount", "points": "80"}],
            },
        }
    }


def test_without_a_token_the_gateway_shows_nobody(client: TestClient) -> None:
    client.post("/orders", json=ORDER)
    answer = client.post("/loyalty/graphql", json={"query": "{ me { id } }"})
    assert answer.json() == {"data": {"me": None}}
