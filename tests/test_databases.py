"""The databases the other tests are given."""

import pytest
from sqlalchemy import create_engine, make_url, text


def test_each_test_gets_an_empty_database(database_url: str) -> None:
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("create table mark (value integer)"))
        connection.execute(text("insert into mark values (7)"))
    with engine.connect() as connection:
        assert connection.execute(text("select value from mark")).scalar_one() == 7
    engine.dispose()


@pytest.mark.parametrize("attempt", [1, 2])
def test_nothing_is_left_of_another_test(postgresql_url: str, attempt: int) -> None:
    engine = create_engine(postgresql_url)
    with engine.begin() as connection:
        found = connection.execute(text("select count(*) from pg_tables where tablename = 'mark'"))
        assert found.scalar_one() == 0
        connection.execute(text("create table mark (value integer)"))
    engine.dispose()


def test_postgresql_is_new_enough(postgresql_url: str) -> None:
    engine = create_engine(postgresql_url)
    with engine.connect() as connection:
        version = connection.execute(text("show server_version_num")).scalar_one()
    engine.dispose()
    assert make_url(postgresql_url).drivername == "postgresql+psycopg"
    assert int(version) >= 150000
