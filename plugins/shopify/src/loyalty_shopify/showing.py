"""What a member has, written to their customer: a metafield for themes, and tags for tiers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import cast

from loyalty_core import (
    ConnectorError,
    IdentityKind,
    Json,
    PlatformUnavailable,
    ShowMember,
    Statement,
    WalletStatement,
    format_scaled,
)
from loyalty_shopify.asking import Admin
from loyalty_shopify.fields import maybe, rows, text
from loyalty_shopify.queries import ADD_TAGS, REMOVE_TAGS, SHOW, SHOWN
from loyalty_shopify.reading import tags_of

STALE = ("STALE_OBJECT", "INVALID_COMPARE_DIGEST")


@dataclass(frozen=True, slots=True)
class Showing:
    """Writes what members have to the customers of one shop."""

    admin: Admin
    source: str
    namespace: str
    tag_prefix: str

    def show(self, action: ShowMember) -> None:
        """Writes it to each account that the member has in this shop; nothing without one."""
        for identity in action.statement.member.identities:
            if identity.kind is IdentityKind.CUSTOMER_ID and identity.source == self.source:
                self._one(f"gid://shopify/Customer/{identity.value}", action)

    def _one(self, customer: str, action: ShowMember) -> None:
        """Writes it by compare-and-set, tags first: the revision stands once all of it does."""
        asked = self.admin.ask(SHOWN, id=customer, namespace=self.namespace)
        found = asked.get("customer")
        if not isinstance(found, dict):  # the account is gone
            return
        field = maybe(found.get("metafield"))
        known = _read(text(field.get("value")))
        member = action.statement.member.id
        revision = known.get("revision") if known.get("member") == member else None
        if isinstance(revision, int) and revision >= action.revision:
            return
        self._tags(customer, tags_of(found.get("tags")), action.statement)
        shown = shown_of(action.statement) | {"revision": action.revision}
        made = self.admin.ask(
            SHOW,
            metafields=[
                {
                    "ownerId": customer,
                    "namespace": self.namespace,
                    "key": "member",
                    "type": "json",
                    "value": json.dumps(shown, ensure_ascii=False, sort_keys=True),
                    "compareDigest": text(field.get("compareDigest")) or None,
                }
            ],
        )
        errors = rows(maybe(made.get("made")).get("userErrors"))
        if any(text(one.get("code")) in STALE for one in errors):
            raise PlatformUnavailable("somebody else wrote it meanwhile", retry_after=1)
        _refuse(errors)

    def _tags(self, customer: str, there: tuple[str, ...], statement: Statement) -> None:
        """Leaves of the tags that begin as ours do those of the tiers held; others stay."""
        if not self.tag_prefix:
            return
        held = {f"{self.tag_prefix}{one.held}" for one in statement.standings if one.held}
        ours = {one for one in there if one.startswith(self.tag_prefix)}
        for query, tags in ((REMOVE_TAGS, ours - held), (ADD_TAGS, held - ours)):
            if tags:
                made = self.admin.ask(query, id=customer, tags=[*sorted(tags)])
                _refuse(rows(maybe(made.get("made")).get("userErrors")))


def shown_of(statement: Statement) -> dict[str, Json]:
    """What a theme can show: points by wallet as texts, and the tier of each scheme."""
    return {
        "member": statement.member.id,
        "wallets": {one.wallet: _wallet(one) for one in statement.wallets},
        "tiers": {one.scheme: one.held for one in statement.standings if one.held},
    }


def _wallet(one: WalletStatement) -> Json:
    shown: dict[str, Json] = {
        name: format_scaled(getattr(one, name), one.scale)
        for name in ("balance", "available", "pending")
    }
    if one.worth is not None:
        shown["worth"] = format_scaled(one.worth.amount_minor, one.worth.digits)
        shown["currency"] = one.worth.currency
    if one.expiring:
        first = one.expiring[0]
        shown["expiring"] = format_scaled(first.amount, one.scale)
        shown["expires_at"] = first.at.isoformat()
    return shown


def _read(value: str) -> dict[str, Json]:
    try:
        return maybe(cast(Json, json.loads(value))) if value else {}
    except ValueError:
        return {}


def _refuse(errors: list[dict[str, Json]]) -> None:
    if errors:
        said = "; ".join(text(one.get("message")) for one in errors)[:500]
        raise ConnectorError(said, where="customer")
