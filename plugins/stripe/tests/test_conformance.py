"""The plugin keeps the rules of a good plugin, and what it claims in quality.toml."""

from loyalty_core.testing.plugin import PluginSuite
from loyalty_stripe import plugin
from plugins.stripe.tests.stand import STAND


class TestConformance(PluginSuite):
    plugin = plugin
    stands = (STAND,)
