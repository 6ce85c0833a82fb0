"""Subscriptions that Stripe renews by itself: followed, and ended when a member cancels."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from loyalty_core import (
    Activity,
    Event,
    Input,
    JsonObject,
    as_object,
    as_text,
    customer_ids,
    needed_moment,
)
from loyalty_stripe.asking import Api
from loyalty_stripe.fields import moment, name, ref, rows
from loyalty_stripe.reading import FAILED, Reading

CANCEL = "paid.cancel"
CANCELLED = "paid.cancelled"
"""The activity that cancels a membership, and the event that tells of it."""
OVER = ("canceled", "incomplete_expired")


def is_membership(subscription: JsonObject, memberships: Collection[str]) -> bool:
    """Whether a subscription is to something that is a paid membership here."""
    for item in rows(subscription.get("items")):
        price = as_object(item.get("price"))
        if not {ref(price), ref(price.get("product"))}.isdisjoint(memberships):
            return True
    return False


def ended(doc: JsonObject, reading: Reading) -> list[Input]:
    """That a subscription to a membership is not renewed any more; what is paid stays paid.

    Whoever ends it at once and gives the fee back does so by a refund, which takes the period.
    """
    over = as_text(doc.get("status")) in OVER
    ending = doc.get("cancel_at_period_end") is True or doc.get("cancel_at") is not None
    concerns = is_membership(doc, reading.memberships) and not reading.is_test(doc)
    if not concerns or not (over or ending):
        return []
    when = doc.get("ended_at") if over else doc.get("canceled_at")
    at = moment(when or doc.get("canceled_at") or doc.get("created"), "$.canceled_at")
    what = "ended" if over else "cancelled"
    return [
        Activity(
            source=reading.source,
            id=f"{name(doc.get('id'), '$.id')} {what} {int(at.timestamp())}",
            kind=CANCEL,
            identities=reading.identities(doc, "", ""),
            occurred_at=at,
            data={"when": "period_end"},
        )
    ]


def unpaid(event: JsonObject, invoice: JsonObject, reading: Reading) -> list[Input]:
    """That a fee could not be had which Stripe asks for by itself; each event is one attempt."""
    sold = set()
    for line in rows(invoice.get("lines")):
        priced = as_object(as_object(line.get("pricing")).get("price_details"))
        sold |= {ref(priced.get("price")), ref(priced.get("product"))}
    if sold.isdisjoint(reading.memberships) or reading.is_test(invoice):
        return []
    return [
        Activity(
            source=reading.source,
            id=name(event.get("id"), "$.id"),
            kind=FAILED,
            identities=reading.identities(invoice, "", ""),
            occurred_at=_happened(event),
            data={"reason": "declined"},
        )
    ]


def _happened(event: JsonObject) -> datetime:
    """When an event happened: a thin one says it as text."""
    created = event.get("created")
    read = needed_moment if isinstance(created, str) else moment
    return read(created, "$.created")


class Ending:
    """Ends the subscriptions of a member who has cancelled here; Stripe would ask for more."""

    def __init__(self, api: Api, source: str, memberships: Collection[str]) -> None:
        self._api = api
        self._source = source
        self._memberships = memberships

    def end(self, event: Event) -> None:
        """Finds what is to be ended as it is now: done twice, it is done once."""
        for customer in customer_ids(event.identities, self._source):
            for one in self._api.every("subscriptions", {"customer": customer}):
                if is_membership(one, self._memberships):
                    self._one(one, str(event.data.get("when")))

    def _one(self, doc: JsonObject, when: str) -> None:
        path = f"subscriptions/{name(doc.get('id'), '$.id')}"
        if as_text(doc.get("status")) in OVER:
            return
        if when == "now":
            self._api.delete(path)
        elif doc.get("cancel_at_period_end") is not True and doc.get("cancel_at") is None:
            self._api.post(path, {"cancel_at_period_end": True})
