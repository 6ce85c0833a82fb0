"""What the plugin is and what it registers; the rest is in the other modules."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import version

from loyalty_core import Connector, PersonalData, PluginManifest, ProgramConfig, hookimpl
from loyalty_square.checks import check
from loyalty_square.config import SquareConfig
from loyalty_square.connector import SquareConnector


class SquarePlugin:
    """Sellers on Square."""

    manifest = PluginManifest(
        id="square",
        version=version("loyalty-square"),
        requires_plugin_api=">=1.4,<2",
        config=SquareConfig,
        summary="Sellers on Square: sales, returns, customers in; gift cards and balances out.",
        personal_data=(
            PersonalData(
                what="Sales, returns and customers of the seller.",
                where="facts",
                why="They are what points are earned by.",
            ),
            PersonalData(
                what="Gift cards that members bought and, with `show_members`, their tier as a "
                "group.",
                where="outside",
                why="So that they can be used and seen at the till.",
                erasure="Cards that are open are closed there; what is shown of a customer goes"
                " with the customer.",
            ),
        ),
    )

    @hookimpl
    def loyalty_register_connectors(
        self, config: SquareConfig, program: ProgramConfig
    ) -> Iterable[Connector]:
        """A connector for each seller; raises ``ConfigError`` with every fault."""
        check(config, program)
        return [SquareConnector(one, program.program.currency) for one in config.seller]


plugin = SquarePlugin()
