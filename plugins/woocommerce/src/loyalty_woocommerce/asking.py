"""The REST API of one shop, version 3: asked with its keys, an answer at a time."""

from __future__ import annotations

import json
import threading
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import TypeVar, cast

import httpx2

from loyalty_core import ConnectorError, Json, PlatformUnavailable, Secret
from loyalty_woocommerce.fields import Doc, maybe, rows, text

LARGEST_ANSWER = 33_554_432
"""Bytes of an answer that are read."""
MOST_A_PAGE = 100
AWAY = (408, 425, 429, 500, 502, 503, 504, 508, 509, 520, 521, 522, 523, 524, 525, 526, 530)
"""Not now: the shop is being mended or asked too much, or what stands in front of it is."""
REFUSED = (401, 403)
DECIMALS = 6
"""What the shop keeps: rounded to the currency's own digits it is what was charged."""

Query = Mapping[str, str | int]
_T = TypeVar("_T")


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
        self._opening = threading.Lock()
        self._client: httpx2.Client | None = None

    def get(self, path: str, query: Query | None = None) -> Answered | None:
        """What is there; None if it is not, or not any more.

        Raises ``PlatformUnavailable``, ``KeyRefused``, and ``ConnectorError`` for any other answer.
        """
        status, answered = self._ask("GET", path, query or {}, None)
        code = text(maybe(answered.document).get("code"))
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
        return rows(found.document), found

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

    def write(self, method: str, path: str, document: Mapping[str, Json]) -> tuple[int, Doc]:
        """The status and the answer to a write; raises as ``get`` but for what the shop refuses."""
        status, answered = self._ask(method, path, {}, document)
        if status in (200, 201, 400, 404, 409):
            return status, maybe(answered.document)
        raise _unexpected(status, path, answered.document)

    def _ask(
        self, method: str, path: str, query: Query, document: Mapping[str, Json] | None
    ) -> tuple[int, Answered]:
        url = f"{self._access.url.rstrip('/')}/wp-json/wc/v3/{path}"
        content = None if document is None else json.dumps(document).encode()
        headers = {"accept": "application/json", "user-agent": "loyalty-woocommerce"}
        if content is not None:
            headers["content-type"] = "application/json"
        auth = httpx2.BasicAuth(self._access.key.reveal(), self._access.secret.reveal())
        given = {key: str(value) for key, value in query.items()}
        try:
            with self._open().stream(
                method, url, params=given, content=content, headers=headers, auth=auth
            ) as answer:
                body = _body(answer, path)
        except httpx2.HTTPError as error:
            host = httpx2.URL(url).host
            message = f"{host} cannot be reached: {type(error).__name__}: {error}"
            raise PlatformUnavailable(message, where=host) from error
        status = answer.status_code
        if status in AWAY:
            asked = _seconds(answer.headers.get("retry-after"))
            raise PlatformUnavailable(f"it answers {status}", where=path, retry_after=asked)
        pages = answer.headers.get("x-wp-totalpages", "")
        read = _json(body, status, path)
        at = _moment(answer.headers.get("date"))
        return status, Answered(read, at, int(pages) if pages.isdigit() else None)

    def _open(self) -> httpx2.Client:
        with self._opening:
            if self._client is None:
                timeout = httpx2.Timeout(self._access.seconds, connect=10)
                self._client = httpx2.Client(timeout=timeout, follow_redirects=False)
                weakref.finalize(self, self._client.close)
            return self._client


def more_than(answered: Answered, page: int, found: int) -> bool:
    """Whether there are more pages than this one, of which so many were found."""
    if answered.pages is not None:
        return page < answered.pages
    return found >= MOST_A_PAGE


def patiently(ask: Callable[[], _T]) -> _T:
    """What is answered; what needs it waits while the shop does not take the keys.

    Keys are replaced within hours: no message or code should be dead because of that.
    """
    try:
        return ask()
    except KeyRefused as error:
        raise PlatformUnavailable(error.message, where=error.where, remedy=error.remedy) from error


def _body(answer: httpx2.Response, path: str) -> bytes:
    chunks, size = [], 0
    for chunk in answer.iter_bytes():
        size += len(chunk)
        if size > LARGEST_ANSWER:
            message = f"the answer to {path} is larger than {LARGEST_ANSWER:,} bytes"
            raise ConnectorError(message, where=path)
        chunks.append(chunk)
    return b"".join(chunks)


def _json(body: bytes, status: int, path: str) -> Json:
    """What a body says; a page for people instead is no answer, but that the shop is busy."""
    try:
        return cast(Json, json.loads(body.decode("utf-8-sig"), parse_float=Decimal))
    except (ValueError, RecursionError):
        if status != 200:
            return None
        remedy = "Look whether something in front of the shop answers in its place."
        message = f"the answer to {path} is no JSON: {body[:60]!r}"
        raise PlatformUnavailable(message, where=path, remedy=remedy) from None


def _unexpected(status: int, path: str, document: Json) -> ConnectorError:
    answer = maybe(document)
    said = f"it answers {status} {text(answer.get('code'))}: {text(answer.get('message'))[:300]}"
    if status in REFUSED:
        remedy = "Make a key with read and write access, of a user who manages the shop."
        return KeyRefused(said, where=path, remedy=remedy)
    remedy = "Look at the shop's URL: it must be the one that it does not redirect from."
    if status == 404:
        remedy = "Look at the shop's URL, and let its permalinks be anything but plain."
    return ConnectorError(said, where=path, remedy=remedy)


def _moment(given: str | None) -> datetime | None:
    try:
        read = parsedate_to_datetime(given or "")
    except ValueError:
        return None
    return read.astimezone(UTC) if read.tzinfo else None


def _seconds(given: str | None) -> int | None:
    """The seconds of a ``retry-after`` header; None for a date, which is rare."""
    fits = given is not None and given.isascii() and given.isdigit() and len(given) < 8
    return int(cast(str, given)) if fits else None
