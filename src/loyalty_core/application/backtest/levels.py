"""Where an award of a fact stood from when to when: after each version and refund of its order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from loyalty_core.application.backtest.case import Case
from loyalty_core.application.backtest.terms import Terms
from loyalty_core.application.returns import changed_at
from loyalty_core.domain.clock import Booked
from loyalty_core.domain.ledger import LotId, Transaction, TransactionKind
from loyalty_core.domain.orders import OrderDocument, kept_share
from loyalty_core.ports.records import Award, Change, FactRecord

AWARDING = (TransactionKind.ACCRUAL, TransactionKind.REVERSAL)
LAST = "~"
"""What is put behind the id of something that is followed by another step of the same moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """What of an award stands in the books from ``booked`` on, in smallest units.

    ``at`` is when what led to it happened. ``lot_id`` is the lot it had in the books, where it was
    booked there.
    """

    record: FactRecord
    award: Award
    net: int
    at: datetime
    booked: Booked
    version: int
    lot_id: LotId | None = None


def levels(case: Case, record: FactRecord, terms: Terms) -> Iterator[Level]:
    """Where each award of a fact stood: as it was booked, or where it is another one, anew."""
    was = case.was.get(record.key)
    known = {award.name: award for award in was.awards} if was else {}
    booked = [one for one in case.of_facts.get(record.id, ()) if one.kind in AWARDING]
    for award in record.awards:
        old = known.get(award.name)
        if old is not None and _same_points(award, old):
            yield from _as_was(record, award, old, booked)
        elif award.amount:
            yield from _anew(record, award, _learnt(booked, known.values()), terms)


def _same_points(award: Award, old: Award) -> bool:
    same = award.amount == old.amount and dict(award.lines) == dict(old.lines)
    return same and award.whole == old.whole and award.share == old.share


def _as_was(
    record: FactRecord, award: Award, old: Award, booked: Sequence[Transaction]
) -> Iterator[Level]:
    """The levels that the award had, as the books tell of them."""
    lots: dict[str, LotId] = {
        made.id: entry.lot_id
        for made in booked
        for entry in made.entries
        if entry.lot_id and entry.amount > 0
    }
    for change in (*_first(old, booked), *old.changes):
        yield Level(
            record=record,
            award=award,
            net=change.net,
            at=change.at,
            booked=change.booked,
            version=change.version,
            lot_id=lots.get(change.booked.id),
        )


def _first(award: Award, booked: Sequence[Transaction]) -> Iterator[Change]:
    """What first put points into the lot of an award that does not say so itself."""
    if award.household or award.lot_id is None:
        return
    for made in booked:
        if any(entry.lot_id == award.lot_id for entry in made.entries):
            booked_at = Booked(made.booked_at, made.id)
            yield Change(booked_at, made.occurred_at, made.amount, made.config_version)
            return


def _learnt(booked: Sequence[Transaction], known: Iterable[Award]) -> Mapping[datetime, str]:
    """The moments at which the books learnt of a fact, with what comes first of each."""
    every = [Booked(one.booked_at, one.id) for one in booked]
    every += [change.booked for award in known for change in award.changes]
    return {one.at: one.id for one in sorted(every, reverse=True)}


def _anew(
    record: FactRecord, award: Award, learnt: Mapping[datetime, str], terms: Terms
) -> Iterator[Level]:
    """The levels of another award: at the moments at which the books learnt of its fact."""
    moments = dict(learnt) or {record.received_at: record.id}
    document = record.document
    if isinstance(document, OrderDocument):
        latest = max(moments)
        refunded = [one.changed_at for one in document.refunds.values()]
        moments |= {at: record.id + LAST for at in refunded if at > latest}
    last = max(moments)
    for booked in sorted(Booked(at, id) for at, id in moments.items()):
        then = _known_at(record, None if booked.at == last else booked.at)
        yield Level(
            record=record,
            award=award,
            net=_net(then, award, terms),
            at=changed_at(then),
            booked=booked,
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
