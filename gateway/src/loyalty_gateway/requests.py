"""GraphQL requests read from HTTP, strictly; and which media type answers them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

from starlette.requests import Request

from loyalty_gateway.errors import RequestRefused

GRAPHQL_JSON = "application/graphql-response+json"
PLAIN_JSON = "application/json"
_NUL_ESCAPE = re.compile(r"\\u(?:0000|\{0+\})")
_ACCEPTED = {
    GRAPHQL_JSON: GRAPHQL_JSON,
    PLAIN_JSON: PLAIN_JSON,
    "application/*": PLAIN_JSON,
    "*/*": PLAIN_JSON,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphQLRequest:
    """What the client asks: a query, its variables, and which operation of it to run."""

    query: str
    variables: dict[str, object] = field(default_factory=dict)
    operation_name: str | None = None


def media_type(accept: str | None) -> str:
    """The media type to answer with: the first acceptable one, plain JSON where none is named.

    Raises ``RequestRefused`` (406) if the client takes neither.
    """
    if not accept:
        return PLAIN_JSON
    for item in accept.split(","):
        name, *parameters = (part.strip().lower() for part in item.split(";"))
        if name in _ACCEPTED and "q=0" not in parameters:
            return _ACCEPTED[name]
    message = f"The answer is {GRAPHQL_JSON} or {PLAIN_JSON}"
    raise RequestRefused(message, code="NOT_ACCEPTABLE", status=406)


def wants_page(request: Request) -> bool:
    """Whether a browser asks for a page rather than for data."""
    return (
        request.method == "GET"
        and "query" not in request.query_params
        and "text/html" in request.headers.get("accept", "")
    )


async def read_request(request: Request, body_limit: int) -> GraphQLRequest:
    """The GraphQL request that an HTTP request carries.

    Raises ``RequestRefused``: 405 for other methods, 413 for a body over the limit, 415 unless it
    is JSON (so no page can send one across sites unasked), 400 for anything malformed.
    """
    if request.method == "GET":
        given: object = dict(request.query_params)
        assert isinstance(given, dict)
        for name in ("variables", "extensions"):
            if name in given:
                given[name] = parsed(given[name])
    elif request.method == "POST":
        _check_content_type(request.headers.get("content-type", ""))
        given = parsed(await read_body(request, body_limit))
    else:
        raise RequestRefused("Use POST, or GET for queries", code="BAD_REQUEST", status=405)
    return checked(given)


def _check_content_type(content_type: str) -> None:
    name, *parameters = (part.strip().lower() for part in content_type.split(";"))
    charsets = [item for item in parameters if item.startswith("charset=")]
    if name != PLAIN_JSON or any(item.strip('"') != "charset=utf-8" for item in charsets):
        message = "Send the request as application/json in UTF-8"
        raise RequestRefused(message, code="UNSUPPORTED_MEDIA_TYPE", status=415)


async def read_body(request: Request, limit: int) -> bytes:
    """The body, read no further than ``limit`` bytes; raises ``RequestRefused`` (413) beyond."""
    too_large = RequestRefused(
        f"The request is larger than {limit} bytes", code="TOO_LARGE", status=413
    )
    announced = request.headers.get("content-length", "0")
    if announced.isascii() and announced.isdigit() and int(announced[:18]) > limit:
        raise too_large
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise too_large
        chunks.append(chunk)
    return b"".join(chunks)


def parsed(body: str | bytes) -> object:
    """What a JSON text holds; raises ``RequestRefused`` (400) unless it is one that can be kept."""
    try:
        text = body if isinstance(body, str) else body.decode("utf-8")
        _check_text(text)
        made = json.loads(text)
        if "\\ud" in text.lower():  # an escaped half of a character is no text one can store
            json.dumps(made, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError):  # not JSON, not UTF-8, too deep, or an endless number
        raise _malformed("The request is not JSON in UTF-8") from None
    return made


def _check_text(text: str) -> None:
    """Refuses texts with U+0000, written out or as an escape: no PostgreSQL can store them."""
    if "\x00" in text or _NUL_ESCAPE.search(text):
        raise _malformed("A text of the request contains the character U+0000")


def checked(given: object) -> GraphQLRequest:
    """The request that a JSON document is; raises ``RequestRefused`` (400) for any other."""
    if isinstance(given, list):
        raise _malformed("Batches are not taken; send one request at a time")
    if not isinstance(given, dict):
        raise _malformed("The request must be a JSON object")
    query, variables = given.get("query"), given.get("variables")
    name, extensions = given.get("operationName"), given.get("extensions")
    if not isinstance(query, str) or not query.strip():
        raise _malformed("query must be a text with a GraphQL document")
    _check_text(query)
    if variables is not None and not isinstance(variables, dict):
        raise _malformed("variables must be an object")
    if name is not None and not isinstance(name, str):
        raise _malformed("operationName must be a text")
    if extensions is not None and not isinstance(extensions, dict):
        raise _malformed("extensions must be an object")
    return GraphQLRequest(query=query, variables=variables or {}, operation_name=name or None)


def _malformed(message: str) -> RequestRefused:
    return RequestRefused(message, code="BAD_REQUEST", status=400)
