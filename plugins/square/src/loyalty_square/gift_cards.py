"""Gift cards: made once, whatever becomes of the answers, and made worthless again.

A card is known by its number, which is the code, and is ours if the grant's id stands with what
loaded it. It is looked for before it is made. Making and loading it have keys of their own, by
which Square does neither twice.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from loyalty_core import (
    ActionRefused,
    DropCode,
    Json,
    JsonObject,
    MakeCode,
    RewardType,
    as_object,
    as_objects,
    as_text,
    customer_ids,
    worth_in,
)
from loyalty_square.asking import Api

MADE_HERE = (RewardType.GIFT_CARD,)
"""The kinds of rewards that can be handed over: Square's API makes no codes for discounts."""
INSTRUMENT = "loyalty points"
"""What a card is paid with; Square wants to be told something."""


@dataclass(frozen=True, slots=True)
class GiftCards:
    """The gift cards of one seller."""

    api: Api
    source: str
    currency: str
    location: str

    def make(self, action: MakeCode) -> None:
        """Makes the card and loads it, or finds that both was done; raises ``ActionRefused``."""
        worth = worth_in(action.grant.worth, self.currency)
        amount: Json = {"amount": worth.amount_minor, "currency": worth.currency}
        card = self._found(action.code) or self._created(action)
        id = as_text(card.get("id"))
        if as_text(card.get("state")) == "PENDING":
            load: JsonObject = {
                "activate_activity_details": {
                    "amount_money": amount,
                    "reference_id": action.grant.grant_id,
                    "buyer_payment_instrument_ids": [INSTRUMENT],
                }
            }
            self._activity(f"{action.key} load", id, "ACTIVATE", load, action.code)
        elif not self._ours(id, action.grant.grant_id):
            raise ActionRefused(f"the seller has a gift card {action.code!r} of its own")
        elif as_text(card.get("state")) != "ACTIVE":
            raise ActionRefused("a gift card that was deactivated cannot be used again")
        for customer in customer_ids(action.identities, self.source)[:1]:
            link = {"customer_id": customer}
            self.api.send("POST", f"gift-cards/{id}/link-customer", link)  # a convenience: may fail

    def drop(self, action: DropCode) -> None:
        """Makes the card worthless; nothing if it is not there, or is not ours."""
        card = self._found(action.code)
        if card is None or as_text(card.get("state")) != "ACTIVE":
            return
        id = as_text(card.get("id"))
        if self._ours(id, action.grant.grant_id):
            why: JsonObject = {"deactivate_activity_details": {"reason": "UNKNOWN_REASON"}}
            self._activity(f"{action.key} drop", id, "DEACTIVATE", why, action.code)

    def _created(self, action: MakeCode) -> dict[str, Json]:
        given: JsonObject = {
            "idempotency_key": key_of(f"{action.key} make"),
            "location_id": self.location,
            "gift_card": {"type": "DIGITAL", "gan_source": "OTHER", "gan": action.code},
        }
        answered = self.api.send("POST", "gift-cards", given)
        if answered.status != 200:
            raise ActionRefused(answered.said, where=action.code)
        return as_object(answered.document.get("gift_card"))

    def _found(self, code: str) -> dict[str, Json] | None:
        answered = self.api.send("POST", "gift-cards/from-gan", {"gan": code})
        found = as_object(answered.document.get("gift_card"))
        return found if answered.status == 200 and found else None

    def _ours(self, id: str, grant: str) -> bool:
        """Whether a card was loaded by us for a grant."""
        asked = self.api.get("gift-cards/activities", {"gift_card_id": id, "type": "ACTIVATE"})
        done = as_objects(asked.document.get("gift_card_activities")) if asked else []
        details = (as_object(one.get("activate_activity_details")) for one in done)
        return any(as_text(one.get("reference_id")) == grant for one in details)

    def _activity(self, key: str, id: str, kind: str, details: JsonObject, code: str) -> None:
        given: JsonObject = {
            "idempotency_key": key_of(key),
            "gift_card_activity": {
                "type": kind,
                "location_id": self.location,
                "gift_card_id": id,
                **details,
            },
        }
        answered = self.api.send("POST", "gift-cards/activities", given)
        if answered.status != 200:
            raise ActionRefused(answered.said, where=code)


def key_of(key: str) -> str:
    """The idempotency key that stands for one of ours: Square takes 45 characters of them."""
    return hashlib.sha256(key.encode()).hexdigest()[:45]
