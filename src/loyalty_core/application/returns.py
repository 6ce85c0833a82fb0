"""Giving back points that were spent on an order, when the order is refunded or cancelled."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import partial

from loyalty_core.application.books import Books
from loyalty_core.application.catalogue import CATALOGUE
from loyalty_core.application.grants import follow_refund
from loyalty_core.application.rules import Rules, RulesAt
from loyalty_core.domain.facts import FactKey, OrderStatus, RefundKind
from loyalty_core.domain.members import MemberId, MemberStatus
from loyalty_core.domain.orders import OrderDocument
from loyalty_core.domain.programs import GoodwillPolicy
from loyalty_core.domain.redemptions import Redemption
from loyalty_core.ports.records import FactRecord, MemberRecord
from loyalty_core.ports.store import UnitOfWork

Orders = Mapping[FactKey, FactRecord]


def order_key(redemption: Redemption) -> FactKey:
    """The key of the order that a redemption paid for."""
    return FactKey(redemption.source, "order", redemption.order_id or "")


def goodwill_of(
    record: FactRecord, rules: Rules, rules_then: Callable[[int], Rules]
) -> GoodwillPolicy:
    """What goodwill does to an order's points: as the rules say that it was first decided by.

    Before that as ``rules`` say, which are those of now.
    """
    document = record.document
    refunds = document.refunds.values() if isinstance(document, OrderDocument) else ()
    if not any(one.kind is RefundKind.GOODWILL for one in refunds):
        return GoodwillPolicy.KEEP
    then = rules_then(record.config_version) if record.config_version else rules
    return then.config.program.goodwill


def spent_on(
    uow: UnitOfWork, changed: Iterable[FactRecord], rules: Rules, rules_at: RulesAt
) -> list[Redemption]:
    """The redemptions of changed orders to which more, or less, is to be given back now.

    Their members are locked; to those who were erased nothing is given. An order that is new and
    has no refund costs no query.
    """
    changed = tuple(changed)
    orders, asked = {one.key: one for one in changed}, asked_of(changed)
    found = uow.redemptions_of(asked) if asked else []
    wanted: set[MemberId] = set()
    members: dict[MemberId, MemberRecord] = {}
    while missing := {MemberId(one.member_id) for one in found} - wanted:
        wanted |= missing
        members |= uow.lock_members(missing)
        found = uow.redemptions_of(asked)  # again: now under lock, and maybe another member's
    attach_grants(uow, found)
    gone = {one.id for one in members.values() if one.status is MemberStatus.ERASED}
    due = partial(_due, orders=orders, rules=rules, rules_then=partial(rules_at, uow))
    return [one for one in found if one.member_id not in gone and due(one) != one.returned]


def asked_of(changed: Iterable[FactRecord]) -> list[tuple[str, str]]:
    """The orders (source and id) among changed facts to which something may be given back."""
    orders = [one for one in changed if isinstance(one.document, OrderDocument)]
    return [(one.key.source, one.key.id) for one in orders if one.stored or _undone(one)]


def return_spent(
    books: Books, redemptions: Iterable[Redemption], orders: Orders, rules_at: RulesAt
) -> list[tuple[FactRecord, str]]:
    """Gives back what is due; the transactions made, each with the order it is for."""
    made = []
    for redemption in redemptions:
        record = orders.get(order_key(redemption))
        due = _due(redemption, orders, books.rules, partial(rules_at, books.uow))
        if record is not None and due != redemption.returned:
            at = changed_at(record)
            transaction = books.give_back(redemption, due, at, record.id)
            made += [(record, transaction)] if transaction else []
            follow_refund(books, redemption)
    return made


def attach_grants(uow: UnitOfWork, redemptions: Iterable[Redemption]) -> None:
    """Lets redemptions of the catalogue know what they bought; others cost no query."""
    bought = [one for one in redemptions if one.plugin == CATALOGUE]
    grants = uow.grants_bought(one.id for one in bought) if bought else {}
    for one in bought:
        one.grant = grants.get(one.id)


def changed_at(record: FactRecord) -> datetime:
    """When an order last changed: its latest refund or edit, one deleted, or the order itself."""
    if not isinstance(record.document, OrderDocument):
        return record.occurred_at
    document = record.document
    moments = [refund.changed_at for refund in document.refunds.values()]
    if document.listing is not None and document.deleted():
        moments.append(document.listing.at)
    body = document.body
    if body is not None and body.updated_at is not None:
        moments.append(body.updated_at)
    return max([record.occurred_at, *moments])


def _due(
    redemption: Redemption, orders: Orders, rules: Rules, rules_then: Callable[[int], Rules]
) -> int:
    record = orders.get(order_key(redemption))
    if record is None or not isinstance(record.document, OrderDocument):
        return redemption.returned
    return redemption.due_back(record.document, goodwill_of(record, rules, rules_then))


def _undone(record: FactRecord) -> bool:
    document = record.document
    if not isinstance(document, OrderDocument):
        return False
    cancelled = document.body is not None and document.body.status is OrderStatus.CANCELLED
    return cancelled or bool(document.refunds)
