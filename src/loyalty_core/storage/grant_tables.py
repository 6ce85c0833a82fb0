"""The tables of grants and of their codes."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, String, Table, Text, text

from loyalty_core.schema.columns import Moment, document, identifier
from loyalty_core.storage.tables import metadata

grant = Table(
    "loyalty_grant",
    metadata,
    Column("id", identifier(), primary_key=True),
    Column("program", String(63), nullable=False),
    Column("member_id", identifier(), nullable=False),
    Column("reward", String(63), nullable=False),
    Column("state", String(16), nullable=False),
    Column("terms", document(), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("cost", BigInteger, nullable=False),
    Column("borne_by", Text, nullable=False),
    Column("code", Text),
    Column("created_at", Moment, nullable=False),
    Column("issued_at", Moment),
    Column("expires_at", Moment),
    Column("used_at", Moment),
    Column("revoked_at", Moment),
    Column("revoked_for", String(16), nullable=False),
    Column("redemption_id", identifier()),
    Column("fact_id", identifier()),
    Column("plugin", String(63), nullable=False),
    Column("rule", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("order_id", Text),
    Column("saved", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("came_from", identifier()),
)
_bought = text("redemption_id IS NOT NULL")
_coded = text("code IS NOT NULL")
_dated = text("state = 'issued' AND revoked_at IS NULL AND expires_at IS NOT NULL")
_used = text("state = 'used'")
Index("loyalty_grant_member", grant.c.member_id, grant.c.id)
Index(
    "loyalty_grant_redemption",
    grant.c.redemption_id,
    unique=True,
    postgresql_where=_bought,
    sqlite_where=_bought,
)
Index(
    "loyalty_grant_code",
    grant.c.program,
    grant.c.code,
    unique=True,
    postgresql_where=_coded,
    sqlite_where=_coded,
)
Index("loyalty_grant_due", grant.c.expires_at, postgresql_where=_dated, sqlite_where=_dated)
Index("loyalty_grant_used", grant.c.used_at, postgresql_where=_used, sqlite_where=_used)

code = Table(
    "loyalty_code",
    metadata,
    Column("program", String(63), primary_key=True),
    Column("code", Text, primary_key=True),
    Column("pool", String(63), nullable=False),
    Column("taken", Boolean, nullable=False),
    Column("grant_id", identifier()),
)
_free = text("NOT taken")
Index("loyalty_code_free", code.c.program, code.c.pool, postgresql_where=_free, sqlite_where=_free)
