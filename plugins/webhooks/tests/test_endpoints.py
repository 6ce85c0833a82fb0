"""Events out: signed, once each by their id, to nobody they must not go to."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from loyalty_core import ConfigError, Loyalty, WebhookRequest
from loyalty_core.testing import Answer, Fault, FrozenClock
from loyalty_webhooks.signing import verified_id
from plugins.webhooks.tests.build import NEW, NOW, OLD, Listener, opened, order

CRM = "webhooks.crm"


@pytest.fixture
def listener() -> Iterator[Listener]:
    with Listener() as made:
        yield made


@pytest.fixture
def told(
    database_url: str, clock: FrozenClock, listener: Listener
) -> Iterator[Callable[..., Loyalty]]:
    made: list[Loyalty] = []

    def opening(**settings: Any) -> Loyalty:
        endpoint = {
            "endpoint": "crm",
            "url": f"{listener.url}/hook?x=1",
            "secrets": ["env:CRM"],
            "allow_private": True,
            **settings,
        }
        made.append(opened(database_url, clock, endpoint=[endpoint]))
        return made[-1]

    yield opening
    for one in made:
        one.close()


def buy(loyalty: Loyalty, number: str = "1") -> None:
    assert loyalty.record({**order(number), "source": "till"}).error is None


def test_events_are_told_signed(
    told: Callable[..., Loyalty], listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    loyalty = told(secrets=["env:TILL_NEW", "env:TILL_OLD"])
    buy(loyalty)
    assert loyalty.tick().actions == 2
    bodies: list[Any] = [asked.json() for asked in listener.asked]
    assert [body["type"] for body in bodies] == ["member_enrolled", "points_credited"]
    assert bodies[1]["timestamp"] == "2026-06-01T10:00:00Z"
    assert bodies[1]["data"]["amount"] == 60
    for asked in listener.asked:
        assert (asked.path, asked.query, asked.headers["host"]) == (
            ("/hook", {"x": "1"}, listener.url.removeprefix("http://"))
        )
        request = WebhookRequest(
            body=asked.body, headers=tuple(asked.headers.items()), received_at=datetime.now(UTC)
        )
        for secret in (NEW, OLD):  # while it changes, whoever has either can verify
            assert verified_id(request, [secret], 60) == asked.headers["webhook-id"]
    loyalty.tick()
    assert len(listener.asked) == 2


def test_only_what_was_asked_for_is_told(told: Callable[..., Loyalty], listener: Listener) -> None:
    loyalty = told(events=["points_credited"])
    buy(loyalty)
    loyalty.tick()
    bodies: list[Any] = [asked.json() for asked in listener.asked]
    assert [body["type"] for body in bodies] == ["points_credited"]


@pytest.mark.parametrize("kind", ["drop", "forget", "truncate"])
def test_a_lost_answer_is_told_again_under_the_same_id(
    told: Callable[..., Loyalty], listener: Listener, clock: FrozenClock, kind: Any
) -> None:
    loyalty = told(events=["points_credited"])
    buy(loyalty)
    listener.faults.append(Fault(kind=kind, answer=Answer(status=200, body=b"x" * 10)))
    loyalty.tick()
    clock.advance(minutes=10)
    loyalty.tick()
    ids = {asked.headers["webhook-id"] for asked in listener.asked}
    assert len(ids) == 1
    assert loyalty.connector_status(CRM).actions_done == 1


def test_a_slow_endpoint_is_left_waiting(
    told: Callable[..., Loyalty], listener: Listener, clock: FrozenClock
) -> None:
    loyalty = told(events=["points_credited"], timeout_seconds=1)
    buy(loyalty)
    listener.faults.append(Fault(kind="delay", seconds=2))
    assert loyalty.tick().action_failures == 1
    (entry,) = loyalty.connector_log(CRM)
    assert "Timeout" in entry.error


def test_an_endpoint_that_answers_byte_by_byte_holds_nothing_up(
    told: Callable[..., Loyalty], listener: Listener
) -> None:
    """It has said 200: what more it says is not needed."""
    loyalty = told(events=["points_credited"], timeout_seconds=1)
    buy(loyalty)
    listener.faults.append(Fault(kind="drip"))
    listener.says = b"x" * 10_000
    assert loyalty.tick().actions == 1


def test_who_asks_to_wait_is_waited_for(
    told: Callable[..., Loyalty], listener: Listener, clock: FrozenClock
) -> None:
    loyalty = told(events=["points_credited"])
    for number in range(5):
        buy(loyalty, str(number))
    busy = Answer(status=429, headers={"retry-after": "600"})
    listener.faults.append(Fault(kind="answer", answer=busy))
    assert loyalty.tick().action_failures == 5
    assert len(listener.asked) == 1
    clock.advance(seconds=599)
    loyalty.tick()
    assert len(listener.asked) == 1
    clock.advance(seconds=1)
    assert loyalty.tick().actions == 5


def test_one_event_that_fails_holds_up_no_other(
    told: Callable[..., Loyalty], listener: Listener
) -> None:
    loyalty = told(events=["points_credited"])
    buy(loyalty, "1")
    buy(loyalty, "2")
    listener.faults.append(Fault(kind="answer", answer=Answer(status=500)))
    report = loyalty.tick()
    assert (report.actions, report.action_failures) == (1, 1)


def test_who_is_gone_is_told_nothing_more(
    told: Callable[..., Loyalty], listener: Listener, clock: FrozenClock
) -> None:
    loyalty = told(events=["points_credited"])
    buy(loyalty)
    listener.faults.append(Fault(kind="answer", answer=Answer(status=410)))
    loyalty.tick()
    assert loyalty.status().disabled_connectors == (CRM,)
    clock.advance(days=5)
    loyalty.tick()
    assert len(listener.asked) == 1
    loyalty.enable_connector(CRM)
    assert loyalty.tick().actions == 1


def test_redirects_are_not_followed(told: Callable[..., Loyalty], listener: Listener) -> None:
    loyalty = told(events=["points_credited"])
    buy(loyalty)
    elsewhere = Answer(status=302, headers={"location": f"{listener.url}/elsewhere"})
    listener.faults.append(Fault(kind="answer", answer=elsewhere))
    assert loyalty.tick().action_failures == 1
    assert [asked.path for asked in listener.asked] == ["/hook"]


def test_what_was_told_can_be_told_again(told: Callable[..., Loyalty], listener: Listener) -> None:
    loyalty = told(events=["points_credited"])
    buy(loyalty)
    loyalty.tick()
    assert loyalty.replay(CRM, since=NOW) == 1
    loyalty.tick()
    one, again = listener.asked
    assert (one.body, one.headers["webhook-id"]) == (again.body, again.headers["webhook-id"])


def _resolving(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    asked: list[str] = []
    left, really = list(answers), socket.getaddrinfo

    def getaddrinfo(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        if host[0].isdigit():  # an address, for the connection itself
            return really(host, port, *_, **__)
        asked.append(host)
        found = left.pop(0) if len(left) > 1 else left[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in found]

    monkeypatch.setattr("loyalty_webhooks.sending.socket.getaddrinfo", getaddrinfo)
    return asked


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "192.168.1.1",
        "172.16.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "::1",
        "fd00::1",
        "fe80::1%eth0",
        "::ffff:10.0.0.1",
        "2002:0a00:0001::",
        "64:ff9b:1::a00:1",
    ],
)
def test_private_addresses_are_not_asked(
    told: Callable[..., Loyalty],
    listener: Listener,
    monkeypatch: pytest.MonkeyPatch,
    address: str,
) -> None:
    loyalty = told(events=["points_credited"], allow_private=False, url="https://hook.example/x")
    buy(loyalty)
    _resolving(monkeypatch, ["93.184.215.14", address])
    assert loyalty.tick().action_failures == 1
    assert "private address" in loyalty.connector_log(CRM)[0].error
    assert listener.asked == []


def test_the_address_that_was_looked_at_is_the_one_asked(
    told: Callable[..., Loyalty], listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that is another address at each look (DNS rebinding) is looked up once."""
    port = listener.url.rpartition(":")[2]
    loyalty = told(events=["points_credited"], url=f"http://rebinding.example:{port}/hook")
    buy(loyalty)
    asked = _resolving(monkeypatch, ["127.0.0.1"], ["203.0.113.7"])
    assert loyalty.tick().actions == 1
    assert asked == ["rebinding.example"]
    assert listener.asked[0].headers["host"] == f"rebinding.example:{port}"


