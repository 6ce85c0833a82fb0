"""What a member has, written to their customer: a metafield for themes, and tags for tiers."""

from __future__ import annotations

from dataclasses import dataclass

from loyalty_core import (
    ConnectorError,
    Json,
    PlatformUnavailable,
    ShowMember,
    Statement,
    as_object,
    as_objects,
    as_text,
    customer_ids,
    member_text,
)
from loyalty_shopify.asking import Admin
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
        for id in customer_ids(action.statement.member.identities, self.source):
            self._one(f"gid://shopify/Customer/{id}", action)

    def _one(self, customer: str, action: ShowMember) -> None:
        """Writes it by compare-and-set, tags first: the revision stands once all of it does."""
        asked = self.admin.ask(SHOWN, id=customer, namespace=self.namespace)
        found = asked.get("customer")
        if not isinstance(found, dict):  # the account is gone
            return
        field = as_object(found.get("metafield"))
        value = member_text(action, as_text(field.get("value")))
        if value is None:
            return
        self._tags(customer, tags_of(found.get("tags")), action.statement)
        made = self.admin.ask(
            SHOW,
            metafields=[
                {
                    "ownerId": customer,
                    "namespace": self.namespace,
                    "key": "member",
                    "type": "json",
                    "value": value,
                    "compareDigest": as_text(field.get("compareDigest")) or None,
                }
            ],
        )
        errors = as_objects(as_object(made.get("made")).get("userErrors"))
        if any(as_text(one.get("code")) in STALE for one in errors):
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
                _refuse(as_objects(as_object(made.get("made")).get("userErrors")))


def _refuse(errors: list[dict[str, Json]]) -> None:
    if errors:
        said = "; ".join(as_text(one.get("message")) for one in errors)[:500]
        raise ConnectorError(said, where="customer")
