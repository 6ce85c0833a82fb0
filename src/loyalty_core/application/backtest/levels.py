"""Where an award of a fact stood from when to when: after each version and refund of its order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from loyalty_core.application.backtest.case import Case
from loyalty_core.application.backtest.terms import Terms
from loyalty_core.application.returns import changed_at
from loyalty_core.domain.ledger import LotId, Transaction, TransactionKind
from loyalty_core.domain.members import MemberId
from loyalty_core.domain.orders import OrderDocument, kept_share
from loyalty_core.ports.records import Award, FactRecord

AWARDING = (TransactionKind.ACCRUAL, TransactionKind.REVERSAL)
LAST = "~"
"""What is put behind the id of something that is followed by another step of the same moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """What of an award stands in the books from ``booked_at`` on, in smallest units.

    ``at`` is when what led to it happened. ``holder`` and ``lot_id`` are whose it was in the
    books, and in which lot, where it was booked there. ``quiet``: it moved nothing there, for the
    wallet's policy forgave it.
    """

    record: FactRecord
    award: Award
    net: int
    at: datetime
    booked_at: datetime
    id: str
    version: int
    holder: MemberId | None = None
    lot_id: LotId | None = None
    quiet: bool = False


def levels(case: Case, record: FactRecord, terms: Terms) -> Iterator[Level]:
    """Where each award of a fact stood: as it was booked, or where it is another one, anew."""
    was = case.was.get(record.key)
    known = {award.name: award for award in was.awards} if was else {}
    booked = [one for one in case.of_facts.get(record.id, ()) if one.kind in AWARDING]
    for award in record.awards:
        old = known.get(award.name)
        if was is not None and old is not None and _same_points(award, old):
            mine = [one for one in booked if _name(one) == award.name[:3]]
            yield from _as_was(case, was, record, award, old, mine)
        elif award.amount:
            yield from _anew(record, award, booked, terms)


def _same_points(award: Award, old: Award) -> bool:
    same = award.amount == old.amount and dict(award.lines) == dict(old.lines)
    return same and award.whole == old.whole and award.share == old.share


def _name(made: Transaction) -> tuple[object, object, str]:
    return made.detail.get("plugin"), made.detail.get("rule"), made.wallet


def _as_was(
    case: Case,
    was: FactRecord,
    record: FactRecord,
    award: Award,
    old: Award,
    booked: Sequence[Transaction],
) -> Iterator[Level]:
    """The levels that the books tell of; what moved no points, such as what was forgiven, last."""
    net = 0
    for made in booked:
        net += made.amount
        yield Level(
            record=record,
            award=award,
            net=net,
            at=made.occurred_at,
            booked_at=made.booked_at,
            id=made.id,
            version=made.config_version,
            holder=MemberId(made.member_id),
            lot_id=old.lot_id,
        )
    if booked and net != old.net:
        yield _unmoved(case, was, record, award, old, booked[-1])


def _unmoved(
    case: Case,
    was: FactRecord,
    record: FactRecord,
    award: Award,
    old: Award,
    last: Transaction,
) -> Level:
    """The last level, where no points moved: they had expired by then, or were forgiven.

    When the books learnt of that is not written down: not before it moved nothing.
    """
    after, at, quiet = last, last.occurred_at, False
    if last.kind is not TransactionKind.REVERSAL:
        at, ended = changed_at(was), case.ended(old.lot_id)
        after, quiet = ended[-1] if ended else last, not ended
    return Level(
        record=record,
        award=award,
        net=old.net,
        at=at,
        booked_at=after.booked_at,
        id=after.id + LAST,
        version=last.config_version,
        holder=MemberId(last.member_id),
        quiet=quiet,
    )


def _anew(
    record: FactRecord, award: Award, booked: Sequence[Transaction], terms: Terms
) -> Iterator[Level]:
    """The levels of another award: at the moments at which the books learnt of its fact."""
    moments: dict[datetime, str] = {one.booked_at: one.id for one in reversed(booked)}
    if not moments:
        moments[record.received_at] = record.id
    document = record.document
    if isinstance(document, OrderDocument):
        learnt = max(moments)
        refunded = [one.changed_at for one in document.refunds.values()]
        moments |= {at: record.id + LAST for at in refunded if at > learnt}
    last = max(moments)
    for booked_at, id in sorted(moments.items()):
        then = _known_at(record, None if booked_at == last else booked_at)
        yield Level(
            record=record,
            award=award,
            net=_net(then, award, terms),
            at=changed_at(then),
            booked_at=booked_at,
            id=id,
            version=record.config_version,
        )


def _known_at(record: FactRecord, moment: datetime | None) -> FactRecord:
    """The fact with those refunds that had happened by a moment; with all of them for None."""
    document = record.document
    if moment is None or not isinstance(document, OrderDocument):
        return record
    refunds = {id: one for id, one in document.refunds.items() if one.changed_at <= moment}
    return replace(record, document=replace(document, refunds=refunds))


def _net(record: FactRecord, award: Award, terms: Terms) -> int:
    """What is left of an award after the refunds of its order."""
    kept = award.amount
    if isinstance(record.document, OrderDocument) and not award.whole:
        lines = award.lines or {"": award.amount}
        kept = sum(kept_share(lines, record.document, terms.goodwill(record)).values())
    return award.part(kept) if award.share else kept
