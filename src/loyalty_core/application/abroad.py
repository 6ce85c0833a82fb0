"""Giving back partners' points that were spent here, and what is owed for points spent and back."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import partial

from loyalty_core.application.books import Books
from loyalty_core.application.ids import new_id
from loyalty_core.application.partners import rules_of
from loyalty_core.application.returns import Orders, asked_of, changed_at, goodwill_of
from loyalty_core.application.rules import RulesAt
from loyalty_core.domain.facts import FactKey
from loyalty_core.domain.members import MemberId, MemberStatus
from loyalty_core.domain.orders import OrderDocument
from loyalty_core.domain.partners import PartnerRedemption, SettlementEntry, SettlementKind
from loyalty_core.domain.programs import GoodwillPolicy
from loyalty_core.domain.redemptions import Redemption, RedemptionState
from loyalty_core.ports.records import FactRecord, MemberRecord
from loyalty_core.ports.store import UnitOfWork


def return_abroad(
    own: Books, changed: Iterable[FactRecord], orders: Orders, rules_at: RulesAt
) -> None:
    """Gives back partners' points that were spent on orders which changed, in their books."""
    uow, rules_then = own.uow, partial(rules_at, own.uow)
    asked = asked_of(changed)
    made = {one.redemption_id: one for one in uow.partner_redemptions_of(asked)} if asked else {}
    for issuer in sorted({one.issuer for one in made.values()}):
        mine = [name for name, one in made.items() if one.issuer == issuer]
        their = uow.neighbour(issuer)
        wanted: set[MemberId] = set()
        people: dict[MemberId, MemberRecord] = {}
        found = uow.redemptions_with(mine)
        while missing := {MemberId(one.member_id) for one in found} - wanted:
            wanted |= missing
            people |= their.lock_members(missing)
            found = uow.redemptions_with(mine)  # again: now under lock
        gone = {one.id for one in people.values() if one.status is MemberStatus.ERASED}
        found = [one for one in found if one.member_id not in gone]
        books = Books(their, rules_of(uow, issuer), own.now)
        lots = [lot for one in found for lot in one.lot_ids]
        holders = {MemberId(one.member_id) for one in found}
        books.load(holders, lots=lots, open_of=holders)
        for redemption in found:
            one = made[redemption.id]
            record = orders[key_of(one)]
            goodwill = goodwill_of(record, own.rules, rules_then)
            settle_return(uow, books, one, redemption, record, goodwill)
        books.flush()


def settle_return(
    uow: UnitOfWork,
    books: Books,
    made: PartnerRedemption,
    redemption: Redemption,
    record: FactRecord,
    goodwill: GoodwillPolicy,
) -> None:
    """Books the difference to what the order's refunds give back, and what is owed less for it."""
    document = record.document
    due = redemption.due_back(document, goodwill) if isinstance(document, OrderDocument) else 0
    change = due - redemption.returned
    if change and redemption.state is RedemptionState.CAPTURED:
        booked = books.give_back(redemption, due, changed_at(record), None)
        kind = SettlementKind.RETURNED
        uow.add_settlements([entry_of(made, kind, -change, booked, books.now)])


def entry_of(
    made: PartnerRedemption,
    kind: SettlementKind,
    points: int,
    transaction_id: str | None,
    now: datetime,
) -> SettlementEntry:
    """What the issuer owes more, or less, for points of a redemption."""
    price = made.price
    return SettlementEntry(
        id=new_id(),
        debtor=made.issuer,
        creditor=made.program,
        kind=kind,
        currency=price.currency,
        booked_at=now,
        wallet=made.wallet,
        points=points,
        price_minor=price.minor,
        price_points=price.points,
        redemption_id=made.redemption_id,
        transaction_id=transaction_id,
    )


def key_of(made: PartnerRedemption) -> FactKey:
    """The key of the order that it paid for, in the program where it was made."""
    return FactKey(made.source, "order", made.order_id or "")
