"""What a platform has to say of itself to be clicked through."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from loyalty_core.testing import PlatformDouble, SentWebhook, ShopOrder


class Platform(Protocol):
    """A double, how it is connected, and how its platform writes what happens in the shop.

    Orders are those of the kit (``loyalty_core.testing``), the same for all platforms.
    """

    @property
    def id(self) -> str:
        """The plugin that connects it."""
        ...

    @property
    def connector(self) -> str:
        """The connector's id, such as ``shopify.tea``."""
        ...

    @property
    def double(self) -> PlatformDouble:
        """The double, which listens."""
        ...

    @property
    def secrets(self) -> Mapping[str, str]:
        """The environment that its settings name."""
        ...

    def settings(self, reward: str) -> dict[str, Any]:
        """The section of the program's configuration; the reward's codes are made in the shop."""
        ...

    def registers(self, number: str, email: str, at: datetime) -> Sequence[SentWebhook]:
        """What is sent when a customer makes an account, which the double has from then on."""
        ...

    def changes(self, order: ShopOrder, at: datetime) -> Sequence[SentWebhook]:
        """What is sent when an order has changed, which the double has like that from then on."""
        ...

    def shown(self) -> Mapping[str, Sequence[str]]:
        """What the shop has of the program's, in lines under headings: codes, tags, balances."""
        ...
