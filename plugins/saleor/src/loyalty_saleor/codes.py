"""Vouchers and gift cards: made once, whatever becomes of the answers, and dropped.

A voucher is known by its code, and is ours if the grant's id stands in its name. Saleor makes the
codes of gift cards itself, so they are known by the grant in their metadata.
"""

from __future__ import annotations

from dataclasses import dataclass

from loyalty_core import (
    ActionRefused,
    DropCode,
    GrantReceipt,
    Json,
    MakeCode,
    RewardType,
    as_object,
    as_objects,
    as_text,
    code_title,
    is_title_of,
    worth_text,
)
from loyalty_saleor.asking import Api, nodes
from loyalty_saleor.queries import (
    ACTIVATE_GIFT_CARD,
    CHANNEL,
    DROP_GIFT_CARD,
    DROP_VOUCHER,
    FIND_GIFT_CARD,
    FIND_VOUCHER,
    LIST_VOUCHER,
    MAKE_GIFT_CARD,
    MAKE_VOUCHER,
)

MADE_HERE = (RewardType.DISCOUNT, RewardType.FREE_SHIPPING, RewardType.GIFT_CARD)
"""The kinds of rewards that a shop on Saleor can make."""
GRANT = "loyalty_grant"
"""The key of the metadata that says which grant a gift card is of."""


@dataclass(frozen=True, slots=True)
class Codes:
    """The vouchers and gift cards of one shop."""

    api: Api
    currency: str
    channel: str

    def make(self, action: MakeCode) -> str:
        """The code that was made, or is there; raises ``ActionRefused``."""
        if action.grant.kind is RewardType.GIFT_CARD:
            return self._make_gift_card(action)
        self._make_voucher(action)
        return action.code

    def drop(self, action: DropCode) -> None:
        """Makes it of no use any more; nothing if it is not there, or is not ours."""
        if action.grant.kind is RewardType.GIFT_CARD:
            for card in self._gift_cards(action.grant):
                if card.get("isActive") is True:
                    self.api.change(DROP_GIFT_CARD, action.code, id=as_text(card.get("id")))
            return
        found = self._voucher(action.code)
        if found is not None and is_title_of(found.get("name"), action.grant):
            self.api.change(DROP_VOUCHER, action.code, id=as_text(found.get("id")))

    # -- vouchers -----------------------------------------------------------------------------

    def _make_voucher(self, action: MakeCode) -> None:
        """In two steps, for what a voucher is worth stands with its channel."""
        kind, value = _value(action.grant, self.currency)
        found = self._voucher(action.code)
        if found is not None and not is_title_of(found.get("name"), action.grant):
            raise ActionRefused(f"the shop has a voucher {action.code!r} of its own")
        if found is None:
            given = {**_voucher_input(action, kind), "discountValueType": value[0]}
            made = self.api.change(MAKE_VOUCHER, action.code, input=given)
            found = as_object(made.get("voucher"))
        listings = as_objects(found.get("channelListings"))
        slugs = {as_text(as_object(one.get("channel")).get("slug")) for one in listings}
        if self.channel in slugs:
            return
        channel: dict[str, Json] = {"channelId": self._channel(), "discountValue": value[1]}
        if action.grant.min_order is not None:
            channel["minAmountSpent"] = worth_text(action.grant.min_order, self.currency)
        self.api.change(LIST_VOUCHER, action.code, id=as_text(found.get("id")), channel=channel)

    def _voucher(self, code: str) -> dict[str, Json] | None:
        """The voucher with a code; the shop searches in names as well."""
        for one in nodes(self.api.ask(FIND_VOUCHER, code=code).data.get("vouchers")):
            if any(as_text(each.get("code")) == code for each in nodes(one.get("codes"))):
                return one
        return None

    def _channel(self) -> str:
        """The id of the channel; raises ``ActionRefused`` for one of another currency."""
        found = as_object(self.api.ask(CHANNEL, slug=self.channel).data.get("channel"))
        if as_text(found.get("currencyCode")) != self.currency:
            message = f"the shop has no channel {self.channel!r} in {self.currency}"
            raise ActionRefused(message, where=self.channel)
        return as_text(found.get("id"))

    # -- gift cards ---------------------------------------------------------------------------

    def _make_gift_card(self, action: MakeCode) -> str:
        """In two steps: one that was asked for, given up, and lands later is not active."""
        cards = self._gift_cards(action.grant)
        active = [one for one in cards if one.get("isActive") is True]
        card = next(iter(active or cards), None) or self._new_gift_card(action)
        if not active:
            self.api.change(ACTIVATE_GIFT_CARD, action.code, id=as_text(card.get("id")))
        return as_text(card.get("code")) or action.code

    def _new_gift_card(self, action: MakeCode) -> dict[str, Json]:
        amount = worth_text(action.grant.worth, self.currency)
        expires = action.grant.expires_at
        given: Json = {
            "balance": {"amount": amount, "currency": self.currency},
            "isActive": False,
            "note": code_title(action.grant),
            "expiryDate": expires.date().isoformat() if expires else None,
            "metadata": [{"key": GRANT, "value": action.grant.grant_id}],
        }
        made = self.api.change(MAKE_GIFT_CARD, action.code, input=given)
        return as_object(made.get("giftCard"))

    def _gift_cards(self, grant: GrantReceipt) -> list[dict[str, Json]]:
        wanted: Json = [{"key": GRANT, "value": grant.grant_id}]
        return nodes(self.api.ask(FIND_GIFT_CARD, metadata=wanted).data.get("giftCards"))


def _value(grant: GrantReceipt, currency: str) -> tuple[str, tuple[str, str]]:
    """What a voucher is for, and how much it takes off: the kind of value, and the value."""
    if grant.kind is RewardType.FREE_SHIPPING:
        return "SHIPPING", ("PERCENTAGE", "100")
    if grant.kind is not RewardType.DISCOUNT:
        raise ActionRefused(f"a shop on Saleor makes no codes for a {grant.kind}")
    if grant.percent is not None:
        return "ENTIRE_ORDER", ("PERCENTAGE", format(grant.percent, "f"))
    return "ENTIRE_ORDER", ("FIXED", worth_text(grant.worth, currency))


def _voucher_input(action: MakeCode, kind: str) -> dict[str, Json]:
    grant = action.grant
    return {
        "type": kind,
        "name": code_title(grant),
        "addCodes": [action.code],
        "startDate": grant.created_at.isoformat(),
        "endDate": grant.expires_at.isoformat() if grant.expires_at else None,
        "usageLimit": 1,
        "applyOncePerCustomer": False,
    }
