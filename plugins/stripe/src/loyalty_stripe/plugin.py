"""What the plugin is and what it registers; the rest is in the other modules."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import version

from loyalty_core import (
    Connector,
    PaymentProvider,
    PersonalData,
    PluginManifest,
    ProgramConfig,
    Subscription,
    hookimpl,
)
from loyalty_stripe.checks import check
from loyalty_stripe.config import StripeConfig
from loyalty_stripe.connector import StripeConnector
from loyalty_stripe.subscriptions import CANCELLED


class StripePlugin:
    """Accounts of Stripe: what was paid there, and what members owe."""

    manifest = PluginManifest(
        id="stripe",
        version=version("loyalty-stripe"),
        requires_plugin_api=">=1.4,<2",
        config=StripeConfig,
        summary="Payments by Stripe: fees are collected, payments and refunds come in.",
        personal_data=(
            PersonalData(
                what="Payments, refunds and disputes, as orders.",
                where="facts",
                why="They are what points are earned by, and what fees became.",
            ),
            PersonalData(
                what="A customer with the member's id, and charges of fees.",
                where="outside",
                why="So that a kept card can be charged.",
                erasure="Delete the customer at Stripe; of payments it keeps what the law asks "
                "for.",
            ),
        ),
    )

    @hookimpl
    def loyalty_register_connectors(
        self, config: StripeConfig, program: ProgramConfig
    ) -> Iterable[Connector]:
        """A connector for each account; raises ``ConfigError`` with every fault."""
        return _made(config, program)

    @hookimpl
    def loyalty_register_payments(
        self, config: StripeConfig, program: ProgramConfig
    ) -> Iterable[PaymentProvider]:
        """A provider for each account that says where members come back to."""
        made = zip(_made(config, program), config.account, strict=True)
        return [one.payments for one, account in made if account.return_url]

    @hookimpl
    def loyalty_register_handlers(
        self, config: StripeConfig, program: ProgramConfig
    ) -> Iterable[Subscription]:
        """What ends subscriptions at Stripe of memberships that were cancelled here."""
        return [
            Subscription(
                id=f"{one.id}.cancelled",
                event_type=CANCELLED,
                handler=one.ending.end,
                with_identities=True,
            )
            for one, account in zip(_made(config, program), config.account, strict=True)
            if account.memberships
        ]


def _made(config: StripeConfig, program: ProgramConfig) -> list[StripeConnector]:
    check(config)
    return [StripeConnector(one, program.program.id) for one in config.account]


plugin = StripePlugin()
