"""Grants that rules give for facts: issued once, and taken back when they are not due any more."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from loyalty_core.application.books import Books
from loyalty_core.application.grants import keep, new_grant, prepare, revoke
from loyalty_core.application.rules import Rules
from loyalty_core.domain.effects import Grant
from loyalty_core.domain.facts import OrderStatus
from loyalty_core.domain.grants import GrantRecord, GrantState, Revocation
from loyalty_core.domain.members import MemberId
from loyalty_core.domain.orders import OrderDocument, kept_share
from loyalty_core.domain.programs import GoodwillPolicy
from loyalty_core.errors import Problem
from loyalty_core.ports.records import FactRecord, Gift

WHOLE = {"": 1}


@dataclass(slots=True)
class Given:
    """A gift that the books do not follow yet, and what it is to be."""

    record: FactRecord
    gift: Gift
    due: bool
    holder: MemberId


def gifts_after(
    record: FactRecord, wanted: Iterable[tuple[str, Grant]], kept: frozenset[str]
) -> list[Gift]:
    """The gifts of a fact after it was decided; those of the plugins ``kept`` stay as they are.

    One that is not given any more stays with the fact, so that it is never given twice.
    """
    known = {gift.name: gift for gift in record.gifts}
    at = record.occurred_at
    due = [
        Gift(plugin=plugin, rule=effect.rule, reward=effect.reward, at=at)
        for plugin, effect in wanted
    ]
    for gift in due:
        if gift.name in known:
            gift.grant_id, gift.booked = known[gift.name].grant_id, known[gift.name].booked
            gift.at = known[gift.name].at
    names = {gift.name for gift in due}
    for gift in record.gifts:
        if gift.name not in names:
            gift.due = gift.due and gift.plugin in kept
            due.append(gift)
    return [gift for gift in due if gift.due or gift.grant_id]


def unfollowed(record: FactRecord, goodwill: GoodwillPolicy) -> Iterable[tuple[Gift, bool]]:
    """The gifts of a fact that the books do not follow, and whether each is due."""
    for gift in record.gifts:
        due = gift.due and not _undone(record, goodwill)
        if due != gift.booked or (due and gift.at != record.occurred_at):
            yield gift, due


def _undone(record: FactRecord, goodwill: GoodwillPolicy) -> bool:
    """Whether nothing is left of an order: cancelled, or refunded as a whole."""
    document = record.document
    if not isinstance(document, OrderDocument) or document.body is None:
        return False
    if document.body.status is OrderStatus.CANCELLED:
        return True
    return kept_share(WHOLE, document, goodwill) == {"": 0}


def follow(
    books: Books, given: list[Given], rules_then: Callable[[int], Rules]
) -> list[tuple[FactRecord, Problem]]:
    """Makes the books follow these gifts; what there is to tell of each, with its fact."""
    known = books.uow.grants(one.gift.grant_id for one in given if one.gift.grant_id)
    problems = []
    for one in given:
        gift, record = one.gift, one.record
        grant = known.get(gift.grant_id) if gift.grant_id else None
        if grant is None:
            grant = _give(books, one, rules_then(record.config_version))
            gift.grant_id = grant.id
        elif one.due:
            _restore(books, grant, record, gift)
        elif grant.state is GrantState.USED:
            problems.append((record, _kept(books, grant)))
        elif grant.revoked_at is None:
            revoke(books, grant, Revocation.DECISION, books.now)
        gift.booked, gift.at = one.due, record.occurred_at
        books.changes.facts[record.id] = record
    return problems


def _give(books: Books, one: Given, rules: Rules) -> GrantRecord:
    record, gift = one.record, one.gift
    grant = new_grant(rules, one.holder, gift.reward, record.occurred_at)
    grant.fact_id, grant.plugin, grant.rule = record.id, gift.plugin, gift.rule
    grant.came_from = record.member_id if one.holder != record.member_id else None
    prepare(books, grant, record.occurred_at)
    return grant


def _restore(books: Books, grant: GrantRecord, record: FactRecord, gift: Gift) -> None:
    """Gives a grant back that was taken back by a decision, and its dates to one that moved."""
    if grant.revoked_for == Revocation.DECISION:
        grant.restore()
        keep(books, grant, "grant_restored")
    if gift.at != record.occurred_at and grant.state is GrantState.ISSUED:
        grant.created_at = record.occurred_at
        grant.issue(record.occurred_at, books.rules.config.program.time_zone)
        books.changes.grants[grant.id] = grant


def _kept(books: Books, grant: GrantRecord) -> Problem:
    keep(books, grant, "grant_kept")
    return Problem(
        "$",
        f"the grant {grant.id} of {grant.reward!r} is not due any more, but was used already",
        "It stays used; take its worth back by hand if you want to.",
        "grant_kept",
    )
