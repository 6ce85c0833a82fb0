"""What a plugin says of itself in its quality.toml: its grade, exemptions, what histories need."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from loyalty_core.application.structure import read_settings
from loyalty_core.errors import ConfigError, Problem


class Grade(StrEnum):
    """How good a plugin is: each grade has the rules of those below it as well."""

    BRONZE = "bronze"
    SILVER = "silver"
    GOLD = "gold"

    @property
    def rank(self) -> int:
        """0 for the lowest."""
        return list(Grade).index(self)


@dataclass(frozen=True, kw_only=True)
class Hints:
    """What generated histories have besides plain orders.

    ``activities`` are facts without a person and a moment. In their ``data``, and in ``order``
    and ``line``, a list is a choice of which each fact has one.
    """

    activities: tuple[Mapping[str, Any], ...] = ()
    order: Mapping[str, Any] = field(default_factory=dict)
    line: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Claim:
    """The whole file: ``exempt`` are the rules that do not hold, by code, and why that is right."""

    grade: Grade = Grade.GOLD
    exempt: Mapping[str, str] = field(default_factory=dict)
    history: Hints = field(default_factory=Hints)


def read_claim(text: str) -> Claim:
    """What a quality.toml says; an empty one claims gold. Raises ``ConfigError``."""
    try:
        document = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([Problem("quality.toml", f"it is no TOML: {error}")]) from None
    return read_settings(Claim, document, where="")
