"""Coupons: made once, whatever becomes of the answers, and dropped.

A coupon is known by its code, and is ours if the grant's id stands in its meta. It is looked for
before it is made, and once more where the shop says that it is there: so a second attempt finds
the first. A shop that is asked twice at one moment makes two, for nothing in it keeps codes apart:
a first attempt that was given up, and landed beside the second. So they are looked for after each,
before anybody is told the code, and one is left.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from loyalty_core import (
    ActionRefused,
    ConnectorError,
    DropCode,
    IdentityKind,
    Json,
    JsonObject,
    MakeCode,
    RewardType,
    as_objects,
    as_text,
    code_title,
    worth_text,
)
from loyalty_woocommerce.asking import Api
from loyalty_woocommerce.fields import name, written

MADE_HERE = (RewardType.DISCOUNT, RewardType.FREE_SHIPPING)
"""The kinds of rewards whose coupons a shop on WooCommerce can make."""
GRANT = "loyalty_grant"
"""The key of the meta that says which grant a coupon is of."""
OVER = "2000-01-01T00:00:00"
"""When a coupon ends that is of no use any more: it stays there, on the orders it was used on."""


@dataclass(frozen=True, slots=True)
class Coupons:
    """The coupons of one shop."""

    api: Api
    currency: str

    def make(self, action: MakeCode) -> None:
        """Makes the coupon, or finds that it is there; raises ``ActionRefused``."""
        self._make(action, _coupon(action, self.currency))
        self._leave_one(action)

    def _make(self, action: MakeCode, given: JsonObject) -> None:
        if self._is_there(action, given):
            return
        status, answer = self.api.write("POST", "coupons", given)
        if status in (200, 201):
            return
        code, said = as_text(answer.get("code")), as_text(answer.get("message"))
        if "already_exists" in code and self._is_there(action, given):
            return
        raise ActionRefused(f"{code}: {said}"[:500], where=action.code)

    def drop(self, action: DropCode) -> None:
        """Lets the coupon be over; nothing if it is not there, or is not ours."""
        found = self._found(action.code)
        if found is not None and _grant_of(found) == action.grant.grant_id:
            self._change(found, {"date_expires_gmt": OVER}, action.code)

    def _is_there(self, action: MakeCode, given: JsonObject) -> bool:
        """Whether the coupon is there, usable again; raises ``ActionRefused`` for another's."""
        found = self._found(action.code)
        if found is None:
            return False
        if _grant_of(found) != action.grant.grant_id:
            raise ActionRefused(f"the shop has a coupon {action.code!r} of its own")
        if as_text(found.get("date_expires_gmt")) != as_text(given["date_expires_gmt"]):
            self._change(found, {"date_expires_gmt": given["date_expires_gmt"]}, action.code)
        return True

    def _leave_one(self, action: MakeCode) -> None:
        """Deletes all coupons that were made of a grant but the latest.

        That is the one which the shop finds by its code; it takes a search to see the others.
        """
        code = action.code.lower()
        docs, _ = self.api.page("coupons", {"search": code})
        ours = [
            one
            for one in docs
            if as_text(one.get("code")).lower() == code and _grant_of(one) == action.grant.grant_id
        ]
        for id in sorted(int(name(one.get("id"), "$.id")) for one in ours)[:-1]:
            self.api.delete(f"coupons/{id}")

    def _found(self, code: str) -> dict[str, Json] | None:
        """The coupon with a code, which the shop keeps in small letters."""
        docs, _ = self.api.page("coupons", {"code": code.lower()})
        same = (one for one in docs if as_text(one.get("code")).lower() == code.lower())
        return next(same, None)

    def _change(self, found: JsonObject, changes: JsonObject, code: str) -> None:
        status, answer = self.api.write("PUT", f"coupons/{name(found.get('id'), '$.id')}", changes)
        if status in (400, 409):
            raise ActionRefused(as_text(answer.get("message"))[:500], where=code)
        if status == 404:
            raise ConnectorError("the coupon was deleted just now", where=code)  # looked for again


def _coupon(action: MakeCode, currency: str) -> dict[str, Json]:
    """What the shop is given to make a coupon of."""
    grant = action.grant
    emails = [one.value for one in action.identities if one.kind is IdentityKind.EMAIL]
    given: dict[str, Json] = {
        "code": action.code,
        "description": code_title(grant),
        "usage_limit": 1,
        "individual_use": False,
        "email_restrictions": [*sorted(emails)],
        "date_expires_gmt": written(grant.expires_at) if grant.expires_at else None,
        "minimum_amount": worth_text(grant.min_order, currency) if grant.min_order else "",
        "meta_data": [{"key": GRANT, "value": grant.grant_id}],
    }
    if grant.kind is RewardType.FREE_SHIPPING:
        return given | {"discount_type": "fixed_cart", "amount": "0", "free_shipping": True}
    if grant.kind is not RewardType.DISCOUNT:
        raise ActionRefused(f"a shop on WooCommerce makes no coupons for a {grant.kind}")
    if grant.percent is not None:
        return given | {"discount_type": "percent", "amount": _plain(grant.percent)}
    return given | {"discount_type": "fixed_cart", "amount": worth_text(grant.worth, currency)}


def _plain(percent: Decimal) -> str:
    return format(percent, "f")


def _grant_of(found: JsonObject) -> str:
    """The grant that a coupon is of; empty for one of the shop's own."""
    for one in as_objects(found.get("meta_data")):
        if one.get("key") == GRANT:
            return as_text(one.get("value"))
    return ""
