"""Stripe's API: asked with a key, in one version of it, an answer at a time."""

from __future__ import annotations

import json
import threading
import weakref
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import cast
from urllib.parse import urlencode

import httpx2

from loyalty_core import ConnectorError, Json, PlatformUnavailable, Secret
from loyalty_stripe.fields import Doc, maybe, rows, text

VERSION = "2025-09-30.clover"
"""The version of the API that is asked for, whatever the account's is: one shape is read."""
MOST_A_PAGE = 100
LARGEST_ANSWER = 33_554_432
"""Bytes of an answer that are read."""
REFUSED = (401, 403)
NOT_NOW = (408, 409, 425, 429)
"""It was not done, or another request with the same key is being done just now."""

Form = Mapping[str, object]
"""What is sent: texts, numbers and truths, mappings of them, and lists."""


class KeyRefused(PlatformUnavailable):
    """Stripe does not take the key, or it may not do what is asked.

    Keys are replaced within hours: no message and no fee should be given up because of that.
    """


class CardRefused(Exception):
    """The bank, or Stripe for it, says no: ``error`` is what Stripe says of it."""

    def __init__(self, error: Doc) -> None:
        self.error = error
        super().__init__(text(error.get("message")))


class RequestRefused(ConnectorError):
    """Stripe cannot do what was asked, and would say so again; ``said`` is its code for why."""

    def __init__(self, message: str, *, where: str, said: str) -> None:
        self.said = said
        super().__init__(message, where=where)


@dataclass(frozen=True, slots=True)
class Access:
    """How an account is asked: where, with which key, and whether that is one for real money."""

    url: str
    key: Secret
    live: bool
    account: str
    seconds: int


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of a list, whether there is more, and when it was answered by Stripe's clock."""

    found: list[dict[str, Json]]
    more: bool
    at: datetime | None


