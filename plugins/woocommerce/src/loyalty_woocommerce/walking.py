"""Walks through a shop: orders as they changed, then those in the trash, customers and reviews.

Orders are gone through by the moment they were changed, always from where the last page ended: with
numbers of pages alone, an order that is changed meanwhile would move, and another be missed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from loyalty_core import (
    Input,
    Json,
    JsonObject,
    Page,
    as_object,
    as_objects,
    as_text,
    cursor_of,
    inputs_of,
    place_at,
)
from loyalty_woocommerce.asking import DECIMALS, Answered, Api, Query, more_than
from loyalty_woocommerce.fields import moment, name, number, written
from loyalty_woocommerce.people import customer_of, review_of
from loyalty_woocommerce.reading import Reading

ORDERS, TRASH, CUSTOMERS, REVIEWS = "orders", "trash", "customers", "reviews"
OVERLAP = timedelta(minutes=5)
"""What a walk looks at again: an order is stored after the moment that stands in it."""
MODERATION = timedelta(days=30)
"""For how long a review may wait for approval: it is listed where it was written."""
SECOND = timedelta(seconds=1)

ORDER = (
    "id,status,currency,date_created_gmt,date_modified_gmt,date_paid_gmt,total,customer_id,"
    "billing.email,billing.phone,payment_method,created_via,line_items,shipping_lines,fee_lines,"
    "coupon_lines,refunds,gift_cards"
)
REFUND = "id,date_created_gmt,amount,line_items,shipping_lines,fee_lines"
CUSTOMER = "id,email,first_name,last_name,role,billing.email,billing.phone"
REVIEW = "id,status,date_created_gmt,product_id,reviewer_email,verified"
"""What is asked for: no address and no text ever leaves the shop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a walk is, and where the last one ended."""

    phase: str = ORDERS
    since: str = ""
    page: int = 1
    newest: int = 0
    orders: str = ""
    trash: str = ""
    customers: int = 0
    reviews: str = ""


@dataclass(frozen=True, slots=True)
class Walk:
    """Goes through one shop."""

    api: Api
    reading: Reading
    reviews: bool

    def page(self, cursor: str) -> Page:
        """A page of what changed, and where to go on."""
        at = place_at(Place, cursor)
        if at.phase in (ORDERS, TRASH):
            inputs, then = self._orders(at)
        elif at.phase == CUSTOMERS:
            inputs, then = self._customers(at)
        else:
            inputs, then = self._reviews(at)
        after = {ORDERS: TRASH, TRASH: CUSTOMERS, CUSTOMERS: REVIEWS if self.reviews else ""}
        if then.phase != at.phase or then.page or then.since:
            return Page(inputs=tuple(inputs), cursor=cursor_of(then), more=True)
        following = after.get(at.phase, "")
        there = replace(then, phase=following or ORDERS, page=1)
        if there.phase in (ORDERS, TRASH):
            there = replace(there, since=_earlier(getattr(there, there.phase), OVERLAP))
        return Page(inputs=tuple(inputs), cursor=cursor_of(there), more=bool(following))

    def order(self, id: str) -> list[Input]:
        """The inputs of an order as it is now; none if it is not there any more."""
        found = self.api.get(f"orders/{id}", {"dp": DECIMALS, "_fields": ORDER})
        return [] if found is None else self._order(as_object(found.document), found)

    def customer(self, id: str) -> list[Input]:
        """The input of a customer as they are now; none if they are gone."""
        found = self.api.get(f"customers/{id}", {"_fields": CUSTOMER})
        return (
            [] if found is None else [*customer_of(as_object(found.document), self.reading.source)]
        )

    # -- orders -------------------------------------------------------------------------------

    def _order(self, doc: JsonObject, answered: Answered) -> list[Input]:
        """The order with all its refunds: in the order itself they say no lines."""
        refunds: list[dict[str, Json]] = []
        if as_objects(doc.get("refunds")):
            path = f"orders/{name(doc.get('id'), '$.id')}/refunds"
            query: Query = {"dp": DECIMALS, "orderby": "id", "order": "asc", "_fields": REFUND}
            refunds, answered = self.api.every(path, query)
        return self.reading.order_inputs(doc, refunds, answered.at)

    def _orders(self, at: Place) -> tuple[list[Input], Place]:
        query: dict[str, str | int] = {
            "orderby": "modified",
            "order": "asc",
            "dp": DECIMALS,
            "_fields": ORDER,
            "status": "trash" if at.phase == TRASH else "any",
            "dates_are_gmt": "true",
            "page": at.page,
        }
        if at.since:
            query["modified_after"] = at.since
        docs, answered = self.api.page("orders", query)
        inputs = [
            one
            for doc in docs
            for one in inputs_of(_called("order", doc), doc, lambda doc: self._order(doc, answered))
        ]
        last = max((as_text(doc.get("date_modified_gmt")) for doc in docs), default="")
        if not more_than(answered, at.page, len(docs)):
            reached = max(last, getattr(at, at.phase))
            return inputs, replace(at, since="", page=0, **{at.phase: reached})
        since = _earlier(last, SECOND)  # those of the same second are listed again
        if since > at.since:
            return inputs, replace(at, since=since, page=1)
        return inputs, replace(at, page=at.page + 1)

    # -- customers and reviews ----------------------------------------------------------------

    def _customers(self, at: Place) -> tuple[list[Input], Place]:
        """Those who are new since the last walk, the newest first; webhooks tell of changes.

        The shop cannot list customers by when they were changed.
        """
        query: Query = {
            "orderby": "id",
            "order": "desc",
            "role": "all",  # as customers it lists those of one role alone
            "_fields": CUSTOMER,
            "page": at.page,
        }
        docs, answered = self.api.page("customers", query)
        source = self.reading.source
        ids = [number(doc.get("id")) for doc in docs]
        new = [doc for doc, id in zip(docs, ids, strict=True) if id > at.customers]
        inputs = [
            one
            for doc in new
            for one in inputs_of(
                _called("customer", doc), doc, lambda doc: customer_of(doc, source)
            )
        ]
        newest = max([at.newest, *ids])
        if len(new) == len(docs) and more_than(answered, at.page, len(docs)):
            return inputs, replace(at, newest=newest, page=at.page + 1)
        return inputs, replace(at, newest=0, page=0, customers=max(newest, at.customers))

    def _reviews(self, at: Place) -> tuple[list[Input], Place]:
        """Those of the last weeks: one that was approved today may have been written long ago."""
        query: Query = {
            "orderby": "date_gmt",
            "order": "desc",
            "status": "approved",
            "_fields": REVIEW,
            "page": at.page,
        }
        docs, answered = self.api.page("products/reviews", query)
        source = self.reading.source
        oldest = _earlier(at.reviews, MODERATION)
        new = [doc for doc in docs if as_text(doc.get("date_created_gmt")) > oldest]
        inputs = [
            one
            for doc in new
            for one in inputs_of(_called("review", doc), doc, lambda doc: review_of(doc, source))
        ]
        if len(new) == len(docs) and more_than(answered, at.page, len(docs)):
            return inputs, replace(at, page=at.page + 1)
        reached = written(answered.at) if answered.at else at.reviews
        return inputs, replace(at, page=0, reviews=max(reached, at.reviews))


def _called(kind: str, doc: JsonObject) -> str:
    """What a document is called where it cannot be read."""
    return f"{kind} {number(doc.get('id')) or '?'}"


def _earlier(at: str, by: timedelta) -> str:
    """A moment so much before another, empty for none."""
    return written(moment(at, "cursor") - by) if at else ""
