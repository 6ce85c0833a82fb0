"""What a merchant may write below ``[plugins.woocommerce]``: one tree of frozen dataclasses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from loyalty_core import doc


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A shop on WooCommerce; its webhooks come to ``/webhooks/woocommerce/<account>``."""

    account: str = field(
        metadata=doc("Its name here, unique: lower case letters, digits, - and _.")
    )
    url: str = field(
        metadata=doc("The shop's address as WordPress has it, such as `https://tea.example`.")
    )
    consumer_key: str = field(
        metadata=doc("Where the consumer key of its REST API is, as `env:NAME`.", secret=True)
    )
    consumer_secret: str = field(
        metadata=doc("Where the consumer secret is, as `env:NAME`.", secret=True)
    )
    secrets: tuple[str, ...] = field(
        metadata=doc(
            "Where the secret of its webhooks is, as `env:NAME`; two while it changes, and both "
            "are taken.",
            secret=True,
        )
    )
    currency: str = field(
        default="", metadata=doc("The shop's currency; the program's if left out.")
    )
    source: str = field(
        default="", metadata=doc("The source of its facts; the account's name if left out.")
    )
    paid: tuple[str, ...] = field(
        default=("processing", "completed"),
        metadata=doc(
            "The statuses of orders that are paid for; name those that other plugins add. With "
            '`["completed"]` points come when the shop has sent the goods.'
        ),
    )
    gift_cards: tuple[str, ...] = field(
        default=(),
        metadata=doc("Products that are gift cards and no purchase, by SKU or product id."),
    )
    money_refunds: Literal["goods", "goodwill"] = field(
        default="goods",
        metadata=doc(
            "What money is that goes back without lines: a part of the price, or goodwill, of "
            "which `goodwill` of the program says whether it takes points."
        ),
    )
    reviews: bool = field(
        default=False,
        metadata=doc("Whether approved reviews of products become activities, `review`."),
    )
    rewards: tuple[str, ...] = field(
        default=(),
        metadata=doc("Rewards whose coupons are made in this shop: discounts, free shipping."),
    )
    show_members: bool = field(
        default=False,
        metadata=doc("Whether balance and tiers are written to the shop's customers."),
    )
    meta_key: str = field(
        default="loyalty", metadata=doc("The key of the customers' meta that they stand in.")
    )
    poll_minutes: int = field(
        default=15,
        metadata=doc("How often `tick` looks for what webhooks missed; 0 leaves it to `loyalty`."),
    )
    timeout_seconds: int = field(
        default=30, metadata=doc("How long the shop may take to answer, from 1 to 120.")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class WooCommerceConfig:
    """Everything below ``[plugins.woocommerce]``."""

    shop: tuple[Account, ...] = field(metadata=doc("The shops that are connected."))
