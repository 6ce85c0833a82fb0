"""What the plugin is and what it registers; the rest is in the other modules."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import version

from loyalty_core import Connector, PersonalData, PluginManifest, ProgramConfig, hookimpl
from loyalty_saleor.checks import check
from loyalty_saleor.config import SaleorConfig
from loyalty_saleor.connector import SaleorConnector


class SaleorPlugin:
    """Shops on Saleor."""

    manifest = PluginManifest(
        id="saleor",
        version=version("loyalty-saleor"),
        requires_plugin_api=">=1.4,<2",
        config=SaleorConfig,
        summary="Shops on Saleor: orders and customers in; vouchers, gift cards, balances out.",
        personal_data=(
            PersonalData(
                what="Orders, refunds and customers of the shop.",
                where="facts",
                why="They are what points are earned by.",
            ),
            PersonalData(
                what="Codes that members bought and, with `show_members`, their balance and tier.",
                where="outside",
                why="So that they can be used and seen in the shop.",
                erasure="Codes that are open are dropped there; what is shown of a customer goes"
                " with the customer.",
            ),
        ),
    )

    @hookimpl
    def loyalty_register_connectors(
        self, config: SaleorConfig, program: ProgramConfig
    ) -> Iterable[Connector]:
        """A connector for each shop; raises ``ConfigError`` with every fault."""
        check(config, program)
        return [SaleorConnector(one, program) for one in config.shop]


plugin = SaleorPlugin()
