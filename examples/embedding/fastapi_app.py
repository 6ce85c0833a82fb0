"""A FastAPI shop with the SDK inside, awaited, and the GraphQL gateway mounted beside it.

    SHOP_TOKEN_SECRET=$(openssl rand -hex 32) uvicorn --factory fastapi_app:create_shop

``POST /orders`` takes a fact as the shop's order system sends it. ``GET /me/points`` is one answer
the shop gives by itself; with the token of ``GET /me/loyalty-token`` the front-end asks
``/loyalty/graphql`` for all others.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import jwt
from fastapi import Depends, FastAPI, Header, HTTPException, Request
from fastapi.responses import JSONResponse

from loyalty_core import AsyncLoyalty, Loyalty, LoyaltyError, Member
from loyalty_gateway import create_app

CONFIG = Path(__file__).with_name("loyalty.toml")


def create_shop(database: str | None = None) -> FastAPI:
    loyalty = Loyalty.open(CONFIG, database)
    members = AsyncLoyalty(loyalty)

    @asynccontextmanager
    async def lifespan(shop: FastAPI) -> AsyncIterator[None]:
        yield
        await members.close()  # waits for running calls, then closes the database

    shop = FastAPI(lifespan=lifespan)
    shop.mount("/loyalty", create_app(loyalty))  # reads [gateway]; works in its own threads

    async def signed_in(x_customer: Annotated[str, Header()]) -> Member:
        # A header stands here for the shop's own sign-in: never believe it outside an example.
        member = await members.find({"email": x_customer})
        if member is None:
            raise HTTPException(404, "not a member yet")
        return member

    @shop.exception_handler(LoyaltyError)
    async def refuse(request: Request, error: LoyaltyError) -> JSONResponse:
        told = {"code": error.code, "message": error.message, "remedy": error.remedy}
        return JSONResponse(told, status_code=422)

    @shop.post("/orders")
    async def take_order(fact: dict[str, Any]) -> dict[str, Any]:
        receipt = await members.record(fact)
        return {"status": receipt.status, "points": receipt.changes.get("points", 0)}

    @shop.get("/me/points")
    async def my_points(member: Annotated[Member, Depends(signed_in)]) -> dict[str, Any]:
        points = (await members.statement(member.id)).wallet("points")
        return {"available": points.available, "worth": str(points.worth)}

    @shop.get("/me/loyalty-token")
    async def my_token(member: Annotated[Member, Depends(signed_in)]) -> dict[str, str]:
        expires = datetime.now(UTC) + timedelta(minutes=15)
        claims = {"sub": member.id, "aud": "shop", "exp": expires}
        return {"token": jwt.encode(claims, os.environ["SHOP_TOKEN_SECRET"], algorithm="HS256")}

    return shop