@pytest.mark.parametrize(
    ("section", "where"),
    [
        ({"endpoint": [{"endpoint": "x", "url": "http://a.example", "secrets": ["env:A"]}]}, "url"),
        ({"endpoint": [{"endpoint": "x", "url": "ftp://a", "secrets": ["env:A"]}]}, "url"),
        ({"endpoint": [{"endpoint": "x", "url": "https://u:p@a", "secrets": ["env:A"]}]}, "url"),
        ({"shop": [{"account": "A b", "secrets": ["env:A"]}]}, "account"),
        ({"shop": [{"account": "a", "secrets": ["whsec_x"]}]}, "secrets[0]"),
        ({"shop": [{"account": "a", "secrets": []}]}, "secrets"),
        ({"shop": [{"account": "a", "secrets": ["env:A"]}] * 2}, "account"),
        ({"shop": [{"account": "a", "secrets": ["env:A"], "tolerance_seconds": 0}]}, "seconds"),
    ],
)
def test_faults_of_the_settings_name_their_place(section: dict[str, Any], where: str) -> None:
    with pytest.raises(ConfigError) as refused:
        opened("sqlite://", FrozenClock(NOW), **section)
    assert any(one.where.endswith(where) for one in refused.value.problems)


@pytest.mark.parametrize(
    ("event", "remedy"),
    [
        ("points_credit", "Is it points_credited"),
        ("gamification.spun", "a plugin's have its id"),
        ("", "a plugin's have its id"),
    ],
)
def test_an_event_that_nobody_ever_tells_is_no_setting(event: str, remedy: str) -> None:
    endpoint = {"endpoint": "x", "url": "https://a.example", "secrets": ["env:A"]}
    with pytest.raises(ConfigError) as refused:
        opened("sqlite://", FrozenClock(NOW), endpoint=[{**endpoint, "events": [event]}])
    (problem,) = refused.value.problems
    assert problem.message == f"there is no event {event!r}"
    assert remedy in problem.remedy


def test_a_secret_that_is_none_is_told_and_not_used(
    told: Callable[..., Loyalty], listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    loyalty = told()
    monkeypatch.setenv("CRM", "whsec_c2hvcnQ=")
    assert not loyalty.connector_health(CRM).ok
    buy(loyalty)
    assert loyalty.tick().actions == 0
    assert listener.asked == []
