"""What is stored of configurations: the versions that were in force, and what is to come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from loyalty_core.domain.facts import Json


class ConfigVersion(NamedTuple):
    """One version of the configuration, as it was stored when it was first used."""

    version: int
    fingerprint: str
    document: Mapping[str, Json]
    first_used_at: datetime


class ScheduledConfig(NamedTuple):
    """A configuration that was stated with the moment it starts at.

    ``version`` is the one it has become, None before. One that was withdrawn, or replaced by
    another one, never becomes any.
    """

    fingerprint: str
    starts_at: datetime
    document: Mapping[str, Json]
    stated_at: datetime
    withdrawn_at: datetime | None = None
    version: int | None = None

    @property
    def waits(self) -> bool:
        """Whether it is still to start."""
        return self.version is None and self.withdrawn_at is None


class ConfigWork(Protocol):
    """The part of a unit of work that keeps configurations."""

    def config_document(self, version: int) -> Mapping[str, Json]:
        """The configuration stored under a version."""
        ...

    def config_version(self, fingerprint: str, document: Mapping[str, Json], now: datetime) -> int:
        """The version of this configuration, which is made the latest if it is not."""
        ...

    def latest_config(self) -> ConfigVersion | None:
        """The latest version; None in a program that was never opened."""
        ...

    def was_in_force(self, fingerprint: str) -> bool:
        """Whether any version has these rules."""
        ...

    def lock_configs(self) -> None:
        """Lets nobody else state, withdraw or start a configuration meanwhile."""
        ...

    def scheduled_configs(self) -> Sequence[ScheduledConfig]:
        """All configurations that were ever stated with a moment, by it."""
        ...

    def keep_scheduled(self, stated: ScheduledConfig) -> None:
        """Writes one of them, new or changed."""
        ...


class ConfigReader(Protocol):
    """The part of a reader that tells of configurations."""

    def versions(self) -> Sequence[ConfigVersion]:
        """All versions of the configuration, the first one first."""
        ...

    def version(self, version: int) -> ConfigVersion | None:
        """One version of the configuration."""
        ...

    def version_at(self, moment: datetime) -> ConfigVersion:
        """The version in force at a moment; the first one for what is older than all."""
        ...

    def config_document(self, version: int) -> Mapping[str, Json]:
        """The configuration stored under a version."""
        ...

    def coming_configs(self, version: int) -> Sequence[ScheduledConfig]:
        """What was stated with a moment and is still to start, or became a later version."""
        ...
