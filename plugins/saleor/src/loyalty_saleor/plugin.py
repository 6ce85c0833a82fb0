"""What the plugin is and what it registers; the rest is in the other modules."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import version

from loyalty_core import Connector, PluginManifest, ProgramConfig, hookimpl, shop_data
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
        personal_data=shop_data("Orders, refunds and customers of the shop."),
    )

    @hookimpl
    def loyalty_register_connectors(
        self, config: SaleorConfig, program: ProgramConfig
    ) -> Iterable[Connector]:
        """A connector for each shop; raises ``ConfigError`` with every fault."""
        check(config, program)
        return [SaleorConnector(one, program) for one in config.shop]


plugin = SaleorPlugin()
