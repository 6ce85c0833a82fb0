"""The plugin keeps the rules of a good plugin, and what it claims in quality.toml."""

from loyalty_core.testing.plugin import PluginSuite
from loyalty_woocommerce import plugin
from plugins.woocommerce.tests.stand import STAND


class TestConformance(PluginSuite):
    plugin = plugin
    stands = (STAND,)
