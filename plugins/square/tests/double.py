"""A double of Square: its API as far as it is documented, for one seller."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from loyalty_core.testing import Answer, Asked, PlatformDouble
from plugins.square.tests.papers import Doc

TOKEN = "EAAA token"


class Square(PlatformDouble):
    """A seller: sales, returns, customers, gift cards, groups and custom attributes.

    Its pages are small. A key that was used is answered as before, and refused for anything else.
    """

    def __init__(self) -> None:
        super().__init__()
        self.orders: dict[str, Doc] = {}
        self.customers: dict[str, Doc] = {}
        self.merged: dict[str, str] = {}
        self.cards: dict[str, Doc] = {}
        self.activities: list[Doc] = []
        self.groups: dict[str, str] = {}
        self.definitions: dict[str, Doc] = {}
        self.attributes: dict[tuple[str, str], str] = {}
        self.versions: dict[tuple[str, str], int] = {}
        self.locations = ["L1", "L2"]
        self.currency = "USD"
        self.page_size = 3
        self.token = TOKEN
        self.forgets_pages = False
        self.keys: dict[str, tuple[str, Answer]] = {}

    def hold(self, *documents: Doc) -> None:
        """Orders as they stand now."""
        for one in documents:
            self.orders[one["id"]] = one

    # -- the API --------------------------------------------------------------------------------

    def answer(self, asked: Asked) -> Answer:
        if asked.headers.get("authorization") != f"Bearer {self.token}":
            return error(401, "UNAUTHORIZED")
        assert asked.headers["square-version"]
        given: Any = asked.json() if asked.body else {}
        key = given.get("idempotency_key", "")
        assert len(key) <= 45
        if key in self.keys:
            body, answer = self.keys[key]
            same = body == asked.path + asked.body.decode()
            return answer if same else error(400, "IDEMPOTENCY_KEY_REUSED")
        answer = self._route(asked.path.removeprefix("/v2/").split("/"), asked, given)
        if key and answer.status == 200:
            self.keys[key] = (asked.path + asked.body.decode(), answer)
        return answer

    def _route(self, parts: list[str], asked: Asked, given: Any) -> Answer:
        match parts:
            case ["merchants", "me"]:
                return Answer.of({"merchant": {"currency": self.currency, "business_name": "Tea"}})
            case ["locations"]:
                return Answer.of({"locations": [{"id": one} for one in self.locations]})
            case ["orders", "search"]:
                return self._search_orders(given)
            case ["orders", id]:
                return _one("order", self.orders.get(id))
            case ["customers", "search"]:
                return self._search_customers(given)
            case ["customers", "bulk-retrieve"]:
                assert len(given["customer_ids"]) <= 100
                found = {id: self._customer(id) for id in given["customer_ids"]}
                return Answer.of({"responses": {id: _response(one) for id, one in found.items()}})
            case ["customers", "groups", *_]:
                return self._customer_groups(asked, given)
            case ["customers", "custom-attribute-definitions"]:
                return self._define(given["custom_attribute_definition"])
            case ["customers", "custom-attributes", "bulk-upsert"]:
                return self._upsert(given["values"])
            case ["customers", id, "custom-attributes", key]:
                value, version = self.attributes.get((id, key)), self.versions.get((id, key))
                there = {"key": key, "value": value, "version": version}
                return _one("custom_attribute", None if value is None else there)
            case ["customers", id, "groups", group]:
                return self._group(asked.method, id, group)
            case ["customers", id]:
                return _one("customer", self._customer(id))
            case ["gift-cards", *rest]:
                return self._gift_cards(rest, asked, given)
        return error(404, "NOT_FOUND")

    # -- lists ----------------------------------------------------------------------------------

    def _search_orders(self, given: Any) -> Answer:
        assert 1 <= len(given["location_ids"]) <= 10
        query = given["query"]
        assert query["sort"] == {"sort_field": "UPDATED_AT", "sort_order": "ASC"}
        start = query["filter"]["date_time_filter"]["updated_at"]["start_at"]
        found = [
            one
            for one in self.orders.values()
            if one["location_id"] in given["location_ids"] and _since(one, start)
        ]
        return self._page("orders", sorted(found, key=lambda o: (o["updated_at"], o["id"])), given)

    def _search_customers(self, given: Any) -> Answer:
        start = given["query"]["filter"]["updated_at"]["start_at"]
        found = [one for one in self.customers.values() if _since(one, start)]
        return self._page("customers", sorted(found, key=lambda one: one["created_at"]), given)

    def _page(self, name: str, found: list[Doc], given: Any) -> Answer:
        asked = json.dumps({key: one for key, one in given.items() if key != "cursor"})
        start = 0
        if "cursor" in given:
            query, _, number = given["cursor"].rpartition("|")
            if self.forgets_pages or query != asked:
                self.forgets_pages = False
                return error(400, "INVALID_CURSOR")
            start = int(number)
        end = start + min(self.page_size, given["limit"])
        more = {"cursor": f"{asked}|{end}"} if end < len(found) else {}
        some = {name: found[start:end]} if found[start:end] else {}  # no empty lists
        return Answer.of({**some, **more})

    # -- customers ------------------------------------------------------------------------------

    def _customer(self, id: str) -> Doc | None:
        """A customer; by an id from before a merge the one that was made."""
        return self.customers.get(self.merged.get(id, id))

    def _customer_groups(self, asked: Asked, given: Any) -> Answer:
        if asked.method == "POST":
            id = f"G{len(self.groups) + 1}"
            self.groups[id] = given["group"]["name"]
            return Answer.of({"group": {"id": id, "name": self.groups[id]}})
        found = [{"id": id, "name": name} for id, name in self.groups.items()]
        start = int(asked.query.get("cursor", 0))
        end = start + self.page_size
        more = {"cursor": str(end)} if end < len(found) else {}
        return Answer.of({"groups": found[start:end], **more})

    def _group(self, method: str, id: str, group: str) -> Answer:
        found = self.customers.get(id)
        if found is None or group not in self.groups:
            return error(404, "NOT_FOUND")
        others = [one for one in found.get("group_ids", []) if one != group]
        found["group_ids"] = [*others, group] if method == "PUT" else others
        return Answer.of({})

    def _define(self, definition: Doc) -> Answer:
        if definition["key"] in self.definitions:
            return error(400, "BAD_REQUEST")
        self.definitions[definition["key"]] = definition
        return Answer.of({"custom_attribute_definition": definition})

    def _upsert(self, values: Doc) -> Answer:
        """Each by itself: what fails is said of it, and the answer is a 200."""
        done = {name: self._upsert_one(one) for name, one in values.items()}
        return Answer.of({"values": done})

    def _upsert_one(self, one: Doc) -> Doc:
        attribute = one["custom_attribute"]
        if attribute["key"] not in self.definitions or one["customer_id"] not in self.customers:
            return {"errors": [{"category": "INVALID_REQUEST_ERROR", "code": "NOT_FOUND"}]}
        place = one["customer_id"], attribute["key"]
        version = self.versions.get(place, 0)
        if attribute.get("version", version) != version:
            return {"errors": [{"category": "INVALID_REQUEST_ERROR", "code": "CONFLICT"}]}
        self.attributes[place], self.versions[place] = attribute["value"], version + 1
        return {}

    # -- gift cards -----------------------------------------------------------------------------

    def _gift_cards(self, rest: list[str], asked: Asked, given: Any) -> Answer:
        match rest:
            case ["from-gan"]:
                found = [one for one in self.cards.values() if one["gan"] == given["gan"]]
                return _one("gift_card", found[0] if found else None)
            case ["activities"] if asked.method == "GET":
                query = asked.query
                found = [one for one in self.activities if one["type"] == query["type"]]
                mine = [one for one in found if one["gift_card_id"] == query["gift_card_id"]]
                return Answer.of({"gift_card_activities": mine})
            case ["activities"]:
                return self._activity(given["gift_card_activity"])
            case [id, "link-customer"]:
                self.cards[id]["customer_ids"] = [given["customer_id"]]
                return Answer.of({"gift_card": self.cards[id]})
        wanted = given["gift_card"]
        if any(one["gan"] == wanted["gan"] for one in self.cards.values()):
            return error(400, "GIFT_CARD_GAN_ALREADY_IN_USE")
        id = f"gftc:{len(self.cards)}"
        self.cards[id] = {**wanted, "id": id, "state": "PENDING", "balance_money": None}
        return Answer.of({"gift_card": dict(self.cards[id])})

    def _activity(self, given: Doc) -> Answer:
        card = self.cards[given["gift_card_id"]]
        activate = given["type"] == "ACTIVATE"
        if card["state"] != ("PENDING" if activate else "ACTIVE"):
            return error(400, "BAD_REQUEST")
        card["state"] = "ACTIVE" if activate else "DEACTIVATED"
        if activate:
            card["balance_money"] = given["activate_activity_details"]["amount_money"]
        self.activities.append(given)
        return Answer.of({"gift_card_activity": given})


def error(status: int, code: str) -> Answer:
    return Answer.of({"errors": [{"category": "API_ERROR", "code": code, "detail": "No."}]}, status)


def _since(one: Doc, start: str) -> bool:
    return datetime.fromisoformat(one["updated_at"]) >= datetime.fromisoformat(start)


def _one(name: str, found: Doc | None) -> Answer:
    return error(404, "NOT_FOUND") if found is None else Answer.of({name: found})


def _response(found: Doc | None) -> Doc:
    return {"errors": [{"code": "NOT_FOUND"}]} if found is None else {"customer": found}
