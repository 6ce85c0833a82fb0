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
    RewardKind,
    hookimpl,
)
from loyalty_donation.accounts import Accounts
from loyalty_donation.checks import check
from loyalty_donation.config import DonationConfig
from loyalty_donation.facts import CHOICE
from loyalty_donation.program import DonationProgram
from loyalty_donation.rewards import PointsDonation


class DonationPlugin:
    """Giving to charities."""

    manifest = PluginManifest(
        id="donation",
        version=version("loyalty-donation"),
        requires_plugin_api=">=1.4,<2",
        config=DonationConfig,
        summary="Giving to charities: percent of purchases, rounding up, points, campaigns.",
        personal_data=(
            PersonalData(
                what="Which charity a member gives to.",
                where="state",
                why="So that it gets what their purchases give.",
            ),
            PersonalData(
                what="Each choice of a charity, with its moment.",
                where="facts",
                why="Later choices change no earlier gift.",
            ),
            PersonalData(
                what="A choice of a charity that there is not, and gifts without an account.",
                where="events",
                why="So that somebody mends it.",
            ),
        ),
    )

    @hookimpl
    def loyalty_register_programs(
        self, config: DonationConfig, program: ProgramConfig
    ) -> Iterable[ProgramType]:
        """The donation program; raises ``ConfigError`` with every fault of the settings."""
        check(config, program)
        return [DonationProgram(config, program)]

    @hookimpl
    def loyalty_register_activities(self) -> Iterable[ActivityKind[object]]:
        """``donation.choose``."""
        return [CHOICE]

    @hookimpl
    def loyalty_register_rewards(
        self, config: DonationConfig, program: ProgramConfig
    ) -> Iterable[RewardKind]:
        """``donation.<charity>`` where ``points`` is set; raises ``ConfigError`` like programs."""
        check(config, program)
        if config.points is None:
            return []
        accounts, names = Accounts(config, program), config.points.charities
        return [
            PointsDonation(one, config.points, accounts, program)
            for one in config.charity
            if not names or one.charity in names
        ]

    @hookimpl(optionalhook=True)
    def loyalty_extend_graphql(self) -> object:
        """What charities have and members gave; called by the gateway alone."""
        from loyalty_donation.graphql import extension

        return extension


plugin = DonationPlugin()
