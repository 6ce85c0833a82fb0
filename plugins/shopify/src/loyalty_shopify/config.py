"""What a merchant may write below ``[plugins.shopify]``: one tree of frozen dataclasses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from loyalty_core import doc


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A shop on Shopify; its webhooks come to ``/webhooks/shopify/<account>``."""

    account: str = field(
        metadata=doc("Its name here, unique: lower case letters, digits, - and _.")
    )
    shop: str = field(metadata=doc("Its domain at Shopify, such as `tea.myshopify.com`."))
    secrets: tuple[str, ...] = field(
        metadata=doc(
            "Where the app's client secret is, as `env:NAME`; two while it changes, the new one "
            "first, and both are taken.",
            secret=True,
        )
    )
    client_id: str = field(
        default="",
        metadata=doc(
            "The app's client id. Without `access_token` it gets tokens with it and the secret; "
            "session tokens are checked against it."
        ),
    )
    access_token: str = field(
        default="",
        metadata=doc(
            "Where a token of the Admin API is that does not expire, as `env:NAME`.", secret=True
        ),
    )
    currency: str = field(
        default="", metadata=doc("The shop's currency; the program's if left out.")
    )
    source: str = field(
        default="", metadata=doc("The source of its facts; the account's name if left out.")
    )
    rewards: tuple[str, ...] = field(
        default=(),
        metadata=doc(
            "Rewards whose codes are made in this shop: discounts, free shipping, gift cards."
        ),
    )
    show_members: bool = field(
        default=False,
        metadata=doc("Whether balance and tier are written to the shop's customers."),
    )
    namespace: str = field(
        default="loyalty",
        metadata=doc("The namespace of the metafield `member` that balance and tier stand in."),
    )
    tag_prefix: str = field(
        default="tier:",
        metadata=doc("What the tags begin with that name customers' tiers; empty for no tags."),
    )
    money_refunds: Literal["goods", "goodwill"] = field(
        default="goods",
        metadata=doc(
            "What money is that goes back without goods: a part of the price, or goodwill, of "
            "which `goodwill` of the program says whether it takes points."
        ),
    )
    poll_minutes: int = field(
        default=60,
        metadata=doc("How often `tick` looks for what webhooks missed; 0 leaves it to `loyalty`."),
    )
    admin_url: str = field(
        default="", metadata=doc("Where its Admin API is, if not at the shop: a test's double.")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopifyConfig:
    """Everything below ``[plugins.shopify]``."""

    shop: tuple[Account, ...] = field(metadata=doc("The shops that are connected."))
