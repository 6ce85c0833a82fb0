"""What the plugin is and what it registers; the rest is in the other modules."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import version

from loyalty_core import Connector, PersonalData, PluginManifest, ProgramConfig, hookimpl
from loyalty_webhooks.checks import check
from loyalty_webhooks.config import WebhooksConfig
from loyalty_webhooks.connectors import EndpointConnector, ShopConnector


class WebhooksPlugin:
    """Any shop over signed webhooks, in and out."""

    manifest = PluginManifest(
        id="webhooks",
        version=version("loyalty-webhooks"),
        requires_plugin_api=">=1.4,<2",
        config=WebhooksConfig,
        summary="Any shop over signed webhooks: facts in, events out.",
        personal_data=(
            PersonalData(
                what="What the shop sends: orders, activities, customers.",
                where="facts",
                why="They are what points are earned by.",
            ),
            PersonalData(
                what="Events, with the member's id, at the endpoints.",
                where="outside",
                why="So that other systems can act on them.",
                erasure="Endpoints are told `member_erased` if they take it, and delete what "
                "they hold.",
            ),
        ),
    )

    @hookimpl
    def loyalty_register_connectors(
        self, config: WebhooksConfig, program: ProgramConfig
    ) -> Iterable[Connector]:
        """A connector for each shop and endpoint; raises ``ConfigError`` with every fault."""
        check(config)
        shops = [ShopConnector(one) for one in config.shop]
        return [*shops, *(EndpointConnector(one) for one in config.endpoint)]


plugin = WebhooksPlugin()
