"""A decision as it is traced: what a plugin was asked about a fact, and what it answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from loyalty_core.domain.facts import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One answer of one plugin, in JSON: its inputs, and its effects or why there are none.

    A fact may be decided several times, whenever what came before it changes. Left out is what
    says who it is about: identities, names, birthdays, consents, tenders, and the values in an
    activity's ``data``. A plugin's own ``state`` is there as it stands. ``outcome`` is what
    programs that follow facts are told, empty for others.
    """

    plugin: str
    asked: Literal["decide", "follow"]
    config_version: int
    fact: Mapping[str, Json]
    member: Mapping[str, Json]
    outcome: Mapping[str, Json]
    effects: tuple[Mapping[str, Json], ...] = ()
    failure: str = ""


Trace = Callable[[Decision], None]
"""Something that is told each decision, inside the transaction that asks for it."""
