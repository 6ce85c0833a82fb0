"""Walks through a shop's orders and customers, in the order in which they were changed.

The next walk begins a little before this one did, by the shop's clock: what changes meanwhile is
listed again then.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

from loyalty_core import (
    Input,
    Json,
    JsonObject,
    Page,
    as_object,
    as_text,
    cursor_of,
    inputs_of,
    needed_moment,
    place_at,
)
from loyalty_saleor.asking import Answered, Api, after, nodes
from loyalty_saleor.queries import CUSTOMER, CUSTOMERS, ORDER, ORDERS
from loyalty_saleor.reading import Reading, customer_of

ORDERS_OF, CUSTOMERS_OF = "orders", "customers"
OVERLAP = timedelta(minutes=5)
"""What a walk looks at again: an order is stored after the moment that stands in it."""
ORDERS_A_PAGE = 20
CUSTOMERS_A_PAGE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a walk is; ``began`` is when, ``orders`` and ``customers`` since when to look next."""

    of: str = ORDERS_OF
    began: str = ""
    page: str = ""
    orders: str = ""
    customers: str = ""


@dataclass(frozen=True, slots=True)
class Walk:
    """Goes through one shop."""

    api: Api
    reading: Reading

    def page(self, cursor: str) -> Page:
        """A page of what changed, and where to go on."""
        at = place_at(Place, cursor)
        read: Callable[[JsonObject], list[Input]] = self._customer
        if at.of == ORDERS_OF:
            answered = self._ask(ORDERS, ORDERS_A_PAGE, at.page, at.orders)
            read = partial(self.reading.order_inputs, at=answered.at)
        else:
            answered = self._ask(CUSTOMERS, CUSTOMERS_A_PAGE, at.page, at.customers)
        found = answered.data.get(at.of)
        inputs = tuple(
            made
            for doc in nodes(found)
            for made in inputs_of(f"{at.of[:-1]} {as_text(doc.get('id'))}", doc, read)
        )
        if not at.began and answered.at is not None:
            at = replace(at, began=answered.at.isoformat())
        if following := after(found):
            return Page(inputs=inputs, cursor=cursor_of(replace(at, page=following)), more=True)
        if at.of == ORDERS_OF:
            then = replace(at, of=CUSTOMERS_OF, orders=at.began or at.orders)
        else:
            then = replace(at, of=ORDERS_OF, customers=at.began or at.customers)
        cursor = cursor_of(replace(then, began="", page=""))
        return Page(inputs=inputs, cursor=cursor, more=at.of == ORDERS_OF)

    def order(self, id: str) -> list[Input]:
        """The inputs of an order as it is now; none if it is not there any more."""
        answered = self.api.ask(ORDER, id=id)
        found = as_object(answered.data.get("order"))
        return self.reading.order_inputs(found, answered.at) if found else []

    def customer(self, id: str) -> list[Input]:
        """The input of a customer as they are now; none if they are gone."""
        found = as_object(self.api.ask(CUSTOMER, id=id).data.get("user"))
        return self._customer(found) if found else []

    def _customer(self, doc: JsonObject) -> list[Input]:
        return [*customer_of(doc, self.reading.source)]

    def _ask(self, query: str, first: int, page: str, reached: str) -> Answered:
        given: Json = None
        if reached:
            since = needed_moment(reached, "cursor") - OVERLAP
            given = {"updatedAt": {"gte": since.isoformat()}}
        return self.api.ask(query, first=first, after=page or None, filter=given)
