"""Who owes whom, to the cent, and what was paid."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from fractions import Fraction
from typing import cast

from loyalty_core.application.enrol import stored_receipt
from loyalty_core.application.forms import asked_moment, read_text
from loyalty_core.application.ids import input_hash, new_id
from loyalty_core.application.rules import Rules
from loyalty_core.application.structure import converter
from loyalty_core.domain.amounts import Money
from loyalty_core.domain.clock import Clock
from loyalty_core.domain.facts import Json
from loyalty_core.domain.partners import (
    MovedPoints,
    Owing,
    Settlement,
    SettlementEntry,
    SettlementKind,
    SettlementReceipt,
)
from loyalty_core.errors import FactError, IdempotencyConflict, SettlementRefused
from loyalty_core.ports.partners import SettlementSum
from loyalty_core.ports.records import Changes, StoredReceipt
from loyalty_core.ports.store import Reader, Store, UnitOfWork

Sums = list[SettlementSum]


class Settling:
    """What this program and its partners owe each other."""

    def __init__(self, store: Store, rules: Rules, clock: Clock) -> None:
        self._store = store
        self._rules = rules
        self._clock = clock

    def settlements(
        self, partner: str | None, from_: datetime | None, until: datetime | None
    ) -> tuple[Settlement, ...]:
        """By partner and currency, what was booked from a moment on and before another one."""
        end = _after(self._clock()) if until is None else asked_moment("until", until)
        if from_ is not None:
            from_ = asked_moment("from_", from_)
        if from_ is not None and from_ > end:
            raise FactError("the period ends before it starts", where="until")

        def look(reader: Reader) -> tuple[Settlement, ...]:
            before = reader.settlement_sums(partner, from_) if from_ is not None else []
            return self._compared(before, reader.settlement_sums(partner, end), from_, end)

        return self._store.read(look)

    def _compared(
        self, before: Sums, after: Sums, from_: datetime | None, end: datetime
    ) -> tuple[Settlement, ...]:
        us = self._rules.config.program.id
        pairs = {(one.creditor if one.debtor == us else one.debtor, one.currency) for one in after}
        made = []
        for partner, currency in sorted(pairs):
            ours, theirs = (us, partner, currency), (partner, us, currency)
            opening = _open(before, theirs) - _open(before, ours)
            closing = _open(after, theirs) - _open(after, ours)
            made.append(
                Settlement(
                    partner=partner,
                    currency=currency,
                    starts_at=from_,
                    ends_at=end,
                    ours=_owing(before, after, ours),
                    theirs=_owing(before, after, theirs),
                    opening=Money(opening, currency),
                    closing=Money(closing, currency),
                )
            )
        return tuple(made)

    # -- payments -----------------------------------------------------------------------------

    def settle(
        self, partner: str, amount: Money | None, reference: str, actor: str, key: str
    ) -> SettlementReceipt:
        """What is open, or part of it, paid by the one who owes it."""
        for name, text in (("reference", reference), ("actor", actor), ("key", key)):
            read_text(name, text)
        if amount is not None and amount.amount_minor <= 0:
            raise FactError(f"{amount} cannot be paid", where="amount")
        values = {"p": partner, "a": str(amount), "r": reference, "by": actor}
        given = input_hash("settle", values)

        def work(uow: UnitOfWork) -> SettlementReceipt:
            uow.lock_pair(partner)
            if stored := stored_receipt(uow, key, given):
                return converter(0).structure(stored.receipt, SettlementReceipt)
            now = self._clock()
            receipt = self._pay(uow, partner, amount, reference, actor, now)
            document = cast(Mapping[str, Json], converter(0).unstructure(receipt))
            nobody = receipt.payment_id  # of no member, so no erasure ever finds it
            uow.save(Changes(receipts=[StoredReceipt(key, given, nobody, document, now)]))
            return receipt

        return self._store.write(work)

    def _pay(
        self,
        uow: UnitOfWork,
        partner: str,
        amount: Money | None,
        reference: str,
        actor: str,
        now: datetime,
    ) -> SettlementReceipt:
        us = self._rules.config.program.id
        open_ = self._compared([], uow.settlement_sums(partner, _after(now)), None, now)
        known = uow.payment(partner, reference)
        if known is not None:  # the other side has noted it already
            paid = Money(known.amount_minor, known.currency)
            if amount not in (None, paid):
                raise IdempotencyConflict(
                    f"the payment {reference!r} was noted as {paid}", where="reference"
                )
            (one,) = (each for each in open_ if each.currency == known.currency)
            return _receipt(known, one.closing.amount_minor, us)
        due = {each.currency: each.closing.amount_minor for each in open_}
        if amount is None:
            amount = _only(due, partner)
        net = due.get(amount.currency, 0)
        if amount.amount_minor > abs(net):
            there = Money(abs(net), amount.currency)
            raise SettlementRefused(
                f"{there} is open with {partner!r}, not {amount}", where="amount", open=there
            )
        entry = SettlementEntry(
            id=new_id(),
            debtor=partner if net > 0 else us,
            creditor=us if net > 0 else partner,
            kind=SettlementKind.PAID,
            currency=amount.currency,
            booked_at=now,
            amount_minor=amount.amount_minor,
            reference=reference,
            actor=actor,
        )
        uow.add_settlements([entry])
        left = net - amount.amount_minor if net > 0 else net + amount.amount_minor
        return _receipt(entry, left, us)


def _receipt(entry: SettlementEntry, closing: int, us: str) -> SettlementReceipt:
    """``closing`` is what the partner owes us."""
    left = closing if entry.creditor == us else -closing
    return SettlementReceipt(
        payment_id=entry.id,
        debtor=entry.debtor,
        creditor=entry.creditor,
        amount=Money(entry.amount_minor, entry.currency),
        open=Money(left, entry.currency),
        reference=entry.reference,
        actor=entry.actor,
        paid_at=entry.booked_at,
    )


def _only(due: Mapping[str, int], partner: str) -> Money:
    """All that is open, if that is in one currency."""
    there = [Money(abs(net), currency) for currency, net in sorted(due.items()) if net]
    if len(there) != 1:
        shown = ", ".join(map(str, there)) or "nothing"
        remedy = "Say how much of which currency." if there else ""
        raise SettlementRefused(f"{shown} is open with {partner!r}", where="amount", remedy=remedy)
    return there[0]


def _owing(before: Sums, after: Sums, way: tuple[str, str, str]) -> Owing:
    currency = way[2]
    moved: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for sums, sign in ((before, -1), (after, 1)):
        for one in _of(sums, way):
            if one.kind is SettlementKind.REDEEMED:
                moved[one.wallet][0] += sign * one.points
            elif one.kind is SettlementKind.RETURNED:
                moved[one.wallet][1] -= sign * one.points
    return Owing(
        points={wallet: MovedPoints(*pair) for wallet, pair in sorted(moved.items())},
        owed=Money(_owed(after, way) - _owed(before, way), currency),
        paid=Money(_paid(after, way) - _paid(before, way), currency),
    )


def _of(sums: Sums, way: tuple[str, str, str]) -> Iterable[SettlementSum]:
    return (one for one in sums if (one.debtor, one.creditor, one.currency) == way)


def _owed(sums: Sums, way: tuple[str, str, str]) -> int:
    """Minor units: exact until here, and rounded down once."""
    each = (Fraction(one.points * one.price_minor, one.price_points) for one in _of(sums, way))
    return int(sum(each, Fraction()) // 1)


def _paid(sums: Sums, way: tuple[str, str, str]) -> int:
    return sum(one.amount_minor for one in _of(sums, way))


def _open(sums: Sums, way: tuple[str, str, str]) -> int:
    return _owed(sums, way) - _paid(sums, way)


def _after(moment: datetime) -> datetime:
    """The first moment of which ``moment`` is before."""
    return moment + datetime.resolution
