"""The kinds of columns that SQLAlchemy does not have: moments, ids and documents."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import JSON, BigInteger, Dialect, String, Uuid
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeDecorator, TypeEngine

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def to_microseconds(moment: datetime) -> int:
    """Microseconds since 1970 in UTC, exactly."""
    return (moment - EPOCH) // MICROSECOND


def from_microseconds(microseconds: int) -> datetime:
    """The moment that ``to_microseconds`` gave, in UTC."""
    return EPOCH + timedelta(microseconds=microseconds)


def from_text(moment: str) -> datetime:
    """The moment that PostgreSQL wrote in JSON, in UTC."""
    return datetime.fromisoformat(moment).astimezone(UTC)


class Moment(TypeDecorator[datetime]):
    """An aware UTC moment: ``timestamptz`` on PostgreSQL, microseconds since 1970 on SQLite."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The column type of the database."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(postgresql.TIMESTAMP(timezone=True))
        return dialect.type_descriptor(BigInteger())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """The moment as the database stores it."""
        if value is None or dialect.name == "postgresql":
            return value
        return to_microseconds(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """The moment as stored, aware and in UTC."""
        if value is None:
            return None
        if isinstance(value, datetime):
            return value.astimezone(UTC)
        return from_microseconds(value)


def identifier() -> TypeEngine[str]:
    """A time-ordered UUID as text in Python, native on PostgreSQL."""
    return Uuid(as_uuid=False).with_variant(String(36), "sqlite")


def document() -> TypeEngine[Any]:
    """JSON, in PostgreSQL's binary form there."""
    return JSON().with_variant(postgresql.JSONB(), "postgresql")
