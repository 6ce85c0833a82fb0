"""``loyalty connect NAME ...``: what each command prints, and its exit code."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from loyalty_core import Loyalty
from loyalty_core.cli.commands import answers, connect, operations
from loyalty_core.testing import FrozenClock
from tests.stall import Stall, away, sent
from tests.toy import START
from tests.unit.cli.shop import CONFIG, Shop, order


@pytest.fixture
def stall(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Stall:
    """The stall, switched on in the shop, as if it were installed."""
    made, clock = Stall(sold=[order(number) for number in range(3)]), FrozenClock(START)
    text = CONFIG + "\n[plugins.stall]\n"
    (shop.folder / "loyalty.toml").write_text(text, encoding="utf-8")

    @contextmanager
    def opened(config: Path, database: str | None, at: str | None = None) -> Iterator[Loyalty]:
        with Loyalty.open(config, database, plugins=[made], clock=clock) as loyalty:
            yield loyalty

    monkeypatch.setattr(connect, "opened", opened)
    monkeypatch.setattr(operations, "opened", opened)
    monkeypatch.setattr(answers, "opened", opened)
    made.opened = opened  # type: ignore[attr-defined]
    return made


def received(shop: Shop, stall: Any, webhook: dict[str, Any]) -> None:
    with stall.opened(shop.folder / "loyalty.toml", f"sqlite:///{shop.folder / 'books.db'}") as one:
        one.receive("stall.main", **webhook)
        one.work_inbox()


def test_a_history_is_backfilled_and_reconciled(shop: Shop, stall: Stall) -> None:
    report = shop.json("connect", "stall", "backfill")
    assert (report["connector"], report["whole"], report["missing"]) == ("stall.main", True, 3)
    stall.sold.append(order(9))
    report = shop.json("connect", "stall.main", "reconcile")
    assert report["drift"] == [{"what": "order A9 of web", "kind": "missing", "detail": ""}]
    shown = shop.run("connect", "stall", "backfill")
    assert "--again" in shown.stdout
    assert shop.json("connect", "stall", "backfill", "--again")["agreed"] == 4


def test_what_the_shop_has_wrong_is_told(shop: Shop, stall: Stall) -> None:
    stall.sold = [order(1, currency="???")]
    report = shop.json("connect", "stall", "backfill", code=1)
    assert (report["refused"], report["drift"][0]["kind"]) == (1, "refused")
    shown = shop.run("connect", "stall", "backfill", "--again")
    assert "order A1 of web" in shown.stdout
    assert shown.exit_code == 1


def test_status_shows_what_needs_a_look_and_replay_tries_it_again(shop: Shop, stall: Stall) -> None:
    found = shop.json("connect", "stall", "status")
    assert (found["dead"], found["health"]) == (0, {"ok": True, "detail": "3 sold"})
    received(shop, stall, sent({"type": "order", "id": "1"}))
    found = shop.json("connect", "stall", "status", "--no-ask", code=1)
    (failed,) = found["failed_messages"]
    assert (found["dead"], failed["code"], found["health"]) == (1, "currency_unknown", None)
    shown = shop.run("connect", "stall", "status")
    assert failed["id"] in shown.stdout
    assert shop.json("status", code=1)["dead_messages"] == 1
    assert shop.json("connect", "stall", "replay", "--id", "nothing")["replayed"] == 0
    assert shop.json("connect", "stall", "replay", "--id", failed["id"])["replayed"] == 1
    assert shop.json("connect", "stall", "enable")["pending"] == 1


def test_the_inbox_is_shown_and_what_is_dead_can_be_let_go(shop: Shop, stall: Stall) -> None:
    received(shop, stall, sent(order(7)))
    received(shop, stall, sent({"type": "order", "id": "1"}))
    dead, done = shop.json("connect", "stall", "inbox")["messages"]
    assert (dead["state"], done["state"], done["inputs"]) == ("dead", "done", 1)
    later = shop.json("connect", "stall", "inbox", "--first", "1", "--after", dead["id"])
    assert later["messages"] == [done]
    shown = shop.run("connect", "stall", "inbox", "--state", "dead")
    assert dead["id"] in shown.stdout
    assert done["id"] not in shown.stdout
    assert shop.json("connect", "stall", "skip", "--id", dead["id"]) == {"skipped": 1}
    assert shop.json("connect", "stall", "inbox", "--state", "dead")["messages"] == []


def test_the_status_has_the_last_walk(shop: Shop, stall: Stall) -> None:
    assert shop.json("connect", "stall", "status")["last_walk"] is None
    shop.json("connect", "stall", "backfill")
    stall.sold.append(order(9))
    shop.json("connect", "stall", "reconcile")
    last = shop.json("connect", "stall", "status")["last_walk"]
    assert (last["missing"], last["drift"][0]["what"]) == (1, "order A9 of web")
    assert "1 missing, 0 different, 0 refused" in shop.run("connect", "stall", "status").stdout


def test_a_message_is_shown_and_not_booked(shop: Shop, stall: Stall) -> None:
    file = shop.file("order.json", json.dumps(order(1)))
    found = shop.json("connect", "stall", "translate", "--topic", "order", file)
    assert found["inputs"] == [order(1)]
    used = shop.file("used.json", json.dumps({"code": "ABC", "order": order(1)}))
    (one,) = shop.json("connect", "stall", "translate", "--topic", "used", used)["inputs"]
    assert (one["type"], one["code"], one["order"]["id"]) == ("code_used", "ABC", "A1")
    stdin = json.dumps({"email": "ada@example.org", "tags": ["vip"]})
    shown = shop.run("connect", "stall", "translate", "--topic", "customer", "-", stdin=stdin)
    assert "ada@example.org" in shown.stdout
    assert "nothing" in shop.run("connect", "stall", "translate", "--topic", "x", file).stdout
    assert shop.json("report")["orders"] == 0


def test_why_a_signature_fails(shop: Shop, stall: Stall) -> None:
    webhook = sent(order(1))
    headers = [part for pair in webhook["headers"] for part in ("-H", ": ".join(pair))]
    right = shop.file("right", webhook["body"])
    assert shop.json("connect", "stall", "verify", right, *headers)["ok"] is True
    ended = shop.file("ended", webhook["body"] + b"\n")
    found = shop.json("connect", "stall", "verify", ended, *headers, code=1)
    assert found["reason"] == "the signature is another one"
    assert found["hints"][0].startswith("a line end was added")
    pretty = shop.file("pretty", json.dumps(order(1), indent=2))
    assert "written anew" in shop.run("connect", "stall", "verify", pretty, *headers).stdout
    assert shop.json("connect", "stall", "verify", right, code=1)["reason"].endswith("missing")
    assert shop.run("connect", "stall", "verify", right, "-H", "nonsense").exit_code == 2


def test_errors_have_their_codes(shop: Shop, stall: Stall) -> None:
    error = shop.error("connect", "nobody", "status", code=5)
    assert error["code"] == "connector_unknown"
    stall.fails = [away(after=1)] * 10
    connect_sleep: list[int] = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(connect.time, "sleep", connect_sleep.append)
        error = shop.error("connect", "stall", "backfill", code=7)
    assert (error["code"], connect_sleep) == ("platform_unavailable", [1] * 9)
