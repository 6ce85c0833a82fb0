"""What statements need from storage: members with all that they have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple, Protocol

from loyalty_core.domain.ledger import WalletBook
from loyalty_core.domain.members import Identity
from loyalty_core.ports.grants import GrantReader, OwnedAt
from loyalty_core.ports.records import MemberRecord, Upcoming


class Account(NamedTuple):
    """A member with their identities, and by wallet its totals and what happens in it soon.

    ``owned`` is None for who owns nothing, and has saved nothing.
    """

    record: MemberRecord
    identities: tuple[Identity, ...]
    wallets: Mapping[str, WalletBook]
    upcoming: Mapping[str, list[Upcoming]]
    owned: OwnedAt | None


class AccountReader(GrantReader, Protocol):
    """The part of a reader that answers about members and what they have."""

    def accounts(self, ids: Iterable[str], at: datetime, until: datetime) -> dict[str, Account]:
        """All that the members have at a moment, and what happens to it by another one.

        One query for any number, and another where somebody owns something still to be used.
        """
        ...

    def members(self, ids: Iterable[str]) -> dict[str, tuple[MemberRecord, tuple[Identity, ...]]]:
        """The members with their identities."""
        ...

    def wallets(self, members: Iterable[str]) -> dict[tuple[str, str], WalletBook]:
        """The members' wallets by member and wallet name, without lots."""
        ...

    def upcoming(
        self, members: Iterable[str], until: datetime
    ) -> dict[tuple[str, str], list[Upcoming]]:
        """Points to which something happens by ``until``, or has: pending, expiring, past."""
        ...

    def owned(self, members: Iterable[str], at: datetime) -> dict[str, OwnedAt]:
        """What these members owned at a moment, those with nothing left out."""
        ...
