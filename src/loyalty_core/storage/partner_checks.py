"""What is owed between programs, compared with the redemptions and entries that it comes from."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from loyalty_core.domain.ledger import SETTLEMENT
from loyalty_core.domain.partners import SettlementKind
from loyalty_core.storage import partner_tables, tables

_made = partner_tables.partner_redemption
_settled = partner_tables.settlement
_entry = tables.entry
_redemption = tables.redemption
_points = func.coalesce(func.sum(_settled.c.points), 0)


def partner_checks(program: str) -> list[tuple[str, Select[Any]]]:
    """Each invariant between programs as what to say, and a query that finds what breaks it."""
    return [
        ("redemption at a partner spent {1} points, the settlement says {2}", _spent(program)),
        ("transaction with a partner moves {1} points, the settlement says {2}", _moved(program)),
        ("settlement of {1} points has no transaction that moved them", _unmoved(program)),
        ("settlement is at another price than its redemption was made at", _repriced(program)),
    ]


def _concerns(program: str, one: Any, other: Any) -> ColumnElement[bool]:
    return or_(one == program, other == program)


def _spent(program: str) -> Select[Any]:
    """Redemptions of which another number is settled than is spent and not given back."""
    spent = _redemption.c.points - _redemption.c.returned
    captured = func.coalesce(func.sum(_settled.c.points), 0) != spent
    never = and_(_redemption.c.state != "captured", func.count(_settled.c.id) > 0)
    return (
        select(_redemption.c.id, spent, _points)
        .select_from(
            _made.join(_redemption, _redemption.c.id == _made.c.redemption_id).outerjoin(
                _settled, _settled.c.redemption_id == _made.c.redemption_id
            )
        )
        .where(_concerns(program, _made.c.issuer, _made.c.program))
        .group_by(
            _redemption.c.id, _redemption.c.points, _redemption.c.returned, _redemption.c.state
        )
        .having(or_(and_(_redemption.c.state == "captured", captured), never))
    )


def _entries(program: str) -> Any:
    """What each transaction of the program's members moved against each partner."""
    ours = select(tables.member.c.id).where(tables.member.c.program == program)
    total = func.sum(_entry.c.amount).label("moved")
    return (
        select(_entry.c.transaction_id, _entry.c.account, total)
        .where(_entry.c.account.startswith(SETTLEMENT), _entry.c.member_id.in_(ours))
        .group_by(_entry.c.transaction_id, _entry.c.account)
        .subquery()
    )


def _moved(program: str) -> Select[Any]:
    """Transactions whose points are not those of their settlement.

    A refund taken back after the points it gave had expired moves fewer than it settles.
    """
    entries = _entries(program)
    same = and_(
        _settled.c.transaction_id == entries.c.transaction_id,
        SETTLEMENT + _settled.c.creditor == entries.c.account,
        _settled.c.debtor == program,
    )
    retaken = and_(
        func.min(_settled.c.kind) == SettlementKind.RETURNED.value,
        entries.c.moved >= 0,
        entries.c.moved <= _points,
    )
    return (
        select(entries.c.transaction_id, entries.c.moved, _points)
        .select_from(entries.outerjoin(_settled, same))
        .group_by(entries.c.transaction_id, entries.c.moved)
        .having(and_(_points != entries.c.moved, ~func.coalesce(retaken, False)))
    )


def _unmoved(program: str) -> Select[Any]:
    """Points settled without a transaction, but those retaken of which nothing was left."""
    moved = select(_entry.c.transaction_id).where(
        _entry.c.transaction_id == _settled.c.transaction_id,
        _entry.c.account == SETTLEMENT + _settled.c.creditor,
    )
    points = _settled.c.kind != SettlementKind.PAID.value
    retaken = and_(_settled.c.kind == SettlementKind.RETURNED.value, _settled.c.points > 0)
    return (
        select(_settled.c.id, _settled.c.points)
        .where(_concerns(program, _settled.c.debtor, _settled.c.creditor), points, ~retaken)
        .where(~moved.exists())
    )


def _repriced(program: str) -> Select[Any]:
    same = [
        getattr(_settled.c, name) == getattr(_made.c, name)
        for name in ("price_minor", "price_points", "currency", "wallet")
    ]
    pair = and_(_settled.c.debtor == _made.c.issuer, _settled.c.creditor == _made.c.program)
    return (
        select(_settled.c.id)
        .join(_made, _made.c.redemption_id == _settled.c.redemption_id)
        .where(_concerns(program, _settled.c.debtor, _settled.c.creditor), ~and_(pair, *same))
    )
