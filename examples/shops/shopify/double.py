"""A shop on Shopify on localhost: its Admin API as it is documented, and its bad days.

``loyalty_core.testing.PlatformDouble`` cuts lines and answers 503; what is particular to Shopify is
said here: ``throttle``, ``expire_tokens``, ``removed``, ``most_cost``, ``most_listed``, and of bulk
operations ``bulk_polls``, ``bulks_elsewhere`` and ``bulk_failures``.
"""

from __future__ import annotations

import hashlib
import json
from collections import deque
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from graphql import GraphQLError, build_schema, graphql_sync

from examples.shops.shopify.bulk import lines_of, refused
from examples.shops.shopify.nodes import Doc, customer_node, order_node, paged, refund_node
from examples.shops.shopify.papers import CLIENT, SECRET, SHOP, customer, edited, webhook
from loyalty_core.testing import (
    Answer,
    Asked,
    Fault,
    FrozenClock,
    PlatformDouble,
    SentWebhook,
)

VERSION = "2026-10"
SCHEMA = build_schema((Path(__file__).parent / "schema.graphql").read_text("utf-8"))
TOKEN = "shpat_that_stays"
BUCKET = 2000
RATE = 100
MOST_BULKS = 5
RECENT = timedelta(days=60)
"""How old orders may be for an app that may not read all of them."""


def coded(message: str, code: str) -> Doc:
    return {"userErrors": [{"field": ["input"], "message": message, "code": code}]}


