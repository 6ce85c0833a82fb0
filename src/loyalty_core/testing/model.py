"""A tiny ledger that is obviously right: what property tests compare the real one with.

One member's wallet in plain Python, in memory, with nothing cached: time moves in steps from one
lot's moment to the next, as if the nightly jobs ran at every instant. It is an oracle for tests,
not a store.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count

from loyalty_core.domain.programs import DebtPolicy


@dataclass(slots=True)
class ModelLot:
    """Points of one award: ``left`` can still be spent some day, ``gone`` have expired.

    ``held`` of those left are reserved. ``forgiven`` of those gone have been taken back since,
    which took nothing from anybody.
    """

    created_at: datetime
    activates_at: datetime
    expires_at: datetime | None
    left: int = 0
    held: int = 0
    gone: int = 0
    forgiven: int = 0
    number: int = 0
    active: bool = False

    @property
    def free(self) -> int:
        """What is left and not reserved."""
        return self.left - self.held

    def spend_order(self) -> tuple[bool, datetime, datetime, int]:
        """Earliest expiry first, never last, then age, then the order of their making."""
        never = self.expires_at is None
        return never, self.expires_at or self.created_at, self.created_at, self.number


@dataclass(slots=True)
class ModelHold:
    """Points set aside: so many of each lot, until a moment; ``returned`` once spent.

    ``gone`` is how many of each lot had expired when points first came back into it.
    """

    lots: list[tuple[ModelLot, int]]
    until: datetime | None
    returned: int = 0
    gone: dict[int, int] = field(default_factory=dict)


@dataclass(slots=True)
class ModelLedger:
    """One wallet of one member. Those that give to each other share their ``numbers``.

    >>> from datetime import UTC
    >>> model = ModelLedger()
    >>> noon = datetime(2026, 6, 1, 12, tzinfo=UTC)
    >>> model.award("order 1", 60, noon, created_at=noon)
    >>> model.spend(50, noon), model.spend(50, noon)
    (True, False)
    >>> model.award("order 1", 0, noon, created_at=noon)
    >>> model.available, model.debt
    (-50, 50)
    """

    policy: DebtPolicy = DebtPolicy.NEGATIVE
    inactivity_days: int | None = None
    lots: dict[Hashable, ModelLot] = field(default_factory=dict)
    worth: dict[Hashable, int] = field(default_factory=dict)
    holds: dict[Hashable, ModelHold] = field(default_factory=dict)
    spent: dict[Hashable, ModelHold] = field(default_factory=dict)
    debt: int = 0
    earned: int = 0
    redeemed: int = 0
    expired: int = 0
    adjusted: int = 0
    transferred: int = 0
    lapses_at: datetime | None = None
    numbers: Iterator[int] = field(default_factory=count)

    # -- what it holds ------------------------------------------------------------------------

    @property
    def available(self) -> int:
        """What can be spent now; negative while there is debt."""
        return sum(lot.free for lot in self.lots.values() if lot.active) - self.debt

    @property
    def pending(self) -> int:
        """What will become available."""
        return sum(lot.left for lot in self.lots.values() if not lot.active)

    @property
    def balance(self) -> int:
        """All that there is, debt deducted."""
        return self.available + self.pending + self.held

    @property
    def held(self) -> int:
        """What is set aside."""
        return sum(lot.held for lot in self.lots.values())

    # -- what happens to it -------------------------------------------------------------------

    def award(
        self,
        name: Hashable,
        worth: int,
        now: datetime,
        *,
        created_at: datetime,
        activates_at: datetime | None = None,
        expires_at: datetime | None = None,
    ) -> None:
        """The award of this name is worth so much from now on: the difference is booked."""
        self.advance(now)
        change = worth - self.worth.get(name, 0)
        self.worth[name] = worth
        if not change:
            return
        lot = self._lot(name, created_at, activates_at or created_at, expires_at)
        if change > 0:
            regained = min(change, lot.forgiven)
            lot.forgiven -= regained
            self.earned += self._put(lot, change - regained, now)
            if change > regained:
                self._stir(now)
        else:
            taken = self._take([lot], -change)
            gone = min(-change - taken, lot.gone - lot.forgiven)
            lot.forgiven += gone
            self.earned -= taken + self._collect(-change - taken - gone)
        self.advance(now)

    def spend(self, amount: int, now: datetime) -> bool:
        """Whether so much could be spent, and was."""
        self.advance(now)
        if amount > self.available:
            return False
        self.redeemed += self._take(self._sorted(active=True), amount)
        self._stir(now)
        return True

    def hold(self, name: Hashable, amount: int, now: datetime, until: datetime | None) -> bool:
        """Whether so much could be set aside, and was."""
        self.advance(now)
        if amount > self.available:
            return False
        reserved = []
        for lot in self._sorted(active=True):
            part = min(lot.free, amount)
            amount -= part
            lot.held += part
            reserved += [(lot, part)] if part else []
        self.holds[name] = ModelHold(reserved, until)
        self._stir(now)
        return True

    def capture(self, name: Hashable, amount: int, now: datetime) -> bool:
        """Whether the hold still stood; then so much of it was spent, and the rest set free."""
        self.advance(now)
        if name not in self.holds:
            return False
        hold = self.holds.pop(name)
        taken = []
        for lot, reserved in hold.lots:
            part = min(reserved, amount)
            amount -= part
            lot.held -= reserved
            lot.left -= part
            self.redeemed += part
            taken += [(lot, part)] if part else []
        self.spent[name] = ModelHold(taken, None)
        self._stir(now)
        self._pay_all(now)
        self.advance(now)
        return True

    def release(self, name: Hashable, now: datetime) -> bool:
        """Whether the hold still stood, and is set free now."""
        self.advance(now)
        if name not in self.holds:
            return False
        self._free(name)
        self._pay_all(now)
        self.advance(now)
        return True

    def give_back(self, name: Hashable, total: int, now: datetime) -> None:
        """Of what was spent under this name so much is given back in all: what was spent last."""
        self.advance(now)
        spent = self.spent[name]
        before, after = spent.returned, total
        spent.returned = total
        changes = []
        for lot, part in reversed(spent.lots):
            had, has = min(part, before), min(part, after)
            before, after = before - had, after - has
            changes.append((lot, had, has))
        for lot, had, has in reversed(changes):  # what expires first pays debt first
            if has > had:
                spent.gone.setdefault(lot.number, lot.gone)
                self.redeemed -= self._put(lot, has - had, now)
                self._start(now)
            elif has < had:
                self.redeemed += had - has
                rest = had - has - self._take([lot], had - has)
                ended = max(lot.gone - max(lot.forgiven, spent.gone[lot.number]), 0)
                lot.gone -= min(rest, ended)  # what came back and expired is spent instead
                self.expired -= min(rest, ended)
                self._collect(rest - min(rest, ended), DebtPolicy.NEGATIVE)
        self.advance(now)

    def adjust(
        self,
        amount: int,
        now: datetime,
        expires_at: datetime | None = None,
        *,
        name: Hashable | None = None,
        created_at: datetime | None = None,
        activates_at: datetime | None = None,
    ) -> int:
        """What an operator's correction came to; points go into a lot, ``name`` if it is given."""
        self.advance(now)
        if amount > 0:
            created = created_at or now
            lot = self._lot(name or object(), created, activates_at or created, expires_at)
            change = self._put(lot, amount, now)
            self._start(now)
        else:
            change = -self._collect(-amount)
        self.adjusted += change
        self.advance(now)
        return change

    def reinstate(
        self, name: Hashable, amount: int, now: datetime, expires_at: datetime | None
    ) -> bool:
        """Whether so much of what expired in a lot could be given back, and was."""
        self.advance(now)
        lot = self.lots[name]
        if not 0 < amount <= lot.gone - lot.forgiven:
            return False
        if lot.left and (lot.expires_at is None or expires_at is None):
            lot.expires_at = None
        elif lot.left and lot.expires_at and expires_at:
            lot.expires_at = max(lot.expires_at, expires_at)
        else:
            lot.expires_at = expires_at
        lot.gone -= amount
        self.expired -= self._put(lot, amount, now)
        self._start(now)
        return True

    def give(self, other: ModelLedger, amount: int, now: datetime) -> bool:
        """Whether so much could be given to another member, and was, with the dates it has."""
        self.advance(now)
        other.advance(now)
        if amount > self.available:
            return False
        left = {name: lot.left for name, lot in self.lots.items()}
        self._take(self._sorted(active=True), amount)
        parts = [(lot, left[name] - lot.left) for name, lot in self.lots.items()]
        for lot, part in sorted(parts, key=lambda pair: pair[0].spend_order()):
            if part:
                moments = lot.created_at, lot.activates_at, lot.expires_at
                other._put(other._lot(object(), *moments), part, now)
        self.transferred -= amount
        other.transferred += amount
        other.lapses_at = other.lapses_at or self.lapses_at
        other._start(now)
        return True

    def absorb(self, other: ModelLedger, now: datetime) -> None:
        """The other member becomes part of this one: points, holds, debt, and what was awarded."""
        self.advance(now)
        other.advance(now)
        self.transferred += other.balance
        self.lots |= other.lots
        self.worth |= other.worth
        self.holds |= other.holds
        self.spent |= other.spent
        self.debt += other.debt
        moments = [moment for moment in (self.lapses_at, other.lapses_at) if moment]
        self.lapses_at = max(moments, default=None)
        self._pay_all(now)

    def advance(self, now: datetime) -> None:
        """Lets time pass, one moment after the other."""
        while moments := self._moments(now):
            self._reach(min(moments))

    # -- how ----------------------------------------------------------------------------------

    def _moments(self, now: datetime) -> list[datetime]:
        left = [lot for lot in self.lots.values() if lot.free]
        moments = [lot.activates_at for lot in left if not lot.active]
        moments += [lot.expires_at for lot in left if lot.expires_at]
        moments += [hold.until for hold in self.holds.values() if hold.until]
        moments += [self.lapses_at] if self.lapses_at else []
        return [moment for moment in moments if moment <= now]

    def _reach(self, moment: datetime) -> None:
        lapsed = self.lapses_at is not None and self.lapses_at <= moment
        for name in [name for name, hold in self.holds.items() if hold.until]:
            until = self.holds[name].until
            if until is not None and until <= moment:
                self._free(name)
        ended = [
            lot
            for lot in self.lots.values()
            if lapsed or (lot.expires_at is not None and lot.expires_at <= moment)
        ]
        for lot in self.lots.values():
            if not lot.active and lot.left and lot.activates_at <= moment and lot not in ended:
                lot.active = True
                self._pay(lot)
        if not lapsed:
            self._pay_all(moment)
        for lot in ended:
            self.expired += lot.free
            lot.gone, lot.left = lot.gone + lot.free, lot.held
        if lapsed:
            self.lapses_at = None

    def _free(self, name: Hashable) -> None:
        for lot, reserved in self.holds.pop(name).lots:
            lot.held -= reserved

    def _pay_all(self, now: datetime) -> None:
        for lot in self._sorted(active=True):
            if lot.expires_at is None or lot.expires_at > now:
                self._pay(lot)

    def _lot(
        self,
        name: Hashable,
        created_at: datetime,
        activates_at: datetime,
        expires_at: datetime | None,
    ) -> ModelLot:
        made = ModelLot(created_at, activates_at, expires_at, number=next(self.numbers))
        return self.lots.setdefault(name, made)

    def _put(self, lot: ModelLot, amount: int, now: datetime) -> int:
        """What was put into the lot; debt is paid at once if it is spendable."""
        lot.left += amount
        lot.active = lot.activates_at <= now
        if lot.active and (lot.expires_at is None or lot.expires_at > now):
            self._pay(lot)
        return amount

    def _pay(self, lot: ModelLot) -> None:
        paid = min(self.debt, lot.free)
        lot.left -= paid
        self.debt -= paid

    def _collect(self, amount: int, policy: DebtPolicy | None = None) -> int:
        """What was taken, or is owed now; what is only held is owed under every policy."""
        policy = policy or self.policy
        taken = self._take(self._sorted(active=True), amount)
        if policy is DebtPolicy.PENDING_FIRST:
            taken += self._take(self._sorted(active=False), amount - taken)
        rest = amount - taken
        owed = min(rest, max(self.held - self.debt, 0)) if policy is DebtPolicy.CLAMP else rest
        self.debt += owed
        return taken + owed

    def _take(self, lots: list[ModelLot], amount: int) -> int:
        wanted = amount
        for lot in lots:
            part = min(lot.free, wanted)
            lot.left -= part
            wanted -= part
        return amount - wanted

    def _sorted(self, *, active: bool) -> list[ModelLot]:
        chosen = [lot for lot in self.lots.values() if lot.active is active]
        return sorted(chosen, key=ModelLot.spend_order)

    def _start(self, now: datetime) -> None:
        if self.lapses_at is None:
            self._stir(now)

    def _stir(self, now: datetime) -> None:
        if self.inactivity_days is not None:
            self.lapses_at = now + timedelta(days=self.inactivity_days)