class Api:
    """Asks Stripe; safe to use from many threads."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._opening = threading.Lock()
        self._client: httpx2.Client | None = None

    def get(self, path: str, form: Form | None = None) -> dict[str, Json] | None:
        """What is there; None if it is not, or not any more.

        Raises ``PlatformUnavailable``, and ``ConnectorError`` for any other answer.
        """
        status, answer, _ = self._ask("GET", path, form or {}, "")
        if status == 404:
            return None
        return _good(status, answer, path)

    def page(self, path: str, form: Form) -> Listed:
        """A page of a list; raises as ``get``."""
        status, answer, at = self._ask("GET", path, {"limit": MOST_A_PAGE, **form}, "")
        doc = _good(status, answer, path)
        return Listed(rows(doc), doc.get("has_more") is True, at)

    def every(self, path: str, form: Form) -> Iterator[dict[str, Json]]:
        """All of a list, page by page, the newest first; raises as ``get``."""
        after: Form = {}
        more = True
        while more:
            listed = self.page(path, {**form, **after})
            yield from listed.found
            more = listed.more and bool(listed.found)
            after = {"starting_after": text(listed.found[-1].get("id"))} if more else {}

    def post(self, path: str, form: Form, key: str = "") -> dict[str, Json]:
        """What was done; under the same key the same, and nothing is done again.

        Raises ``CardRefused`` for a payment that was declined, ``RequestRefused`` for what is
        wrong, and as ``get``: then it may have been done, and is to be asked by the same key.
        """
        status, answer, _ = self._ask("POST", path, form, key)
        return _good(status, answer, path)

    def delete(self, path: str) -> None:
        """Ends what is there; nothing if it is not. Raises as ``get``."""
        status, answer, _ = self._ask("DELETE", path, {}, "")
        if status != 404:
            _good(status, answer, path)

    # -- one request --------------------------------------------------------------------------

    def _ask(
        self, method: str, path: str, form: Form, key: str
    ) -> tuple[int, dict[str, Json], datetime | None]:
        url, sent = f"{self._access.url.rstrip('/')}/v1/{path}", encode(form)
        headers = {
            "authorization": f"Bearer {self._key()}",
            "stripe-version": VERSION,
            "user-agent": "loyalty-stripe",
        }
        if self._access.account:
            headers["stripe-account"] = self._access.account
        if key:
            headers["idempotency-key"] = key
        content = None
        if method == "POST":
            headers["content-type"], content = "application/x-www-form-urlencoded", sent.encode()
        elif sent:
            url = f"{url}?{sent}"
        try:
            with self._open().stream(method, url, content=content, headers=headers) as answer:
                body = _body(answer, path)
        except httpx2.HTTPError as error:
            host = httpx2.URL(url).host
            message = f"{host} cannot be reached: {type(error).__name__}: {error}"
            raise PlatformUnavailable(message, where=host) from error
        status = answer.status_code
        read = _json(body)
        if status in NOT_NOW or status >= 500 or (status == 200 and not read):
            asked = _seconds(answer.headers.get("retry-after"))
            said = text(maybe(read.get("error")).get("message"))[:200]
            raise PlatformUnavailable(f"it answers {status} {said}", where=path, retry_after=asked)
        return status, read, _moment(answer.headers.get("date"))

    def _key(self) -> str:
        """The key; raises ``KeyRefused`` for one of the other mode before anything is asked."""
        key = self._access.key.reveal()
        if ("_test_" if self._access.live else "_live_") in key[:12]:
            mode = "test" if self._access.live else "live"
            remedy = "Name a key of the mode that `live` says."
            where = self._access.key.reference
            raise KeyRefused(f"the key is one for {mode} mode", where=where, remedy=remedy)
        return key

    def _open(self) -> httpx2.Client:
        with self._opening:
            if self._client is None:
                timeout = httpx2.Timeout(self._access.seconds, connect=10)
                self._client = httpx2.Client(timeout=timeout, follow_redirects=False)
                weakref.finalize(self, self._client.close)
            return self._client


def encode(form: Form) -> str:
    """A form as Stripe reads it: the names of what is inside stand in brackets.

    >>> encode({"a": {"b": [1, {"c": True}]}, "none": None})
    'a%5Bb%5D%5B0%5D=1&a%5Bb%5D%5B1%5D%5Bc%5D=true'
    """
    return urlencode([pair for name, value in form.items() for pair in _pairs(name, value)])


def _pairs(name: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _pairs(f"{name}[{key}]", inner)
    elif isinstance(value, list | tuple):
        for place, inner in enumerate(value):
            yield from _pairs(f"{name}[{place}]", inner)
    elif isinstance(value, bool):
        yield name, "true" if value else "false"
    elif value is not None:
        yield name, str(value)


def _good(status: int, answer: dict[str, Json], path: str) -> dict[str, Json]:
    """The answer, if it is one; raises for what Stripe refuses."""
    if status == 200:
        return answer
    error = maybe(answer.get("error"))
    kind, code = text(error.get("type")), text(error.get("code"))
    said = f"it answers {status} {code or kind}: {text(error.get('message'))[:300]}"
    if status == 402 and kind == "card_error":
        raise CardRefused(error)
    if status in REFUSED:
        remedy = "Make a restricted key that may do what the plugin's page names."
        raise KeyRefused(said, where=path, remedy=remedy)
    if kind == "idempotency_error":  # it was asked with other words before: it has to be looked for
        raise PlatformUnavailable(said, where=path)
    raise RequestRefused(said, where=path, said=code or kind)


def _body(answer: httpx2.Response, path: str) -> bytes:
    chunks, size = [], 0
    for chunk in answer.iter_bytes():
        size += len(chunk)
        if size > LARGEST_ANSWER:
            message = f"the answer to {path} is larger than {LARGEST_ANSWER:,} bytes"
            raise ConnectorError(message, where=path)
        chunks.append(chunk)
    return b"".join(chunks)


def _json(body: bytes) -> dict[str, Json]:
    """What a body says, an empty object if it is none: it was cut short, or is a page."""
    try:
        return maybe(cast(Json, json.loads(body, parse_float=Decimal)))
    except (ValueError, RecursionError):
        return {}


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
