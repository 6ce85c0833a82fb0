"""The Admin API of one shop: asked with a token, within its limits, and with patience."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from time import sleep
from typing import cast

from loyalty_core import (
    ConnectorDisabled,
    ConnectorError,
    HttpAnswer,
    Json,
    PlatformUnavailable,
    Secret,
    ShopHttp,
    as_object,
    as_objects,
    as_text,
)

VERSION = "2026-10"
"""The version of the Admin API that is asked for; each is served for a year at least."""

ATTEMPTS = 4
LONGEST_WAIT = 20
"""Seconds that are waited here for a limit; a longer wait is left to who asked."""

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
        self._http = ShopHttp()

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
        with self._http.pieces(url, headers) as (status, pieces):
            if status == 416:  # it ends where we are
                yield iter(())
            elif status not in (200, 206):
                raise PlatformUnavailable(f"the file answers {status}", where="bulk")
            else:
                yield _skipped(pieces, start if status == 200 else 0)

    # -- one request --------------------------------------------------------------------------

    def _once(self, body: bytes) -> tuple[int, dict[str, Json] | None]:
        """What was answered; or after how many seconds it can be asked again, and None."""
        path = f"/admin/api/{VERSION}/graphql.json"
        answer = self._post(path, body, {"x-shopify-access-token": self._current()})
        if answer.status == 401:
            raise _Refused
        if answer.status == 429:
            return answer.retry_after or 2, None
        if answer.status != 200:
            raise _unavailable(answer)
        document = as_object(answer.json())
        wait = _errors(document)
        return (wait, None) if wait else (0, as_object(document.get("data")))

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
            answer = self._post(path, json.dumps(form).encode(), {"accept": "application/json"})
            said = as_object(answer.json())
            if answer.status == 200 and (token := as_text(said.get("access_token"))):
                return token
            if answer.status not in (400, 401, 403, 404):
                raise _unavailable(answer)
            problem = as_text(said.get("error")) or f"it answers {answer.status}"
        raise ConnectorDisabled(f"the shop gives this app no token: {problem}", where=path)

    def _post(self, path: str, body: bytes, headers: Mapping[str, str]) -> HttpAnswer:
        given = {"content-type": "application/json", **headers}
        return self._http.ask("POST", f"{self._access.url}{path}", content=body, headers=given)


def encode(value: object) -> str:
    """A value as JSON, decimals as the numbers they are."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Mapping):
        return f"{{{','.join(f'{json.dumps(key)}:{encode(one)}' for key, one in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{','.join(map(encode, value))}]"
    return json.dumps(value)


def _errors(answer: Mapping[str, Json]) -> int:
    """The seconds to wait for a throttled query, zero for one that was answered.

    Shopify answers 200 to what it throttles, with errors. Raises for other errors.
    """
    errors = as_objects(answer.get("errors"))
    if not errors:
        if not isinstance(answer.get("data"), dict):
            problem = as_text(answer.get("errors")) or "there is no data in it"
            raise ConnectorError(f"the answer cannot be read: {problem[:200]}")
        return 0
    codes = {as_text(as_object(one.get("extensions")).get("code")) for one in errors}
    said = "; ".join(as_text(one.get("message")) for one in errors)[:500]
    if "THROTTLED" in codes:
        return _throttled(as_object(as_object(answer.get("extensions")).get("cost")))
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
    status = as_object(cost.get("throttleStatus"))
    wanted, there, rate = (
        cast(int | Decimal, value) if isinstance(value, int | Decimal) else 0
        for value in (
            cost.get("requestedQueryCost"),
            status.get("currentlyAvailable"),
            status.get("restoreRate"),
        )
    )
    return max(1, int(-((there - wanted) // rate))) if rate else 2


def _unavailable(answer: HttpAnswer) -> ConnectorError:
    if answer.away:
        return answer.unavailable()
    remedy = "Look at the shop's domain, the app's scopes and its version of the API."
    return ConnectorError(f"it answers {answer.status}", where=answer.path, remedy=remedy)


def _skipped(pieces: Iterator[bytes], skip: int) -> Iterator[bytes]:
    for piece in pieces:
        if skip >= len(piece):
            skip -= len(piece)
            continue
        yield piece[skip:]
        skip = 0
