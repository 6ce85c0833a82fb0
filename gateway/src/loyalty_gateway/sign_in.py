"""``/sign-in/<plugin>/<account>``: a token for whom a connected shop says is signed in there.

A page of the shop asks for it, with what the shop has signed (a request through its proxy, a token
of its own), and asks ``/graphql`` with it as with every member's token.
"""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from loyalty_core import ConnectorUnknown, Loyalty, LoyaltyError, SignatureInvalid
from loyalty_gateway.auth import MemberClaim, TokenVerifier
from loyalty_gateway.context import Threads
from loyalty_gateway.errors import LOGGER
from loyalty_gateway.webhooks import header_pairs

PATH = "/sign-in/{plugin}/{account}"
SECONDS = 300
"""How long a token is taken: who signs out at the shop is signed out here soon."""


def sign_in(loyalty: Loyalty, threads: Threads, tokens: TokenVerifier) -> Route:
    """The route by which pages of shops get tokens; 404 without a secret to sign them with."""

    async def answer(request: Request) -> Response:
        name = f"{request.path_params['plugin']}.{request.path_params['account']}"
        if not tokens.signs:
            return _error("sign_in_off", 404)
        headers, url = header_pairs(request), str(request.url)
        try:
            found = await threads.run(lambda: loyalty.signed_in(name, headers=headers, url=url))
        except SignatureInvalid as refused:
            LOGGER.info("sign-in by %s refused: %s", name, refused.message)
            return _error(refused.code, 401)
        except ConnectorUnknown as unknown:
            return _error(unknown.code, 404)
        except LoyaltyError as error:
            LOGGER.warning("sign-in by %s failed: %s", name, error.code)
            return _error("unavailable", 503)
        claim = MemberClaim(identities=found.identities, source=found.source)
        token = tokens.sign(claim, datetime.now(UTC), SECONDS)
        return _answer({"token": token, "expires_in": SECONDS})

    return Route(PATH, answer, methods=["GET", "POST"], name="sign-in")


def _answer(document: dict[str, object], status: int = 200) -> Response:
    return JSONResponse(document, status_code=status, headers={"cache-control": "no-store"})


def _error(code: str, status: int) -> Response:
    return _answer({"error": code}, status)
