"""A connector for the core's own tests: a stall that signs its webhooks, lists what it sold, and
takes what is done there, without any network. What it has, and how it fails, is set by the test.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from loyalty_core import (
    Action,
    CodeUsed,
    Connector,
    Customer,
    Disconnected,
    ErasureAsked,
    ExportAsked,
    Health,
    Input,
    Message,
    Page,
    PlatformUnavailable,
    PluginManifest,
    Profile,
    ProgramConfig,
    Secret,
    ShopErasureAsked,
    SignatureInvalid,
    SignedIn,
    Verified,
    Wants,
    WebhookRequest,
    hookimpl,
    same_signature,
)

KEY = b"a secret of the stall"
PAGE = 2


def signed(body: bytes, *, key: bytes = KEY, **headers: str) -> dict[str, Any]:
    """What ``Loyalty.receive`` takes of a webhook with this body."""
    digest = hmac.new(key, body, hashlib.sha256).hexdigest()
    given = {"Stall-Signature": digest, "Stall-Topic": "order", **headers}
    return {"body": body, "headers": tuple(given.items())}


def sent(document: Any, topic: str = "order", key: str = "") -> dict[str, Any]:
    """A webhook about a document."""
    body = json.dumps(document).encode()
    name = key or hashlib.sha256(body).hexdigest()
    return signed(body, **{"Stall-Topic": topic, "Stall-Id": name})


@dataclass(eq=False)
class Stall:
    """The plugin and its only account, ``stall.main``."""

    sold: list[Mapping[str, Any]] = field(default_factory=list)
    fails: list[Exception] = field(default_factory=list)
    acted: list[Action] = field(default_factory=list)
    wants: Wants = Wants()
    polled_every: timedelta | None = None
    id: str = "stall.main"
    secrets: Sequence[Secret] = ()
    makes: str | None = None
    manifest = PluginManifest(id="stall", version="1", requires_plugin_api=">=1.1,<2")

    @hookimpl
    def loyalty_register_connectors(self, program: ProgramConfig) -> list[Connector]:
        return [self]

    def health(self) -> Health:
        return Health(ok=True, detail=f"{len(self.sold)} sold")

    def verify(self, request: WebhookRequest) -> Verified:
        expected = hmac.new(KEY, request.body, hashlib.sha256).hexdigest()
        if not same_signature(request.needed("Stall-Signature"), [expected]):
            raise SignatureInvalid("the signature is another one", where="Stall-Signature")
        topic = request.needed("Stall-Topic")
        return Verified(key=request.header("Stall-Id") or "", topic=topic, keep=topic != "ping")

    def signed_in(self, request: WebhookRequest) -> SignedIn:
        expected = hmac.new(KEY, request.url.partition("?")[2].encode(), hashlib.sha256).hexdigest()
        if not same_signature(request.needed("Stall-Signature"), [expected]):
            raise SignatureInvalid("the signature is another one", where="Stall-Signature")
        return SignedIn(source="web", identities={"email": request.url.partition("?who=")[2]})

    def translate(self, message: Message) -> Iterable[Input]:
        self._fail()
        given: Any = message.json()
        if message.topic == "order":
            return [given]
        if message.topic == "customer":
            source, says = given.pop("from", "web"), ("tags",) if "tags" in given else ()
            profile = Profile(tags=tuple(given.pop("tags", ())))
            return [Customer(source=source, identities=given, profile=profile, says=says)]
        if message.topic in ("erase", "export"):
            kind = ErasureAsked if message.topic == "erase" else ExportAsked
            return [kind(source="web", identities=given, reference="7")]
        if message.topic == "forget":
            return [ShopErasureAsked(source="web", reference="8")]
        if message.topic == "gone":
            return [Disconnected(reason=given["why"])]
        if message.topic == "used":
            return [CodeUsed(code=given["code"], order=given["order"])]
        return []

    def changed_since(self, cursor: str) -> Page:
        self._fail()
        start = int(cursor or 0)
        end = min(start + PAGE, len(self.sold))
        inputs = tuple(self.sold[start:end])
        return Page(inputs=inputs, cursor=str(end), more=end < len(self.sold), total=len(self.sold))

    def act(self, action: Action) -> str | None:
        self.acted.append(action)
        self._fail()
        return self.makes

    def _fail(self) -> None:
        if self.fails:
            raise self.fails.pop(0)


def away(after: int | None = None) -> PlatformUnavailable:
    """What is raised when the stall is closed."""
    return PlatformUnavailable("the stall is closed", retry_after=after)
