"""Moments in databases: aware, in UTC, exact to the microsecond, and in order."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import Column, Engine, Integer, MetaData, Table, insert, make_url, select, text

from loyalty_core.schema.columns import Moment
from loyalty_core.storage.engine import open_engine

EXACT = [
    datetime(1, 1, 2, tzinfo=UTC),
    datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    datetime(1970, 1, 1, tzinfo=UTC),
    datetime(1970, 1, 1, 0, 0, 0, 1, tzinfo=UTC),
    datetime(2026, 3, 29, 0, 59, 59, 999999, tzinfo=UTC),
    datetime(2026, 6, 1, 12, 34, 56, 123456, tzinfo=UTC),
    datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC),
    datetime(2262, 4, 11, 23, 47, 16, 854776, tzinfo=UTC),
    datetime(9999, 12, 30, 23, 59, 59, 999999, tzinfo=UTC),
]
moments = Table(
    "moments", MetaData(), Column("id", Integer, primary_key=True), Column("at", Moment)
)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    made = open_engine(database_url)
    with made.begin() as connection:
        moments.create(connection)
    yield made
    made.dispose()


def stored(engine: Engine, *values: datetime | None) -> list[datetime | None]:
    """What comes back in another transaction, in the order it was put in."""
    with engine.begin() as connection:
        rows = [{"id": number, "at": value} for number, value in enumerate(values)]
        connection.execute(insert(moments), rows)
    with engine.connect() as connection:
        return list(connection.scalars(select(moments.c.at).order_by(moments.c.id)))


def test_moments_come_back_to_the_microsecond_in_utc(engine: Engine) -> None:
    found = stored(engine, *EXACT, None)
    assert found == [*EXACT, None]
    assert {moment.tzinfo for moment in found if moment} == {UTC}


@pytest.mark.parametrize("hours", [-12, -4.5, 5.75, 14])
def test_a_moment_of_another_zone_is_the_same_moment(engine: Engine, hours: float) -> None:
    there = EXACT[5].astimezone(timezone(timedelta(hours=hours)))
    (found,) = stored(engine, there)
    assert found == there
    assert found is not None
    assert found.isoformat() == "2026-06-01T12:34:56.123456+00:00"


def test_the_sessions_own_time_zone_changes_nothing(postgresql_url: str) -> None:
    url = make_url(postgresql_url).update_query_dict({"options": "-ctimezone=Asia/Kathmandu"})
    engine = open_engine(url.render_as_string(hide_password=False))
    with engine.begin() as connection:
        assert connection.scalar(text("show timezone")) == "Asia/Kathmandu"
        moments.create(connection)
    assert stored(engine, *EXACT[1:-1]) == EXACT[1:-1]
    engine.dispose()


def test_databases_order_and_compare_them_alike(engine: Engine) -> None:
    stored(engine, *reversed(EXACT))
    middle = EXACT[3]
    with engine.connect() as connection:
        ordered = list(connection.scalars(select(moments.c.at).order_by(moments.c.at)))
        before = connection.scalars(select(moments.c.at).where(moments.c.at < middle)).all()
        equal = connection.scalars(select(moments.c.at).where(moments.c.at == middle)).all()
    assert ordered == EXACT
    assert sorted(before) == EXACT[:3]
    assert equal == [middle]


def test_sqlite_keeps_microseconds_that_people_can_read(sqlite_url: str) -> None:
    engine = open_engine(sqlite_url)
    with engine.begin() as connection:
        moments.create(connection)
    stored(engine, EXACT[5], EXACT[1])
    with engine.connect() as connection:
        raw = connection.execute(
            text("select at, datetime(at / 1000000, 'unixepoch') from moments")
        )
        assert raw.all() == [
            (1780317296123456, "2026-06-01 12:34:56"),
            (-1, "1970-01-01 00:00:00"),
        ]
    engine.dispose()
