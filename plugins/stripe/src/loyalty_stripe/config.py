"""What a merchant may write below ``[plugins.stripe]``: one tree of frozen dataclasses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from loyalty_core import doc


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account of Stripe; its webhooks come to ``/webhooks/stripe/<account>``."""

    account: str = field(
        metadata=doc(
            "Its name here, unique: lower case letters, digits, - and _. `stripe.<account>` is the "
            "connector, and the payment provider."
        )
    )
    api_key: str = field(
        metadata=doc("Where the secret or restricted key is, as `env:NAME`.", secret=True)
    )
    secrets: tuple[str, ...] = field(
        metadata=doc(
            "Where the secret of the webhook endpoint is, as `env:NAME`; two while it changes, and "
            "both are taken.",
            secret=True,
        )
    )
    live: bool = field(
        default=True,
        metadata=doc(
            "Whether it is real money: what is of the other mode is a test and never earns, and "
            "no key of the other mode is used."
        ),
    )
    stripe_account: str = field(
        default="",
        metadata=doc("The connected account that is meant, `acct_…`; the key's own if left out."),
    )
    source: str = field(
        default="", metadata=doc("The source of its facts; the account's name if left out.")
    )
    memberships: tuple[str, ...] = field(
        default=(),
        metadata=doc(
            "Prices or products of Stripe that are fees of paid memberships: `skus` of a plan."
        ),
    )
    money_refunds: Literal["goods", "goodwill"] = field(
        default="goods",
        metadata=doc(
            "What money is that goes back: a part of the price, or goodwill, of which `goodwill` "
            "of the program says whether it takes points."
        ),
    )
    return_url: str = field(
        default="",
        metadata=doc(
            "Where a member comes back to who has paid a fee on Stripe's page; without it no fees "
            "are collected here."
        ),
    )
    poll_minutes: int = field(
        default=60,
        metadata=doc("How often `tick` looks for what webhooks missed; 0 leaves it to `loyalty`."),
    )
    timeout_seconds: int = field(
        default=60, metadata=doc("How long Stripe may take to answer, from 1 to 120.")
    )
    api_url: str = field(
        default="https://api.stripe.com", metadata=doc("Where the API is; another one in tests.")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class StripeConfig:
    """Everything below ``[plugins.stripe]``."""

    account: tuple[Account, ...] = field(metadata=doc("The accounts that are connected."))
