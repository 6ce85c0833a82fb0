"""Plugins add subscriptions: followed over a WebSocket, by those they are for alone."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import strawberry
from starlette.websockets import WebSocketDisconnect
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from gateway.tests.shop import ADMIN_KEY, SETTINGS, Front, order, signed
from gateway.tests.sockets import PROTOCOL, connected
from gateway.tests.test_extension import Badges, Info, field, opened
from gateway.tests.test_graphiql import served
from loyalty_core import Loyalty
from loyalty_gateway import sockets
from loyalty_gateway.extension import GraphQLExtension, Permission
from loyalty_gateway.sockets import MOST_SUBSCRIPTIONS

MINE = "subscription { badgesMine { points broken } }"


@strawberry.type(description="What is followed.")
class BadgesMine:
    points: int = strawberry.field(description="The balance.")

    @strawberry.field(description="Fails for whoever has 30 points.")
    async def broken(self) -> bool:
        if self.points == 30:
            raise RuntimeError("a secret")
        return False


async def mine(info: Info) -> AsyncIterator[BadgesMine | None]:
    context = info.context
    async for statement in context.watch(context.loyalty.statement, await context.me()):
        yield BadgesMine(points=statement.wallet("points").balance)


async def members(info: Info, up_to: int = 2) -> AsyncIterator[int | None]:
    async for report in info.context.watch(info.context.loyalty.report):
        yield report.members
        if report.members >= up_to:
            return


async def failing(info: Info) -> AsyncIterator[int | None]:
    yield 1
    raise RuntimeError("a secret")


async def never_null() -> AsyncIterator[int]:
    yield 1


EXTENSION = GraphQLExtension(
    subscriptions=(
        field("badgesMine", mine, Permission.MEMBER),
        field("badgesMembers", members, Permission.PUBLIC, Permission.ADMIN),
        field("badgesFailing", failing, Permission.ADMIN),
    )
)


@pytest.fixture
def followed(sqlite_url: str) -> Iterator[Front]:
    with opened(Badges(EXTENSION), database=sqlite_url) as loyalty:
        front = Front(loyalty)
        with front.client:  # one event loop for HTTP and WebSockets
            yield front


def enrolled(front: Front, name: str) -> str:
    return front.loyalty.enrol({"email": f"{name}@example.org"}).id


def test_a_member_follows_what_is_their_own(followed: Front) -> None:
    ada = enrolled(followed, "ada")
    with connected(followed, credential=signed(ada)) as socket:
        socket.follow(MINE)
        assert socket.next() == {"data": {"badgesMine": {"points": 0, "broken": False}}}
        followed.loyalty.record(order("1", "ada@example.org", "120.00"))
        assert socket.next() == {"data": {"badgesMine": {"points": 120, "broken": False}}}


def test_an_event_that_fails_is_null_and_the_next_one_comes(followed: Front) -> None:
    ada = enrolled(followed, "ada")
    with connected(followed, credential=signed(ada)) as socket:
        socket.follow(MINE)
        assert socket.next()["data"]["badgesMine"]["points"] == 0
        followed.loyalty.record(order("1", "ada@example.org", "30.00"))
        failed = socket.next()
        assert failed["data"] == {"badgesMine": None}
        assert failed["errors"][0]["extensions"]["code"] == "INTERNAL"
        assert "secret" not in str(failed)
        followed.loyalty.record(order("2", "ada@example.org", "1.00"))
        assert socket.next()["data"]["badgesMine"]["points"] == 31


def test_it_ends_when_the_plugin_ends_it_or_the_client(followed: Front) -> None:
    with connected(followed, "/admin/graphql", ADMIN_KEY) as socket:
        socket.follow("subscription { badgesMembers(upTo: 1) }", "a")
        assert socket.next("a") == {"data": {"badgesMembers": 0}}
        enrolled(followed, "ada")
        assert socket.next("a") == {"data": {"badgesMembers": 1}}
        assert socket.hear() == {"id": "a", "type": "complete"}
        socket.follow("subscription { badgesMembers }", "b")
        assert socket.next("b") == {"data": {"badgesMembers": 1}}
        socket.say("complete", id="b")
        enrolled(followed, "bob")
        socket.follow("subscription { badgesMembers }", "b")  # the name is free again
        assert socket.next("b") == {"data": {"badgesMembers": 2}}


def test_a_source_that_fails_is_masked_and_ends_alone(followed: Front) -> None:
    with connected(followed, "/admin/graphql", ADMIN_KEY) as socket:
        socket.follow("subscription { badgesFailing }")
        assert socket.next() == {"data": {"badgesFailing": 1}}
        message = socket.hear()
        assert (message["type"], message["id"]) == ("error", "1")
        assert message["payload"][0]["extensions"]["code"] == "INTERNAL"
        assert "secret" not in str(message)
        socket.follow("subscription { badgesMembers }")
        assert socket.next() == {"data": {"badgesMembers": 0}}


def refused(front: Front, query: str, *who: str) -> str:
    with connected(front, *who) as socket:
        socket.follow(query)
        message = socket.hear()
    assert message["type"] == "error"
    code: str = message["payload"][0]["extensions"]["code"]
    return code


def test_it_is_denied_unless_it_is_permitted(followed: Front) -> None:
    assert refused(followed, MINE) == "UNAUTHENTICATED"
    assert refused(followed, MINE, "/admin/graphql", ADMIN_KEY) == "BAD_REQUEST"
    assert refused(followed, "subscription { badgesFailing }") == "BAD_REQUEST"
    with connected(followed) as visitor:
        visitor.follow("subscription { badgesMembers }")
        assert visitor.next() == {"data": {"badgesMembers": 0}}


def test_queries_go_over_http_and_subscriptions_do_not(followed: Front) -> None:
    assert refused(followed, "{ program { name } }") == "BAD_REQUEST"
    answer = followed.ask("subscription { badgesMembers }")
    assert "WebSocket" in answer["errors"][0]["message"]
    assert "data" not in answer


def test_a_schema_without_subscriptions_has_none(front: Front) -> None:
    assert refused(front, "subscription { badgesMembers }") == "BAD_REQUEST"
    answer = front.data("{ __schema { subscriptionType { name } } }")
    assert answer == {"__schema": {"subscriptionType": None}}


def test_a_wrong_credential_is_not_let_in(followed: Front) -> None:
    for path, payload in {
        "/graphql": {"authorization": "Bearer wrong"},
        "/admin/graphql": {},
    }.items():
        with followed.client.websocket_connect(path, [PROTOCOL]) as session:
            session.send_text(json.dumps({"type": "connection_init", "payload": payload}))
            assert session.receive()["code"] == 4403


def test_a_token_that_ends_closes_what_was_opened_by_it(followed: Front) -> None:
    ada = enrolled(followed, "ada")
    soon = signed(ada, exp=datetime.now(UTC) + timedelta(seconds=2))
    with connected(followed, credential=soon) as socket:
        socket.follow(MINE)
        assert socket.next()["data"]["badgesMine"]["points"] == 0
        assert socket.code() == 4403


SAYINGS: dict[str, tuple[list[Any], int]] = {
    "no JSON": (["{"], 4400),
    "a list": ([[]], 4400),
    "no type": ([{"id": "1"}], 4400),
    "an unknown type": ([{"type": "shout"}], 4400),
    "no id": ([{"type": "subscribe", "payload": {"query": MINE}}], 4400),
    "no query": ([{"type": "subscribe", "id": "1", "payload": {"query": 5}}], 4400),
    "variables that are none": (
        [{"type": "subscribe", "id": "1", "payload": {"query": MINE, "variables": "x"}}],
        4400,
    ),
    "the same name twice": (
        [{"type": "subscribe", "id": "1", "payload": {"query": MINE}}] * 2,
        4409,
    ),
    "who it is, again": ([{"type": "connection_init"}], 4429),
    "too much": ([{"type": "ping", "payload": {"text": "x" * SETTINGS.body_limit_bytes}}], 1009),
}


@pytest.mark.parametrize("name", sorted(SAYINGS))
def test_what_breaks_the_protocol_closes_the_connection(followed: Front, name: str) -> None:
    messages, code = SAYINGS[name]
    ada = enrolled(followed, "ada")
    with connected(followed, credential=signed(ada)) as socket:
        for message in messages:
            text = message if isinstance(message, str) else json.dumps(message)
            socket.session.send_text(text)
        assert socket.code() == code


def test_who_subscribes_before_saying_who_it_is_is_not_let_in(followed: Front) -> None:
    with followed.client.websocket_connect("/graphql", [PROTOCOL]) as session:
        session.send_text(json.dumps({"type": "ping"}))
        assert json.loads(session.receive_text()) == {"type": "pong"}
        session.send_text(json.dumps({"type": "subscribe", "id": "1", "payload": {"query": MINE}}))
        assert session.receive()["code"] == 4401


def test_another_protocol_is_closed(followed: Front) -> None:
    with followed.client.websocket_connect("/graphql", ["graphql-ws"]) as session:
        assert session.receive()["code"] == 4406


def test_a_page_of_elsewhere_is_not_let_in(followed: Front) -> None:
    for origin in ("https://evil.example", "https://[", "null", "testserver", ""):
        foreign = {"origin": origin}
        with pytest.raises(WebSocketDisconnect) as denied, connected(followed, **foreign):
            pass
        assert denied.value.code == 1008  # before it is accepted: HTTP 403
    with connected(followed, origin="http://testserver"):
        pass


def test_one_client_follows_so_many_things_and_no_more(followed: Front) -> None:
    with connected(followed) as socket:
        for number in range(MOST_SUBSCRIPTIONS):
            socket.follow("subscription { badgesMembers }", f"n{number}")
            assert socket.next(f"n{number}") == {"data": {"badgesMembers": 0}}
        socket.follow("subscription { badgesMembers }", "more")
        message = socket.hear()
        assert (message["type"], message["id"]) == ("error", "more")
        assert message["payload"][0]["extensions"]["code"] == "TOO_COMPLEX"


def test_over_a_real_server(followed: Front) -> None:
    loyalty: Loyalty = followed.loyalty
    ada = enrolled(followed, "ada")
    with served(loyalty) as url:
        address = url.replace("http:", "ws:") + "/graphql"
        with connect(address, subprotocols=[PROTOCOL]) as socket:
            init = {"authorization": f"Bearer {signed(ada)}"}
            socket.send(json.dumps({"type": "connection_init", "payload": init}))
            assert json.loads(socket.recv()) == {"type": "connection_ack"}
            asked = {"type": "subscribe", "id": "1", "payload": {"query": MINE}}
            socket.send(json.dumps(asked))
            assert json.loads(socket.recv())["payload"]["data"]["badgesMine"]["points"] == 0
            loyalty.record(order("1", "ada@example.org", "7.00"))
            assert json.loads(socket.recv())["payload"]["data"]["badgesMine"]["points"] == 7


def test_a_name_longer_than_a_reason_may_be_closes_as_any_other(
    followed: Front, caplog: pytest.LogCaptureFixture
) -> None:
    stays = {"query": "subscription { badgesMembers }"}
    asked = {"type": "subscribe", "id": "é" * 200, "payload": stays}
    with served(followed.loyalty) as url:
        address = url.replace("http:", "ws:") + "/graphql"
        with connect(address, subprotocols=[PROTOCOL]) as socket:
            socket.send(json.dumps({"type": "connection_init"}))
            assert json.loads(socket.recv()) == {"type": "connection_ack"}
            for _ in range(2):
                socket.send(json.dumps(asked))
            with pytest.raises(ConnectionClosed) as closed:
                list(socket)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4409
    assert closed.value.rcvd.reason.startswith("Subscriber for éé")
    assert caplog.records == []


def test_a_process_keeps_so_many_open_and_no_more(
    followed: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "MOST_CONNECTIONS", 2)
    with connected(followed), connected(followed):
        with followed.client.websocket_connect("/graphql", [PROTOCOL]) as session:
            assert session.receive()["code"] == 1013
        with connected(followed, "/admin/graphql", ADMIN_KEY):  # each schema has its own
            pass
    with connected(followed), connected(followed):
        pass
