"""Subscriptions over a WebSocket, by the protocol ``graphql-transport-ws`` of graphql-ws.

https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md: whoever connects says who they are
in the first message, since browsers send no headers with a WebSocket. Queries and mutations are
left to HTTP.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import aclosing
from datetime import UTC, datetime

import anyio
from anyio import CancelScope, Lock
from anyio.abc import TaskGroup
from graphql import GraphQLError, OperationType, get_operation_ast
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from loyalty_gateway.endpoint import Caller, GraphQLEndpoint
from loyalty_gateway.errors import RequestRefused, formatted
from loyalty_gateway.requests import GraphQLRequest, checked, parsed

PROTOCOL = "graphql-transport-ws"
INIT_SECONDS = 10
"""How long a client may take until it says who it is."""

MOST_SUBSCRIPTIONS = 20
"""How many things one client may follow at once over one WebSocket."""

MOST_CONNECTIONS = 1_000
"""How many WebSockets a process keeps open for one schema: each may cost calls every second."""

LONGEST_REASON = 123
"""Bytes of a reason for closing: what a control frame has room for (RFC 6455 5.5)."""


class _Closed(Exception):
    """The connection ends; the code is the protocol's, or WebSocket's own (RFC 6455 7.4.1)."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class SubscriptionEndpoint:
    """An ASGI application that answers one schema's WebSockets."""

    def __init__(self, endpoint: GraphQLEndpoint) -> None:
        """It takes documents, limits and credentials as ``endpoint`` does."""
        self._endpoint = endpoint
        self._open = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one WebSocket until one of the two closes it."""
        socket = WebSocket(scope, receive, send)
        if not self._is_welcome(socket):
            await socket.close(1008)  # before it is accepted: HTTP 403
            return
        spoken = PROTOCOL in socket.scope["subprotocols"]
        await socket.accept(PROTOCOL if spoken else None)
        self._open += 1
        try:
            await self._served(socket, spoken=spoken)
        except WebSocketDisconnect:
            pass
        finally:
            self._open -= 1

    async def _served(self, socket: WebSocket, *, spoken: bool) -> None:
        """Serves a WebSocket that is open; raises ``WebSocketDisconnect`` if the client goes."""
        try:
            if not spoken:
                raise _Closed(4406, "Subprotocol not acceptable")
            if self._open > MOST_CONNECTIONS:
                raise _Closed(1013, "Too many connections; try again later")
            await _Connection(socket, self._endpoint).serve()
        except _Closed as closed:
            reason = closed.reason.encode()[:LONGEST_REASON].decode(errors="ignore")
            await socket.close(closed.code, reason)

    def _is_welcome(self, socket: WebSocket) -> bool:
        """Whether a page that connects is of this host or of a listed one; programs have no origin.

        CORS does not cover WebSockets.
        """
        origin = socket.headers.get("origin")
        allowed = self._endpoint.settings.cors_origins
        if origin is None or origin in allowed or "*" in allowed:
            return True
        host = origin.partition("://")[2]
        return host != "" and host == socket.headers.get("host")


class _Connection:
    """One WebSocket: its caller, and what it follows."""

    def __init__(self, socket: WebSocket, endpoint: GraphQLEndpoint) -> None:
        self._socket = socket
        self._endpoint = endpoint
        self._sending = Lock()
        self._followed: dict[str, CancelScope] = {}

    async def serve(self) -> None:
        """Returns never; raises ``_Closed`` or ``WebSocketDisconnect``."""
        caller = await self._caller()
        await self._send({"type": "connection_ack"})
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._expire, caller)
                while True:
                    await self._handle(await self._receive(), caller, tasks)
        except BaseExceptionGroup as group:  # a task group's: what ended it is the first
            ended = group.split((_Closed, WebSocketDisconnect))[0]
            if ended is None:
                raise
            raise _leaf(ended) from None

    async def _caller(self) -> Caller:
        """Who connects, by their first message."""
        with anyio.move_on_after(INIT_SECONDS):
            while True:
                message = await self._receive()
                if message["type"] == "connection_init":
                    return self._known(message.get("payload"))
                if message["type"] not in ("ping", "pong"):
                    raise _Closed(4401, "Unauthorized")
                await self._pong(message)
        raise _Closed(4408, "Connection initialisation timeout")

    def _known(self, payload: object) -> Caller:
        given = payload if isinstance(payload, Mapping) else {}
        authorization = given.get("authorization")
        if payload is not None and not isinstance(payload, Mapping):
            raise _Closed(4400, "The payload must be an object")
        if authorization is not None and not isinstance(authorization, str):
            raise _Closed(4400, "authorization must be a text")
        try:
            return self._endpoint.authenticate(authorization)
        except RequestRefused as refused:
            raise _Closed(4403, refused.message) from None

    async def _expire(self, caller: Caller) -> None:
        """Closes the connection when the token ends; the client may come back with another."""
        if caller.claim is None or caller.claim.expires_at is None:
            return
        left = caller.claim.expires_at - datetime.now(UTC)
        await anyio.sleep(max(left.total_seconds(), 0))
        raise _Closed(4403, "The token has ended")

    async def _handle(
        self, message: Mapping[str, object], caller: Caller, tasks: TaskGroup
    ) -> None:
        kind, name = message["type"], message.get("id")
        if kind in ("ping", "pong"):
            await self._pong(message)
        elif kind == "connection_init":
            raise _Closed(4429, "Too many initialisation requests")
        elif kind not in ("subscribe", "complete"):
            raise _Closed(4400, "The message has an unknown type")
        elif not isinstance(name, str) or not name:
            raise _Closed(4400, "The message has no id")
        elif kind == "complete":
            if name in self._followed:
                self._followed.pop(name).cancel()
        elif name in self._followed:
            raise _Closed(4409, f"Subscriber for {name} already exists")
        else:
            await self._begin(name, message.get("payload"), caller, tasks)

    async def _begin(self, name: str, payload: object, caller: Caller, tasks: TaskGroup) -> None:
        """Follows one thing more, unless it is too much."""
        try:
            asked = checked(payload)
        except RequestRefused as refused:
            raise _Closed(4400, refused.message) from None
        if len(self._followed) >= MOST_SUBSCRIPTIONS:
            message = f"At most {MOST_SUBSCRIPTIONS} things are followed at once"
            await self._refuse(name, RequestRefused(message, code="TOO_COMPLEX"))
            return
        scope = self._followed[name] = CancelScope()
        tasks.start_soon(self._follow, name, scope, asked, caller)

    async def _follow(
        self, name: str, scope: CancelScope, asked: GraphQLRequest, caller: Caller
    ) -> None:
        """Sends every result of one subscription, until it ends or is not wanted any more."""
        with scope:
            ended = await self._results(name, asked, caller)
            if ended:
                await self._send({"id": name, "type": "complete"})
        if self._followed.get(name) is scope:
            del self._followed[name]

    async def _results(self, name: str, asked: GraphQLRequest, caller: Caller) -> bool:
        """Whether it went on until its end; what is wrong with it was sent otherwise."""
        document, errors = self._endpoint.documents.ready(asked.query)
        if document is None:
            await self._fail(name, errors)
            return False
        operation = get_operation_ast(document, asked.operation_name)
        if operation is None or operation.operation is not OperationType.SUBSCRIPTION:
            refused = RequestRefused("A WebSocket is for subscriptions", code="BAD_REQUEST")
            await self._refuse(name, refused)
            return False
        context = self._endpoint.context(caller, document)
        results = await self._endpoint.schema.subscribe(
            asked.query,
            variable_values=asked.variables,
            context_value=context,
            operation_name=asked.operation_name,
        )
        async with aclosing(results):
            async for result in results:
                errors = list(result.errors or ())
                if result.data is None and errors:
                    await self._fail(name, errors)
                    return False
                payload: dict[str, object] = {"data": result.data}
                if errors:
                    payload["errors"] = formatted(errors)
                await self._send({"id": name, "type": "next", "payload": payload})
        return True

    async def _refuse(self, name: str, refused: RequestRefused) -> None:
        await self._fail(name, [GraphQLError(refused.message, original_error=refused)])

    async def _fail(self, name: str, errors: list[GraphQLError]) -> None:
        await self._send({"id": name, "type": "error", "payload": formatted(errors)})

    async def _pong(self, message: Mapping[str, object]) -> None:
        if message["type"] == "ping":
            await self._send({"type": "pong"})

    async def _send(self, message: Mapping[str, object]) -> None:
        text = json.dumps(message, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        async with self._sending:
            await self._socket.send_text(text)

    async def _receive(self) -> Mapping[str, object]:
        """The next message; raises ``_Closed`` for what is none."""
        event = await self._socket.receive()
        if event["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(event.get("code", 1005))
        text = event.get("text")
        if text is None:
            raise _Closed(4400, "Messages are texts")
        if len(text.encode("utf-8", "surrogatepass")) > self._endpoint.settings.body_limit_bytes:
            raise _Closed(1009, "The message is too large")
        try:
            message = parsed(text)
        except RequestRefused as refused:
            raise _Closed(4400, refused.message) from None
        if not isinstance(message, Mapping) or not isinstance(message.get("type"), str):
            raise _Closed(4400, "The message must be a JSON object with a type")
        return message


def _leaf(group: BaseExceptionGroup[BaseException]) -> BaseException:
    first = group.exceptions[0]
    return _leaf(first) if isinstance(first, BaseExceptionGroup) else first
