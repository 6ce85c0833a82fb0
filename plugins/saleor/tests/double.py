"""A double of a shop on Saleor: its GraphQL API as it is documented, and its public keys."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime
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
        self.clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    def hold(self, *documents: Doc) -> None:
        """Orders as they stand now."""
        for one in documents:
            self.orders[one["id"]] = one

    # -- the API --------------------------------------------------------------------------------

    def answer(self, asked: Asked) -> Answer:
        answer = self._answer(asked)
        date = format_datetime(self.clock(), usegmt=True)
        return replace(answer, headers={**answer.headers, "date": date})

    def _answer(self, asked: Asked) -> Answer:
        if asked.path == JWKS:
            return Answer.of({"keys": [public_key(one) for one in self.keys]})
        if asked.path != "/graphql/":
            return Answer(status=404, body=b"<html>no</html>")
        if asked.headers.get("authorization") != f"Bearer {self.token}":
            return failed("InvalidTokenError")
        given: Any = asked.json()
        made = graphql_sync(SCHEMA, given["query"], Root(self), variable_values=given["variables"])
        assert made.errors is None, made.errors
        document: Any = {"data": made.data}
        return Answer.of(document)

    # -- what fields resolve to: by their names, with the arguments they were given --------------

    def shop(self, _: Any) -> Doc:
        return {"name": "Tea", "version": "3.23.43"}

    def app(self, _: Any) -> Doc:
        events = [{"name": "", "eventType": "ORDER_UPDATED"}]
        return {
            "isActive": True,
            "permissions": [{"code": one, "name": ""} for one in self.permissions],
            "webhooks": [{**one, "asyncEvents": events} for one in self.hooks],
        }

    def channel(self, _: Any, slug: str) -> Doc | None:
        known = {"id": "CH", "slug": slug, "currencyCode": self.currency}
        return known if slug == "default-channel" else None

    def order(self, _: Any, id: str) -> Doc | None:
        return self.orders.get(id)

    def user(self, _: Any, id: str) -> Doc | None:
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

    def voucherCreate(self, _: Any, input: Doc) -> Doc:  # noqa: N802
        taken = {code for one in self.vouchers.values() for code in one["addCodes"]}
        if taken & set(input["addCodes"]):
            return refused("ALREADY_EXISTS")
        id = f"V{len(self.vouchers)}"
        self.vouchers[id] = {**input, "id": id, "listings": []}
        return {"errors": [], "voucher": self._voucher(self.vouchers[id])}

    def voucherChannelListingUpdate(self, _: Any, id: str, input: Doc) -> Doc:  # noqa: N802
        self.vouchers[id]["listings"] += input["addChannels"]
        return {"errors": []}

    def voucherDelete(self, _: Any, id: str) -> Doc:  # noqa: N802
        return {"errors": []} if self.vouchers.pop(id, None) else refused("NOT_FOUND")

    def _voucher(self, one: Doc) -> Doc:
        codes = [{"node": {"id": code, "code": code}} for code in one["addCodes"]]
        channel = {"id": "CH", "slug": "default-channel", "currencyCode": self.currency}
        listings = [{"id": "", "channel": channel, "discountValue": 0} for _ in one["listings"]]
        return {**one, "codes": {"edges": codes}, "channelListings": listings}

    def giftCardCreate(self, _: Any, input: Doc) -> Doc:  # noqa: N802
        id = f"G{len(self.cards)}"
        code = f"SALEOR-{len(self.cards):04}"  # it makes them itself
        self.cards[id] = {**input, "id": id, "code": code}
        return {"errors": [], "giftCard": self.cards[id]}

    def giftCardActivate(self, _: Any, id: str) -> Doc:  # noqa: N802
        self.cards[id]["isActive"] = True
        return {"errors": []}

    def giftCardDeactivate(self, _: Any, id: str) -> Doc:  # noqa: N802
        self.cards[id]["isActive"] = False
        return {"errors": []}

    def updateMetadata(self, _: Any, id: str, input: list[Doc]) -> Doc:  # noqa: N802
        self.metadata |= {(id, one["key"]): one["value"] for one in input}
        return {"errors": []}


class Root:
    """What queries begin at: lists have the names that the double's own are stored by."""

    def __init__(self, shop: Saleor) -> None:
        self._shop = shop

    def __getattr__(self, name: str) -> Any:
        return getattr(self._shop, name)

    def orders(self, _: Any, **given: Any) -> Doc:
        return self._shop._listed(self._shop.orders, given)

    def customers(self, _: Any, **given: Any) -> Doc:
        return self._shop._listed(self._shop.customers, given)

    def vouchers(self, _: Any, filter: Doc, first: int) -> Doc:
        found = [
            one
            for one in self._shop.vouchers.values()
            if any(filter["search"] in each for each in (one["name"], *one["addCodes"]))
        ]
        return {"edges": [{"node": self._shop._voucher(one)} for one in found[:first]]}

    def giftCards(self, _: Any, filter: Doc, first: int) -> Doc:  # noqa: N802
        found = [
            one
            for one in self._shop.cards.values()
            if all(wanted in one["metadata"] for wanted in filter["metadata"])
        ]
        return {"edges": [{"node": one} for one in found[:first]]}


def refused(code: str) -> Doc:
    return {"errors": [{"code": code, "message": "No.", "field": "code"}], "voucher": None}


def failed(code: str, status: int = 200) -> Answer:
    """An answer with an error, as Saleor writes it."""
    errors = [{"message": "No.", "extensions": {"exception": {"code": code}}}]
    return Answer.of({"errors": errors}, status)
