"""Limited items counted again: what is claimed of each, and by what."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Connection, Select, cast, func, literal, select, union_all
from sqlalchemy.dialects import postgresql, sqlite

from loyalty_core.domain.redemptions import RedemptionState
from loyalty_core.storage import tables

_CLAIMS = [RedemptionState.HELD.value, RedemptionState.CAPTURED.value]


def wrong_stock(program: str, dialect: str) -> Select[Any]:
    """Limited items of which the count differs: item, stored, what redemptions and facts claim."""
    stock, redemption, fact = tables.stock, tables.redemption, tables.fact
    none = literal(0, BigInteger)
    if dialect == "postgresql":
        each = func.jsonb_each_text(fact.c.claims).table_valued("key", "value")
    else:
        each = func.json_each(fact.c.claims).table_valued("key", "value")
    counted = select(stock.c.item, stock.c.claimed.label("stored"), none.label("claims"))
    bought = select(redemption.c.item, none, literal(1, BigInteger))
    won = select(each.c.key, none, cast(each.c.value, BigInteger)).select_from(
        fact.join(each, literal(value=True))
    )
    parts = union_all(
        counted.where(stock.c.program == program),
        bought.where(
            redemption.c.program == program,
            redemption.c.item != "",
            redemption.c.state.in_(_CLAIMS),
        ),
        won.where(fact.c.program == program, fact.c.claims.is_not(None)),
    ).subquery()
    stored, claims = func.sum(parts.c.stored), func.sum(parts.c.claims)
    return (
        select(parts.c.item, stored, claims)
        .group_by(parts.c.item)
        .having(stored != claims)
        .order_by(parts.c.item)
    )


def mend_stock(connection: Connection, program: str) -> list[tuple[str, int, int]]:
    """Counts what is claimed of limited items again: those that were wrong, with both counts.

    One that has moved since it was compared is left for the next time.
    """
    stock, mended = tables.stock, []
    dialect = connection.dialect.name
    insert: Any = postgresql.insert if dialect == "postgresql" else sqlite.insert
    for item, stored, right in connection.execute(wrong_stock(program, dialect)).all():
        mend = (
            insert(stock)
            .values(program=program, item=item, claimed=right)
            .on_conflict_do_update(
                index_elements=[stock.c.program, stock.c.item],
                set_={"claimed": right},
                where=stock.c.claimed == stored,
            )
        )
        if connection.execute(mend).rowcount:
            mended.append((item, int(stored), int(right)))
    return mended
