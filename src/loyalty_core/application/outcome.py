"""What became of each fact of a batch, and the receipt that tells it."""

from __future__ import annotations

from dataclasses import dataclass

from loyalty_core.application.batch import Batch
from loyalty_core.domain.receipts import FactReceipt, RecordStatus
from loyalty_core.errors import IdentityConflict, LoyaltyError, MemberErased, Problem
from loyalty_core.ports.records import FactRecord, FactStatus

_STATUS = {
    FactStatus.BOOKED: RecordStatus.BOOKED,
    FactStatus.IDLE: RecordStatus.IDLE,
    FactStatus.WAITING: RecordStatus.WAITING,
    FactStatus.LAPSED: RecordStatus.IDLE,
    FactStatus.DEFERRED: RecordStatus.DEFERRED,
}
OTHER_MEMBER = Problem(
    "$.identities",
    "they belong to another member than the order's, which stays with the first",
    IdentityConflict.default_remedy,
    IdentityConflict.code,
)


@dataclass(slots=True)
class Outcome:
    """What became of one fact of a batch, until its receipt is written."""

    record: FactRecord | None = None
    changed: bool = False
    enrolled: bool = False
    problems: tuple[Problem, ...] = ()
    error: LoyaltyError | None = None


def rejected(error: LoyaltyError | None) -> FactReceipt:
    """The receipt of a fact that was not taken in."""
    return FactReceipt(status=RecordStatus.REJECTED, error=error)


def receipt_of(outcome: Outcome, batch: Batch) -> FactReceipt:
    """What the caller is told of one fact of a batch that is booked."""
    if isinstance(outcome.error, MemberErased):
        return FactReceipt(status=RecordStatus.ERASED)
    if outcome.error is not None or outcome.record is None:
        return rejected(outcome.error)
    record = outcome.record
    status = _STATUS[record.status] if outcome.changed else RecordStatus.DUPLICATE
    return FactReceipt(
        status=status,
        fact_id=record.id,
        member_id=batch.holder(record) if record.member_id else None,
        enrolled=outcome.enrolled,
        changes=dict(batch.booked[record.id]) if outcome.changed else {},
        shared=dict(batch.shared[record.id]) if outcome.changed else {},
        transactions=tuple(batch.transactions[record.id]) if outcome.changed else (),
        problems=(*outcome.problems, *batch.problems[record.id]),
    )
