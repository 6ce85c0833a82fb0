"""The tables of programs that accept each other's points; empty where there are no partners."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, String, Table, Text, text

from loyalty_core.schema.columns import Moment, document, identifier
from loyalty_core.storage.tables import metadata

presence = Table(
    "loyalty_presence",
    metadata,
    Column("program", String(63), primary_key=True),
    Column("subscriptions", document(), nullable=False),
)
"""Who has partners, and who subscribed to its events: other programs book to it, too."""

link = Table(
    "loyalty_link",
    metadata,
    Column("program", String(63), primary_key=True),
    Column("member_id", identifier(), primary_key=True),
    Column("partner", String(63), primary_key=True),
    Column("partner_member", identifier(), nullable=False),
    Column("linked_at", Moment, nullable=False),
)
"""Each link twice, once from either side, so that each side is one to one by its primary key."""
Index("loyalty_link_member", link.c.member_id)

partner_redemption = Table(
    "loyalty_partner_redemption",
    metadata,
    Column("redemption_id", identifier(), primary_key=True),
    Column("program", String(63), nullable=False),
    Column("issuer", String(63), nullable=False),
    Column("wallet", String(63), nullable=False),
    Column("member_id", identifier(), nullable=False),
    Column("source", Text, nullable=False),
    Column("order_id", Text),
    Column("price_minor", BigInteger, nullable=False),
    Column("price_points", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("created_at", Moment, nullable=False),
)
_ordered = text("order_id IS NOT NULL")
Index(
    "loyalty_partner_redemption_order",
    partner_redemption.c.program,
    partner_redemption.c.source,
    partner_redemption.c.order_id,
    postgresql_where=_ordered,
    sqlite_where=_ordered,
)
Index(
    "loyalty_partner_redemption_issuer",
    partner_redemption.c.issuer,
    partner_redemption.c.program,
    partner_redemption.c.created_at,
)

settlement = Table(
    "loyalty_settlement",
    metadata,
    Column("id", identifier(), primary_key=True),
    Column("debtor", String(63), nullable=False),
    Column("creditor", String(63), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("booked_at", Moment, nullable=False),
    Column("wallet", String(63), nullable=False),
    Column("points", BigInteger, nullable=False),
    Column("price_minor", BigInteger, nullable=False),
    Column("price_points", BigInteger, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("redemption_id", identifier()),
    Column("transaction_id", identifier()),
    Column("reference", Text, nullable=False),
    Column("actor", Text, nullable=False),
)
Index("loyalty_settlement_pair", settlement.c.debtor, settlement.c.creditor, settlement.c.booked_at)
Index("loyalty_settlement_creditor", settlement.c.creditor, settlement.c.booked_at)
_paid = text("kind = 'paid'")
Index(
    "loyalty_settlement_reference",
    settlement.c.debtor,
    settlement.c.creditor,
    settlement.c.reference,
    unique=True,
    postgresql_where=_paid,
    sqlite_where=_paid,
)
