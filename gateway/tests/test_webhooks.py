"""Webhooks over HTTP: what is answered, and that it is booked after the answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from gateway.tests.serving import served
from gateway.tests.shop import CONFIG, Clock, ShopPlugin, order
from loyalty_core import ConfigError, Input, Loyalty, Message, Secret, StoreBusy
from loyalty_gateway import GatewaySettings, create_app
from tests.stall import Stall, sent, signed

URL = "/webhooks/stall/main"


@pytest.fixture
def stall() -> Stall:
    return Stall()


@pytest.fixture
def loyalty(clock: Clock, stall: Stall) -> Iterator[Loyalty]:
    config = {**CONFIG, "plugins": {"shop": {}, "stall": {}}}
    with Loyalty.open(config, "sqlite://", plugins=[ShopPlugin(), stall], clock=clock) as opened:
        yield opened


@pytest.fixture
def client(loyalty: Loyalty) -> TestClient:
    return TestClient(create_app(loyalty, GatewaySettings(webhook_limit_bytes=10_000)))


def post(client: TestClient, webhook: dict[str, Any], url: str = URL) -> tuple[int, Any]:
    answer = client.post(url, content=webhook["body"], headers=list(webhook["headers"]))
    return answer.status_code, answer.json()


def purchase(number: str = "1") -> dict[str, Any]:
    bought: dict[str, Any] = order(number, "ada@example.org", "120.50")
    return bought


def test_a_webhook_is_answered_and_then_booked(client: TestClient, loyalty: Loyalty) -> None:
    assert post(client, sent(purchase())) == (200, {"status": "received"})
    assert post(client, sent(purchase())) == (200, {"status": "duplicate"})
    assert post(client, sent({}, "ping")) == (200, {"status": "ok"})
    assert loyalty.report().orders == 1  # no tick has run


class Slow(Stall):
    """A stall whose messages take as long to translate as the test says."""

    going_on = threading.Event()

    def translate(self, message: Message) -> Iterable[Input]:
        assert self.going_on.wait(60)
        return super().translate(message)


def test_the_answer_does_not_wait_for_what_follows(clock: Clock, tmp_path: Path) -> None:
    config = {**CONFIG, "plugins": {"shop": {}, "stall": {}}}
    stall, database = Slow(), f"sqlite:///{tmp_path / 'shop.db'}"
    with (
        Loyalty.open(config, database, plugins=[ShopPlugin(), stall], clock=clock) as loyalty,
        served(loyalty) as address,
        httpx2.Client(base_url=address, timeout=60) as asking,
    ):
        for number in ("1", "2"):  # the second comes while the first is worked on
            webhook = sent(purchase(number))
            headers = list(webhook["headers"])
            answer = asking.post(URL, content=webhook["body"], headers=headers)
            assert answer.json() == {"status": "received"}
        assert loyalty.report().orders == 0
        stall.going_on.set()
        while loyalty.report().orders < 2:
            time.sleep(0.02)


def test_a_wrong_signature_is_401_and_nothing_is_kept(client: TestClient, loyalty: Loyalty) -> None:
    forged = signed(b"{}", key=b"a guess")
    assert post(client, forged) == (401, {"error": "signature_invalid"})
    doubled = sent(purchase())
    doubled["headers"] = (*doubled["headers"], doubled["headers"][0])
    assert post(client, doubled) == (401, {"error": "signature_invalid"})
    assert loyalty.work_inbox().done == 0
    assert loyalty.report().orders == 0


def test_other_requests_are_refused(client: TestClient) -> None:
    assert post(client, sent(purchase()), "/webhooks/stall/other")[0] == 404
    assert post(client, sent(purchase()), "/webhooks/shop/main")[0] == 404
    assert post(client, signed(b"x" * 10_001)) == (413, {"error": "TOO_LARGE"})
    assert client.get(URL).status_code == 405


def test_a_shop_sends_again_what_could_not_be_kept(
    client: TestClient, loyalty: Loyalty, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object, **__: object) -> None:
        raise StoreBusy("the database is locked")

    with monkeypatch.context() as patched:
        patched.setattr(Loyalty, "receive", busy)
        answer = client.post(URL, content=b"{}")
    assert (answer.status_code, answer.json()) == (503, {"error": "unavailable"})
    assert answer.headers["retry-after"] == "30"


def test_a_gateway_does_not_start_without_its_secrets(
    loyalty: Loyalty, stall: Stall, monkeypatch: pytest.MonkeyPatch
) -> None:
    stall.secrets = (Secret("env:STALL_SECRET"),)
    monkeypatch.delenv("STALL_SECRET", raising=False)
    with pytest.raises(ConfigError) as refused:
        create_app(loyalty, GatewaySettings())
    assert [(one.where, one.code) for one in refused.value.problems] == [
        ("plugins.stall.main", "secret_missing")
    ]
    monkeypatch.setenv("STALL_SECRET", "x")
    create_app(loyalty, GatewaySettings())
