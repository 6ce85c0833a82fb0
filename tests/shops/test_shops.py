"""The shops one can click through: over real HTTP, and in a browser."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest

from examples.shops.page import page_app
from examples.shops.platforms import PLATFORMS
from examples.shops.running import Running, reward_of, running, served
from gateway.tests import browser
from tests.architecture.tree import ROOT

ADA = "ada@example.org"
PATIENCE = 30


@dataclass
class Client:
    """Who clicks, without a browser."""

    url: str
    now: Running
    shop: str

    def state(self) -> Any:
        with urllib.request.urlopen(f"{self.url}/{self.shop}/state") as answer:
            return json.load(answer)

    def do(self, what: str, status: int = 200, **given: Any) -> Any:
        body = json.dumps(given).encode()
        headers = {"content-type": "application/json"}
        request = urllib.request.Request(
            f"{self.url}/{self.shop}/do/{what}", data=body, headers=headers
        )
        try:
            with urllib.request.urlopen(request) as answer:
                assert answer.status == status
                return json.load(answer)["told"]
        except urllib.error.HTTPError as error:
            with error:
                code, told = error.code, json.load(error)
        assert code == status, told
        return told["message"]

    def until(self, holds: Callable[[Any], Any]) -> Any:
        """The state as soon as something holds of it."""
        end = time.monotonic() + PATIENCE
        while not holds(state := self.state()):
            assert time.monotonic() < end, json.dumps(state, indent=1)
            time.sleep(0.1)
        return state

    def points(self) -> str:
        return str(self.state()["members"][ADA]["wallet"]["balance"])

    def until_points(self, points: int) -> Any:
        wallet = {"name": "points", "balance": str(points), "available": str(points)}
        return self.until(lambda state: state["members"].get(ADA, {}).get("wallet") == wallet)


def lines(state: Any) -> str:
    """What the shop has of the program's."""
    return "\n".join(line for found in state["shown"].values() for line in found)


