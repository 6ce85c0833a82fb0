"""What the plugin is and what it registers; the rest is in the other modules."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import version

from loyalty_core import Connector, PluginManifest, ProgramConfig, hookimpl, shop_data
from loyalty_woocommerce.checks import check
from loyalty_woocommerce.config import WooCommerceConfig
from loyalty_woocommerce.connector import WooCommerceConnector


class WooCommercePlugin:
    """Shops on WooCommerce."""

    manifest = PluginManifest(
        id="woocommerce",
        version=version("loyalty-woocommerce"),
        requires_plugin_api=">=1.4,<2",
        config=WooCommerceConfig,
        summary="Shops on WooCommerce: orders, customers, reviews in; coupons and balances out.",
        personal_data=shop_data("Orders, refunds, customers and reviews of the shop."),
    )

    @hookimpl
    def loyalty_register_connectors(
        self, config: WooCommerceConfig, program: ProgramConfig
    ) -> Iterable[Connector]:
        """A connector for each shop; raises ``ConfigError`` with every fault."""
        check(config, program)
        return [WooCommerceConnector(one, program.program.currency) for one in config.shop]


plugin = WooCommercePlugin()
