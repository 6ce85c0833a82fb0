"""What `verify` checks of grants: that they fit what bought them, and their codes."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, and_, or_, select

from loyalty_core.application.catalogue import CATALOGUE
from loyalty_core.domain.grants import Revocation
from loyalty_core.storage import tables
from loyalty_core.storage.grant_tables import code as codes
from loyalty_core.storage.grant_tables import grant as grants

Check = tuple[str, Select[Any]]


def grant_checks(program: str) -> list[Check]:
    """Each thing that can be wrong, in words, and the query that finds it."""
    return [
        ("this redemption was captured, but the member has no grant of it", _ungranted(program)),
        ("the points of this grant were given back, but it was not revoked", _both_kept(program)),
        ("this grant was revoked, but its points were not given back", _none_kept(program)),
        ("the code of this grant is not taken by it", _codes(program)),
    ]


def _ungranted(program: str) -> Select[Any]:
    table = tables.redemption
    joined = table.outerjoin(grants, grants.c.redemption_id == table.c.id)
    return (
        select(table.c.id)
        .select_from(joined)
        .where(table.c.program == program, table.c.plugin == CATALOGUE)
        .where(table.c.state.in_(["captured", "cancelled"]), grants.c.id.is_(None))
    )


def _with_redemptions(program: str) -> Select[Any]:
    joined = grants.join(tables.redemption, tables.redemption.c.id == grants.c.redemption_id)
    return select(grants.c.id).select_from(joined).where(grants.c.program == program)


def _both_kept(program: str) -> Select[Any]:
    table = tables.redemption
    return _with_redemptions(program).where(
        table.c.returned == table.c.points, grants.c.revoked_at.is_(None)
    )


def _none_kept(program: str) -> Select[Any]:
    table = tables.redemption
    refunded = grants.c.revoked_for == Revocation.REFUND.value
    return _with_redemptions(program).where(refunded, table.c.returned < table.c.points)


def _codes(program: str) -> Select[Any]:
    same = and_(codes.c.program == grants.c.program, codes.c.code == grants.c.code)
    mine = and_(codes.c.taken, codes.c.grant_id == grants.c.id)
    return (
        select(grants.c.id)
        .select_from(grants.outerjoin(codes, same))
        .where(grants.c.program == program, grants.c.code.is_not(None))
        .where(or_(codes.c.code.is_(None), ~mine))
    )
