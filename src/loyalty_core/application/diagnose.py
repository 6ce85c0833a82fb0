"""Why a signature fails: what was done to a webhook on its way, found by undoing it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from loyalty_core.domain.connections import WebhookCheck
from loyalty_core.domain.connectors import Verified, WebhookRequest
from loyalty_core.domain.secrets import Secret
from loyalty_core.errors import LoyaltyError, SecretMissing
from loyalty_core.ports.connectors import ReceivesWebhooks

BOM = b"\xef\xbb\xbf"
_SECONDS = re.compile(r"\b1\d{9}\b")


def check_webhook(
    connector: ReceivesWebhooks, secrets: Sequence[Secret], request: WebhookRequest
) -> WebhookCheck:
    """Whether a webhook would be taken in, and where not, what might be the reason."""
    said = list(_about_secrets(secrets))
    try:
        verified = connector.verify(request)
    except LoyaltyError as error:
        if isinstance(error, SecretMissing):
            return WebhookCheck(ok=False, reason=error.message, hints=tuple(said))
        tried = [hint for hint, other in _undone(request) if _fits(connector, other)]
        return WebhookCheck(ok=False, reason=error.message, hints=(*tried, *said))
    return WebhookCheck(ok=True, topic=verified.topic, key=verified.key)


def _fits(connector: ReceivesWebhooks, request: WebhookRequest) -> Verified | None:
    try:
        return connector.verify(request)
    except LoyaltyError:
        return None


def _undone(request: WebhookRequest) -> Iterator[tuple[str, WebhookRequest]]:
    """The same webhook without what may have been done to it, each with what that would mean."""
    body = request.body
    bodies = {
        "a line end was added to the body": body.rstrip(b"\r\n"),
        "the last line end of the body was taken away": body + b"\n",
        "line ends of the body became CR LF": body.replace(b"\r\n", b"\n"),
        "line ends of the body became LF": body.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"),
        "a byte order mark was put before the body": body.removeprefix(BOM),
    }
    for hint, other in bodies.items():
        if other != body:
            yield f"{hint}: sign and verify the raw bytes", replace(request, body=other)
    for other in _rewritten(body):
        hint = "the body was parsed and written anew on its way: pass the raw bytes on"
        yield hint, replace(request, body=other)
    for url in _urls(request.url):
        yield f"it was signed for the URL {url}", replace(request, url=url)
    for moment in _moments(request):
        hint = f"it was signed at {moment.isoformat()}, and it is {request.received_at.isoformat()}"
        yield f"{hint}: it is a replay, or a clock is wrong", replace(request, received_at=moment)


def _rewritten(body: bytes) -> Iterator[bytes]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return
    for ascii_only in (True, False):
        for separators in ((",", ":"), (", ", ": ")):
            text = json.dumps(value, ensure_ascii=ascii_only, separators=separators)
            for written in (text, text.replace("/", "\\/")):
                if written.encode() != body:
                    yield written.encode()


def _urls(url: str) -> Iterator[str]:
    if url.startswith("http://"):
        yield "https://" + url.removeprefix("http://")
    if url:
        yield url.rstrip("/") if url.endswith("/") else url + "/"


def _moments(request: WebhookRequest) -> Iterator[datetime]:
    for _, value in request.headers:
        for found in _SECONDS.findall(value):
            yield datetime.fromtimestamp(int(found), UTC)


def _about_secrets(secrets: Sequence[Secret]) -> Iterator[str]:
    for secret in secrets:
        try:
            value = secret.reveal()
        except SecretMissing as error:
            yield error.message
            continue
        if value != value.strip():
            yield f"the secret in {secret.reference} has space around it"
        elif len(value) < 16:
            yield f"the secret in {secret.reference} has only {len(value)} characters"
