"""What the plugin is and what it registers; the rules are in the other modules."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import version

from loyalty_core import (
    ActivityKind,
    PersonalData,
    PluginManifest,
    ProgramConfig,
    ProgramType,
    hookimpl,
)
from loyalty_referral.checks import check
from loyalty_referral.config import ReferralConfig
from loyalty_referral.facts import kinds_of
from loyalty_referral.fraud import asked_by, compared_by
from loyalty_referral.program import ReferralProgram


class ReferralPlugin:
    """Referrals and group buying."""

    manifest = PluginManifest(
        id="referral",
        version=version("loyalty-referral"),
        requires_plugin_api=">=1.4,<2",
        config=ReferralConfig,
        summary="Referrals by codes and links, with checks, milestones and group buying.",
        personal_data=(
            PersonalData(
                what="Keyed digests of addresses and devices; links followed, and ids of friends.",
                where="state",
                why="So that nobody is their own friend, and rewards come once.",
            ),
            PersonalData(
                what="Who joined by whose code, with device and address as the shop sends them.",
                where="facts",
                why="Referrals are decided on it.",
            ),
            PersonalData(
                what="What became of a referral.",
                where="events",
                why="So that members can be told.",
            ),
        ),
    )

    @hookimpl
    def loyalty_register_programs(
        self, config: ReferralConfig, program: ProgramConfig
    ) -> Iterable[ProgramType]:
        """The referral program; raises ``ConfigError`` with every fault of the settings."""
        check(config, program)
        return [ReferralProgram(config, program)]

    @hookimpl
    def loyalty_register_activities(
        self, config: ReferralConfig, program: ProgramConfig
    ) -> Iterable[ActivityKind[object]]:
        """What shops tell of friends and groups; raises ``ConfigError`` like programs."""
        check(config, program)
        return kinds_of(compared_by(config), [*asked_by(config).values()])

    @hookimpl(optionalhook=True)
    def loyalty_extend_graphql(self) -> object:
        """What members see and do about referrals; called by the gateway alone."""
        from loyalty_referral.graphql import extension

        return extension


plugin = ReferralPlugin()
