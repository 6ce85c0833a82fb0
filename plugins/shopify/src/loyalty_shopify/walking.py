"""Going through a shop: everything by bulk operations, and later what changed, page by page.

Where a walk is stands in its cursor, a small JSON text. The first walk has a file made of all
orders and reads it piece by piece, then one of all customers. Later ones list what changed since
the latest change that was seen, and a little before it, for lists lag behind.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import cast

from loyalty_core import (
    ConnectorError,
    Input,
    Json,
    JsonObject,
    Page,
    PlatformUnavailable,
    as_object,
    as_objects,
    as_text,
    cursor_of,
    inputs_of,
    needed_moment,
    place_at,
)
from loyalty_shopify.asking import Admin, TooCostly
from loyalty_shopify.fields import name
from loyalty_shopify.people import customer_of
from loyalty_shopify.queries import (
    BULK,
    BULK_STATE,
    CUSTOMERS,
    LINES,
    ORDER,
    ORDERS,
    PAYMENTS,
    REFUND,
    START_BULK,
)
from loyalty_shopify.reading import Reading, paid_with_a_card_of_the_shop

OVERLAP = timedelta(minutes=2)
A_FILE_PAGE = 100
"""Orders, or customers, that are read of a file at once."""
A_PAGE = 10
LINES_A_PAGE = 10
CUSTOMERS_A_PAGE = 100
PAGES = {"orders": A_PAGE, "customers": CUSTOMERS_A_PAGE}
BULK_SECONDS = 15
LONGEST_LINE = 16_777_216
NEXT = {"orders": "customers", "customers": ""}
FAILED = ("FAILED", "CANCELED", "CANCELING")
PASSING = ("INTERNAL_SERVER_ERROR", "TIMEOUT")
"""What a bulk operation fails of that the next one need not."""
BULK_ATTEMPTS = 3
BUSY = ("OPERATION_IN_PROGRESS", "LIMIT_REACHED")
MOST_LISTED = 25_000
"""How far one search can be paged through; what comes after is found by another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a walk is. ``orders`` and ``customers`` are up to when each is known.

    ``of`` is what is being gone through, ``bulk`` the operation whose file is read from the byte
    ``offset``, after so many others have ``failed``. Of a list, ``after`` is the page, ``since``
    where its search began, if that is not the walk's first, and ``listed`` what it gave so far;
    ``seen`` is the latest change on the pages so far.
    """

    of: str = ""
    bulk: str = ""
    offset: int = 0
    failed: int = 0
    after: str = ""
    since: str = ""
    listed: int = 0
    seen: str = ""
    orders: str = ""
    customers: str = ""

    def known(self, at: str) -> Place:
        """The same, with what is gone through known up to a moment."""
        return replace(self, orders=at) if self.of == "orders" else replace(self, customers=at)


class Walk:
    """The walks through one shop."""

    def __init__(self, admin: Admin, reading: Reading, tag_prefix: str) -> None:
        self._admin = admin
        self._reading = reading
        self._tag_prefix = tag_prefix

    def page(self, cursor: str) -> Page:
        """What comes after a cursor; raises ``PlatformUnavailable`` while a file is being made."""
        place = place_at(Place, cursor)
        if not place.of:
            place = replace(place, of="orders")
        if place.bulk:
            return self._file(place)
        if (place.orders if place.of == "orders" else place.customers) == "":
            return self._start(place)
        return self._list(place)

    # -- everything there is ------------------------------------------------------------------

    def _start(self, place: Place) -> Page:
        """Has a file made; what changes from now on is looked for by the next walk."""
        made = as_object(self._admin.ask(START_BULK, query=BULK[place.of])["bulkOperationRunQuery"])
        if errors := as_objects(made.get("userErrors")):
            said = "; ".join(as_text(one.get("message")) for one in errors)
            if any(as_text(one.get("code")) in BUSY for one in errors):
                raise PlatformUnavailable(said, retry_after=4 * BULK_SECONDS)
            raise ConnectorError(said, where="bulkOperationRunQuery")
        started = as_object(made.get("bulkOperation"))
        at = needed_moment(started.get("createdAt"), "createdAt").isoformat()
        going = replace(place, bulk=as_text(started.get("id")), offset=0, seen=at)
        return Page(inputs=(), cursor=cursor_of(going), more=True)

    def _file(self, place: Place) -> Page:
        state = as_object(self._admin.ask(BULK_STATE, id=place.bulk).get("node"))
        status = as_text(state.get("status"))
        if status in FAILED:
            return self._failed(place, as_text(state.get("errorCode")) or status)
        if not state or status == "EXPIRED":  # a file is kept for a week: begin this part again
            return self._anew(place)
        if status != "COMPLETED":
            message = f"Shopify is collecting the {place.of}: {status.lower()}"
            raise PlatformUnavailable(message, retry_after=BULK_SECONDS)
        documents: list[JsonObject] = []
        end: int | None = None
        if url := as_text(state.get("url")):
            documents, end = self._read(url, place.offset)
        inputs = tuple(one for doc in documents for one in self._inputs(place.of, doc))
        if end is not None:
            going = replace(place, offset=end)
            total = state.get("rootObjectCount") if place.of == "orders" else None
            return Page(inputs=inputs, cursor=cursor_of(going), more=True, total=_total(total))
        return self._next(replace(place, bulk="", offset=0, failed=0), inputs)

    def _anew(self, place: Place) -> Page:
        again = replace(place, bulk="", offset=0, seen="")
        return Page(inputs=(), cursor=cursor_of(again), more=True)

    def _failed(self, place: Place, why: str) -> Page:
        """Another operation for one that failed of what passes; else a person has to look."""
        failed = place.failed + 1
        if why in PASSING and failed < BULK_ATTEMPTS:
            return self._anew(replace(place, failed=failed))
        message, remedy = f"collecting the {place.of} failed: {why}", "Run backfill --again."
        if why == "ACCESS_DENIED":
            remedy = f"Give the app the scopes that its page names. {remedy}"
        raise ConnectorError(message, where=place.bulk, remedy=remedy)

    def _read(self, url: str, start: int) -> tuple[list[JsonObject], int | None]:
        """The documents from a byte of a file on, and where the next is; None at its end.

        A document is a line, with lines of its own (``__parentId``) below it.
        """
        found: list[dict[str, Json]] = []
        with self._admin.file(url, start) as pieces:
            for at, line in _lines(pieces, start):
                read = _object(line, at)
                parent = read.get("__parentId")
                if parent is None:
                    if len(found) == A_FILE_PAGE:
                        return [*found], at
                    found.append(read | {"line_items": []})
                elif not found or found[-1].get("id") != parent:
                    raise ConnectorError(f"byte {at:,} of the file has no parent", where="bulk")
                else:
                    cast(list[Json], found[-1]["line_items"]).append(read)
        return [*found], None

    # -- what changed -------------------------------------------------------------------------

    def _list(self, place: Place) -> Page:
        known = place.orders if place.of == "orders" else place.customers
        since = place.since or (needed_moment(known, "cursor") - OVERLAP).isoformat()
        found, more = self._ask_list(place, f"updated_at:>='{since}'")
        inputs = tuple(one for doc in found for one in self._inputs(place.of, doc))
        moments = [as_text(one.get("updated_at")) for one in found]
        seen = max(
            (needed_moment(one, "updated_at").isoformat() for one in moments if one), default=""
        )
        seen, listed = max(seen, place.seen), place.listed + len(found)
        if not more:
            done = replace(place, after="", since="", listed=0, seen=max(seen, known))
            return self._next(done, inputs)
        going = replace(place, after=more, seen=seen, listed=listed)
        if listed + PAGES[place.of] > MOST_LISTED and seen > since:
            going = replace(place, after="", since=seen, seen=seen, listed=0)
        return Page(inputs=inputs, cursor=cursor_of(going), more=True)

    def _ask_list(self, place: Place, search: str) -> tuple[list[dict[str, Json]], str]:
        """A page of a list, smaller ones if that costs too much, and where the next is."""
        if place.of == "customers":
            data = self._admin.ask(
                CUSTOMERS, first=CUSTOMERS_A_PAGE, after=place.after or None, query=search
            )
            found = as_object(data.get("customers"))
            return as_objects(found), _after(found)
        size, lines = A_PAGE, LINES_A_PAGE
        while True:
            try:
                data = self._admin.ask(
                    ORDERS, first=size, lines=lines, after=place.after or None, query=search
                )
            except TooCostly:
                if size == 1 and lines == 1:
                    raise
                size, lines = (size // 2, lines) if size > 1 else (1, lines // 2)
                continue
            found = as_object(data.get("orders"))
            return [self._whole(one, lines) for one in as_objects(found)], _after(found)

    def _next(self, place: Place, inputs: tuple[Input, ...]) -> Page:
        """The end of the orders, after which customers come; and then the end."""
        known = replace(place.known(place.seen), seen="", of=NEXT[place.of])
        return Page(inputs=inputs, cursor=cursor_of(known), more=bool(known.of))

    # -- documents ----------------------------------------------------------------------------

    def _inputs(self, of: str, doc: JsonObject) -> list[Input]:
        """What a document comes to; one that cannot be read holds up no other."""
        return inputs_of(f"{of[:-1]} {as_text(doc.get('id'))}", doc, partial(self._read_one, of))

    def _read_one(self, of: str, doc: JsonObject) -> list[Input]:
        if of == "customers":
            return [customer_of(doc, self._reading.source, self._tag_prefix)]
        return self._reading.order_inputs(self.with_payments(self.with_refunds(doc)))

    def order(self, id: str) -> dict[str, Json] | None:
        """All that an order says, as it is now; None if it is not there."""
        found = self._admin.ask(ORDER, id=id, lines=LINES_A_PAGE).get("order")
        if not isinstance(found, dict):
            return None
        return self.with_payments(self.with_refunds(self._whole(found, LINES_A_PAGE)))

    def with_refunds(self, doc: JsonObject) -> dict[str, Json]:
        """An order with all that its refunds say: a list of orders only has their ids."""
        refunds: list[Json] = []
        for one in as_objects(doc.get("refunds")):
            known = "created_at" in one
            refunds.append(one if known else self.refund(as_text(one.get("id"))))
        return {**doc, "refunds": refunds}

    def with_payments(self, doc: dict[str, Json]) -> dict[str, Json]:
        """An order with its transactions, which are asked for where a card of the shop paid."""
        if not paid_with_a_card_of_the_shop(doc):
            return doc
        known = self._admin.ask(PAYMENTS, id=f"gid://shopify/Order/{name(doc.get('id'), '$.id')}")
        return {**doc, "transactions": as_object(known.get("order")).get("transactions")}

    def refund(self, id: str) -> dict[str, Json]:
        """A refund with all its lines."""
        data = as_object(self._admin.ask(REFUND, id=id, first=20, after=None).get("refund"))
        lines = as_object(data.get("refund_line_items"))
        found = as_objects(lines)
        while after := _after(lines):
            page = as_object(self._admin.ask(REFUND, id=id, first=50, after=after).get("refund"))
            lines = as_object(page.get("refund_line_items"))
            found += as_objects(lines)
        return {**data, "refund_line_items": cast(list[Json], found)}

    def _whole(self, doc: JsonObject, size: int) -> dict[str, Json]:
        """An order with all its lines."""
        lines = as_object(doc.get("line_items"))
        found = as_objects(lines)
        while after := _after(lines):
            asked = self._admin.ask(
                LINES, id=as_text(doc.get("id")), lines=max(size, 20), after=after
            )
            lines = as_object(as_object(asked.get("order")).get("line_items"))
            found += as_objects(lines)
        return {**doc, "line_items": cast(list[Json], found)}


def _after(connection: JsonObject) -> str:
    """Where the next page of a connection is; empty at its end."""
    info = as_object(connection.get("pageInfo"))
    return as_text(info.get("endCursor")) if info.get("hasNextPage") is True else ""


def _total(value: Json) -> int | None:
    """A count, which the API writes as text for it may be large."""
    return int(value) if isinstance(value, str | int) and str(value).isdigit() else None


def _lines(pieces: Iterator[bytes], start: int) -> Iterator[tuple[int, bytes]]:
    """The lines of a file with the bytes they begin at."""
    at, rest = start, b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            if line.strip():
                yield at, line
            at += len(line) + 1
        if len(rest) > LONGEST_LINE:
            raise ConnectorError(f"byte {at:,} of the file begins no line", where="bulk")
    if rest.strip():
        yield at, rest


def _object(line: bytes, at: int) -> dict[str, Json]:
    try:
        read = json.loads(line, parse_float=Decimal)
    except ValueError:
        raise PlatformUnavailable(f"the file is cut off at byte {at:,}", where="bulk") from None
    return as_object(read)
