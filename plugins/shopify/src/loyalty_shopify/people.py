"""Customers: what is known of them, and what they ask for through the shop."""

from __future__ import annotations

from loyalty_core import (
    Customer,
    ErasureAsked,
    ExportAsked,
    FactError,
    JsonObject,
    Profile,
    ShopErasureAsked,
    as_object,
    as_text,
    needed_object,
)
from loyalty_shopify.fields import name
from loyalty_shopify.reading import person_of, tags_of


def customer_of(doc: JsonObject, source: str, tag_prefix: str) -> Customer:
    """A customer as the shop knows them now; the tags that we write are left out."""
    full = " ".join(filter(None, (as_text(doc.get("first_name")), as_text(doc.get("last_name")))))
    tags = tags_of(doc.get("tags"))
    ours = tuple(one for one in tags if tag_prefix and one.startswith(tag_prefix))
    return Customer(
        source=source,
        identities=person_of(doc),
        profile=Profile(
            name=full,
            locale=as_text(doc.get("locale")),
            tags=tuple(one for one in tags if one not in ours),
        ),
        says=("name", "locale", "tags"),
    )


def erasure_of(doc: JsonObject, source: str) -> ErasureAsked:
    """The request to forget a customer; raises ``FactError`` for the body of another topic.

    The signature of a webhook does not cover its topic, so the body has to say it itself.
    """
    if "orders_to_redact" not in doc or "shop_domain" not in doc:
        raise FactError("this is no request to forget a customer", where="$")
    who = person_of(needed_object(doc.get("customer"), "$.customer"))
    return ErasureAsked(source=source, identities=who, reference=f"redact {who['customer_id']}")


def export_of(doc: JsonObject, source: str) -> ExportAsked:
    """The request for what is known of a customer; raises ``FactError`` as ``erasure_of``."""
    if "data_request" not in doc or "shop_domain" not in doc:
        raise FactError("this is no request for a customer's data", where="$")
    who = person_of(needed_object(doc.get("customer"), "$.customer"))
    reference = name(as_object(doc.get("data_request")).get("id"), "$.data_request.id")
    return ExportAsked(source=source, identities=who, reference=reference)


def shop_erasure_of(doc: JsonObject, source: str) -> ShopErasureAsked:
    """The request to forget a shop; raises ``FactError`` for the body of another topic."""
    if doc.keys() != {"shop_id", "shop_domain"}:
        raise FactError("this is no request to forget a shop", where="$")
    return ShopErasureAsked(source=source, reference=f"shop {name(doc['shop_id'], '$.shop_id')}")
