"""Signing in by a connected shop: a token for whom the shop names, and for nobody else."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from gateway.tests.shop import CONFIG, Clock, ShopPlugin
from loyalty_core import Loyalty
from loyalty_gateway import GatewaySettings, create_app
from loyalty_gateway.settings import JwtSettings
from tests.stall import KEY, Stall

SECRET = "a secret of thirty-two bytes or more, for tests"
URL = "/sign-in/stall/main"
JWT = JwtSettings(secret=SECRET, audience="loyalty", issuer="shop")


@pytest.fixture
def loyalty(clock: Clock) -> Iterator[Loyalty]:
    config = {**CONFIG, "plugins": {"shop": {}, "stall": {}}}
    plugins = [ShopPlugin(), Stall()]
    with Loyalty.open(config, "sqlite://", plugins=plugins, clock=clock) as opened:
        yield opened


def client_of(loyalty: Loyalty, jwt: JwtSettings | None = JWT) -> TestClient:
    return TestClient(create_app(loyalty, GatewaySettings(jwt=jwt)))


def headers(who: str) -> dict[str, str]:
    digest = hmac.new(KEY, f"who={who}".encode(), hashlib.sha256).hexdigest()
    return {"stall-signature": digest}


def me(client: TestClient, token: str) -> Any:
    answer = client.post(
        "/graphql", json={"query": "{ me { id } }"}, headers={"authorization": f"Bearer {token}"}
    )
    return answer.json()


def test_whom_the_shop_names_is_signed_in(loyalty: Loyalty) -> None:
    ada = loyalty.enrol({"email": "ada@example.org"})
    client, who = client_of(loyalty), "ada@example.org"
    for method in ("GET", "POST"):
        answer = client.request(method, f"{URL}?who={who}", headers=headers(who))
        assert (answer.status_code, answer.json()["expires_in"]) == (200, 300)
        assert answer.headers["cache-control"] == "no-store"
        assert me(client, answer.json()["token"])["data"] == {"me": {"id": ada.id}}


def test_who_is_no_member_has_a_token_for_nobody(loyalty: Loyalty) -> None:
    client, who = client_of(loyalty), "eve@example.org"
    token = client.get(f"{URL}?who={who}", headers=headers(who)).json()["token"]
    assert me(client, token)["errors"][0]["extensions"]["code"] == "member_not_found"


def test_what_the_shop_has_not_signed_names_nobody(loyalty: Loyalty) -> None:
    client = client_of(loyalty)
    forged = client.get(f"{URL}?who=ada@example.org", headers=headers("eve@example.org"))
    assert (forged.status_code, forged.json()) == (401, {"error": "signature_invalid"})
    assert client.get(f"{URL}?who=a").status_code == 401
    assert client.get("/sign-in/stall/other?who=a").status_code == 404


def test_without_a_secret_nobody_is_signed_in(loyalty: Loyalty) -> None:
    client = client_of(loyalty, None)
    answer = client.get(f"{URL}?who=a", headers=headers("a"))
    assert (answer.status_code, answer.json()) == (404, {"error": "sign_in_off"})
