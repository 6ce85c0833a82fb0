"""Customers and their reviews."""

from __future__ import annotations

from collections.abc import Iterator

from loyalty_core import Activity, Customer, JsonObject, Profile, as_object, as_text
from loyalty_woocommerce.fields import moment, name, number
from loyalty_woocommerce.reading import reached_by

STAFF = frozenset({"administrator", "shop_manager", "editor", "author", "contributor"})
"""Roles of those who run the shop: they have accounts as well."""


def customer_of(doc: JsonObject, source: str) -> list[Customer]:
    """A customer as the shop knows them now; nobody who runs it. Raises ``FactError``."""
    if as_text(doc.get("role")) in STAFF:
        return []
    full = " ".join(filter(None, (as_text(doc.get("first_name")), as_text(doc.get("last_name")))))
    reached = reached_by(as_object(doc.get("billing"))) | reached_by(doc)
    identities = {"customer_id": name(doc.get("id"), "$.id"), **reached}
    profile = Profile(name=full)
    return [Customer(source=source, identities=identities, profile=profile, says=("name",))]


def review_of(doc: JsonObject, source: str) -> Iterator[Activity]:
    """An approved review as an activity; none of somebody who left no address.

    Stars and text are left out: they can be edited, and an activity never changes.
    """
    who = reached_by({"email": doc.get("reviewer_email")})
    if who and as_text(doc.get("status")) == "approved":
        yield Activity(
            source=source,
            id=f"review:{name(doc.get('id'), '$.id')}",
            kind="review",
            identities=who,
            occurred_at=moment(doc.get("date_created_gmt"), "$.date_created_gmt"),
            data={
                "product": str(number(doc.get("product_id"))),
                "verified": doc.get("verified") is True,
            },
        )
