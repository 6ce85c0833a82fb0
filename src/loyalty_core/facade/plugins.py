"""How the plugins stand, and asking those again that failed."""

from __future__ import annotations

from loyalty_core.application.plugin_states import PluginStates
from loyalty_core.application.rules import Rules
from loyalty_core.domain.plugin_states import LiftReceipt, PluginStatus
from loyalty_core.plugins.describing import described
from loyalty_core.plugins.registry import Registry


class PluginMethods:
    """How the plugins stand, and asking those again that failed."""

    _rules: Rules
    _plugin_states: PluginStates
    _registry: Registry

    def plugin_status(self) -> tuple[PluginStatus, ...]:
        """Every plugin that is on, then those installed and off: hooks, tables, what waits.

        A plugin that failed on ten facts in a row, or was slow at anything ten times in a row, is
        in quarantine: it is not called for that, which is ``held``, and what it would have done
        waits until ``lift``, or until another version of it is installed. What is off is not
        imported to be asked.
        """
        sections = self._rules.config.plugins
        return self._plugin_states.of(described(self._registry.plugins, sections))

    def lift(self, plugin: str) -> LiftReceipt:
        """Ends a plugin's quarantine and asks it again, at once, about all facts that wait for it.

        What waits for its handlers and connectors is done by ``tick``, and deliveries that were
        given up are tried again. It may be called without a
        quarantine: then it only tries again, now, what the plugin failed on.

        Raises ``PluginMissing`` for a plugin that is not on.
        """
        return self._plugin_states.lift(plugin)
