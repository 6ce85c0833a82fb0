"""What the plugin is and what it registers; the rules are in the other modules."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import version

from loyalty_core import (
    PersonalData,
    PluginManifest,
    ProgramConfig,
    ProgramType,
    RewardKind,
    hookimpl,
)
from loyalty_points.checks import check
from loyalty_points.config import PointsConfig
from loyalty_points.program import PointsProgram
from loyalty_points.rewards import PointsDiscount


class PointsPlugin:
    """Points for purchases and activities, and points as money."""

    manifest = PluginManifest(
        id="points",
        version=version("loyalty-points"),
        requires_plugin_api=">=1.4,<2",
        config=PointsConfig,
        summary="Points for purchases and activities, spent as a discount.",
        personal_data=(
            PersonalData(
                what="How much a rule or cap gave in its period, and digests of activities that "
                "counted.",
                where="state",
                why="So that limits hold.",
            ),
            PersonalData(
                what="That somebody has lapsed.",
                where="events",
                why="So that somebody can win them back.",
            ),
        ),
    )

    @hookimpl
    def loyalty_register_programs(
        self, config: PointsConfig, program: ProgramConfig
    ) -> Iterable[ProgramType]:
        """The points program; raises ``ConfigError`` with every fault of the settings."""
        check(config, program)
        return [PointsProgram(config, program)]

    @hookimpl
    def loyalty_register_rewards(
        self, config: PointsConfig, program: ProgramConfig
    ) -> Iterable[RewardKind]:
        """``points.discount`` where ``redeem`` is set; raises ``ConfigError`` like programs."""
        check(config, program)
        return [PointsDiscount(config, program)] if config.redeem else []


plugin = PointsPlugin()
