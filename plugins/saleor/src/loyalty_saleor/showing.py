"""What a member has, written to their customer: one key of the metadata that storefronts read."""

from __future__ import annotations

from dataclasses import dataclass

from loyalty_core import Json, ShowMember, as_object, as_text, customer_ids, member_text
from loyalty_saleor.asking import Api
from loyalty_saleor.queries import SHOW, SHOWN


@dataclass(frozen=True, slots=True)
class Showing:
    """Writes what members have to the customers of one shop."""

    api: Api
    source: str
    key: str

    def show(self, action: ShowMember) -> None:
        """Writes it to each account that the member has in this shop; nothing without one."""
        for id in customer_ids(action.statement.member.identities, self.source):
            found = as_object(self.api.ask(SHOWN, id=id, key=self.key).data.get("user"))
            value = member_text(action, as_text(found.get("metafield"))) if found else None
            if value is not None:
                metadata: Json = [{"key": self.key, "value": value}]
                self.api.change(SHOW, id, id=id, metadata=metadata)
