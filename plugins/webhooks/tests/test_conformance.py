"""The plugin keeps the rules of a good plugin, and what it claims in quality.toml."""

from loyalty_core.testing.plugin import PluginSuite
from loyalty_webhooks import plugin
from plugins.webhooks.tests.stand import LISTENS, SENDS


class TestConformance(PluginSuite):
    plugin = plugin
    stands = (SENDS, LISTENS)
