"""What a member has, written to their customer: one meta, which themes and e-mails can show."""

from __future__ import annotations

from dataclasses import dataclass

from loyalty_core import (
    ActionRefused,
    Json,
    ShowMember,
    as_object,
    as_objects,
    as_text,
    customer_ids,
    member_text,
)
from loyalty_woocommerce.asking import Api


@dataclass(frozen=True, slots=True)
class Showing:
    """Writes what members have to the customers of one shop."""

    api: Api
    source: str
    key: str

    def show(self, action: ShowMember) -> None:
        """Writes it to each account that the member has in this shop; nothing without one."""
        for id in customer_ids(action.statement.member.identities, self.source):
            self._one(f"customers/{id}", action)

    def _one(self, path: str, action: ShowMember) -> None:
        """Writes it, unless what is there has the same revision or a later one."""
        found = self.api.get(path, {"_fields": "id,meta_data"})
        if found is None:  # the account is gone
            return
        meta = as_objects(as_object(found.document).get("meta_data"))
        there = next((as_text(one.get("value")) for one in meta if one.get("key") == self.key), "")
        value = member_text(action, there)
        if value is None:
            return
        given: list[Json] = [{"key": self.key, "value": value}]
        status, answer = self.api.write("PUT", path, {"meta_data": given})
        if status in (400, 409):
            raise ActionRefused(as_text(answer.get("message"))[:500], where=path)
