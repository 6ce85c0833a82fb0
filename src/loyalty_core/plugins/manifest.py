"""What a plugin says of itself before any of its code is called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from loyalty_core.domain.plugin_states import PersonalData, StateStep

PLUGIN_API_VERSION = "1.6"
"""The version of hooks and Protocols; the minor grows with additions, the major with breaks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginManifest:
    """A plugin's identity and needs; its object carries one as ``manifest``.

    ``id`` is lower case letters, digits and underscores, and equals the entry point's name.
    ``requires_plugin_api`` is a version range such as ``">=1.0,<2"``. ``config`` is a frozen
    dataclass with a default for every field that may be left out, or None. Of the metadata of a
    field ``doc`` is its documentation, and ``secret`` is true if it refers to one: what is no
    reference is refused there, and never shown. What rules, events and ids are made of is a
    ``Name``: one that is too long is refused at start.
    ``personal_data`` is all that it keeps of members. ``state_steps`` are all there ever were, the
    first one first: one for each release that keeps something else in ``member.state``.
    """

    id: str
    version: str
    requires_plugin_api: str
    config: type | None = None
    summary: str = ""
    stability: Literal["experimental", "stable"] = "experimental"
    personal_data: tuple[PersonalData, ...] = ()
    state_steps: tuple[StateStep, ...] = ()
