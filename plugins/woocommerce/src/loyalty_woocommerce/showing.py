"""What a member has, written to their customer: one meta, which themes and e-mails can show."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import cast

from loyalty_core import (
    ActionRefused,
    IdentityKind,
    Json,
    ShowMember,
    Statement,
    WalletStatement,
    format_scaled,
)
from loyalty_woocommerce.asking import Api
from loyalty_woocommerce.fields import maybe, rows, text


@dataclass(frozen=True, slots=True)
class Showing:
    """Writes what members have to the customers of one shop."""

    api: Api
    source: str
    key: str

    def show(self, action: ShowMember) -> None:
        """Writes it to each account that the member has in this shop; nothing without one."""
        for identity in action.statement.member.identities:
            if identity.kind is IdentityKind.CUSTOMER_ID and identity.source == self.source:
                self._one(f"customers/{identity.value}", action)

    def _one(self, path: str, action: ShowMember) -> None:
        """Writes it, unless what is there has the same revision or a later one."""
        found = self.api.get(path, {"_fields": "id,meta_data"})
        if found is None:  # the account is gone
            return
        known = self._known(maybe(found.document).get("meta_data"))
        revision = known.get("revision") if known.get("member") == action.statement.member.id else 0
        if isinstance(revision, int) and revision >= action.revision:
            return
        shown = shown_of(action.statement) | {"revision": action.revision}
        value = json.dumps(shown, ensure_ascii=False, sort_keys=True)
        meta: list[Json] = [{"key": self.key, "value": value}]
        status, answer = self.api.write("PUT", path, {"meta_data": meta})
        if status in (400, 409):
            raise ActionRefused(text(answer.get("message"))[:500], where=path)

    def _known(self, meta: Json) -> dict[str, Json]:
        for one in rows(meta):
            if one.get("key") == self.key:
                try:
                    return maybe(cast(Json, json.loads(text(one.get("value")) or "{}")))
                except ValueError:
                    return {}
        return {}


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
