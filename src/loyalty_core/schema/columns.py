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
    return EPOCH + microseconds * MICROSECOND


def from_text(moment: str) -> datetime:
    """The moment that PostgreSQL wrote in JSON, in UTC."""
    return datetime.fromisoformat(moment).astimezone(UTC)


class Moment(TypeDecorator[datetime]):
    """An aware UTC moment: ``timestamptz`` on PostgreSQL, microseconds since 1970 on SQLite."""

    impl = BigInteger
    cache_ok = True

    def __init__(self) -> None:
        """The type has no parameters."""
        super().__init__()

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[object]:
        """The column type of the database."""
        is_postgresql = dialect.name == "postgresql"
        kind: Any = postgresql.TIMESTAMP(timezone=True) if is_postgresql else BigInteger()
        return dialect.type_descriptor(kind)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | int | None:
        """The moment as the database stores it."""
        if value is None or dialect.name == "postgresql":
            return value
        return to_microseconds(value)

    def process_result_value(
        self, value: datetime | int | None, dialect: Dialect
    ) -> datetime | None:
        """The moment as stored, aware and in UTC."""
        if value is None:
            return None
        if isinstance(value, datetime):
            return value.astimezone(UTC)
        return from_microseconds(value)


def identifier() -> TypeEngine[str]:
    """A time-ordered UUID as text in Python, native on PostgreSQL."""
    return Uuid(as_uuid=False).with_variant(String(36), "sqlite")


def document(*, none_as_null: bool = False) -> TypeEngine[Any]:
    """JSON, in PostgreSQL's binary form there."""
    made = postgresql.JSONB(none_as_null=none_as_null)
    return JSON(none_as_null=none_as_null).with_variant(made, "postgresql")
