"""Customers of a seller, as its directory knows them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from loyalty_core import Customer, JsonObject, Profile, as_object, as_text, needed_id
from loyalty_square.reading import reached_by

NO_YEAR = "0000"
"""The year of a birthday that says none."""


def customer_of(doc: JsonObject, source: str) -> Customer:
    """A customer as the directory knows them now; raises ``FactError``."""
    full = " ".join(filter(None, (as_text(doc.get("given_name")), as_text(doc.get("family_name")))))
    identities = {"customer_id": needed_id(doc.get("id"), "$.id"), **reached_by(doc)}
    profile = Profile(name=full, birthday=_birthday(as_text(doc.get("birthday"))))
    says = "name", "birthday"
    return Customer(source=source, identities=identities, profile=profile, says=says)


def merged(doc: JsonObject, event: JsonObject, source: str) -> Iterator[Customer]:
    """The profiles that were made one, under the ids they had: sales still name those.

    They are said before the one they became: so whoever had points finds it. Without an address or
    a number, nothing here would say that they are one person.
    """
    merge = as_object(as_object(event.get("event_context")).get("merge"))
    olds = merge.get("from_customer_ids")
    reached = reached_by(doc)
    for old in olds if isinstance(olds, list) and reached else []:
        if id := as_text(old):
            yield Customer(source=source, identities={"customer_id": id, **reached})


def _birthday(given: str) -> date | None:
    try:
        return None if given.startswith(NO_YEAR) else date.fromisoformat(given[:10])
    except ValueError:
        return None
