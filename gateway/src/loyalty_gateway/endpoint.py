"""One schema behind one URL: authenticate, read, prepare, run, answer (GraphQL over HTTP)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    GraphQLError,
    OperationDefinitionNode,
    OperationType,
    get_operation_ast,
)
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from loyalty_core import Loyalty
from loyalty_gateway.auth import MemberClaim
from loyalty_gateway.compose import ComposedSchema
from loyalty_gateway.context import GatewayContext, Threads
from loyalty_gateway.documents import Documents
from loyalty_gateway.errors import RequestRefused, formatted
from loyalty_gateway.pages import graphiql_page
from loyalty_gateway.requests import (
    PLAIN_JSON,
    GraphQLRequest,
    media_type,
    read_request,
    wants_page,
)
from loyalty_gateway.settings import GatewaySettings

HEADERS = {
    "cache-control": "no-store",
    "vary": "Accept, Authorization",
    "x-content-type-options": "nosniff",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks: a member by a verified claim, an operator, or a visitor."""

    claim: MemberClaim | None = None
    operator: bool = False


class GraphQLEndpoint:
    """An ASGI application that answers one schema's requests."""

    def __init__(
        self,
        loyalty: Loyalty,
        schema: ComposedSchema,
        settings: GatewaySettings,
        *,
        threads: Threads,
        authenticate: Callable[[str | None], Caller],
        introspection: bool,
    ) -> None:
        """``authenticate`` gets the ``authorization``; it raises ``RequestRefused`` to refuse."""
        self.documents = Documents(
            schema.graphql_schema, settings.limits, introspection=introspection
        )
        self.schema = schema
        self.settings = settings
        self.authenticate = authenticate
        self._loyalty = loyalty
        self._threads = threads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one HTTP request."""
        request = Request(scope, receive)
        if self.settings.graphiql and wants_page(request):
            response = graphiql_page(request)
        else:
            response = await self._answer(request)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        kind = PLAIN_JSON
        try:
            kind = media_type(request.headers.get("accept"))
            caller = self.authenticate(request.headers.get("authorization"))
            asked = await read_request(request, self.settings.body_limit_bytes)
            return await self._run(asked, caller, kind, get=request.method == "GET")
        except RequestRefused as refused:
            return _refusal(refused, kind)
        except ClientDisconnect:
            return Response(status_code=400)

    def context(self, caller: Caller, document: DocumentNode) -> GatewayContext:
        """What the resolvers of one operation have at hand."""
        limits = self.settings.limits
        return GatewayContext(
            self._loyalty,
            self._threads,
            most_calls=limits.calls,
            most_facts=limits.facts,
            claim=caller.claim,
            operator=caller.operator,
            document=document,
            failures=self.schema.failures,
        )

    async def _run(
        self, asked: GraphQLRequest, caller: Caller, kind: str, *, get: bool
    ) -> Response:
        document, errors = self.documents.ready(asked.query)
        if document is None:
            return _not_run(errors, kind)
        operation = get_operation_ast(document, asked.operation_name)
        _check_operation(operation, get=get)
        result = await self.schema.execute(
            asked.query,
            variable_values=asked.variables,
            context_value=self.context(caller, document),
            operation_name=asked.operation_name,
        )
        errors = list(result.errors or ())
        if result.data is None and not any(error.path for error in errors):
            return _not_run(errors, kind)
        content: dict[str, object] = {"data": result.data}
        if errors:
            content = {"errors": formatted(errors), **content}
        return _json(content, kind, status=200)


def _not_run(errors: Sequence[GraphQLError], kind: str) -> Response:
    """The answer to a query that cannot run: clients of plain JSON look for its errors in a 200."""
    return _json({"errors": formatted(errors)}, kind, status=200 if kind == PLAIN_JSON else 400)


def _check_operation(operation: OperationDefinitionNode | None, *, get: bool) -> None:
    if operation is None:
        message = "operationName must name one of the document's operations"
        raise RequestRefused(message, code="BAD_REQUEST")
    if get and operation.operation is not OperationType.QUERY:
        raise RequestRefused("GET is for queries only", code="BAD_REQUEST", status=405)
    if operation.operation is OperationType.SUBSCRIPTION:
        message = "Subscriptions are taken over a WebSocket, at the same address"
        raise RequestRefused(message, code="BAD_REQUEST")


def _refusal(refused: RequestRefused, kind: str) -> Response:
    error = GraphQLError(refused.message, original_error=refused)
    response = _json({"errors": formatted([error])}, kind, status=refused.status)
    if refused.status == 401:
        response.headers["www-authenticate"] = "Bearer"
    if refused.status == 405:
        response.headers["allow"] = "GET, POST"
    return response


def _json(content: Mapping[str, object], kind: str, *, status: int) -> Response:
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Response(
        text.encode("utf-8", "replace"),
        status_code=status,
        media_type=f"{kind}; charset=utf-8",
        headers=HEADERS,
    )