@pytest.fixture(scope="module", params=sorted(PLATFORMS))
def platform(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def client(platform: str, tmp_path: Path) -> Iterator[Client]:
    with ExitStack() as stack:
        made = stack.enter_context(PLATFORMS[platform]())
        now = stack.enter_context(running([made], f"sqlite:///{tmp_path / 'books.db'}"))
        url = stack.enter_context(served(page_app(now)))
        yield Client(url, now, platform)


def test_an_order_with_all_that_becomes_of_it(client: Client) -> None:
    order = client.do("place", email=ADA, articles=["POT", "CUP"])
    state = client.until_points(425)
    assert state["members"][ADA]["tiers"][0]["name"] == "Member"
    assert {sent["answer"] for sent in state["deliveries"]} == {200}
    client.do("add", order=order, article="TEA")
    state = client.until_points(545)
    assert state["members"][ADA]["tiers"][0]["name"] == "Silver"
    (shown,) = state["orders"]
    assert shown["total"] == "54.50"
    client.do("refund-line", order=order, line=shown["lines"][1]["id"])
    client.until_points(465)
    client.do("refund-amount", order=order, amount="2.00")
    assert client.until_points(445)["orders"][0]["refunded"] == "10.00"
    client.do("cancel", order=order)
    state = client.until_points(0)
    assert state["orders"][0]["cancelled"]
    assert state["connector"]["messages"]["dead"] == 0
    assert client.now.loyalty.verify().problems == ()


def test_what_cannot_be_done_is_said(client: Client) -> None:
    assert client.do("register", 409, email="nobody") == "write an e-mail address"
    assert client.do("place", 409, email=ADA, articles=[]) == "choose an article"
    assert client.do("place", 409, email=ADA, articles=["HAT"]) == "there is no article HAT"
    state = client.state()
    assert (state["members"], state["deliveries"]) == ({}, [])
    order = client.do("place", email=ADA, articles=["CUP"])
    assert "8.00 can be paid back" in client.do("refund-amount", 409, order=order, amount="8.01")
    line = client.state()["orders"][0]["lines"][0]["id"]
    client.do("refund-line", order=order, line=line)
    assert "nothing is left" in client.do("refund-line", 409, order=order, line=line)
    assert client.do("cancel", 409, order="1") == "there is no such order, or it is cancelled"
    client.do("dance", 404)


def test_the_page_is_shown_while_something_is_clicked(client: Client) -> None:
    client.do("register", email=ADA)
    gateway, shop = client.now.gateway, client.now.shops[client.shop]
    asked = gateway.member

    def asking(email: str) -> dict[str, Any]:
        shop.register(f"friend-{len(shop.customers)}@example.org")
        return asked(email)

    gateway.member = asking  # type: ignore[method-assign]
    assert list(client.state()["members"]) == [ADA]
    assert len(client.state()["members"]) == 2


def test_a_shop_that_goes_down_again_stays_down_for_as_long(client: Client) -> None:
    double = client.now.shops[client.shop].platform.double
    client.do("down", seconds=0)
    client.until(lambda now: not now["down"])
    client.do("down", seconds=1)
    client.do("up")
    client.do("down", seconds=600)
    time.sleep(1.5)
    assert double.down


def test_a_customer_who_registers_is_shown_what_they_have(client: Client) -> None:
    client.do("register", email=ADA)
    client.do("place", email=ADA, articles=["TEA"])
    state = client.until(lambda now: "120" in lines(now))
    assert ADA in lines(state)


def test_points_become_a_code_in_the_shop(client: Client) -> None:
    client.do("place", email=ADA, articles=["TEA"])
    client.until_points(120)
    told = client.do("redeem", email=ADA)
    assert told["state"] == "CAPTURED" or told["state"] == "HELD", told
    state = client.until(
        lambda now: any(
            grant["code"] and grant["state"] == "ISSUED" for grant in now["members"][ADA]["grants"]
        )
    )
    (grant,) = state["members"][ADA]["grants"]
    assert grant["reward"] == reward_of(client.now.shops[client.shop].platform)
    assert grant["code"].upper() in lines(state).upper()
    assert client.points() == "70"


def test_a_lost_webhook_is_found_by_reconciling(client: Client) -> None:
    client.do("place", email=ADA, articles=["TEA"])
    client.until_points(120)
    client.do("reconcile")
    client.do("lose")
    assert client.state()["loses"]
    client.do("place", email=ADA, articles=["POT"])
    state = client.state()
    assert (state["deliveries"][0]["answer"], state["loses"]) == ("lost", False)
    assert client.points() == "120"
    assert client.do("reconcile")["missing"] == 1
    state = client.until_points(465)
    assert [one["kind"] for one in state["connector"]["lastWalk"]["drift"]] == ["missing"]


def test_a_shop_that_is_down_waits_and_loses_nothing(client: Client) -> None:
    client.do("place", email=ADA, articles=["TEA"])
    client.until_points(120)
    client.do("down", seconds=600)
    state = client.until(lambda now: not now["connector"]["health"]["ok"])
    assert state["down"]
    client.do("redeem", email=ADA)
    assert "message" in client.do("reconcile")
    client.do("up")
    state = client.until(lambda now: now["connector"]["health"]["ok"])
    assert not state["down"]
    client.until(lambda now: [one["state"] for one in now["members"][ADA]["grants"]] == ["ISSUED"])
    assert client.do("reconcile")["refused"] == 0


def test_all_shops_are_one_program(tmp_path: Path) -> None:
    with ExitStack() as stack:
        made = [stack.enter_context(PLATFORMS[name]()) for name in sorted(PLATFORMS)]
        now = stack.enter_context(running(made, f"sqlite:///{tmp_path / 'books.db'}"))
        for shop in now.shops.values():
            shop.place(ADA, ["CUP"])
        end = time.monotonic() + PATIENCE
        while now.gateway.member(ADA).get("wallet", {}).get("balance") != str(80 * len(made)):
            assert time.monotonic() < end, now.gateway.member(ADA)
            time.sleep(0.1)
        assert now.loyalty.report().members == 1


def test_the_page_is_clicked_in_a_browser(client: Client, tmp_path: Path) -> None:
    chromium = browser.find_chromium()
    if chromium is None:
        pytest.skip("no Chromium on PATH; on Debian: apt-get install chromium")
    member = f"document.querySelector('[data-member=\"{ADA}\"]')?.textContent"
    with browser.opened(chromium, tmp_path) as page:
        page.call("Page.navigate", url=f"{client.url}/{client.shop}")
        page.until("document.querySelectorAll('#articles input').length === 3")
        page.value("document.getElementById('place').click()")
        page.until(f"({member} || '').includes('345 points, 345 to spend')")
        page.value("document.querySelector('[data-what=\"add\"]').click()")
        page.until(f"({member} || '').includes('465 points')")
        page.value("document.querySelector('[data-what=\"refund-amount\"]').click()")
        page.until(f"({member} || '').includes('445 points')")
        page.value("document.getElementById('redeem').click()")
        page.until(f"({member} || '').includes('ISSUED TEA-')")
        page.until("document.getElementById('shown').textContent.toUpperCase().includes('TEA-')")
        page.value("document.querySelector('[data-what=\"refund-line\"]').click()")
        page.until("document.getElementById('orders').textContent.includes('36.50 paid back')")
        page.value("document.querySelector('[data-what=\"cancel\"]').click()")
        page.until("document.querySelector('article.cancelled') !== null")
        page.value("document.getElementById('lose').click()")
        page.until("document.getElementById('mood').textContent.includes('gets lost')")
        rows = "document.querySelectorAll('#deliveries tr').length"
        assert page.until(f"{rows} > 4")
        assert page.told("Runtime.exceptionThrown") == []
        logged = [event["entry"]["text"] for event in page.told("Log.entryAdded")]
        assert [text for text in logged if "Content Security Policy" in text] == []
        asked = [event["request"]["url"] for event in page.told("Network.requestWillBeSent")]
        assert [one for one in asked if not one.startswith((client.url, "data:"))] == []


def test_the_command_says_where_everything_is() -> None:
    command = [sys.executable, "-m", "examples.shops", "--port", "0", "--gateway-port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        stopping = threading.Timer(PATIENCE, process.kill)
        stopping.start()
        try:
            said = list(takewhile(lambda line: line != "Stop with Ctrl-C.\n", process.stdout))
            lines = said[: len(PLATFORMS)]
            for line in lines:
                (url,) = re.findall(r"http://\S+", line)
                with urllib.request.urlopen(url) as answer:
                    assert b"Place the order" in answer.read()
        finally:
            stopping.cancel()
            process.terminate()
    assert len(lines) == len(PLATFORMS)
