"""The rules of every version of a configuration, built when they are needed."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime

from loyalty_core.application.config import load_config
from loyalty_core.application.rules import Rules
from loyalty_core.domain.programs import ProgramConfig
from loyalty_core.errors import ConfigError, PluginError
from loyalty_core.plugins.registry import Registry
from loyalty_core.ports.configs import ConfigReader
from loyalty_core.ports.store import Documents

logger = logging.getLogger("loyalty_core")


class Archive:
    """The rules of each version of the configuration; older ones are built when needed."""

    def __init__(self, current: Rules, given: tuple[object, ...]) -> None:
        self.given = given
        self._rules = {current.config.version: current}
        self._current = current

    def __call__(self, documents: Documents, version: int) -> Rules:
        """The rules of ``version``, without plugins that are gone or refuse their old section."""
        if version not in self._rules:
            config = replace(load_config(documents.config_document(version)), version=version)
            usable = {
                name: config.plugins[name] for name in config.plugins if self._fits(name, config)
            }
            fitting = replace(config, plugins=usable)
            rules = Registry.of(fitting, self.given).rules(fitting, past=True)
            gone = frozenset(config.plugins.keys() - usable.keys())
            self._rules[version] = replace(
                rules, gone=gone, quarantine=self._current.quarantine, trace=self._current.trace
            )
        return self._rules[version]

    def ahead(self, reader: ConfigReader, at: datetime) -> Rules | None:
        """The rules stated to be in force at a moment to come, which have no version yet.

        None if they are those of now. Raises ``ConfigError``, ``PluginError``.
        """
        coming = reader.coming_configs(self._current.config.version)
        stated = [one for one in coming if one.waits and one.starts_at <= at]
        if not stated:
            return None
        config = load_config(stated[-1].document)
        rules = Registry.of(config, self.given).rules(config, past=True)
        return replace(rules, quarantine=self._current.quarantine, trace=self._current.trace)

    def _fits(self, name: str, config: ProgramConfig) -> bool:
        alone = replace(config, plugins={name: config.plugins[name]})
        try:
            Registry.of(alone, self.given).rules(alone, past=True)
        except (PluginError, ConfigError) as error:
            logger.warning(
                "version %s of the rules lacks plugin %s: %s", config.version, name, error
            )
            return False
        return True
