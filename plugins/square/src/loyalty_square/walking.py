"""Walks through a seller's orders and customers, by the moment they were changed.

The next walk begins a little before this one did, by Square's clock: what changes meanwhile is
listed again then, whatever became of the pages.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from loyalty_core import (
    ConnectorError,
    Input,
    Json,
    JsonObject,
    Page,
    as_object,
    as_objects,
    as_text,
    cursor_of,
    inputs_of,
    needed_moment,
    place_at,
)
from loyalty_square.asking import Answered, Api
from loyalty_square.people import customer_of, merged
from loyalty_square.reading import Reading, customer_in

ORDERS, CUSTOMERS = "orders", "customers"
OVERLAP = timedelta(minutes=5)
"""What a walk looks at again: Square's searches lag behind, by a minute or more."""
BEGINNING = datetime(2009, 1, 1, tzinfo=UTC)
"""Before the first sale there was on Square."""
MOST_LOCATIONS = 10
A_PAGE = 100
STALE = "INVALID_CURSOR"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a walk is: of which locations, on which page; ``began`` is when this one did.

    ``orders`` and ``customers`` are since when each is to be looked at. ``again`` counts how often
    Square had forgotten a page: a list that is begun again comes to the same pages.
    """

    of: str = ORDERS
    began: str = ""
    batch: int = 0
    page: str = ""
    again: int = 0
    orders: str = ""
    customers: str = ""


@dataclass(frozen=True, slots=True)
class Walk:
    """Goes through one seller's orders and customers."""

    api: Api
    reading: Reading

    def page(self, cursor: str) -> Page:
        """A page of what changed, and where to go on."""
        at = place_at(Place, cursor)
        return self._orders(at) if at.of == ORDERS else self._customers(at)

    def order(self, id: str) -> list[Input]:
        """The inputs of an order as it is now; none if it is not there."""
        found = self.api.get(f"orders/{id}")
        return [] if found is None else self._read([as_object(found.document.get("order"))])

    def customer(self, id: str, event: JsonObject) -> list[Input]:
        """A customer as they are now, and the profiles they were made of; none if gone."""
        known = self.api.customers([id]).get(id)
        if known is None:
            return []
        source = self.reading.source
        return [*merged(known, event, source), customer_of(known, source)]

    def _read(self, docs: Iterable[JsonObject]) -> list[Input]:
        """The inputs of orders; who their customers are is asked once for all of them."""
        given = list(docs)
        people = self.api.customers({id for one in given if (id := customer_in(one))})
        return [
            made
            for doc in given
            for made in inputs_of(
                f"order {as_text(doc.get('id'))}", doc, lambda doc: self.reading.inputs(doc, people)
            )
        ]

    def _orders(self, at: Place) -> Page:
        locations = self._locations()
        batch: list[Json] = [*locations[at.batch : at.batch + MOST_LOCATIONS]]
        if not batch:
            return Page(inputs=(), cursor=_next(at, CUSTOMERS), more=True)
        query: Json = {
            "filter": {"date_time_filter": {"updated_at": {"start_at": _since(at.orders)}}},
            "sort": {"sort_field": "UPDATED_AT", "sort_order": "ASC"},
        }
        asked: dict[str, Json] = {"location_ids": batch, "limit": A_PAGE, "query": query}
        answered, at = self._ask("orders/search", asked, at)
        inputs = tuple(self._read(as_objects(answered.document.get("orders"))))
        if after := as_text(answered.document.get("cursor")):
            return Page(inputs=inputs, cursor=cursor_of(replace(at, page=after)), more=True)
        at = replace(at, page="", batch=at.batch + MOST_LOCATIONS)
        more = at.batch < len(locations)
        return Page(
            inputs=inputs, cursor=cursor_of(at) if more else _next(at, CUSTOMERS), more=True
        )

    def _customers(self, at: Place) -> Page:
        query: Json = {
            "filter": {"updated_at": {"start_at": _since(at.customers)}},
            "sort": {"field": "CREATED_AT", "order": "ASC"},
        }
        answered, at = self._ask("customers/search", {"limit": A_PAGE, "query": query}, at)
        source = self.reading.source
        inputs = tuple(
            made
            for doc in as_objects(answered.document.get("customers"))
            for made in inputs_of(
                f"customer {as_text(doc.get('id'))}", doc, lambda doc: [customer_of(doc, source)]
            )
        )
        if after := as_text(answered.document.get("cursor")):
            return Page(inputs=inputs, cursor=cursor_of(replace(at, page=after)), more=True)
        return Page(inputs=inputs, cursor=_next(at, ORDERS))

    def _ask(self, path: str, asked: dict[str, Json], at: Place) -> tuple[Answered, Place]:
        """A page of a search, and the place that was asked for; its first page if that is gone."""
        given = {**asked, "cursor": at.page} if at.page else asked
        answered = self.api.send("POST", path, given)
        if at.page and STALE in answered.codes:
            at = replace(at, page="", again=at.again + 1)
            answered = self.api.send("POST", path, asked)
        if answered.at is not None and not at.began:
            at = replace(at, began=answered.at.isoformat())
        if answered.status != 200:
            raise ConnectorError(f"it answers {answered.status} {answered.said}", where=path)
        return answered, at

    def _locations(self) -> list[str]:
        """The ids of all places the seller has, closed ones as well, sorted."""
        found = self.api.get("locations")
        known = as_objects(found.document.get("locations")) if found else []
        return sorted(as_text(one.get("id")) for one in known)


def _since(reached: str) -> str:
    since = needed_moment(reached, "cursor") - OVERLAP if reached else BEGINNING
    return since.isoformat().replace("+00:00", "Z")


def _next(at: Place, of: str) -> str:
    """The cursor of what is looked at next, with what has been looked at known up to now."""
    known = replace(at, orders=at.began or at.orders)
    if at.of == CUSTOMERS:
        known = replace(at, customers=at.began or at.customers)
    return cursor_of(replace(known, of=of, began="", batch=0, page="", again=0))
