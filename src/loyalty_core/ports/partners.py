"""What programs that accept each other's points need of a store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from loyalty_core.domain.facts import Json
from loyalty_core.domain.members import MemberId
from loyalty_core.domain.partners import (
    AccountLink,
    PartnerRedemption,
    SettlementEntry,
    SettlementKind,
)
from loyalty_core.domain.redemptions import Redemption


class Presence(NamedTuple):
    """A program as it was opened last: its configuration, and its subscriptions by event type."""

    version: int
    document: Mapping[str, Json]
    subscriptions: Mapping[str, Sequence[str]]


class SettlementSum(NamedTuple):
    """Settlement entries of one kind, wallet and price, summed."""

    debtor: str
    creditor: str
    currency: str
    kind: SettlementKind
    wallet: str
    price_minor: int
    price_points: int
    points: int
    amount_minor: int


class PartnerReader(Protocol):
    """Questions about partners."""

    def presence(self, program: str) -> Presence | None:
        """A program with partners as it was opened last; None for one that never was."""
        ...

    def links_of(self, member: str, partner: str | None = None) -> list[AccountLink]:
        """The links of a member and of those merged into it: its own first, then the oldest.

        ``partner_member`` is who answers for the partner's member now.
        """
        ...

    def partner_redemption(self, redemption_id: str) -> PartnerRedemption | None:
        """A redemption of a partner's points that was made in this program."""
        ...

    def redemptions_with(self, ids: Iterable[str]) -> list[Redemption]:
        """The redemptions with these ids, of whatever program, oldest first."""
        ...

    def settlement_sums(self, partner: str | None, until: datetime) -> list[SettlementSum]:
        """What was booked before a moment between this program and a partner, or all partners."""
        ...


class PartnerWork(PartnerReader, Protocol):
    """What commands on partners need, beside the unit of work's own."""

    def announce(self, subscriptions: Mapping[str, Sequence[str]]) -> None:
        """Lets partners know that this program is there, and who subscribed to its events."""
        ...

    def hosted(self) -> bool:
        """Whether a partner's points were ever spent in this program."""
        ...

    def lock_pair(self, partner: str) -> None:
        """Lets nobody else settle, or count what is spent, between two programs meanwhile."""
        ...

    def add_link(self, link: AccountLink) -> None:
        """Links a member to one of a partner, as seen from this program."""
        ...

    def remove_links(self, members: Iterable[MemberId], partner: str | None = None) -> None:
        """Forgets these members' links to a partner, or to all, as seen from both sides."""
        ...

    def partner_redemptions_of(self, orders: Iterable[tuple[str, str]]) -> list[PartnerRedemption]:
        """The redemptions of partners' points that paid for these orders, oldest first."""
        ...

    def save_partner_redemption(self, one: PartnerRedemption) -> None:
        """Writes one, new or changed."""
        ...

    def spent_at(self, partner: str, wallet: str, since: datetime, now: datetime) -> int:
        """How many points are spent, or held, at a partner since a moment, less those returned."""
        ...

    def add_settlements(self, entries: Iterable[SettlementEntry]) -> None:
        """Writes entries between programs."""
        ...

    def payment(self, partner: str, reference: str) -> SettlementEntry | None:
        """The payment between this program and a partner with this reference, by either."""
        ...
