"""What the plugin is and what it registers; the rules are in the other modules."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import version

from loyalty_core import (
    ActivityKind,
    BenefitSource,
    FollowsFacts,
    PersonalData,
    PluginManifest,
    ProgramConfig,
    hookimpl,
)
from loyalty_tiers.checks import check
from loyalty_tiers.config import TiersConfig
from loyalty_tiers.facts import KINDS
from loyalty_tiers.program import TiersProgram


class TiersPlugin:
    """Tiers with benefits."""

    manifest = PluginManifest(
        id="tiers",
        version=version("loyalty-tiers"),
        requires_plugin_api=">=1.4,<2",
        config=TiersConfig,
        summary="Tiers that members reach and keep, and the benefits they give.",
        personal_data=(
            PersonalData(
                what="Tiers held and since when, sums by day that count for them, and quotas used.",
                where="state",
                why="A tier follows from them.",
            ),
            PersonalData(
                what="Tiers set by hand and invitations: why, and by whom.",
                where="facts",
                why="So that they are kept in order, and can be asked about.",
            ),
            PersonalData(
                what="That a command was refused.",
                where="events",
                why="So that whoever gave it learns it.",
            ),
        ),
    )

    @hookimpl
    def loyalty_register_programs(
        self, config: TiersConfig, program: ProgramConfig
    ) -> Iterable[FollowsFacts]:
        """What follows facts; raises ``ConfigError`` with every fault of the settings."""
        check(config, program)
        return [TiersProgram(config, program)]

    @hookimpl
    def loyalty_register_activities(self) -> Iterable[ActivityKind[object]]:
        """``tiers.set``, ``tiers.clear`` and ``tiers.invite``."""
        return KINDS

    @hookimpl
    def loyalty_register_benefits(
        self, config: TiersConfig, program: ProgramConfig
    ) -> Iterable[BenefitSource]:
        """The schemes; raises ``ConfigError`` like programs."""
        check(config, program)
        return TiersProgram(config, program).schemes

    @hookimpl(optionalhook=True)
    def loyalty_extend_graphql(self) -> object:
        """``Member.tiers``; called by the gateway alone, where it is installed."""
        from loyalty_tiers.graphql import extension

        return extension


plugin = TiersPlugin()
