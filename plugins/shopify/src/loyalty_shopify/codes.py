"""Discount codes and gift cards: made once, whatever becomes of the answers, and dropped.

A code is known by itself, and is ours if the grant's id stands with it. It is looked for before it
is made, and once more where the shop says that it is taken: so a second attempt finds the first.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from loyalty_core import (
    ActionRefused,
    ConnectorError,
    DropCode,
    GrantReceipt,
    Json,
    MakeCode,
    PlatformUnavailable,
    RewardType,
    as_object,
    as_objects,
    as_text,
    code_title,
    customer_ids,
    is_title_of,
    needed_moment,
    worth_text,
)
from loyalty_shopify.asking import Admin, Argument
from loyalty_shopify.queries import (
    ACTIVATE_CODE,
    DEACTIVATE_CODE,
    DEACTIVATE_GIFT_CARD,
    END_DISCOUNT,
    END_FREE_SHIPPING,
    END_GIFT_CARD,
    FIND_CODE,
    FIND_GIFT_CARD,
    MAKE_DISCOUNT,
    MAKE_FREE_SHIPPING,
    MAKE_GIFT_CARD,
)

MADE_HERE = (RewardType.DISCOUNT, RewardType.FREE_SHIPPING, RewardType.GIFT_CARD)
"""The kinds of rewards whose codes a shop on Shopify can make."""
ENDED = {MAKE_DISCOUNT: END_DISCOUNT, MAKE_FREE_SHIPPING: END_FREE_SHIPPING}
TAKEN = "TAKEN"
LAG_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Codes:
    """The codes of one shop."""

    admin: Admin
    source: str
    currency: str

    def make(self, action: MakeCode) -> None:
        """Makes the code, or finds that it is there; raises ``ActionRefused``."""
        if action.grant.kind is RewardType.GIFT_CARD:
            self._make_gift_card(action)
        else:
            self._make_discount(action)

    def drop(self, action: DropCode) -> None:
        """Makes the code of no use any more; nothing if it is not there, or is not ours."""
        if action.grant.kind is RewardType.GIFT_CARD:
            card = self._gift_card(action.code, action.grant)
            if card is not None and card.get("enabled") is True:
                self._changed(DEACTIVATE_GIFT_CARD, as_text(card.get("id")))
            return
        found = self._discount(action.code)
        if found is not None and is_title_of(found.get("title"), action.grant) and _active(found):
            self._changed(DEACTIVATE_CODE, as_text(found.get("id")))

    # -- discounts ----------------------------------------------------------------------------

    def _make_discount(self, action: MakeCode) -> None:
        if self._is_there(action):
            return
        query, given = _discount_input(action, self.source, self.currency)
        made = as_object(self.admin.ask(query, input=given).get("made"))
        errors = as_objects(made.get("userErrors"))
        taken = any(as_text(one.get("code")) == TAKEN for one in errors)
        if errors and not (taken and self._is_there(action)):
            raise ActionRefused(_said(errors), where=action.code)

    def _is_there(self, action: MakeCode) -> bool:
        """Whether the code is there, usable again; raises ``ActionRefused`` for somebody else's."""
        found = self._discount(action.code)
        if found is None:
            return False
        if not is_title_of(found.get("title"), action.grant):
            raise ActionRefused(f"the shop has a code {action.code!r} of its own")
        id, ends = as_text(found.get("id")), as_text(found.get("endsAt"))
        if not _active(found):
            self._changed(ACTIVATE_CODE, id)
            ends = ""  # what is activated after its end has none any more
        wanted = action.grant.expires_at
        if wanted != (needed_moment(ends, "endsAt") if ends else None):
            query, given = _discount_input(action, self.source, self.currency)
            self._changed(ENDED[query], id, input={"endsAt": given["endsAt"]})
        return True

    def _discount(self, code: str) -> dict[str, Json] | None:
        node = self.admin.ask(FIND_CODE, code=code).get("codeDiscountNodeByCode")
        if not isinstance(node, dict):
            return None
        return {"id": node.get("id"), **as_object(node.get("codeDiscount"))}

    # -- gift cards ---------------------------------------------------------------------------

    def _make_gift_card(self, action: MakeCode) -> None:
        card = self._gift_card(action.code, action.grant)
        if card is not None and card.get("enabled") is not True:
            raise ActionRefused("a gift card that was deactivated cannot be used again")
        ends = action.grant.expires_at
        day = ends.date().isoformat() if ends is not None else None
        if card is not None:
            if (as_text(card.get("expiresOn")) or None) != day:
                self._changed(END_GIFT_CARD, as_text(card.get("id")), input={"expiresOn": day})
            return
        given: dict[str, Argument] = {
            "initialValue": worth_text(action.grant.worth, self.currency),
            "code": action.code,
            "note": code_title(action.grant),
            "expiresOn": day,
        }
        if customers := _customers(action, self.source):
            given["customerId"] = customers[0]
        made = as_object(self.admin.ask(MAKE_GIFT_CARD, input=given).get("made"))
        errors = as_objects(made.get("userErrors"))
        if any(as_text(one.get("code")) == TAKEN for one in errors):
            if self._gift_card(action.code, action.grant) is None:
                # it was made just now and is not found yet, for the search lags behind
                message = "the gift card is there, and not found yet"
                raise PlatformUnavailable(message, retry_after=LAG_SECONDS)
        elif errors:
            raise ActionRefused(_said(errors), where=action.code)

    def _gift_card(self, code: str, grant: GrantReceipt) -> dict[str, Json] | None:
        cards = as_objects(self.admin.ask(FIND_GIFT_CARD, query=code).get("giftCards"))
        return next((one for one in cards if is_title_of(one.get("note"), grant)), None)

    def _changed(self, query: str, id: str, **given: Argument) -> None:
        made = as_object(self.admin.ask(query, id=id, **given).get("made"))
        if errors := as_objects(made.get("userErrors")):
            raise ConnectorError(_said(errors), where=id)


