"""The ledger's rules on one member's wallet: what each posting does to lots, debt and balance.

A ``WalletBook`` is the working copy that a unit of work loads, changes and flushes. Every entry
names the lot it moves, or none for debt, so lots, debt and balance are all sums of entries:

    balance = sum of the member's entries = sum of lots' remaining - debt
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType

from loyalty_core.domain.facts import Json
from loyalty_core.domain.programs import DebtPolicy
from loyalty_core.errors import InsufficientPoints, LedgerFault

TransactionId = NewType("TransactionId", str)
LotId = NewType("LotId", str)

MEMBER = "member"
ISSUER = "issuer"
TRANSFER = "transfer"
"""The account between members: over a program it sums to zero in each wallet."""

SETTLEMENT = "settlement:"
"""How the account begins that balances points spent at a partner; the partner's id follows."""


class TransactionKind(StrEnum):
    """Kinds of transaction.

    ``donation`` is what points that were spent gave into an account that is not spendable.
    ``repayment`` moves debt onto pending points that became active. ``transfer`` goes by pairs: one
    for each of two members, balanced against each other.
    """

    ACCRUAL = "accrual"
    REVERSAL = "reversal"
    REDEMPTION = "redemption"
    ADJUSTMENT = "adjustment"
    EXPIRY = "expiry"
    REPAYMENT = "repayment"
    TRANSFER = "transfer"
    DONATION = "donation"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a transaction: ``amount`` onto an account; a member's line names its lot.

    A member's entry without a lot is debt (negative) or its repayment (positive).
    """

    account: str
    lot_id: LotId | None
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """One atomic posting on one wallet of one member; its entries sum to zero.

    ``amount`` is what the member's balance changes by. ``occurred_at`` is when it happened,
    ``booked_at`` when the books learnt of it. ``config_version`` names the rules it was made by.
    """

    id: TransactionId
    member_id: str
    wallet: str
    kind: TransactionKind
    amount: int
    occurred_at: datetime
    booked_at: datetime
    entries: tuple[Entry, ...]
    fact_id: str | None = None
    config_version: int = 0
    actor: str = ""
    reason: str = ""
    detail: Mapping[str, Json] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raises ``LedgerFault`` unless the entries balance and agree with ``amount``."""
        total = sum(entry.amount for entry in self.entries)
        member = sum(entry.amount for entry in self.entries if entry.account == MEMBER)
        if total or member != self.amount:
            raise LedgerFault(
                f"{self.kind} on {self.wallet} does not balance: sum {total}, member {member}, "
                f"amount {self.amount}",
                where=self.id,
            )


@dataclass(slots=True)
class Lot:
    """Points credited together. ``remaining`` and ``expired`` are caches of its entries' sums.

    ``held`` of what remains is reserved for redemptions that are not settled yet. ``forgiven`` is
    how much of ``expired`` a reversal would have taken, had it still been there. ``came_from`` is
    the member it was made for, if another one has it since a merge. ``reinstated`` says that an
    operator gave it its expiry, which its fact no longer moves.
    """

    id: LotId
    member_id: str
    wallet: str
    fact_id: str | None
    created_at: datetime
    activates_at: datetime
    expires_at: datetime | None
    remaining: int
    expired: int = 0
    forgiven: int = 0
    held: int = 0
    pending: bool = False
    reinstated: bool = False
    came_from: str | None = None

    @property
    def free(self) -> int:
        """What remains and is not held: only this is spent, taken back, paid with or expired."""
        return self.remaining - self.held

    def active(self, now: datetime) -> bool:
        """Whether its points can be spent at ``now``."""
        return self.activates_at <= now and not self.past(now)

    def ever_active(self, lapses_at: datetime | None) -> bool:
        """Whether there is a time at which its points can be spent: before they end."""
        ends = [moment for moment in (self.expires_at, lapses_at) if moment is not None]
        return not ends or self.activates_at < min(ends)

    def past(self, now: datetime) -> bool:
        """Whether its points have expired at ``now``, job run or not."""
        return self.expires_at is not None and self.expires_at <= now


def spend_order(lot: Lot) -> tuple[bool, datetime | None, datetime, str]:
    """The key by which lots are spent: earliest expiry, never-expiring last, then age, then id."""
    return (lot.expires_at is None, lot.expires_at or lot.created_at, lot.created_at, lot.id)


