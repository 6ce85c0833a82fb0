"""A household for tests: its members by name, and what they and it have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from loyalty_core import HouseholdReceipt, Loyalty, RedemptionReceipt
from tests.contract.conftest import Shop
from tests.toy import config_of, order, points


def opened(shop: Shop, *, wallet: Any = None, settings: Any = None, **household: Any) -> Loyalty:
    """A program whose one wallet is shared, as ``household`` says."""

    config = config_of(wallet=wallet, settings=settings)
    config["household"] = {"wallets": {"points": {}}, **household}
    return shop.open(config=config)


@dataclass
class Home:
    """A household of members known by their names; ``bought`` counts their orders."""

    loyalty: Loyalty
    id: str
    people: dict[str, str]
    commands: int = 0

    def key(self) -> str:
        """A key that no other command of this household had."""
        self.commands += 1
        return f"{self.id}-{self.commands}"

    def buys(self, name: str, number: str, units: int, **more: Any) -> Mapping[str, int]:
        """What an order of so many points did to the household."""
        given = order(number, f"{units}.00", email=f"{name}@example.org", **more)
        receipt = self.loyalty.record(given)
        assert receipt.error is None
        return receipt.shared

    def joins(self, name: str, **more: Any) -> HouseholdReceipt:
        """The receipt of somebody invited, and joining."""
        if name not in self.people:
            self.people[name] = self.loyalty.enrol({"email": f"{name}@example.org"}).id
        member = self.people[name]
        by = self.loyalty.household(self.id).members[0].member_id
        self.loyalty.invite_to_household(self.id, member, by=by, key=self.key(), **more)
        return self.loyalty.join_household(self.id, member, key=self.key())

    def leaves(self, name: str) -> HouseholdReceipt:
        """The receipt of somebody leaving."""
        return self.loyalty.leave_household(self.people[name], key=self.key())

    def spends(self, name: str, amount: int, **more: Any) -> RedemptionReceipt:
        """The receipt of a member spending the household's points."""
        spender = self.people[name]
        return self.loyalty.redeem(self.id, points=amount, spender=spender, key=self.key(), **more)

    def has(self) -> tuple[int, int, int, int]:
        """Balance, available, pending and debt of the household."""
        return points(self.loyalty, self.id)

    def of(self, name: str) -> tuple[int, int, int, int]:
        """Balance, available, pending and debt of a member's own."""
        return points(self.loyalty, self.people[name])

    def flows(self) -> dict[str, tuple[int, int]]:
        """What each of them gave and took."""
        names = {member: name for name, member in self.people.items()}
        return {
            names[one.member_id]: (one.contributed.get("points", 0), one.spent.get("points", 0))
            for one in self.loyalty.household(self.id).members
        }


def home(loyalty: Loyalty, *names: str, **more: Any) -> Home:
    """A household of these members, the first one its head."""
    head = loyalty.enrol({"email": f"{names[0]}@example.org"}).id
    made = loyalty.create_household(head, key=f"create {names[0]}", **more)
    found = Home(loyalty, made.household_id, {names[0]: head})
    for name in names[1:]:
        found.joins(name)
    return found
