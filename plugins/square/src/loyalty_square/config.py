"""What a merchant may write below ``[plugins.square]``: one tree of frozen dataclasses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from loyalty_core import doc


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A seller on Square; its webhooks come to ``/webhooks/square/<account>``."""

    account: str = field(
        metadata=doc("Its name here, unique: lower case letters, digits, - and _.")
    )
    access_token: str = field(
        metadata=doc("Where the access token is, as `env:NAME`.", secret=True)
    )
    secrets: tuple[str, ...] = field(
        metadata=doc(
            "Where the signature key of its webhook subscription is, as `env:NAME`; two while it "
            "changes, and both are taken.",
            secret=True,
        )
    )
    notification_url: str = field(
        metadata=doc(
            "The URL of that subscription, letter by letter: Square signs it with every webhook, "
            "and behind a proxy it is not the one that is asked for here."
        )
    )
    currency: str = field(
        default="", metadata=doc("The seller's currency; the program's if left out.")
    )
    source: str = field(
        default="", metadata=doc("The source of its facts; the account's name if left out.")
    )
    money_refunds: Literal["goods", "goodwill"] = field(
        default="goods",
        metadata=doc(
            "What money is that goes back without items: a part of the price, or goodwill, of "
            "which `goodwill` of the program says whether it takes points."
        ),
    )
    rewards: tuple[str, ...] = field(
        default=(), metadata=doc("Rewards that are handed over here, all of them gift cards.")
    )
    location: str = field(
        default="",
        metadata=doc("The id of the location that gift cards are reported at; needed for them."),
    )
    show_members: bool = field(
        default=False,
        metadata=doc("Whether balance and tier are written to customers, where the till shows it."),
    )
    attribute: str = field(
        default="loyalty",
        metadata=doc("The key of the custom attribute that balance and tier stand in."),
    )
    group_prefix: str = field(
        default="tier:",
        metadata=doc(
            "What the names of customer groups begin with that tiers are; empty for no groups."
        ),
    )
    poll_minutes: int = field(
        default=30,
        metadata=doc("How often `tick` looks for what webhooks missed; 0 leaves it to `loyalty`."),
    )
    api_url: str = field(
        default="https://connect.squareup.com",
        metadata=doc("Where the API is: the sandbox, or a test's double, is elsewhere."),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SquareConfig:
    """Everything below ``[plugins.square]``."""

    seller: tuple[Account, ...] = field(metadata=doc("The sellers that are connected."))
