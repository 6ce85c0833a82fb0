"""The GraphQL API of one shop: asked with an app's token, an answer at a time."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from loyalty_core import (
    ActionRefused,
    ConnectorError,
    Json,
    JsonObject,
    PlatformUnavailable,
    Secret,
    ShopHttp,
    as_object,
    as_objects,
    as_text,
)

PATH = "/graphql/"
REFUSED = (401, 403)
NOT_TAKEN = frozenset(
    {"InvalidTokenError", "InvalidSignatureError", "ExpiredSignatureError", "PermissionDenied"}
)
"""What the errors are called by which the shop says that a token is none, or may not do this."""


class TokenRefused(ConnectorError):
    """The shop does not take the token, or the app lacks a permission."""


@dataclass(frozen=True, slots=True)
class Answered:
    """The data that was answered, and when by the shop's clock."""

    data: dict[str, Json]
    at: datetime | None


class Api:
    """Asks the API; safe to use from many threads."""

    def __init__(self, url: str, token: Secret) -> None:
        self._url = url
        self._token = token
        self._http = ShopHttp()

    def ask(self, query: str, /, **variables: Json) -> Answered:
        """What a query answers.

        Raises ``PlatformUnavailable``, ``TokenRefused``, and ``ConnectorError`` for what this
        version of Saleor does not know.
        """
        headers = {
            "accept": "application/json",
            "content-type": "application/json",
            "authorization": f"Bearer {self._token.reveal()}",
        }
        content = json.dumps({"query": query, "variables": variables}).encode()
        answer = self._http.ask("POST", f"{self._url}{PATH}", headers=headers, content=content)
        if answer.away:
            raise answer.unavailable()
        document = as_object(answer.json())
        errors = as_objects(document.get("errors"))
        if answer.status in REFUSED or any(_code(one) in NOT_TAKEN for one in errors):
            remedy = "Look at the app's token and permissions: the plugin's page names them."
            raise TokenRefused(f"it answers {answer.status} {_said(errors)}", remedy=remedy)
        if errors or answer.status != 200:
            if any(_code(one) == "OperationalError" for one in errors):
                raise PlatformUnavailable(_said(errors), where=PATH)
            remedy = "Look at the shop's URL and version: it takes Saleor 3.22 or newer."
            message = f"it answers {answer.status} {_said(errors)}"
            raise ConnectorError(message, where=PATH, remedy=remedy)
        return Answered(as_object(document.get("data")), answer.at)

    def change(self, mutation: str, where: str, /, **variables: Json) -> dict[str, Json]:
        """What a mutation made; raises as ``ask``, and ``ActionRefused`` for what it refuses."""
        made = as_object(self.ask(mutation, **variables).data.get("made"))
        if errors := as_objects(made.get("errors")):
            said = "; ".join(
                f"{as_text(e.get('code'))}: {as_text(e.get('message'))}" for e in errors
            )
            raise ActionRefused(said[:500], where=where)
        return made


def nodes(connection: Json) -> list[dict[str, Json]]:
    """The objects on a page of a connection."""
    edges = as_objects(as_object(connection).get("edges"))
    return [as_object(edge.get("node")) for edge in edges]


def after(connection: Json) -> str:
    """Where the next page of a connection is; empty at its end."""
    info = as_object(as_object(connection).get("pageInfo"))
    return as_text(info.get("endCursor")) if info.get("hasNextPage") is True else ""


def _code(error: JsonObject) -> str:
    return as_text(as_object(as_object(error.get("extensions")).get("exception")).get("code"))


def _said(errors: list[dict[str, Json]]) -> str:
    said: list[str] = [f"{_code(one)} {as_text(one.get('message'))}".strip() for one in errors]
    return "; ".join(said)[:500]
