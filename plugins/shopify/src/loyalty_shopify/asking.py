"""The Admin API of one shop: asked with a token, within its limits, and with patience."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from time import sleep
from typing import cast

import httpx2

from loyalty_core import ConnectorDisabled, ConnectorError, Json, PlatformUnavailable, Secret
from loyalty_shopify.fields import maybe, rows, text

VERSION = "2026-10"
"""The version of the Admin API that is asked for; each is served for a year at least."""

LARGEST_ANSWER = 33_554_432
"""Bytes of an answer that are read; files of bulk operations are read piece by piece."""

TIMEOUT = httpx2.Timeout(30, connect=10)
ATTEMPTS = 4
LONGEST_WAIT = 20
"""Seconds that are waited here for a limit; a longer wait is left to who asked."""

AWAY = (402, 408, 423, 430, 500, 502, 503, 504)
"""Not now: the shop is frozen (402) or locked (423), asked too much (430), or Shopify is down."""

Argument = str | int | bool | None | Decimal | list["Argument"] | dict[str, "Argument"]
"""What a variable of a query can be."""


class TooCostly(ConnectorError):
    """A query that costs more than any may: it has to ask for less at once."""

    code = "connector_failed"


class _Refused(Exception):
    """The token is not taken."""


@dataclass(frozen=True, slots=True)
class Access:
    """How a shop is asked: where, and by a token that stays, or by those that the app gets."""

    url: str
    secrets: tuple[Secret, ...]
    client_id: str = ""
    token: Secret | None = None


class Admin:
    """Asks the Admin API; safe to use from many threads."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._renewing = threading.Lock()
        self._token = ""
        self._trust: ssl.SSLContext | None = None

    def ask(self, query: str, /, **variables: Argument) -> dict[str, Json]:
        """The data that a query or a mutation answers.

        What is throttled was not done, and is asked again once the limit allows it. Raises
        ``PlatformUnavailable``, ``ConnectorDisabled`` if no token is taken any more, ``TooCostly``,
        and ``ConnectorError`` for what this app must not ask or this version does not know.
        """
        body = encode({"query": query, "variables": variables}).encode()
        fresh = False
        for left in range(ATTEMPTS - 1, -1, -1):
            try:
                wait, data = self._once(body)
            except _Refused:
                if fresh or self._access.token is not None:
                    message = "the shop takes no token of this app: it was removed"
                    raise ConnectorDisabled(message, where=self._access.url) from None
                fresh, self._token = True, ""
                continue
            if data is not None:
                return data
            if wait > LONGEST_WAIT or not left:
                break
            sleep(wait)
        raise PlatformUnavailable("the shop asks to wait", retry_after=wait)

    @contextmanager
    def file(self, url: str, start: int) -> Iterator[Iterator[bytes]]:
        """The pieces of a file of a bulk operation from a byte on; no token is sent there."""
        headers = {"range": f"bytes={start}-", "accept-encoding": "identity"} if start else {}
        with (
            _reaching(url),
            self._client() as client,
            client.stream("GET", url, headers=headers, follow_redirects=True) as answer,
        ):
            if answer.status_code == 416:  # it ends where we are
                yield iter(())
            elif answer.status_code not in (200, 206):
                raise PlatformUnavailable(f"the file answers {answer.status_code}", where="bulk")
            else:
                skip = start if answer.status_code == 200 else 0
                yield _skipped(answer.iter_bytes(), skip)

    # -- one request --------------------------------------------------------------------------

    def _once(self, body: bytes) -> tuple[int, dict[str, Json] | None]:
        """What was answered; or after how many seconds it can be asked again, and None."""
        headers = {"x-shopify-access-token": self._current(), "content-type": "application/json"}
        path = f"/admin/api/{VERSION}/graphql.json"
        status, asked, answer = self._post(path, body, headers)
        if status == 401:
            raise _Refused
        if status == 429:
            return asked or 2, None
        if status != 200:
            raise _unavailable(status, asked, path)
        wait = _errors(answer)
        data = answer.get("data")
        return (wait, None) if wait else (0, maybe(data))

    def _current(self) -> str:
        """The token to ask with: the one that stays, or one that the app gets for a day."""
        if self._access.token is not None:
            return self._access.token.reveal()
        with self._renewing:
            if not self._token:
                self._token = self._new_token()
            return self._token

    def _new_token(self) -> str:
        """A token for the app's id and secret (RFC 6749, section 4.4)."""
        path = "/admin/oauth/access_token"
        problem = ""
        for secret in self._access.secrets:
            form = {
                "grant_type": "client_credentials",
                "client_id": self._access.client_id,
                "client_secret": secret.reveal(),
            }
            status, asked, answer = self._post(path, json.dumps(form).encode(), _JSON)
            if status == 200 and (token := text(answer.get("access_token"))):
                return token
            if status not in (400, 401, 403, 404):
                raise _unavailable(status, asked, path)
            problem = text(answer.get("error")) or f"it answers {status}"
        raise ConnectorDisabled(f"the shop gives this app no token: {problem}", where=path)

    def _post(
        self, path: str, body: bytes, headers: Mapping[str, str]
    ) -> tuple[int, int | None, dict[str, Json]]:
        """The status, the seconds we are asked to wait, and the JSON that was answered."""
        url = f"{self._access.url}{path}"
        with (
            _reaching(url),
            self._client() as client,
            client.stream("POST", url, content=body, headers=dict(headers)) as answer,
        ):
            chunks, size = [], 0
            for chunk in answer.iter_bytes():
                size += len(chunk)
                if size > LARGEST_ANSWER:
                    raise ConnectorError(f"the answer is larger than {LARGEST_ANSWER:,} bytes")
                chunks.append(chunk)
            asked = _seconds(answer.headers.get("retry-after"))
            status = answer.status_code
        try:
            read = json.loads(b"".join(chunks), parse_float=Decimal)
        except (ValueError, RecursionError):
            if status == 200:
                message = "the answer is no JSON: it was cut short"
                raise PlatformUnavailable(message, where=path) from None
            read = None
        return status, asked, maybe(read)

    def _client(self) -> httpx2.Client:
        """One for each request: Shopify's limits are slower than a handshake.

        What takes long to make is kept: whom to trust.
        """
        self._trust = self._trust or httpx2.create_ssl_context()
        return httpx2.Client(timeout=TIMEOUT, verify=self._trust)


