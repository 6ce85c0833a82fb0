"""``/webhooks/<plugin>/<account>``: what shops send, verified, kept, answered, and then booked."""

from __future__ import annotations

from collections.abc import Iterator

from starlette.background import BackgroundTask
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from loyalty_core import (
    ConfigError,
    ConnectorError,
    ConnectorUnknown,
    Loyalty,
    LoyaltyError,
    Problem,
    SecretMissing,
    SignatureInvalid,
)
from loyalty_gateway.context import Threads
from loyalty_gateway.errors import LOGGER, RequestRefused
from loyalty_gateway.requests import read_body

PATH = "/webhooks/{plugin}/{account}"
RETRY_SECONDS = "30"


def webhooks(loyalty: Loyalty, threads: Threads, body_limit: int) -> Route:
    """The route by which shops send webhooks; raises ``ConfigError`` for missing secrets."""
    problems = list(_missing(loyalty))
    if problems:
        raise ConfigError(problems)
    receiving = _Receiving(loyalty, threads, body_limit)
    return Route(PATH, receiving.answer, methods=["POST"], name="webhooks")


def _missing(loyalty: Loyalty) -> Iterator[Problem]:
    for connector in loyalty.connectors:
        for secret in connector.secrets:
            try:
                secret.reveal()
            except SecretMissing as error:
                yield Problem(f"plugins.{connector.id}", error.message, error.remedy, error.code)


class _Receiving:
    """Answers webhooks, and lets the inbox be worked on after each that was new."""

    def __init__(self, loyalty: Loyalty, threads: Threads, body_limit: int) -> None:
        self._loyalty = loyalty
        self._threads = threads
        self._body_limit = body_limit
        self._working = False
        self._again = False

    async def answer(self, request: Request) -> Response:
        """200 for what is kept, or was before; 401 for a bad signature, and nothing is kept."""
        name = f"{request.path_params['plugin']}.{request.path_params['account']}"
        try:
            body, headers = await read_body(request, self._body_limit), _headers(request)
            url = str(request.url)
            receipt = await self._threads.run(
                lambda: self._loyalty.receive(name, body=body, headers=headers, url=url)
            )
        except RequestRefused as refused:
            return _error(refused.code, refused.status)
        except ClientDisconnect:
            return Response(status_code=400)
        except LoyaltyError as error:
            return _refusal(name, error)
        if receipt.message_id is None or receipt.duplicate:
            return JSONResponse({"status": "duplicate" if receipt.duplicate else "ok"})
        return JSONResponse({"status": "received"}, background=BackgroundTask(self._work))

    async def _work(self) -> None:
        """Works on the inbox until nothing new has come; one such run at a time is enough."""
        self._again = True
        if self._working:
            return
        self._working = True
        try:
            while self._again:
                self._again = False
                await self._threads.run(self._loyalty.work_inbox)
        except LoyaltyError as error:  # the messages are kept: tick takes them
            LOGGER.warning("working on the inbox: %s", error.code)
        finally:
            self._working = False


def _headers(request: Request) -> tuple[tuple[str, str], ...]:
    raw = request.headers.raw
    return tuple((key.decode("latin-1"), value.decode("latin-1")) for key, value in raw)


def _refusal(name: str, error: LoyaltyError) -> Response:
    """401 for a signature, 404 for a shop nobody knows, and 503 for what is our own fault."""
    if isinstance(error, SignatureInvalid):
        LOGGER.info("webhook for %s refused: %s", name, error.message)
        return _error(error.code, 401)
    if isinstance(error, ConnectorUnknown):
        return _error(error.code, 404)
    LOGGER.warning("webhook for %s not kept: %s", name, error.code)
    code = error.code if isinstance(error, ConnectorError) else "unavailable"
    response = _error(code, 503)
    response.headers["retry-after"] = RETRY_SECONDS
    return response


def _error(code: str, status: int) -> Response:
    return JSONResponse({"error": code}, status_code=status)
