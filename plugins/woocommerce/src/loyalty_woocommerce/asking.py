"""The REST API of one shop, version 3: asked with its keys, an answer at a time."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
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

MOST_A_PAGE = 100
REFUSED = (401, 403)
DECIMALS = 6
"""What the shop keeps: rounded to the currency's own digits it is what was charged."""

Query = Mapping[str, str | int]


class KeyRefused(ConnectorError):
    """The shop does not take the keys, or they may not do what is asked."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What a shop answered: at which moment by its own clock, and how many pages there are."""

    document: Json
    at: datetime | None
    pages: int | None


@dataclass(frozen=True, slots=True)
class Access:
    """How a shop is asked: where, and with which keys."""

    url: str
    key: Secret
    secret: Secret
    seconds: int


class Api:
    """Asks the REST API; safe to use from many threads."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._http = ShopHttp(seconds=access.seconds)

    def get(self, path: str, query: Query | None = None) -> Answered | None:
        """What is there; None if it is not, or not any more.

        Raises ``PlatformUnavailable``, ``KeyRefused``, and ``ConnectorError`` for any other answer.
        """
        status, answered = self._ask("GET", path, query or {}, None)
        code = as_text(as_object(answered.document).get("code"))
        if status == 404 and code.endswith("invalid_id"):
            return None
        if status != 200:
            raise _unexpected(status, path, answered.document)
        return answered

    def page(self, path: str, query: Query) -> tuple[list[dict[str, Json]], Answered]:
        """A page of what is there, and what was answered; nothing for what is not there."""
        found = self.get(path, {"per_page": MOST_A_PAGE, **query})
        if found is None:
            return [], Answered([], None, 0)
        if not isinstance(found.document, list):
            raise ConnectorError(f"the answer to {path} is no list", where=path)
        return as_objects(found.document), found

    def every(self, path: str, query: Query) -> tuple[list[dict[str, Json]], Answered]:
        """All that is there, page by page, and what was answered to the first of them."""
        found, first = self.page(path, query)
        page, more = 1, more_than(first, 1, len(found))
        while more:
            page += 1
            others, answered = self.page(path, {**query, "page": page})
            found += others
            more = more_than(answered, page, len(others))
        return found, first

    def write(self, method: str, path: str, document: Mapping[str, Json]) -> tuple[int, JsonObject]:
        """The status and the answer to a write; raises as ``get`` but for what the shop refuses."""
        status, answered = self._ask(method, path, {}, document)
        if status in (200, 201, 400, 404, 409):
            return status, as_object(answered.document)
        raise _unexpected(status, path, answered.document)

    def delete(self, path: str) -> None:
        """Deletes what is there, for good; nothing if it is not. Raises as ``get``."""
        status, answered = self._ask("DELETE", path, {"force": "true"}, None)
        if status not in (200, 404, 410):
            raise _unexpected(status, path, answered.document)

    def _ask(
        self, method: str, path: str, query: Query, document: Mapping[str, Json] | None
    ) -> tuple[int, Answered]:
        url = f"{self._access.url.rstrip('/')}/wp-json/wc/v3/{path}"
        content = None if document is None else json.dumps(document).encode()
        keys = f"{self._access.key.reveal()}:{self._access.secret.reveal()}".encode()
        headers = {
            "accept": "application/json",
            "user-agent": "loyalty-woocommerce",
            "authorization": f"Basic {base64.b64encode(keys).decode()}",
        }
        if content is not None:
            headers["content-type"] = "application/json"
        given = {key: str(value) for key, value in query.items()}
        answer = self._http.ask(method, url, query=given, content=content, headers=headers)
        if answer.away:
            raise answer.unavailable()
        pages = answer.headers.get("x-wp-totalpages", "")
        counted = int(pages) if pages.isdigit() else None
        return answer.status, Answered(answer.json(), answer.at, counted)


def more_than(answered: Answered, page: int, found: int) -> bool:
    """Whether there are more pages than this one, of which so many were found."""
    if answered.pages is not None:
        return page < answered.pages
    return found >= MOST_A_PAGE


def _unexpected(status: int, path: str, document: Json) -> ConnectorError:
    answer = as_object(document)
    said = (
        f"it answers {status} {as_text(answer.get('code'))}: {as_text(answer.get('message'))[:300]}"
    )
    if status in REFUSED:
        remedy = "Make a key with read and write access, of a user who manages the shop."
        return KeyRefused(said, where=path, remedy=remedy)
    remedy = "Look at the shop's URL: it must be the one that it does not redirect from."
    if status == 404:
        remedy = "Look at the shop's URL, and let its permalinks be anything but plain."
    return ConnectorError(said, where=path, remedy=remedy)
