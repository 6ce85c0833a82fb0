"""What a merchant may write below ``[plugins.webhooks]``: one tree of frozen dataclasses."""

from __future__ import annotations

from dataclasses import dataclass, field

from loyalty_core import doc


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """A shop that sends facts, to ``/webhooks/webhooks/<account>``."""

    account: str = field(
        metadata=doc("Its name here, unique: lower case letters, digits, - and _.")
    )
    secrets: tuple[str, ...] = field(
        metadata=doc(
            "Where its secret is, as `env:NAME`; two while it changes, and both are taken. The "
            "secret is `whsec_` and 24 to 64 random bytes in base64.",
            secret=True,
        )
    )
    source: str = field(
        default="", metadata=doc("The source of its facts; the account's name if left out.")
    )
    tolerance_seconds: int = field(
        default=300,
        metadata=doc("How old a webhook may be, and how far ahead the shop's clock."),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Somebody who is told events."""

    endpoint: str = field(
        metadata=doc("Its name here, unique: lower case letters, digits, - and _.")
    )
    url: str = field(metadata=doc("Where to send them: https, or http where that is allowed."))
    secrets: tuple[str, ...] = field(
        metadata=doc(
            "Where the secret is that they are signed with, as `env:NAME`; two while it changes, "
            "and both sign.",
            secret=True,
        )
    )
    events: tuple[str, ...] = field(
        default=("*",), metadata=doc("Which ones, by type; all if left out.")
    )
    allow_private: bool = field(
        default=False,
        metadata=doc("Whether it may be in a private network, and asked over http."),
    )
    timeout_seconds: int = field(
        default=20, metadata=doc("How long it may take to answer, from 1 to 60.")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhooksConfig:
    """Everything below ``[plugins.webhooks]``."""

    shop: tuple[Shop, ...] = field(default=(), metadata=doc("Shops that send facts."))
    endpoint: tuple[Endpoint, ...] = field(default=(), metadata=doc("Those who are told events."))
