"""``create_app``: the gateway as a Starlette application, to serve or to mount in another."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from dataclasses import replace

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route, WebSocketRoute

from loyalty_core import Loyalty, StoreError
from loyalty_gateway.auth import AdminKeys, TokenVerifier, bearer
from loyalty_gateway.compose import composed
from loyalty_gateway.context import Threads
from loyalty_gateway.contributions import Audience, extensions_of
from loyalty_gateway.endpoint import Caller, GraphQLEndpoint
from loyalty_gateway.errors import LOGGER, RequestRefused
from loyalty_gateway.pages import graphiql_files
from loyalty_gateway.settings import GatewaySettings, resolved, settings_of
from loyalty_gateway.sign_in import sign_in
from loyalty_gateway.sockets import SubscriptionEndpoint
from loyalty_gateway.webhooks import webhooks

METHODS = ["GET", "POST", "HEAD", "PUT", "PATCH", "DELETE"]
"""All but OPTIONS reach the endpoints, which answer those they do not serve with 405."""


def create_app(
    loyalty: Loyalty, settings: GatewaySettings | None = None, *, dev: bool = False
) -> Starlette:
    """The gateway of one program: ``/graphql``, ``/admin/graphql`` (both also for WebSockets),
    ``/webhooks``, ``/sign-in``, ``/healthz`` and ``/readyz``.

    Without ``settings`` those of the program's ``[gateway]`` section count. ``dev`` turns
    GraphiQL and introspection on. ``loyalty`` stays the caller's to close.

    Raises ``ConfigError`` for unusable settings or missing variables, ``PluginError`` for
    plugins whose additions do not fit together.
    """
    chosen = settings_of(loyalty.config.gateway) if settings is None else settings
    ready = resolved(chosen, os.environ)
    if dev:
        ready = replace(ready, graphiql=True, introspection=True)
    threads = Threads(ready.threads)
    routes: list[BaseRoute] = [
        *_endpoints(loyalty, ready, threads),
        webhooks(loyalty, threads, ready.webhook_limit_bytes),
        sign_in(loyalty, threads, TokenVerifier(ready.jwt)),
        Route("/healthz", _healthz),
        Route("/readyz", _readyz_of(loyalty, threads)),
    ]
    if ready.graphiql:
        routes.append(graphiql_files())
    return Starlette(routes=routes, middleware=_middleware(ready))


def _endpoints(loyalty: Loyalty, settings: GatewaySettings, threads: Threads) -> list[BaseRoute]:
    extensions = extensions_of(loyalty.plugins)
    verifier, keys = TokenVerifier(settings.jwt), AdminKeys(settings.admin_keys)

    def member(authorization: str | None) -> Caller:
        token = bearer(authorization)
        return Caller(claim=None if token is None else verifier.verify(token))

    def operator(authorization: str | None) -> Caller:
        key = bearer(authorization)
        if key is None:
            raise RequestRefused("An operator's key is needed", code="UNAUTHENTICATED", status=401)
        keys.verify(key)
        return Caller(operator=True)

    storefront = GraphQLEndpoint(
        loyalty,
        composed(Audience.STOREFRONT, extensions),
        settings,
        threads=threads,
        authenticate=member,
        introspection=settings.introspection,
    )
    admin = GraphQLEndpoint(
        loyalty,
        composed(Audience.ADMIN, extensions),
        settings,
        threads=threads,
        authenticate=operator,
        introspection=True,
    )
    return [
        Route("/graphql", storefront, methods=METHODS, name="storefront"),
        Route("/admin/graphql", admin, methods=METHODS, name="admin"),
        WebSocketRoute("/graphql", SubscriptionEndpoint(storefront), name="follow"),
        WebSocketRoute("/admin/graphql", SubscriptionEndpoint(admin), name="follow-admin"),
    ]


def _middleware(settings: GatewaySettings) -> list[Middleware]:
    if not settings.cors_origins:
        return []
    cors = Middleware(
        CORSMiddleware,
        allow_origins=list(settings.cors_origins),
        allow_methods=["GET", "POST"],
        allow_headers=["authorization", "content-type"],
        max_age=600,
    )
    return [cors]


async def _healthz(request: Request) -> JSONResponse:
    return JSONResponse({"status": "ok"})


def _readyz_of(loyalty: Loyalty, threads: Threads) -> Callable[[Request], Awaitable[JSONResponse]]:
    async def readyz(request: Request) -> JSONResponse:
        try:
            await threads.run(lambda: loyalty.members(["readiness"]))
        except StoreError as error:
            LOGGER.warning("not ready: %s", error.code)
            return JSONResponse({"status": error.code}, status_code=503)
        return JSONResponse({"status": "ok"})

    return readyz