@dataclass(slots=True)
class WalletBook:
    """One member's wallet in a unit of work: cached sums, and those lots that were loaded.

    ``lapses_at`` is when all points expire unless something happens before (inactivity).
    """

    member_id: str
    wallet: str
    balance: int = 0
    debt: int = 0
    earned: int = 0
    redeemed: int = 0
    expired: int = 0
    adjusted: int = 0
    transferred: int = 0
    held: int = 0
    lapses_at: datetime | None = None
    lots: dict[LotId, Lot] = field(default_factory=dict)
    stored: bool = False

    # -- postings: each returns the member's entries and changes the copy accordingly ---------

    def credit(self, lot: Lot, amount: int, now: datetime) -> list[Entry]:
        """Entries that add ``amount`` to ``lot`` and pay debt out of it, if it is active.

        Points that come after they expired pay nothing: there is no time at which they could be
        spent.
        """
        if amount <= 0:
            raise LedgerFault(f"a credit of {amount} is not positive", where=lot.id)
        self.lots[lot.id] = lot
        regained = min(amount, lot.forgiven)  # taken back after it expired, and now due again
        lot.forgiven -= regained
        if amount == regained:
            return []
        return [self._move(lot, amount - regained), *self.repay(now)]

    def repay(self, now: datetime) -> list[Entry]:
        """Entries that pay debt out of active points, in spending order; no change of balance."""
        entries: list[Entry] = []
        for lot in self._active(now) if self.debt else ():
            entries += self.repay_from(lot)
        return entries

    def available(self, now: datetime) -> int:
        """What can be spent at ``now`` out of the loaded lots; negative while there is debt."""
        if self.lapsed(now):
            return -self.debt
        return sum(lot.free for lot in self.lots.values() if lot.active(now)) - self.debt

    def lapsed(self, now: datetime) -> bool:
        """Whether all points have expired by inactivity at ``now``."""
        return self.lapses_at is not None and self.lapses_at <= now

    def spend(self, amount: int, now: datetime) -> list[Entry]:
        """Entries that spend ``amount``, earliest expiry first.

        Raises ``InsufficientPoints`` when less is available at ``now``; nothing changes then.
        """
        self._refuse_short(amount, now)
        entries = self.repay(now)
        return entries + self._take(self._active(now), amount)

    # -- holds: points reserved now, spent or set free later; a hold itself books nothing ------

    def hold(self, amount: int, now: datetime) -> dict[LotId, int]:
        """Reserves ``amount``, earliest expiry first; how much of which lot.

        Raises ``InsufficientPoints`` when less is available at ``now``; nothing changes then.
        """
        self._refuse_short(amount, now)
        held: dict[LotId, int] = {}
        for lot in self._active(now):
            if part := min(amount, lot.free):
                held[lot.id] = part
                self._hold(lot, part)
                amount -= part
        return held

    def free(self, held: Mapping[LotId, int]) -> None:
        """Ends a reservation: its points can be spent, taken back and expire again."""
        for lot_id, amount in held.items():
            self._hold(self.lots[lot_id], -amount)

    def spend_held(self, held: Mapping[LotId, int], amount: int) -> list[Entry]:
        """Entries that spend ``amount`` of what was reserved, in the order of the reservation.

        The rest of the reservation ends. Points reserved in time are spent though expired since.
        """
        self.free(held)
        entries = []
        for lot_id, reserved in held.items():
            if part := min(amount, reserved):
                entries.append(self._move(self.lots[lot_id], -part))
                amount -= part
        return entries

    def give_back(self, lot: Lot, amount: int, now: datetime) -> list[Entry]:
        """Entries that put spent points back into a lot, and pay debt if they can be spent."""
        return [self._move(lot, amount), *self.repay(now)]

    def regain(self, lot: Lot, amount: int, expired: int) -> list[Entry]:
        """Entries that put back what ``lot`` lacks of ``amount``, if it ended after ``expired``."""
        gone = min(amount - min(amount, lot.free), lot.expired - max(expired, lot.forgiven))
        lot.expired -= max(gone, 0)
        return [self._move(lot, gone)] if gone > 0 else []

    def take_again(self, lots: Iterable[Lot], amount: int, now: datetime) -> list[Entry]:
        """Entries that take what came back, from these lots first; what is not there is debt."""
        entries = self._take([lot for lot in lots if lot.free], amount)
        rest = amount + sum(entry.amount for entry in entries)
        return entries + self._collect(rest, DebtPolicy.NEGATIVE, now)

    def _refuse_short(self, amount: int, now: datetime) -> None:
        available = self.available(now)
        if amount > available:
            raise InsufficientPoints(
                f"{amount} needed, {max(available, 0)} available",
                where=f"wallet {self.wallet}",
                needed=amount,
                available=available,
            )

    def claw_back(self, lot: Lot, amount: int, policy: DebtPolicy, now: datetime) -> list[Entry]:
        """Entries that take ``amount`` back, first from the lot it was awarded into.

        The rest is taken from other points or becomes debt, as the wallet's policy says.
        """
        entries, rest = self.take_back(lot, amount)
        return entries + self._collect(rest, policy, now)

    def take_back(self, lot: Lot, amount: int) -> tuple[list[Entry], int]:
        """Entries that take ``amount`` from one lot, and how much it is short of.

        What of it has expired is gone already and is not taken again.
        """
        entries = self._take([lot] if lot.free else [], amount)
        rest = amount + sum(entry.amount for entry in entries)
        gone = min(rest, lot.expired - lot.forgiven)
        lot.forgiven += gone
        return entries, rest - gone

    def _collect(self, rest: int, policy: DebtPolicy, now: datetime) -> list[Entry]:
        entries = self._take(self._active(now), rest)
        rest += sum(entry.amount for entry in entries)
        if rest and policy is DebtPolicy.PENDING_FIRST:
            pending = [lot for lot in self._open() if lot.activates_at > now]
            taken = self._take(pending, rest)
            rest += sum(entry.amount for entry in taken)
            entries += taken
        owed = min(rest, max(self.held - self.debt, 0)) if policy is DebtPolicy.CLAMP else rest
        if owed:  # even under clamp, what is only held is not forgiven: it may come free again
            entries.append(self._owe(-owed))
        return entries

    def deduct(self, amount: int, policy: DebtPolicy, now: datetime) -> list[Entry]:
        """Entries by which an operator takes ``amount``; debt as the wallet's policy says."""
        return self._collect(amount, policy, now)

    def repay_from(self, lot: Lot) -> list[Entry]:
        """Entries that pay debt out of a lot."""
        paid = min(self.debt, lot.free)
        return [self._move(lot, -paid), self._owe(paid)] if paid else []

    def expire(self, lot: Lot) -> list[Entry]:
        """Entries that end what remains of ``lot``, but for what is held."""
        ended = lot.free
        lot.expired += ended
        return [self._move(lot, -ended)] if ended else []

    def close(self) -> list[Entry]:
        """Entries that end everything there is: what lots hold, and what is owed."""
        entries = [self._move(lot, -lot.remaining) for lot in self._open()]
        return [*entries, self._owe(self.debt)] if self.debt else entries

    def hand_over(
        self, lots: Iterable[Lot], debt: int, to: WalletBook
    ) -> tuple[list[Entry], list[Entry]]:
        """Entries on both sides by which lots, and debt, become those of another member.

        What is held of the lots stays held. They are in both copies until the caller has posted
        the entries.
        """
        gave, got = [], []
        for lot in sorted(lots, key=spend_order):
            amount, held = lot.remaining, lot.held
            self._hold(lot, -held)
            gave.append(self._move(lot, -amount))
            to.lots[lot.id], lot.member_id = lot, to.member_id
            got.append(to._move(lot, amount))
            to._hold(lot, held)
        if debt:
            gave.append(self._owe(debt))
            got.append(to._owe(-debt))
        return gave, got

    def reinstate(self, lot: Lot, amount: int, expires_at: datetime | None) -> list[Entry]:
        """Entries that put ``amount`` of what has expired back into ``lot``, which ends then.

        Points that it holds are not made to end earlier.
        """
        if not 0 < amount <= lot.expired - lot.forgiven:
            raise LedgerFault(f"{amount} cannot be reinstated", where=lot.id)
        ends = [lot.expires_at, expires_at] if lot.remaining else [expires_at]
        dated = [moment for moment in ends if moment is not None]
        lot.expires_at = max(dated) if len(dated) == len(ends) else None
        lot.reinstated = True
        lot.expired -= amount
        return [self._move(lot, amount)]

    # -- the only places where a lot, the debt or the balance changes --------------------------

    def _move(self, lot: Lot, amount: int) -> Entry:
        if lot.free + amount < 0:
            raise LedgerFault(f"lot would fall to {lot.free + amount}", where=lot.id)
        lot.remaining += amount
        self.balance += amount
        return Entry(MEMBER, lot.id, amount)

    def _hold(self, lot: Lot, amount: int) -> None:
        if not 0 <= lot.held + amount <= lot.remaining:
            raise LedgerFault(f"{lot.held + amount} of {lot.remaining} held", where=lot.id)
        lot.held += amount
        self.held += amount

    def _owe(self, amount: int) -> Entry:
        if self.debt - amount < 0:
            raise LedgerFault(f"debt would fall to {self.debt - amount}", where=self.wallet)
        self.debt -= amount
        self.balance += amount
        return Entry(MEMBER, None, amount)

    def _take(self, lots: Iterable[Lot], amount: int) -> list[Entry]:
        entries = []
        for lot in lots:
            if amount <= 0:
                break
            taken = min(amount, lot.free)
            entries.append(self._move(lot, -taken))
            amount -= taken
        return entries

    def _open(self) -> list[Lot]:
        return sorted((lot for lot in self.lots.values() if lot.free), key=spend_order)

    def _active(self, now: datetime) -> list[Lot]:
        return [lot for lot in self._open() if lot.active(now)]


def balanced(entries: Iterable[Entry], account: str = ISSUER) -> tuple[Entry, ...]:
    """The member's entries and one on ``account`` that balances them, if they change anything."""
    lines = tuple(entries)
    change = sum(entry.amount for entry in lines)
    return (*lines, Entry(account, None, -change)) if change else lines
