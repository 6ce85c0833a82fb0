"""What commands and questions about households answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from loyalty_core.domain.households import HouseholdRole, HouseholdState
from loyalty_core.domain.statements import WalletStatement


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseholdReceipt:
    """Where a member stands with a household after a command, and the points that came with it.

    ``points`` came to the member when they left, by wallet in smallest units, negative for a debt.
    ``share`` is the percent of what they earn that goes, or went, to the household.
    """

    household_id: str
    member_id: str
    role: HouseholdRole
    state: HouseholdState
    share: Decimal
    at: datetime
    points: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseholdMemberView:
    """One member of a household, present, past or invited.

    ``contributed`` (after refunds) and ``spent`` (after what was given back) are by wallet, in
    smallest units, over all the time they were in it.
    """

    member_id: str
    role: HouseholdRole
    state: HouseholdState
    share: Decimal
    invited_at: datetime | None = None
    joined_at: datetime | None = None
    left_at: datetime | None = None
    contributed: Mapping[str, int] = field(default_factory=dict)
    spent: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseholdInvitation:
    """A household that a member may join or decline, and the share they would begin with."""

    household_id: str
    member_id: str
    invited_by: str
    invited_at: datetime | None
    share: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseholdStatement:
    """What the members of a household are shown: its points, and who gave and took how many.

    ``members`` are in the order they came, the head first.
    """

    household_id: str
    at: datetime
    created_at: datetime
    dissolved: bool
    wallets: tuple[WalletStatement, ...]
    members: tuple[HouseholdMemberView, ...]

    def wallet(self, name: str) -> WalletStatement:
        """The shared wallet of this name; raises ``KeyError`` if there is none."""
        for wallet in self.wallets:
            if wallet.wallet == name:
                return wallet
        raise KeyError(name)
