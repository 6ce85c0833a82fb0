"""A double of a shop on Saleor: its GraphQL API as it is documented, and its public keys."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from graphql import build_schema, graphql_sync

from loyalty_core.testing import Answer, Asked, PlatformDouble
from plugins.saleor.tests.papers import Doc, public_key

SCHEMA = build_schema((Path(__file__).parent / "schema.graphql").read_text("utf-8"))
TOKEN = "an app's token"
JWKS = "/.well-known/jwks.json"
HOOK = "https://points.example/webhooks/saleor/tea"


class Saleor(PlatformDouble):
    """A shop: orders, customers, vouchers and gift cards. Its pages are small."""

    def __init__(self) -> None:
        super().__init__()
        self.orders: dict[str, Doc] = {}
        self.customers: dict[str, Doc] = {}
        self.metadata: dict[tuple[str, str], str] = {}
        self.vouchers: dict[str, Doc] = {}
        self.cards: dict[str, Doc] = {}
        self.keys = ["k1"]
        self.token = TOKEN
        self.currency = "USD"
        self.permissions = ["MANAGE_ORDERS", "MANAGE_USERS"]
        self.hooks = [{"name": "Loyalty", "targetUrl": HOOK, "isActive": True}]
        self.page_size = 3

    def hold(self, *documents: Doc) -> None:
        """Orders as they stand now."""
        for one in documents:
            self.orders[one["id"]] = one

    # -- the API --------------------------------------------------------------------------------

    def answer(self, asked: Asked) -> Answer:
        if asked.path == JWKS:
            return Answer.of({"keys": [public_key(one) for one in self.keys]})
        if asked.path != "/graphql/":
            return Answer(status=404, body=b"<html>no</html>")
        if asked.headers.get("authorization") != f"Bearer {self.token}":
            return failed("InvalidTokenError")
        given: Any = asked.json()
        made = graphql_sync(
            SCHEMA, given["query"], self._roots(), variable_values=given["variables"]
        )
        assert made.errors is None, made.errors
        document: Any = {"data": made.data}
        return Answer.of(document)

    def _roots(self) -> Doc:
        """What queries and mutations begin at, each called with the arguments it was given."""
        return {
            "shop": {"name": "Tea", "version": "3.23.43"},
            "app": self._app(),
            "channel": lambda _, slug: self._channel(slug),
            "order": lambda _, id: self.orders.get(id),
            "orders": lambda _, **given: self._listed(self.orders, given),
            "user": lambda _, id: self._user(id),
            "customers": lambda _, **given: self._listed(self.customers, given),
            "vouchers": lambda _, filter, first: self._found_vouchers(filter["search"], first),
            "giftCards": lambda _, filter, first: self._found_cards(filter["metadata"], first),
            "voucherCreate": lambda _, input: self._make_voucher(input),
            "voucherChannelListingUpdate": lambda _, id, input: self._list_voucher(id, input),
            "voucherDelete": lambda _, id: self._delete_voucher(id),
            "giftCardCreate": lambda _, input: self._make_card(input),
            "giftCardActivate": lambda _, id: self._turn_card(id, True),
            "giftCardDeactivate": lambda _, id: self._turn_card(id, False),
            "updateMetadata": lambda _, id, input: self._write(id, input),
        }

    # -- what is there --------------------------------------------------------------------------

    def _app(self) -> Doc:
        events = [{"name": "", "eventType": "ORDER_UPDATED"}]
        return {
            "isActive": True,
            "permissions": [{"code": one, "name": ""} for one in self.permissions],
            "webhooks": [{**one, "asyncEvents": events} for one in self.hooks],
        }

    def _channel(self, slug: str) -> Doc | None:
        known = {"id": "CH", "slug": slug, "currencyCode": self.currency}
        return known if slug == "default-channel" else None

    def _user(self, id: str) -> Doc | None:
        found = self.customers.get(id)
        if found is None:
            return None
        return {**found, "metafield": lambda _, key: self.metadata.get((id, key))}

    def _listed(self, found: dict[str, Doc], given: Doc) -> Doc:
        """A page, in the order of changes, each place by what is there and not by its number."""
        assert given["sortBy"] == {"field": "LAST_MODIFIED_AT", "direction": "ASC"}
        since = ((given.get("filter") or {}).get("updatedAt") or {}).get("gte", "")
        every = sorted(found.values(), key=lambda one: (one["updatedAt"], one["id"]))
        some = [one for one in every if one["updatedAt"] >= since]
        after = given.get("after") or ""
        some = [one for one in some if f"{one['updatedAt']} {one['id']}" > after]
        page = some[: min(self.page_size, given["first"])]
        end = f"{page[-1]['updatedAt']} {page[-1]['id']}" if page else None
        edges = [{"node": one, "cursor": ""} for one in page]
        info = {"hasNextPage": len(some) > len(page), "endCursor": end}
        return {"edges": edges, "pageInfo": info}

    # -- vouchers and gift cards ----------------------------------------------------------------

    def _make_voucher(self, input: Doc) -> Doc:
        taken = {code for one in self.vouchers.values() for code in one["addCodes"]}
        if taken & set(input["addCodes"]):
            return refused("ALREADY_EXISTS")
        id = f"V{len(self.vouchers)}"
        self.vouchers[id] = {**input, "id": id, "listings": []}
        return {"errors": [], "voucher": self._voucher(self.vouchers[id])}

    def _list_voucher(self, id: str, input: Doc) -> Doc:
        others = self.vouchers[id]["listings"]
        given = {one["channelId"]: one for one in (*others, *input["addChannels"])}
        self.vouchers[id]["listings"] = [*given.values()]
        return {"errors": []}

    def _delete_voucher(self, id: str) -> Doc:
        return {"errors": []} if self.vouchers.pop(id, None) else refused("NOT_FOUND")

    def _found_vouchers(self, search: str, first: int) -> Doc:
        found = [
            one
            for one in self.vouchers.values()
            if any(search in each for each in (one["name"], *one["addCodes"]))
        ]
        return {"edges": [{"node": self._voucher(one)} for one in found[:first]]}

    def _voucher(self, one: Doc) -> Doc:
        codes = [{"node": {"id": code, "code": code}} for code in one["addCodes"]]
        channel = {"id": "CH", "slug": "default-channel", "currencyCode": self.currency}
        listings = [{"id": "", "channel": channel, "discountValue": 0} for _ in one["listings"]]
        return {**one, "codes": {"edges": codes}, "channelListings": listings}

    def _make_card(self, input: Doc) -> Doc:
        id = f"G{len(self.cards)}"
        code = f"SALEOR-{len(self.cards):04}"  # it makes them itself
        self.cards[id] = {**input, "id": id, "code": code}
        return {"errors": [], "giftCard": self.cards[id]}

    def _turn_card(self, id: str, active: bool) -> Doc:
        self.cards[id]["isActive"] = active
        return {"errors": []}

    def _found_cards(self, metadata: list[Doc], first: int) -> Doc:
        found = [
            one
            for one in self.cards.values()
            if all(wanted in one["metadata"] for wanted in metadata)
        ]
        return {"edges": [{"node": one} for one in found[:first]]}

    def _write(self, id: str, input: list[Doc]) -> Doc:
        self.metadata |= {(id, one["key"]): one["value"] for one in input}
        return {"errors": []}


def refused(code: str) -> Doc:
    return {"errors": [{"code": code, "message": "No.", "field": "code"}], "voucher": None}


def failed(code: str, status: int = 200) -> Answer:
    """An answer with an error, as Saleor writes it."""
    errors = [{"message": "No.", "extensions": {"exception": {"code": code}}}]
    return Answer.of({"errors": errors}, status)