class Shopify(PlatformDouble):
    """One shop: what is in it, and what it was asked to make."""

    def __init__(self) -> None:
        super().__init__()
        self.orders: list[Doc] = []
        self.customers: dict[str, Doc] = {"7000": customer()}
        self.codes: dict[str, Doc] = {}
        self.gift_cards: list[Doc] = []
        self.metafields: dict[tuple[str, str], str] = {}
        self.echoes: list[SentWebhook] = []
        self.bulks: dict[str, Doc] = {}
        self.scopes = ["read_orders", "read_customers", "write_discounts", "write_customers"]
        self.scopes += ["read_all_orders"]
        self.tokens = {TOKEN}
        self.currency = "USD"
        self.removed = False
        self.gift_cards_are_found = True
        self.most_cost = 1000
        self.most_listed = 25_000
        self.bulk_polls = 0
        self.bulks_elsewhere = 0
        self.bulk_failures: deque[str] = deque()
        self.now = datetime(2026, 7, 31, tzinfo=UTC)
        self.queries: deque[tuple[str, Doc]] = deque()

    @property
    def now(self) -> datetime:
        """What time it is there; it stands still until somebody says another."""
        return self.clock()

    @now.setter
    def now(self, moment: datetime) -> None:
        self.clock = FrozenClock(moment)

    # -- how it misbehaves ------------------------------------------------------------------------

    def throttle(self, *, wanted: int = 500, there: int = 250) -> None:
        """Answers the next request 200, with the error that there are not points enough."""
        status = {"maximumAvailable": BUCKET, "currentlyAvailable": there, "restoreRate": RATE}
        cost = {"requestedQueryCost": wanted, "actualQueryCost": None, "throttleStatus": status}
        error = {"message": "Throttled", "extensions": {"code": "THROTTLED"}}
        document = {"errors": [error], "extensions": {"cost": cost}}
        self.faults.append(Fault(kind="answer", answer=Answer.of(document)))

    def fail(self, code: str, message: str = "no") -> None:
        """Answers the next request 200, with an error of this code."""
        document = {"errors": [{"message": message, "extensions": {"code": code}}]}
        self.faults.append(Fault(kind="answer", answer=Answer.of(document)))

    def answers(self, status: int, **headers: str) -> None:
        """Answers the next request with a status."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        made = Answer(status=status, body=b"<html>no</html>", headers=given)
        self.faults.append(Fault(kind="answer", answer=made))

    def expire_tokens(self) -> None:
        """Takes no token any more that was given so far."""
        self.tokens.clear()

    # -- what happens there -----------------------------------------------------------------------

    def edit(self, number: int, *, add: list[Doc], remove: dict[int, int]) -> list[SentWebhook]:
        """Adds lines to an order and takes pieces off others; what is sent of that."""
        found = next(one for one in self.orders if one["id"] == number)
        for one in found["line_items"]:
            one["current_quantity"] -= remove.get(one["id"], 0)
        found["line_items"] += add
        found["updated_at"] = self.now.isoformat()
        added = {one["id"]: one["quantity"] for one in add}
        told = webhook(edited(number, added, remove), "orders/edited")
        return [webhook(found, "orders/updated"), told]

    # -- what it answers --------------------------------------------------------------------------

    def answer(self, asked: Asked) -> Answer:
        if asked.path == "/admin/oauth/access_token":
            return self._token(asked)
        if asked.path.startswith("/bulk/"):
            return self._file(asked)
        if asked.path != f"/admin/api/{VERSION}/graphql.json":
            return Answer.of({"errors": "Not Found"}, 404)
        token = asked.headers.get("x-shopify-access-token", "")
        if self.removed or token not in self.tokens:
            return Answer.of({"errors": "[API] Invalid API key or access token"}, 401)
        given: Any = asked.json()
        variables = given.get("variables") or {}
        self.queries.append((given["query"], variables))
        return self._graphql(given["query"], variables)

    def _token(self, asked: Asked) -> Answer:
        given: Any = asked.json()
        if self.removed:
            return Answer.of({"error": "app_not_installed"}, 400)
        if given.get("client_id") != CLIENT or given.get("client_secret") != SECRET:
            return Answer.of({"error": "invalid_client"}, 401)
        token = f"shpca_{len(self.asked)}"
        self.tokens.add(token)
        scope = ",".join(self.scopes)
        return Answer.of({"access_token": token, "scope": scope, "expires_in": 86399})

    def _file(self, asked: Asked) -> Answer:
        body: bytes = self.bulks[asked.path.removeprefix("/bulk/")]["file"]
        start = int(asked.headers.get("range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
        if start >= len(body):
            return Answer(status=416)
        return Answer(status=206 if start else 200, body=body[start:])

    def _graphql(self, query: str, variables: Doc) -> Answer:
        cost = variables.get("first", 0) * variables.get("lines", 0) + 10
        if cost > self.most_cost:
            error = {"message": "too much", "extensions": {"code": "MAX_COST_EXCEEDED"}}
            return Answer.of({"errors": [error]})
        made = graphql_sync(SCHEMA, query, self._roots(), variable_values=variables)
        document: Any = {"data": made.data}
        if made.errors:
            document["errors"] = [
                {"message": one.message, "extensions": {"code": "undefinedField"}}
                for one in made.errors
            ]
        return Answer.of(document)

    def _roots(self) -> Doc:
        asked = {
            "shop": {"name": "Tea", "myshopifyDomain": SHOP, "currencyCode": self.currency},
            "currentAppInstallation": {"accessScopes": [{"handle": one} for one in self.scopes]},
            "node": lambda _, id: self._bulk_state(id),
            "order": lambda _, id: self._named(self._order_nodes(), id),
            "orders": lambda info, **given: self._found(self._order_nodes(), info, given),
            "refund": self._refund,
            "customer": lambda _, id: self._named(self._customer_nodes(), id),
            "customers": lambda info, **given: self._found(self._customer_nodes(), info, given),
            "codeDiscountNodeByCode": lambda _, code: self.codes.get(code.upper()),
            "giftCards": self._search_gift_cards,
        }
        done = {
            "bulkOperationRunQuery": lambda _, **given: self._start_bulk(given),
            "discountCodeBasicCreate": lambda _, **given: self._make("DiscountCodeBasic", **given),
            "discountCodeFreeShippingCreate": lambda _, **given: self._make(
                "DiscountCodeFreeShipping", **given
            ),
            "discountCodeBasicUpdate": lambda _, id, **given: self._end(id, **given),
            "discountCodeFreeShippingUpdate": lambda _, id, **given: self._end(id, **given),
            "discountCodeActivate": lambda _, id: self._turn(id, "ACTIVE"),
            "discountCodeDeactivate": lambda _, id: self._turn(id, "EXPIRED"),
            "giftCardCreate": lambda _, input: self._make_gift_card(input),
            "giftCardUpdate": lambda _, id, input: self._end_gift_card(id, input),
            "giftCardDeactivate": self._deactivate,
            "metafieldsSet": lambda _, metafields: self._set(metafields),
            "tagsAdd": lambda _, id, tags: self._tag(id, add=tags),
            "tagsRemove": lambda _, id, tags: self._tag(id, remove=tags),
        }
        return asked | done

    # -- orders and customers ---------------------------------------------------------------------

    def _customer_nodes(self) -> list[Doc]:
        def field(owner: str) -> Any:
            def resolve(_: Any, key: str, namespace: str) -> Doc | None:
                value = self.metafields.get((owner, f"{namespace}.{key}"))
                if value is None:
                    return None
                digest = hashlib.sha256(value.encode()).hexdigest()
                return {"id": "gid://shopify/Metafield/1", "value": value, "compareDigest": digest}

            return resolve

        made = [
            customer_node(one, field(f"gid://shopify/Customer/{one['id']}"))
            for one in self.customers.values()
        ]
        return sorted(made, key=lambda one: datetime.fromisoformat(one["updatedAt"]))

    def _order_nodes(self) -> list[Doc]:
        made = []
        for one in self.orders:
            who, age = one["customer"], self.now - datetime.fromisoformat(one["created_at"])
            if age > RECENT and "read_all_orders" not in self.scopes:
                continue
            made.append(order_node(one, customer_node(who) if who else None))
        return sorted(made, key=lambda one: datetime.fromisoformat(one["updatedAt"]))

    def _found(self, nodes: list[Doc], info: Any, given: Doc) -> Any:
        search = given.pop("query", None)
        given.pop("sortKey", None)
        if search:
            since = datetime.fromisoformat(search.removeprefix("updated_at:>='").rstrip("'"))
            nodes = [one for one in nodes if datetime.fromisoformat(one["updatedAt"]) >= since]
        end = int(given.get("after") or 0) + (given.get("first") or 0)
        if min(end, len(nodes)) > self.most_listed:
            raise GraphQLError(f"Pagination is limited to {self.most_listed} objects.")
        return paged(nodes)(info, **given)

    def _named(self, nodes: list[Doc], id: str) -> Doc | None:
        return next((one for one in nodes if one["id"] == id), None)

    def _refund(self, _: Any, id: str) -> Doc | None:
        refunds = [refund_node(one) for order in self.orders for one in order["refunds"]]
        return self._named(refunds, id)

    # -- bulk operations --------------------------------------------------------------------------

    def _start_bulk(self, given: Doc) -> Doc:
        if why := refused(SCHEMA, given["query"]):
            return coded(why, "INVALID")
        running = sum(one["polls"] > 0 for one in self.bulks.values()) + self.bulks_elsewhere
        if running >= MOST_BULKS:
            return coded("A bulk operation is already in progress.", "OPERATION_IN_PROGRESS")
        assert given["groupObjects"], "children may stand anywhere in the file"
        made = graphql_sync(SCHEMA, given["query"], self._roots())
        assert made.data is not None, made.errors
        lines = lines_of(made.data)
        body = "".join(f"{json.dumps(one)}\n" for one in lines).encode()
        number = str(len(self.bulks) + 1)
        roots = sum("__parentId" not in one for one in lines)
        self.bulks[number] = {"file": body, "roots": roots, "polls": self.bulk_polls}
        if self.bulk_failures:
            self.bulks[number] |= {"status": "FAILED", "why": self.bulk_failures.popleft()}
        return {"bulkOperation": self._bulk(number, "CREATED"), "userErrors": []}

    def _bulk(self, number: str, status: str) -> Doc:
        done = status == "COMPLETED" and self.bulks[number]["roots"] > 0
        return {
            "__typename": "BulkOperation",
            "id": f"gid://shopify/BulkOperation/{number}",
            "status": status,
            "createdAt": self.now.isoformat(),
            "errorCode": self.bulks[number]["why"] if status == "FAILED" else None,
            "url": f"{self.url}/bulk/{number}" if done else None,
            "rootObjectCount": str(self.bulks[number]["roots"]),
        }

    def _bulk_state(self, id: str) -> Doc | None:
        number = id.rpartition("/")[2]
        if number not in self.bulks:
            return None
        status = self.bulks[number].get("status", "COMPLETED")
        if self.bulks[number]["polls"] > 0:
            self.bulks[number]["polls"] -= 1
            status = "RUNNING"
        return self._bulk(number, status)

    # -- what is made here ------------------------------------------------------------------------

    def _make(self, kind: str, **named: Doc) -> Doc:
        (given,) = named.values()
        if given["code"].upper() in self.codes:
            return coded("Code must be unique. Please try a different code.", "TAKEN")
        assert len(given["title"]) <= 255
        discount = {"__typename": kind, "title": given["title"], "status": "ACTIVE"}
        discount["endsAt"] = given.get("endsAt")
        id = f"gid://shopify/DiscountCodeNode/{len(self.codes) + 1}"
        made = {"id": id, "codeDiscount": discount, "given": given}
        self.codes[given["code"].upper()] = made
        return {"codeDiscountNode": made, "userErrors": []}

    def _turn(self, id: str, status: str) -> Doc:
        for one in self.codes.values():
            if one["id"] == id:
                ends = None if status == "ACTIVE" else self.now.isoformat()
                one["codeDiscount"] |= {"status": status, "endsAt": ends}
                return {"codeDiscountNode": one, "userErrors": []}
        return coded("Discount does not exist.", "INVALID")

    def _end(self, id: str, **named: Doc) -> Doc:
        (given,) = named.values()
        found = next(one for one in self.codes.values() if one["id"] == id)
        found["codeDiscount"] |= {"endsAt": given["endsAt"]}
        return {"codeDiscountNode": found, "userErrors": []}

    def _make_gift_card(self, given: Doc) -> Doc:
        code = given["code"].lower()
        if not (8 <= len(code) <= 20 and code.isalnum()):
            return coded("Code must be 8 to 20 letters and numbers", "INVALID")
        if any(one["code"] == code for one in self.gift_cards):
            return coded("Code has already been taken", "TAKEN")
        id = f"gid://shopify/GiftCard/{len(self.gift_cards) + 1}"
        made = {"id": id, "code": code, "note": given.get("note"), "enabled": True, "given": given}
        made["expiresOn"] = given.get("expiresOn")
        self.gift_cards.append(made)
        return {"giftCard": made, "userErrors": []}

    def _search_gift_cards(self, _: Any, first: int, query: str) -> Doc:
        found = [one for one in self.gift_cards if one["code"] == query.lower()]
        return {"nodes": found[:first] if self.gift_cards_are_found else []}

    def _end_gift_card(self, id: str, given: Doc) -> Doc:
        card = self._named(self.gift_cards, id)
        assert card is not None
        card["expiresOn"] = given["expiresOn"]
        return {"giftCard": card, "userErrors": []}

    def _deactivate(self, _: Any, id: str) -> Doc:
        card = self._named(self.gift_cards, id)
        if card is None:
            return coded("The gift card could not be found.", "GIFT_CARD_NOT_FOUND")
        card["enabled"] = False
        return {"giftCard": card, "userErrors": []}

    def _set(self, given: list[Doc]) -> Doc:
        for one in given:
            place = one["ownerId"], f"{one['namespace']}.{one['key']}"
            known = self.metafields.get(place)
            digest = hashlib.sha256(known.encode()).hexdigest() if known is not None else None
            if one.get("compareDigest", digest) != digest:
                return coded("The resource has been updated since it was loaded.", "STALE_OBJECT")
            json.loads(one["value"])
            self.metafields[place] = one["value"]
            self._changed(one["ownerId"])
        return {"metafields": [], "userErrors": []}

    def _tag(self, id: str, add: list[str] | None = None, remove: list[str] | None = None) -> Doc:
        who = self.customers[id.rpartition("/")[2]]
        tags = {tag.strip() for tag in who["tags"].split(",") if tag.strip()}
        who["tags"] = ", ".join(sorted((tags | set(add or [])) - set(remove or [])))
        self._changed(id)
        return {"userErrors": []}

    def _changed(self, id: str) -> None:
        """A write of ours: the shop says so, as it does of everybody's."""
        number = id.rpartition("/")[2]
        who = self.customers[number]
        who["updated_at"] = self.now.isoformat()
        self.echoes.append(webhook(who, "customers/update", name=f"echo-{len(self.echoes)}"))
