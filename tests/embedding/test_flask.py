"""The Flask shop: its transaction and ours are one, on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from loyalty_core import Loyalty
from tests.embedding.loading import EXAMPLES, loaded

shop = loaded(EXAMPLES / "flask_app.py")


@pytest.fixture
def app(database_url: str) -> Iterator[Flask]:
    made: Flask = shop.create_app(database_url)
    yield made
    made.extensions["shop"][0].dispose()


def basket(number: str, amount: str, **more: Any) -> dict[str, Any]:
    lines = [{"id": "1", "amount": amount}]
    return {"number": number, "email": "ada@example.org", "card": "4242", "lines": lines, **more}


def state(app: Flask) -> tuple[int, int, int, int]:
    """The shop's orders, our orders, our members, and what Ada can spend."""
    engine, loyalty = app.extensions["shop"]
    assert isinstance(loyalty, Loyalty)
    with engine.connect() as connection:
        orders = connection.scalar(select(func.count()).select_from(shop.orders))
    report = loyalty.report()
    assert loyalty.verify().problems == ()
    points = app.test_client().get("/points/ada@example.org").get_json()["available"]
    return orders, report.orders, report.members, points


def test_a_checkout_books_both(app: Flask) -> None:
    client = app.test_client()
    answer = client.post("/checkout", json=basket("1", "80.00"))
    assert (answer.status_code, answer.get_json()) == (200, {"charged_minor": 8000, "earned": 80})
    assert state(app) == (1, 1, 1, 80)
    answer = client.post("/checkout", json=basket("2", "10.00", points=60))
    assert answer.get_json() == {"charged_minor": 940, "earned": 9}
    assert state(app) == (2, 2, 1, 29)


def test_a_declined_card_undoes_everything(app: Flask) -> None:
    client = app.test_client()
    answer = client.post("/checkout", json=basket("1", "80.00", card="declined"))
    assert (answer.status_code, answer.get_json()) == (402, {"code": "card_declined"})
    assert state(app) == (0, 0, 0, 0)

    client.post("/checkout", json=basket("1", "80.00"))
    answer = client.post("/checkout", json=basket("2", "10.00", points=60, card="declined"))
    assert answer.status_code == 402
    assert state(app) == (1, 1, 1, 80)
    again = client.post("/checkout", json=basket("2", "10.00", points=60))
    assert again.get_json() == {"charged_minor": 940, "earned": 9}
    assert state(app) == (2, 2, 1, 29)


def test_what_the_program_refuses_leaves_no_order(app: Flask) -> None:
    client = app.test_client()
    client.post("/checkout", json=basket("1", "80.00"))
    answer = client.post("/checkout", json=basket("2", "10.00", points=81))
    assert answer.status_code == 422
    assert answer.get_json()["code"] == "insufficient_points"
    assert state(app) == (1, 1, 1, 80)


def test_an_order_number_is_used_once(app: Flask) -> None:
    client = app.test_client()
    client.post("/checkout", json=basket("1", "80.00"))
    answer = client.post("/checkout", json=basket("1", "80.00"))
    assert (answer.status_code, answer.get_json()["code"]) == (409, "order_known")
    assert state(app) == (1, 1, 1, 80)
