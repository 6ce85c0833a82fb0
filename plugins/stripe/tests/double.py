"""A double of Stripe: its API, as far as it is documented, over a real line that may break.

What is written is done once by each idempotency key: the first answer is kept for a day and given
again, errors included; the same key with other words is refused.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import parse_qsl

from loyalty_core.testing import Answer, Asked, PlatformDouble
from plugins.stripe.tests.papers import Doc
from plugins.stripe.tests.till import Refused, Till, error

KEY = "sk_live_key"
KINDS = {
    "payment_intents": "payment_intent",
    "charges": "charge",
    "refunds": "refund",
    "disputes": "dispute",
    "checkout/sessions": "checkout.session",
    "invoices": "invoice",
    "customers": "customer",
    "subscriptions": "subscription",
    "credit_notes": "credit_note",
    "events": "event",
    "webhook_endpoints": "webhook_endpoint",
}
FILTERS = ("customer", "payment_intent", "charge", "status", "invoice")


@dataclass(frozen=True)
class Kept:
    """The first answer to a key."""

    words: str
    answer: Answer
    at: datetime


class Stripe(PlatformDouble):
    """An account: what it holds is in ``till``; a test does to it what people and banks do.

    Its pages are small, so that every list takes some. ``broken`` are writes that end in a 500
    which is kept under their key: ``True`` after the write was done, ``False`` before.
    """

    def __init__(self) -> None:
        super().__init__()
        self.till = Till(lambda: self.clock())
        self.keys: dict[str, Kept] = {}
        self.page_size = 3
        self.key = KEY
        self.account = ""
        self.allowed = True
        self.broken: deque[bool] = deque()
        self.versions: set[str] = set()
        self.after: Callable[[Asked], None] | None = None

    # -- the API --------------------------------------------------------------------------------

    def answer(self, asked: Asked) -> Answer:
        answer = self._authorized(asked)
        if self.after is not None:
            self.after(asked)
        return answer

    def _authorized(self, asked: Asked) -> Answer:
        if asked.headers.get("authorization") != f"Bearer {self.key}":
            return error(401, "invalid_request_error", "", "Invalid API Key provided")
        if not self.allowed:
            return error(403, "invalid_request_error", "", "The key lacks the permission")
        if asked.headers.get("stripe-account", "") != self.account:
            return error(403, "invalid_request_error", "account_invalid", "No such account")
        self.versions.add(asked.headers["stripe-version"])
        key = asked.headers.get("idempotency-key")
        if asked.method == "POST" and key:
            return self._once(asked, key)
        return self._route(asked)

    def _once(self, asked: Asked, key: str) -> Answer:
        words = f"{asked.path} {asked.body.decode()}"
        kept = self.keys.get(key)
        if kept and self.clock() - kept.at < timedelta(days=1):
            if kept.words != words:
                return error(400, "idempotency_error", "", "Keys can only be used with the same")
            return replace(kept.answer, headers={"idempotent-replayed": "true"})
        answer = self._broken(asked) if self.broken else self._route(asked)
        if not answer.headers.get("invalid"):  # what does not pass validation never began
            self.keys[key] = Kept(words, answer, self.clock())
        return answer

    def _broken(self, asked: Asked) -> Answer:
        if self.broken.popleft():
            self._route(asked)
        return error(500, "api_error", "", "Something went wrong on our end")

    def _route(self, asked: Asked) -> Answer:
        path = asked.path.removeprefix("/v1/")
        if asked.method == "POST":
            return self._post(path, nested(asked.body.decode()))
        if asked.method == "DELETE":
            return Answer.of(self.till.end(path.rpartition("/")[2]))
        query = {key: value for key, value in asked.query.items() if not key.startswith("expand")}
        expand = [value for key, value in asked.query.items() if key.startswith("expand")]
        if path in KINDS:
            found = [one for one in self.till.held(KINDS[path]) if fits(one, query)]
            return self._page(path, found, query, expand)
        return self._one(path, query, expand)

    def _one(self, path: str, query: dict[str, str], expand: list[str]) -> Answer:
        place, _, id = path.rpartition("/")
        if path == "invoice_payments":
            found = self.till.invoice_payments(
                query.get("payment[payment_intent]"), query.get("invoice")
            )
            return self._page(path, found, query, expand)
        if id in ("line_items", "lines"):
            return self._page(path, self.till.lines[place.rpartition("/")[2]], query, expand)
        if id == "payment_methods":
            return self._page(path, self.till.methods_of(place.partition("/")[2]), query, expand)
        held = self.till.things.get(id)
        if held is None or KINDS.get(place) != held["object"]:
            return error(404, "invalid_request_error", "resource_missing", f"No such {id}")
        return Answer.of(self._expanded(held, expand))

    def _page(
        self, path: str, found: list[Doc], query: dict[str, str], expand: list[str]
    ) -> Answer:
        """A page of a list, the newest first."""
        after = query.get("starting_after")
        if after:
            ids = [one["id"] for one in found]
            if after not in ids:
                return error(400, "invalid_request_error", "resource_missing", f"No such {after}")
            found = found[ids.index(after) + 1 :]
        size = min(self.page_size, int(query.get("limit", 10)))
        inner = [one.removeprefix("data.") for one in expand]
        some = [self._expanded(one, inner) for one in found[:size]]
        more = len(found) > size
        return Answer.of({"object": "list", "url": f"/v1/{path}", "has_more": more, "data": some})

    def _expanded(self, held: Doc, expand: list[str]) -> Doc:
        """A document, with what is asked for in the place of ids, as deep as that is named."""
        made = dict(held)
        if held["object"] == "invoice" and "payments" not in expand:
            made.pop("payments", None)
        for name in expand:
            outer, _, inner = name.partition(".")
            if outer == "refunds":
                back = [one for one in self.till.held("refund") if one["charge"] == held["id"]]
                some = back[: self.page_size]
                made["refunds"] = {"data": some, "has_more": len(back) > len(some)}
            elif isinstance(made.get(outer), str):
                inside = [inner] if inner else []
                made[outer] = self._expanded(self.till.things[made[outer]], inside)
        return made

    def _post(self, path: str, form: Doc) -> Answer:
        try:
            return Answer.of(self.till.write(path, form))
        except Refused as refused:
            return refused.answer


def fits(one: Doc, query: dict[str, str]) -> bool:
    since = query.get("created[gte]")
    if since and one["created"] < int(since):
        return False
    return all(one.get(name) == query[name] for name in FILTERS if name in query)


def nested(body: str) -> Doc:
    """A form as an object: names in brackets are inside, numbers are places in a list."""
    made: Doc = {}
    for name, value in parse_qsl(body, keep_blank_values=True):
        *outer, last = re.findall(r"[^\[\]]+", name)
        place = made
        for part in outer:
            place = place.setdefault(part, {})
        place[last] = value
    return made
