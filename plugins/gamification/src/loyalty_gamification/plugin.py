"""What the plugin is and what it registers; the games are in the other modules."""

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
from loyalty_gamification.checks import check
from loyalty_gamification.config import GamificationConfig
from loyalty_gamification.facts import KINDS
from loyalty_gamification.program import GamificationProgram


class GamificationPlugin:
    """Badges, streaks and other games."""

    manifest = PluginManifest(
        id="gamification",
        version=version("loyalty-gamification"),
        requires_plugin_api=">=1.4,<2",
        config=GamificationConfig,
        summary="Badges, streaks and other games.",
        personal_data=(
            PersonalData(
                what="How far a member is in streaks, badges, missions, wheels and boards.",
                where="state",
                why="The games go on from there.",
            ),
            PersonalData(
                what="Ids of the members of a team, at its founder.",
                where="state",
                why="What any of them does counts for all.",
            ),
            PersonalData(
                what="Who founded, joined and left a team.",
                where="facts",
                why="Teams follow from it, in any order.",
            ),
            PersonalData(
                what="What was reached and won.",
                where="events",
                why="So that members can be told.",
            ),
        ),
    )

    @hookimpl
    def loyalty_register_programs(
        self, config: GamificationConfig, program: ProgramConfig
    ) -> Iterable[ProgramType]:
        """The games; raises ``ConfigError`` with every fault of the settings."""
        check(config, program)
        return [GamificationProgram(config, program)]

    @hookimpl
    def loyalty_register_activities(self) -> Iterable[ActivityKind[object]]:
        """How members come into teams and leave them."""
        return KINDS

    @hookimpl(optionalhook=True)
    def loyalty_extend_graphql(self) -> object:
        """What ``Member`` shows of the games; called by the gateway alone, where there is one."""
        from loyalty_gamification.graphql import extension

        return extension


plugin = GamificationPlugin()
