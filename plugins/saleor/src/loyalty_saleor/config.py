"""What a merchant may write below ``[plugins.saleor]``: one tree of frozen dataclasses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from loyalty_core import doc


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A shop on Saleor; its webhooks come to ``/webhooks/saleor/<account>``."""

    account: str = field(
        metadata=doc("Its name here, unique: lower case letters, digits, - and _.")
    )
    url: str = field(
        metadata=doc("Where its API is, without `/graphql/`, such as `https://tea.saleor.cloud`.")
    )
    token: str = field(metadata=doc("Where the app's token is, as `env:NAME`.", secret=True))
    currency: str = field(
        default="",
        metadata=doc("The currency that its rewards are worth; the program's if left out."),
    )
    source: str = field(
        default="", metadata=doc("The source of its facts; the account's name if left out.")
    )
    money_refunds: Literal["goods", "goodwill"] = field(
        default="goods",
        metadata=doc(
            "What money is that goes back without lines: a part of the price, or goodwill, of "
            "which `goodwill` of the program says whether it takes points."
        ),
    )
    rewards: tuple[str, ...] = field(
        default=(),
        metadata=doc("Rewards made in this shop: discounts, free shipping, gift cards."),
    )
    channel: str = field(
        default="", metadata=doc("The slug of the channel that vouchers are for; needed for them.")
    )
    show_members: bool = field(
        default=False,
        metadata=doc("Whether balance and tiers are written to the shop's customers."),
    )
    metadata_key: str = field(
        default="loyalty", metadata=doc("The key of the customers' metadata that they stand in.")
    )
    poll_minutes: int = field(
        default=15,
        metadata=doc("How often `tick` looks for what webhooks missed; 0 leaves it to `loyalty`."),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleorConfig:
    """Everything below ``[plugins.saleor]``."""

    shop: tuple[Account, ...] = field(metadata=doc("The shops that are connected."))