def _discount_input(
    action: MakeCode, source: str, currency: str
) -> tuple[str, dict[str, Argument]]:
    """The mutation that makes a code, and what it is given."""
    grant = action.grant
    customers = _customers(action, source)
    whose: dict[str, Argument] = {"all": "ALL"}
    if customers:
        whose = {"customers": {"add": [*customers]}}
    given: dict[str, Argument] = {
        "code": action.code,
        "title": code_title(grant),
        "startsAt": grant.created_at.isoformat(),
        "endsAt": grant.expires_at.isoformat() if grant.expires_at else None,
        "context": whose,
        "usageLimit": 1,
        "appliesOncePerCustomer": True,
    }
    if grant.min_order is not None:
        least = worth_text(grant.min_order, currency)
        given["minimumRequirement"] = {"subtotal": {"greaterThanOrEqualToSubtotal": least}}
    if grant.kind is RewardType.FREE_SHIPPING:
        return MAKE_FREE_SHIPPING, given | {"destination": {"all": True}}
    if grant.kind is not RewardType.DISCOUNT:
        raise ActionRefused(f"a shop on Shopify makes no codes for a {grant.kind}")
    value: dict[str, Argument] = {}
    if grant.percent is not None:
        value["percentage"] = grant.percent / Decimal(100)
    else:
        amount = worth_text(grant.worth, currency)
        value["discountAmount"] = {"amount": amount, "appliesOnEachItem": False}
    return MAKE_DISCOUNT, given | {"customerGets": {"value": value, "items": {"all": True}}}


def _customers(action: MakeCode, source: str) -> list[str]:
    """The member's accounts in this shop: a code is theirs alone, if they have one."""
    return [f"gid://shopify/Customer/{id}" for id in customer_ids(action.identities, source)]


def _active(found: dict[str, Json]) -> bool:
    return as_text(found.get("status")) != "EXPIRED"


def _said(errors: list[dict[str, Json]]) -> str:
    return "; ".join(as_text(one.get("message")) for one in errors)[:500]
