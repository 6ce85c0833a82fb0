"""Stripe's API: asked with a key, in one version of it, an answer at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from loyalty_core import (
    ConnectorError,
    HttpAnswer,
    Json,
    JsonObject,
    PlatformUnavailable,
    Secret,
    ShopHttp,
    as_object,
    as_text,
)
from loyalty_stripe.fields import ref, rows

VERSION = "2025-09-30.clover"
"""The version of the API that is asked for, whatever the account's is: one shape is read."""
MOST_A_PAGE = 100
REFUSED = (401, 403)
NOT_NOW = (408, 409, 424, 425, 429)
"""It was not done, or another request with the same key is being done just now.

Not ``HttpAnswer.away``: by a 402 Stripe says that a payment was declined.
"""
UNKNOWN = frozenset({"", "api_error", "idempotency_error", "rate_limit_error"})
"""Kinds of errors that do not say what was done; a key was used with other words before."""
NOT_THERE = "resource_missing"

Form = Mapping[str, object]
"""What is sent: texts, numbers and truths, mappings of them, and lists."""


class KeyRefused(PlatformUnavailable):
    """Stripe does not take the key, or it may not do what is asked.

    Keys are replaced within hours: no message and no fee should be given up because of that.
    """


class CardRefused(Exception):
    """The bank, or Stripe for it, says no: ``error`` is what Stripe says of it."""

    def __init__(self, error: JsonObject) -> None:
        self.error = error
        super().__init__(as_text(error.get("message")))


class RequestRefused(ConnectorError):
    """Stripe cannot do what was asked, and would say so again; ``said`` is its code for why."""

    def __init__(self, message: str, *, said: str, where: str = "", remedy: str = "") -> None:
        self.said = said
        super().__init__(message, where=where, remedy=remedy)


@dataclass(frozen=True, slots=True)
class Access:
    """How an account is asked: where, with which key, and whether that is one for real money."""

    url: str
    key: Secret
    live: bool
    account: str
    seconds: int


@dataclass(frozen=True, slots=True)
class Answered:
    """What was answered, and when by Stripe's clock."""

    document: dict[str, Json]
    at: datetime | None


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
        self._http = ShopHttp(seconds=access.seconds)

    def get(self, path: str, form: Form | None = None) -> dict[str, Json] | None:
        """What is there; None if Stripe says that it is not, or not any more.

        Raises ``PlatformUnavailable``, and ``ConnectorError`` for any other answer.
        """
        try:
            return self._ask("GET", path, form or {}).document
        except RequestRefused as refused:
            if refused.said == NOT_THERE:
                return None
            raise

    def page(self, path: str, form: Form) -> Listed:
        """A page of a list; raises as ``get``."""
        answered = self._ask("GET", path, {"limit": MOST_A_PAGE, **form})
        more = answered.document.get("has_more") is True
        return Listed(rows(answered.document), more, answered.at)

    def every(self, path: str, form: Form) -> Iterator[dict[str, Json]]:
        """All of a list, page by page, the newest first; raises as ``get``."""
        after: Form = {}
        more = True
        while more:
            listed = self.page(path, {**form, **after})
            yield from listed.found
            more = listed.more and bool(listed.found)
            after = {"starting_after": ref(listed.found[-1])} if more else {}

    def post(self, path: str, form: Form, key: str = "") -> dict[str, Json]:
        """What was done; under the same key the same, and nothing is done again.

        Raises ``CardRefused`` for a payment that was declined, ``RequestRefused`` for what is
        wrong, and as ``get``: then it may have been done, and is to be asked by the same key.
        """
        return self._ask("POST", path, form, key).document

    def delete(self, path: str) -> None:
        """Ends what is there; nothing if it is not. Raises as ``get``."""
        try:
            self._ask("DELETE", path, {})
        except RequestRefused as refused:
            if refused.said != NOT_THERE:
                raise

    # -- one request --------------------------------------------------------------------------

    def _ask(self, method: str, path: str, form: Form, key: str = "") -> Answered:
        headers = {
            "authorization": f"Bearer {self._key()}",
            "stripe-version": VERSION,
            "user-agent": "loyalty-stripe",
        }
        if self._access.account:
            headers["stripe-account"] = self._access.account
        if key:
            headers["idempotency-key"] = key
        query: Mapping[str, str] | None = flat(form)
        content = None
        if method == "POST":
            headers["content-type"] = "application/x-www-form-urlencoded"
            query, content = None, urlencode(flat(form)).encode()
        url = f"{self._access.url.rstrip('/')}/v1/{path}"
        answer = self._http.ask(method, url, headers=headers, query=query, content=content)
        if answer.status in NOT_NOW or answer.status >= 500:
            raise answer.unavailable()
        document = as_object(answer.json())
        if answer.status != 200:
            raise _refusal(answer, as_object(document.get("error")))
        return Answered(document, answer.at)

    def _key(self) -> str:
        """The key; raises ``KeyRefused`` for one of the other mode before anything is asked."""
        key = self._access.key.reveal()
        if ("_test_" if self._access.live else "_live_") in key[:12]:
            mode = "test" if self._access.live else "live"
            remedy = "Name a key of the mode that `live` says."
            where = self._access.key.reference
            raise KeyRefused(f"the key is one for {mode} mode", where=where, remedy=remedy)
        return key


def flat(form: Form) -> dict[str, str]:
    """A form as Stripe reads it: the names of what is inside stand in brackets.

    >>> flat({"a": {"b": [1, {"c": True}]}, "none": None})
    {'a[b][0]': '1', 'a[b][1][c]': 'true'}
    """
    return dict(pair for name, value in form.items() for pair in _pairs(name, value))


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


def _refusal(answer: HttpAnswer, error: JsonObject) -> Exception:
    """What Stripe says no to; an answer without its words is not Stripe's, and says nothing."""
    kind, code = as_text(error.get("type")), as_text(error.get("code"))
    said = f"it answers {answer.status} {code or kind}: {as_text(error.get('message'))[:300]}"
    if answer.status == 402 and kind == "card_error":
        return CardRefused(error)
    if answer.status in REFUSED:
        remedy = "Make a restricted key that may do what the plugin's page names."
        return KeyRefused(said, where=answer.path, remedy=remedy)
    if kind in UNKNOWN:
        return PlatformUnavailable(said, where=answer.path)
    return RequestRefused(said, where=answer.path, said=code or kind)
