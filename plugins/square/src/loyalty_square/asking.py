"""The API of one seller: asked with its token, an answer at a time."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from loyalty_core import (
    ConnectorError,
    Json,
    JsonObject,
    Secret,
    ShopHttp,
    as_object,
    as_objects,
    as_text,
)

VERSION = "2026-09-16"
"""The version of the API that is asked for; it stays as it is."""
MOST_CUSTOMERS = 100
REFUSED = (401, 403)
TOLD = (200, 400, 404, 409, 422)


class TokenRefused(ConnectorError):
    """Square does not take the token, or it may not do what is asked."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What was answered to a request, and when by Square's clock."""

    status: int
    document: dict[str, Json]
    at: datetime | None

    @property
    def codes(self) -> set[str]:
        """The codes of the errors in it."""
        return {as_text(one.get("code")) for one in as_objects(self.document.get("errors"))}

    @property
    def said(self) -> str:
        """What the errors in it say."""
        errors = as_objects(self.document.get("errors"))
        return "; ".join(
            f"{as_text(one.get('code'))}: {as_text(one.get('detail'))}" for one in errors
        )[:500]


class Api:
    """Asks the API; safe to use from many threads."""

    def __init__(self, url: str, token: Secret) -> None:
        self._url = url.rstrip("/")
        self._token = token
        self._http = ShopHttp()

    def get(self, path: str, query: Mapping[str, str] | None = None) -> Answered | None:
        """What is there; None if it is not, or not any more.

        Raises ``PlatformUnavailable``, ``TokenRefused``, and ``ConnectorError`` for what else.
        """
        answered = self.send("GET", path, query=query)
        if answered.status == 404:
            return None
        return _fine(answered, path)

    def post(self, path: str, document: JsonObject) -> Answered:
        """What is answered to a question that is asked with a document; raises as ``get``."""
        return _fine(self.send("POST", path, document), path)

    def send(
        self,
        method: str,
        path: str,
        document: JsonObject | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Answered:
        """What is answered, also where Square says no to what is asked; raises as ``get``."""
        headers = {
            "accept": "application/json",
            "authorization": f"Bearer {self._token.reveal()}",
            "square-version": VERSION,
        }
        content = None if document is None else json.dumps(document).encode()
        if content is not None:
            headers["content-type"] = "application/json"
        answer = self._http.ask(
            method, f"{self._url}/v2/{path}", headers=headers, query=query, content=content
        )
        if answer.away:
            raise answer.unavailable()
        answered = Answered(answer.status, as_object(answer.json()), answer.at)
        if answer.status in REFUSED:
            remedy = "Look at the token and its permissions: the plugin's page names them."
            message = f"it answers {answer.status} {answered.said}"
            raise TokenRefused(message, where=path, remedy=remedy)
        if answer.status not in TOLD:
            raise ConnectorError(f"it answers {answer.status} {answered.said}", where=path)
        return answered

    def customers(self, ids: Collection[str]) -> dict[str, dict[str, Json]]:
        """The customers with these ids, as they are now; those that are gone are left out."""
        found: dict[str, dict[str, Json]] = {}
        wanted = sorted(ids)
        for start in range(0, len(wanted), MOST_CUSTOMERS):
            some: list[Json] = [*wanted[start : start + MOST_CUSTOMERS]]
            answered = self.post("customers/bulk-retrieve", {"customer_ids": some})
            for id, one in as_object(answered.document.get("responses")).items():
                if customer := as_object(as_object(one).get("customer")):
                    found[id] = customer
        return found


def _fine(answered: Answered, path: str) -> Answered:
    if answered.status != 200:
        raise ConnectorError(f"it answers {answered.status} {answered.said}", where=path)
    return answered
