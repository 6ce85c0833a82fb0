"""A double of a shop on WooCommerce: its REST API, version 3, as far as it is documented."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta
from typing import Any

from examples.shops.woocommerce.papers import Doc
from loyalty_core.testing import Answer, Asked, PlatformDouble

KEY, KEY_SECRET = "ck_key", "cs_secret"
BASE = "/wp-json/wc/v3/"


class WooCommerce(PlatformDouble):
    """A shop: orders with their refunds, customers, reviews, coupons and webhooks.

    Its pages are small, so that everything that is listed takes some. ``zone_hours`` is by how
    much its own time is ahead of UTC: moments are compared in it unless the query says otherwise.
    """

    def __init__(self) -> None:
        super().__init__()
        self.orders: dict[int, Doc] = {}
        self.refunds: dict[int, list[Doc]] = {}
        self.customers: dict[int, Doc] = {}
        self.reviews: list[Doc] = []
        self.coupons: dict[int, Doc] = {}
        self.webhooks: list[Doc] = []
        self.currency = "USD"
        self.page_size = 3
        self.zone_hours = 7
        self.keys = (KEY, KEY_SECRET)

    # -- what a test does to the shop ----------------------------------------------------------

    def hold(self, document: Doc, *refunds: Doc) -> Doc:
        """The order as it stands in the shop now, with all its refunds."""
        summed = [{"id": r["id"], "reason": "", "total": f"-{r['amount']}"} for r in refunds]
        self.orders[document["id"]] = document = {**document, "refunds": summed}
        self.refunds[document["id"]] = list(refunds)
        return document

    # -- the API --------------------------------------------------------------------------------

    def answer(self, asked: Asked) -> Answer:
        given = base64.b64encode(":".join(self.keys).encode()).decode()
        if asked.headers.get("authorization") != f"Basic {given}":
            return _error(401, "woocommerce_rest_cannot_view", "Sorry, you cannot list resources.")
        parts = asked.path.removeprefix(BASE).split("/")
        if not asked.path.startswith(BASE):
            return Answer(status=404, body=b"<html>Not found</html>")
        return self._route(parts, asked)

    def _route(self, parts: list[str], asked: Asked) -> Answer:
        match parts:
            case ["orders"]:
                return self._list_orders(asked)
            case ["orders", id]:
                code = "woocommerce_rest_shop_order_invalid_id"
                return _one(self.orders.get(int(id)), code, asked)
            case ["orders", id, "refunds"] if int(id) in self.orders:
                return self._page(self.refunds.get(int(id), []), asked)
            case ["customers"]:
                every = sorted(self.customers.values(), key=lambda one: -one["id"])
                only = asked.query.get("role", "customer")
                return self._page([one for one in every if only in ("all", one["role"])], asked)
            case ["customers", id] if asked.method == "PUT" and int(id) in self.customers:
                return _with_meta(self.customers[int(id)], asked.json())
            case ["customers", id]:
                return _one(self.customers.get(int(id)), "woocommerce_rest_invalid_id", asked)
            case ["products", "reviews"]:
                every = [one for one in self.reviews if one["status"] == asked.query["status"]]
                latest = sorted(every, key=lambda one: one["date_created_gmt"], reverse=True)
                return self._page(latest, asked)
            case ["coupons", *id]:
                return self._coupons(id, asked)
            case ["webhooks"]:
                return self._page(self.webhooks, asked)
            case ["data", "currencies", "current"]:
                return Answer.of({"code": self.currency, "name": "", "symbol": ""})
        return _error(404, "rest_no_route", "No route was found.")

    def _list_orders(self, asked: Asked) -> Answer:
        """Orders by the moment they were changed, those of one second by their ids."""
        query = asked.query
        trash = query.get("status") == "trash"
        found = [one for one in self.orders.values() if (one["status"] == "trash") == trash]
        after = query.get("modified_after", "")
        if after:
            if query.get("dates_are_gmt") != "true":
                after = shifted(after, -self.zone_hours)
            found = [one for one in found if one["date_modified_gmt"] > after]
        assert (query["orderby"], query["order"]) == ("modified", "asc")
        return self._page(
            sorted(found, key=lambda one: (one["date_modified_gmt"], one["id"])), asked
        )

    def _page(self, found: list[Doc], asked: Asked) -> Answer:
        size = min(self.page_size, int(asked.query.get("per_page", 10)))
        page = int(asked.query.get("page", 1))
        pages = -(-len(found) // size)
        some = [_fields(one, asked) for one in found[size * (page - 1) : size * page]]
        return Answer.of(some, X_WP_Total=str(len(found)), X_WP_TotalPages=str(pages))

    def _coupons(self, id: list[str], asked: Asked) -> Answer:
        given: Any = asked.json() if asked.body else {}
        if asked.method == "GET":
            return self._page(self._found_coupons(asked), asked)
        if asked.method in ("PUT", "DELETE"):
            found = self.coupons.get(int(id[0]))
            if found is None:
                return _error(404, "woocommerce_rest_shop_coupon_invalid_id", "Invalid ID.")
            if asked.method == "DELETE":
                assert asked.query["force"] == "true"
                return Answer.of(self.coupons.pop(int(id[0])))
            found.update(given)
            return Answer.of(found)
        code = given["code"].lower()
        if any(one["code"] == code for one in self.coupons.values()):
            return _error(400, "woocommerce_rest_coupon_code_already_exists", "It exists already.")
        number = 700 + len(self.coupons)
        self.coupons[number] = {**given, "id": number, "code": code, "usage_count": 0}
        return Answer.of(self.coupons[number], 201)

    def _found_coupons(self, asked: Asked) -> list[Doc]:
        """By a code the latest one alone; those that have a word in their codes by a search."""
        latest = sorted(self.coupons.values(), key=lambda one: -one["id"])
        if word := asked.query.get("search"):
            return [one for one in latest if word in one["code"]]
        return [one for one in latest if one["code"] == asked.query.get("code")][:1]


def shifted(at: str, hours: int) -> str:
    return (datetime.fromisoformat(at) + timedelta(hours=hours)).isoformat()


def _one(found: Doc | None, code: str, asked: Asked) -> Answer:
    if found is None:
        return _error(404, code, "Invalid ID.")
    return Answer.of(_fields(found, asked))


def _fields(found: Doc, asked: Asked) -> Doc:
    """What the query asks for of a document, also a part of a part."""
    if "_fields" not in asked.query:
        return found
    made: Doc = {}
    for name in asked.query["_fields"].split(","):
        outer, _, inner = name.partition(".")
        if outer in found and not inner:
            made[outer] = found[outer]
        elif inner in found.get(outer, {}):
            made.setdefault(outer, {})[inner] = found[outer][inner]
    return made


def _error(status: int, code: str, message: str) -> Answer:
    return Answer.of({"code": code, "message": message, "data": {"status": status}}, status)


def _with_meta(found: Doc, given: Any) -> Answer:
    """A customer with meta that is set: a key that is there is written over."""
    for one in given.get("meta_data", []):
        kept = [other for other in found["meta_data"] if other["key"] != one["key"]]
        found["meta_data"] = [*kept, one]
    return Answer.of(found)
