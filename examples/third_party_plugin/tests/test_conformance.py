"""The plugin keeps the rules of a good plugin, and what it claims in quality.toml."""

from loyalty_core.testing.plugin import PluginSuite

from loyalty_book_club import plugin as the_plugin


class TestConformance(PluginSuite):
    """One test for each rule."""

    plugin = the_plugin