_JSON = {"content-type": "application/json", "accept": "application/json"}


def encode(value: object) -> str:
    """A value as JSON, decimals as the numbers they are."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Mapping):
        return f"{{{','.join(f'{json.dumps(key)}:{encode(one)}' for key, one in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{','.join(map(encode, value))}]"
    return json.dumps(value)


@contextmanager
def _reaching(url: str) -> Iterator[None]:
    try:
        yield
    except httpx2.HTTPError as error:
        host = httpx2.URL(url).host
        message = f"{host} cannot be reached: {type(error).__name__}: {error}"
        raise PlatformUnavailable(message, where=host) from error


def _errors(answer: Mapping[str, Json]) -> int:
    """The seconds to wait for a throttled query, zero for one that was answered.

    Shopify answers 200 to what it throttles, with errors. Raises for other errors.
    """
    errors = rows(answer.get("errors"))
    if not errors:
        if not isinstance(answer.get("data"), dict):
            problem = text(answer.get("errors")) or "there is no data in it"
            raise ConnectorError(f"the answer cannot be read: {problem[:200]}")
        return 0
    codes = {text(maybe(one.get("extensions")).get("code")) for one in errors}
    said = "; ".join(text(one.get("message")) for one in errors)[:500]
    if "THROTTLED" in codes:
        return _throttled(maybe(maybe(answer.get("extensions")).get("cost")))
    if "MAX_COST_EXCEEDED" in codes:
        raise TooCostly(said)
    if codes & {"INTERNAL_SERVER_ERROR", "TIMEOUT"}:
        raise PlatformUnavailable(said)
    if "SHOP_INACTIVE" in codes:
        raise PlatformUnavailable(f"the shop is closed: {said}", retry_after=3600)
    remedy = "Update this plugin: it asks for what this version of Shopify's API does not have."
    if "ACCESS_DENIED" in codes:
        remedy = "Give the app the scopes that its page names, and install it again."
    raise ConnectorError(said, remedy=remedy)


def _throttled(cost: Mapping[str, Json]) -> int:
    """After how many seconds there are points enough for what a query was going to cost."""
    status = maybe(cost.get("throttleStatus"))
    wanted, there, rate = (
        cast(int | Decimal, value) if isinstance(value, int | Decimal) else 0
        for value in (
            cost.get("requestedQueryCost"),
            status.get("currentlyAvailable"),
            status.get("restoreRate"),
        )
    )
    return max(1, int(-((there - wanted) // rate))) if rate else 2


def _unavailable(status: int, asked: int | None, path: str) -> ConnectorError:
    if status in AWAY:
        return PlatformUnavailable(f"it answers {status}", where=path, retry_after=asked)
    remedy = "Look at the shop's domain, the app's scopes and its version of the API."
    return ConnectorError(f"it answers {status}", where=path, remedy=remedy)


def _seconds(given: str | None) -> int | None:
    """The whole seconds of a ``retry-after``, which Shopify writes as ``2.0``; rounded up."""
    whole, _, fraction = (given or "").partition(".")
    if not (whole.isascii() and whole.isdigit() and len(whole) < 8):
        return None
    return int(whole) + (1 if fraction.strip("0") else 0)


def _skipped(pieces: Iterator[bytes], skip: int) -> Iterator[bytes]:
    for piece in pieces:
        if skip >= len(piece):
            skip -= len(piece)
            continue
        yield piece[skip:]
        skip = 0
