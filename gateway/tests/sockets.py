"""What a client of subscriptions says and hears, over the test client's WebSocket."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from starlette.testclient import WebSocketTestSession

from gateway.tests.shop import Front

PROTOCOL = "graphql-transport-ws"


class Socket:
    """One WebSocket that said who it is."""

    def __init__(self, session: WebSocketTestSession) -> None:
        self.session = session

    def say(self, kind: str, **more: Any) -> None:
        self.session.send_text(json.dumps({"type": kind, **more}))

    def hear(self) -> dict[str, Any]:
        made: dict[str, Any] = json.loads(self.session.receive_text())
        return made

    def follow(self, query: str, name: str = "1", **variables: Any) -> None:
        self.say("subscribe", id=name, payload={"query": query, "variables": variables})

    def next(self, name: str = "1") -> dict[str, Any]:
        """The payload of the next result."""
        message = self.hear()
        assert (message["type"], message["id"]) == ("next", name), message
        payload: dict[str, Any] = message["payload"]
        return payload

    def code(self) -> int:
        """The code by which the other side closes, whatever is sent before."""
        while (event := self.session.receive())["type"] == "websocket.send":
            pass
        assert event["type"] == "websocket.close"
        code: int = event["code"]
        return code


@contextmanager
def connected(
    front: Front, path: str = "/graphql", credential: str | None = None, **headers: str
) -> Iterator[Socket]:
    """A WebSocket that was let in."""
    with front.client.websocket_connect(path, [PROTOCOL], headers=headers) as session:
        socket = Socket(session)
        payload = {} if credential is None else {"authorization": f"Bearer {credential}"}
        socket.say("connection_init", payload=payload)
        assert socket.hear() == {"type": "connection_ack"}
        yield socket
