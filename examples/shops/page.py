"""The page of each shop: what one can click, what the shop has, and what the loyalty side says."""

from __future__ import annotations

import functools
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

from anyio import to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from examples.shops.running import Running, reward_of
from examples.shops.shop import ARTICLES, Refused, Shop, major
from loyalty_core import AmountInvalid, parse_scaled
from loyalty_core.testing import ShopOrder

STATIC = Path(__file__).parent / "static"
MOST_DOWN_SECONDS = 600
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def page_app(now: Running) -> Starlette:
    """The pages of all shops, as an application."""
    pages = _Pages(now)
    return Starlette(
        routes=[
            Route("/", pages.index),
            Mount("/static", StaticFiles(directory=STATIC)),
            Route("/{shop}", pages.page),
            Route("/{shop}/state", pages.state),
            Route("/{shop}/do/{what}", pages.do, methods=["POST"]),
        ]
    )


class _Pages:
    def __init__(self, now: Running) -> None:
        self._now = now

    async def index(self, request: Request) -> Response:
        links = "".join(
            f'<li><a href="/{escape(name)}">{escape(name)}</a></li>' for name in self._now.shops
        )
        return _html(f"<!doctype html><title>Shops</title><ul>{links}</ul>")

    async def page(self, request: Request) -> Response:
        shop = self._shop(request)
        text = (STATIC / "page.html").read_text("utf-8")
        return _html(text.replace("{{shop}}", escape(shop.platform.id)))

    async def state(self, request: Request) -> Response:
        """Everything that the page shows; what the gateway says is asked over HTTP."""
        shop = self._shop(request)
        return JSONResponse(await to_thread.run_sync(self._state, shop))

    async def do(self, request: Request) -> Response:
        """What was clicked: 200 with what became of it, 409 if it cannot be done."""
        if request.headers.get("content-type") != "application/json":
            raise HTTPException(415)  # no other page can send that unasked
        shop, given = self._shop(request), await request.json()
        try:
            done = self._deeds(shop)[request.path_params["what"]]
            told = await to_thread.run_sync(functools.partial(done, given))
        except KeyError as missing:
            return JSONResponse({"message": f"{missing} is missing"}, status_code=404)
        except (Refused, AmountInvalid) as refused:
            return JSONResponse({"message": str(refused)}, status_code=409)
        return JSONResponse({"told": told})

    def _shop(self, request: Request) -> Shop:
        shop = self._now.shops.get(request.path_params["shop"])
        if shop is None:
            raise HTTPException(404)
        return shop

    def _deeds(self, shop: Shop) -> dict[str, Callable[[dict[str, Any]], object]]:
        gateway, platform = self._now.gateway, shop.platform
        return {
            "register": lambda given: shop.register(given["email"]),
            "place": lambda given: shop.place(given["email"], given["articles"]).id,
            "add": lambda given: shop.add(given["order"], given["article"]).id,
            "refund-line": lambda given: shop.refund_line(given["order"], given["line"]).id,
            "refund-amount": lambda given: (
                shop.refund_amount(given["order"], parse_scaled(given["amount"], 2)).id
            ),
            "cancel": lambda given: shop.cancel(given["order"]).id,
            "lose": lambda _: shop.lose(),
            "down": lambda given: shop.go_down(min(int(given["seconds"]), MOST_DOWN_SECONDS)),
            "up": lambda _: shop.come_up(),
            "redeem": lambda given: gateway.redeem(given["email"], reward_of(platform)),
            "reconcile": lambda _: gateway.reconcile(platform.connector),
        }

    def _state(self, shop: Shop) -> dict[str, Any]:
        """Made of copies: what is clicked meanwhile changes the shop."""
        gateway = self._now.gateway
        return {
            "articles": {sku: major(price) for sku, price in ARTICLES.items()},
            "down": shop.platform.double.down,
            "loses": shop.loses,
            "orders": [_order(one) for one in reversed(list(shop.orders.values()))],
            "shown": {name: list(lines) for name, lines in shop.platform.shown().items()},
            "members": {email: gateway.member(email) for email in list(shop.customers)},
            "connector": gateway.connector(shop.platform.connector),
            "deliveries": [
                {
                    "number": one.number,
                    "at": f"{one.at:%H:%M:%S}",
                    "topic": one.topic,
                    "answer": "lost" if one.lost else one.answer or "no answer",
                }
                for one in list(shop.deliveries)
            ],
        }


def _order(one: ShopOrder) -> dict[str, Any]:
    gone = {line.id: sum(r.pieces.get(line.id, 0) for r in one.refunds) for line in one.lines}
    back = sum(refund.amount_minor for refund in one.refunds)
    return {
        "id": one.id,
        "email": one.email,
        "total": major(one.total_minor),
        "refunded": major(back) if back else "",
        "cancelled": one.cancelled_at is not None,
        "lines": [
            {"id": line.id, "sku": line.sku, "left": line.quantity - gone[line.id]}
            for line in one.lines
        ],
    }


def _html(text: str) -> Response:
    return HTMLResponse(text, headers={"content-security-policy": POLICY})
