"""What the plugin is and what it registers; the rest is in the other modules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.metadata import version

from loyalty_core import (
    ActivityKind,
    BenefitSource,
    ConfigError,
    FollowsFacts,
    PaymentProvider,
    PersonalData,
    PluginManifest,
    Problem,
    ProgramConfig,
    Subscription,
    hookimpl,
)
from loyalty_paid.billing import CHARGE_DUE, REFUND_DUE
from loyalty_paid.checks import ROOT, check
from loyalty_paid.config import PaidConfig
from loyalty_paid.facts import KINDS
from loyalty_paid.program import MembershipBenefits, PaidProgram
from loyalty_paid.providers import ManualPayments, ScriptedPayments
from loyalty_paid.till import Till


class PaidPlugin:
    """Memberships that are paid for, and what they give."""

    manifest = PluginManifest(
        id="paid",
        version=version("loyalty-paid"),
        requires_plugin_api=">=1.6,<2",
        config=PaidConfig,
        summary="Memberships that are paid for, and what they give.",
        personal_data=(
            PersonalData(
                what="The plan, its periods and fees, what it has saved, and the latest command.",
                where="state",
                why="A membership follows from what was paid.",
            ),
            PersonalData(
                what="Commands, and fees that could not be had.",
                where="facts",
                why="They move the membership, and are kept in order.",
            ),
            PersonalData(
                what="What became of a membership, and fees that are due.",
                where="events",
                why="The payment provider is asked by them, and members can be told.",
            ),
            PersonalData(
                what="A fee, with the member's id and identities, at the payment provider.",
                where="outside",
                why="Nobody else can have it paid.",
                erasure="What a provider keeps of payments is for it to say; ask it, too.",
            ),
        ),
    )

    @hookimpl
    def loyalty_register_programs(
        self, config: PaidConfig, program: ProgramConfig
    ) -> Iterable[FollowsFacts]:
        """What moves memberships; raises ``ConfigError`` with every fault of the settings."""
        check(config, program)
        return [PaidProgram(config, program)]

    @hookimpl
    def loyalty_register_activities(self) -> Iterable[ActivityKind[object]]:
        """The commands, and what providers tell of fees."""
        return KINDS

    @hookimpl
    def loyalty_register_benefits(
        self, config: PaidConfig, program: ProgramConfig
    ) -> Iterable[BenefitSource]:
        """What members have while their membership is active."""
        return [MembershipBenefits(config, program)]

    @hookimpl
    def loyalty_register_payments(self, config: PaidConfig) -> Iterable[PaymentProvider]:
        """The two providers that move no money."""
        return [ManualPayments(), ScriptedPayments(config.test.answers)]

    @hookimpl
    def loyalty_register_handlers(
        self, config: PaidConfig, payments: Mapping[str, PaymentProvider]
    ) -> Iterable[Subscription]:
        """What asks the provider that the settings name; raises ``ConfigError`` if it is none."""
        if config.provider not in payments:
            message = f"there is no payment provider {config.provider!r}"
            remedy = f"Providers that are on: {', '.join(sorted(payments))}."
            raise ConfigError([Problem(f"{ROOT}.provider", message, remedy, ConfigError.code)])
        till = Till(payments[config.provider])
        return [
            Subscription(
                id="paid.charge",
                event_type=CHARGE_DUE,
                handler=till.charge,
                with_identities=True,
            ),
            Subscription(id="paid.refund", event_type=REFUND_DUE, handler=till.refund),
        ]

    @hookimpl(optionalhook=True)
    def loyalty_extend_graphql(self) -> object:
        """What the gateway shows and takes of memberships; called by it alone."""
        from loyalty_paid.graphql import extension

        return extension


plugin = PaidPlugin()
