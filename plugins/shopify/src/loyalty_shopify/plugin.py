"""What the plugin is and what it registers; the rest is in the other modules."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import version

from loyalty_core import Connector, PluginManifest, ProgramConfig, hookimpl, shop_data
from loyalty_shopify.checks import check
from loyalty_shopify.config import ShopifyConfig
from loyalty_shopify.connector import ShopifyConnector


class ShopifyPlugin:
    """Shops on Shopify."""

    manifest = PluginManifest(
        id="shopify",
        version=version("loyalty-shopify"),
        requires_plugin_api=">=1.4,<2",
        config=ShopifyConfig,
        summary="Shops on Shopify: orders and customers in, codes, balances and tiers out.",
        personal_data=shop_data("Orders, refunds and customers of the shop."),
    )

    @hookimpl
    def loyalty_register_connectors(
        self, config: ShopifyConfig, program: ProgramConfig
    ) -> Iterable[Connector]:
        """A connector for each shop; raises ``ConfigError`` with every fault."""
        check(config, program)
        return [ShopifyConnector(one, program) for one in config.shop]


plugin = ShopifyPlugin()
