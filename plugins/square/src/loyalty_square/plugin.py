"""What the plugin is and what it registers; the rest is in the other modules."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import version

from loyalty_core import Connector, PluginManifest, ProgramConfig, hookimpl
from loyalty_square.checks import check
from loyalty_square.config import SquareConfig
from loyalty_square.connector import SquareConnector


class SquarePlugin:
    """Sellers on Square."""

    manifest = PluginManifest(
        id="square",
        version=version("loyalty-square"),
        requires_plugin_api=">=1.2,<2",
        config=SquareConfig,
        summary="Sellers on Square: sales, returns, customers in; gift cards and balances out.",
    )

    @hookimpl
    def loyalty_register_connectors(
        self, config: SquareConfig, program: ProgramConfig
    ) -> Iterable[Connector]:
        """A connector for each seller; raises ``ConfigError`` with every fault."""
        check(config, program)
        return [SquareConnector(one, program.program.currency) for one in config.seller]


plugin = SquarePlugin()
