"""What only the author of a connector can give: how it is opened in front of a double."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from loyalty_core.testing.acting import OpeningShop
from loyalty_core.testing.conformance import Opening, PlatformUnderTest

OpeningPlatform = Callable[[], AbstractContextManager[tuple[Opening, PlatformUnderTest]]]
"""Starts a double with nothing in it, and says how a program is opened in front of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectorStand:
    """A kind of connector in front of a double of its platform, for the rules about connectors.

    ``kind`` is the connector's class. ``environment`` has the variables that its secrets are in;
    none of their values may ever be logged, kept or told. ``platform`` opens one that writes
    histories, where the connector receives webhooks or lists changes; they begin at ``starts``. If
    it can be had as of any moment (``PlatformGoingOn``), it goes on while it is asked.
    ``signature`` is the header that webhooks are signed in. ``rewards`` opens a shop in which a
    member can afford the reward, for one of each way in which its codes are made, by the reward.
    ``shown`` opens one that shows members what they have, or that is told of events.
    """

    kind: type
    environment: Mapping[str, str] = field(default_factory=dict)
    platform: OpeningPlatform | None = None
    starts: datetime = datetime(2026, 3, 1, 12, tzinfo=UTC)
    signature: str = ""
    rewards: Mapping[str, OpeningShop] = field(default_factory=dict)
    shown: OpeningShop | None = None
