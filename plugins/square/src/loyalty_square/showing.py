"""What a member has, written to their profile, where the till shows it; and groups for tiers.

There are two custom attributes: one is read by people, the other, which is hidden, by programs and
by us. A group for each tier is what Square's own automatic discounts can be made for.
"""

from __future__ import annotations

from dataclasses import dataclass

from loyalty_core import (
    ActionRefused,
    ConnectorError,
    Json,
    JsonObject,
    ShowMember,
    Statement,
    as_object,
    as_objects,
    as_text,
    customer_ids,
    format_scaled,
    member_text,
)
from loyalty_square.asking import Answered, Api
from loyalty_square.gift_cards import key_of

STRING = (
    "https://developer-production-s.squarecdn.com/schemas/v1/common.json#squareup.common.String"
)
MISSING = "NOT_FOUND"
CHANGED = {"CONFLICT", "VERSION_MISMATCH"}
"""What is said of a version that is not the present one."""
DATA = "_data"
"""What the key of the hidden attribute ends with."""


@dataclass(frozen=True, slots=True)
class Showing:
    """Writes what members have to the customers of one seller."""

    api: Api
    source: str
    attribute: str
    group_prefix: str

    def show(self, action: ShowMember) -> None:
        """Writes it to each profile that the member has here; nothing without one."""
        for id in customer_ids(action.statement.member.identities, self.source):
            self._one(id, action)

    def _one(self, customer: str, action: ShowMember) -> None:
        """Writes it, groups first: the revision stands once all of it does."""
        there = {DATA: self._there(customer, DATA)}
        data = member_text(action, as_text(there[DATA].get("value")))
        if data is None:
            return
        profile = self.api.get(f"customers/{customer}")
        if profile is None:  # it is gone
            return
        if there[DATA]:  # both are written together
            there[""] = self._there(customer, "")
        doc = as_object(profile.document.get("customer"))
        self._groups(as_text(doc.get("id")) or customer, doc.get("group_ids"), action.statement)
        values: dict[str, JsonObject] = {
            end: {"key": f"{self.attribute}{end}", "value": value, **_version(there.get(end, {}))}
            for end, value in (("", in_words(action.statement)), (DATA, data))
        }
        self._write(customer, values, action.key)

    def _there(self, customer: str, end: str) -> JsonObject:
        """One of the two attributes as it stands."""
        found = self.api.get(f"customers/{customer}/custom-attributes/{self.attribute}{end}")
        return as_object(found.document.get("custom_attribute")) if found else {}

    def _write(self, customer: str, values: dict[str, JsonObject], key: str) -> None:
        """Both attributes at once, over the versions that were read and no others.

        What they are is told to Square before the first of all.
        """
        given: dict[str, Json] = {
            end or "text": {
                "customer_id": customer,
                "custom_attribute": dict(value),
                "idempotency_key": key_of(f"{key} {customer} {end} {sorted(value.items())}"),
            }
            for end, value in values.items()
        }
        path = "customers/custom-attributes/bulk-upsert"
        answered = self.api.send("POST", path, {"values": given})
        if MISSING in _failed(answered):
            self._define()
            answered = self.api.send("POST", path, {"values": given})
        failed = _failed(answered)
        if failed & CHANGED:  # another process showed something newer, or something older
            raise ConnectorError("it was written meanwhile; it is looked at again", where=customer)
        if MISSING in failed:  # the profile went just now
            raise ConnectorError("the profile, or what it is to hold, is not there", where=path)
        if failed:
            raise ActionRefused("; ".join(sorted(failed)), where=customer)

    def _define(self) -> None:
        """Tells Square what the attributes are; it keeps those that are there."""
        for end, shown in (("", "VISIBILITY_READ_ONLY"), (DATA, "VISIBILITY_HIDDEN")):
            definition: Json = {
                "key": f"{self.attribute}{end}",
                "schema": {"$ref": STRING},
                "visibility": shown,
                "name": f"Loyalty{end.replace('_', ' ')}",
                "description": "Points and tiers of the loyalty program.",
            }
            path = "customers/custom-attribute-definitions"
            self.api.send("POST", path, {"custom_attribute_definition": definition})

    # -- groups -------------------------------------------------------------------------------

    def _groups(self, customer: str, there: Json, statement: Statement) -> None:
        """Leaves of the groups whose names begin as ours do those of the tiers held."""
        if not self.group_prefix:
            return
        held = {f"{self.group_prefix}{one.held}" for one in statement.standings if one.held}
        isin = {one for one in there if isinstance(one, str)} if isinstance(there, list) else set()
        if not held and not isin:
            return
        known = self._known()
        for name, id in known.items():
            if id in isin and name not in held:
                self._change("DELETE", customer, id)
        for name in sorted(held):
            id = known.get(name) or self._made(name)
            if id not in isin:
                self._change("PUT", customer, id)

    def _known(self) -> dict[str, str]:
        """The ids of our groups by their names."""
        found: dict[str, str] = {}
        query: dict[str, str] = {}
        while True:
            page = self.api.get("customers/groups", query)
            document = page.document if page else {}
            for one in as_objects(document.get("groups")):
                if (name := as_text(one.get("name"))).startswith(self.group_prefix):
                    found.setdefault(name, as_text(one.get("id")))
            after = as_text(document.get("cursor"))
            if not after:
                return found
            query = {"cursor": after}

    def _made(self, name: str) -> str:
        given: JsonObject = {
            "idempotency_key": key_of(f"{self.source} group {name}"),
            "group": {"name": name},
        }
        made = as_object(self.api.post("customers/groups", given).document.get("group"))
        return as_text(made.get("id"))

    def _change(self, method: str, customer: str, group: str) -> None:
        answered = self.api.send(method, f"customers/{customer}/groups/{group}")
        if answered.status not in (200, 404):  # 404: it is as it should be, or tried again
            raise ConnectorError(answered.said, where=customer)


def _version(there: JsonObject) -> JsonObject:
    version = there.get("version")
    return {"version": version} if type(version) is int else {}


def _failed(answered: Answered) -> set[str]:
    """The codes of what failed, of the request or of a part of it."""
    parts = as_object(answered.document.get("values")).values()
    errors = [one for part in parts for one in as_objects(as_object(part).get("errors"))]
    codes = answered.codes | {as_text(one.get("code")) for one in errors}
    return codes or (set() if answered.status == 200 else {str(answered.status)})


def in_words(statement: Statement) -> str:
    """What somebody at a till reads: points that can be spent, and tiers."""
    points = [f"{format_scaled(one.available, one.scale)} {one.unit}" for one in statement.wallets]
    tiers = [one.held for one in statement.standings if one.held]
    return " · ".join([*points, *tiers])
