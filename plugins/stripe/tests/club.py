"""A program whose fees are collected at Stripe, and Ada, who comes to it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from loyalty_core import Loyalty
from loyalty_core.testing import FrozenClock
from loyalty_paid import Memberships
from plugins.stripe.tests.build import sent
from plugins.stripe.tests.double import Stripe
from plugins.stripe.tests.papers import Doc


@dataclass
class Shop:
    """A program, the account, and Ada."""

    loyalty: Loyalty
    double: Stripe
    clock: FrozenClock
    commands: int = 0

    @property
    def ada(self) -> str:
        return self.loyalty.enrol({"email": "ada@example.org"}).id

    def do(self, command: str, *words: Any, **more: Any) -> None:
        self.commands += 1
        key = f"k{self.commands}"
        getattr(Memberships(self.loyalty), command)(self.ada, *words, key=key, **more)
        self.loyalty.tick()

    def shown(self, **on: int) -> Any:
        """What Ada is shown so much later."""
        self.clock.advance(**on)
        self.loyalty.tick()
        return Memberships(self.loyalty).of(self.ada)

    def page(self) -> Doc:
        (page, *_) = self.double.till.held("checkout.session")
        return page

    def join(self, method: str = "pm_1") -> Any:
        """Ada comes to the club, and pays on the page."""
        self.do("subscribe", "club")
        self.double.till.pay(self.page(), method)
        sent(self.loyalty, self.double)
        return self.shown()

    @property
    def taken(self) -> list[int]:
        return self.double.till.taken


Opening = Callable[[], AbstractContextManager[Shop]]
