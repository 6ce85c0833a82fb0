"""Giving an order that named nobody to the member who shows that it is theirs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import cast

from loyalty_core.application.enrol import locked_member, stored_receipt
from loyalty_core.application.forms import read_text
from loyalty_core.application.ids import input_hash
from loyalty_core.application.record import Recorder
from loyalty_core.application.structure import converter
from loyalty_core.domain.clock import Clock
from loyalty_core.domain.facts import FactKey, Json
from loyalty_core.domain.members import MemberStatus
from loyalty_core.domain.orders import OrderDocument
from loyalty_core.domain.receipts import ClaimReceipt
from loyalty_core.errors import ClaimRefused, MemberInactive, OrderNotFound
from loyalty_core.ports.records import Changes, FactRecord, FactStatus, StoredReceipt
from loyalty_core.ports.store import Store, UnitOfWork

_plain = converter(0)


class Claiming:
    """Claims of orders that named nobody."""

    def __init__(self, store: Store, recorder: Recorder, clock: Clock) -> None:
        self._store = store
        self._recorder = recorder
        self._clock = clock

    def claim(self, member_id: str, source: str, order_id: str, key: str) -> ClaimReceipt:
        """The member's order from now on, and what it earned; once, and by one member only."""
        now = self._clock()
        for name, text in (("source", source), ("order_id", order_id), ("key", key)):
            read_text(name, text)
        given = input_hash("claim", {"m": member_id, "source": source, "order": order_id})
        wanted = FactKey(source, "order", order_id)

        def work(uow: UnitOfWork) -> ClaimReceipt:
            member = locked_member(uow, member_id)
            if stored := stored_receipt(uow, key, given):
                return _plain.structure(stored.receipt, ClaimReceipt)
            if member.status is MemberStatus.CLOSED:
                raise MemberInactive(f"the member is {member.status}", member_id=member_id)
            record = _claimable(uow, wanted, now)
            self._recorder.redecide_in(uow, [record], member.id, now)
            earned: Counter[str] = Counter()
            for award in uow.known([wanted])[0][wanted].awards:
                earned[award.wallet] += award.net
            receipt = ClaimReceipt(
                fact_id=record.id,
                member_id=member.id,
                source=source,
                order_id=order_id,
                changes={wallet: points for wallet, points in earned.items() if points},
                claimed_at=now,
            )
            document = cast(Mapping[str, Json], _plain.unstructure(receipt))
            uow.save(Changes(receipts=[StoredReceipt(key, given, member.id, document, now)]))
            return receipt

        return self._store.write(work)


def _claimable(uow: UnitOfWork, wanted: FactKey, now: datetime) -> FactRecord:
    """The order, locked and no longer waiting; raises ``OrderNotFound`` or ``ClaimRefused``."""
    record = uow.known([wanted])[0].get(wanted)
    if record is None or not isinstance(record.document, OrderDocument) or not record.document.body:
        raise OrderNotFound(
            f"{wanted.source!r} has sent no order {wanted.id!r}",
            where="order_id",
            source=wanted.source,
            order_id=wanted.id,
        )
    reason = ""
    if record.member_id is not None:
        reason = "has an owner already"
    elif record.status is FactStatus.LAPSED:
        reason = "has waited too long"
    elif not uow.take_unclaimed(record.id, now):
        named = record.document.body.identities
        reason = "names its customer, who has to enrol" if named else "has waited too long"
    if reason:
        raise ClaimRefused(
            f"order {wanted.id!r} of {wanted.source!r} {reason}",
            where="order_id",
            source=wanted.source,
            order_id=wanted.id,
        )
    return record
