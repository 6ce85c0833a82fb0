"""Own tables through releases: upgraded, uninstalled, installed again, and refused when broken."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    String,
    Table,
    Text,
    create_engine,
    func,
    inspect,
    select,
    text,
)

from loyalty_core import Loyalty, Migration, PluginError, own_table
from tests.contract.conftest import Shop
from tests.platform.lending import LEFT, LOAN, STEPS, Lending, loans_then
from tests.toy import START, Toy, order

ON = {"toy": {}, "lending": {}}
BOB = "bob@example.org"


def opened(shop: Shop, release: int, **given: Any) -> Loyalty:
    return shop.open(plugins=ON, toys=(shop.toy, Lending(release)), **given)


def dune(number: str = "1", item: str = "dune", **given: Any) -> dict[str, Any]:
    return order(number, lines=[{"id": "a", "amount": "5.00", "sku": item}], **given)


def all_rows(shop: Shop, *names: str) -> list[dict[str, Any]]:
    """The rows of loans as they are in the database, without ids."""
    engine = create_engine(shop.url)
    with engine.connect() as connection:
        found = connection.execute(text("SELECT * FROM loyalty_lending_loan ORDER BY item"))
        rows = [dict(row) for row in found.mappings()]
    engine.dispose()
    return [{name: row[name] for name in names if name in row} for row in rows]


def shape(shop: Shop) -> dict[str, Any]:
    """Columns and indexes of the plugin's tables as the database says they are."""
    engine = create_engine(shop.url)
    found = inspect(engine)
    names = [one for one in found.get_table_names() if one.startswith("loyalty_lending_")]
    said = {
        name: (
            [(c["name"], str(c["type"]), c["nullable"]) for c in found.get_columns(name)],
            found.get_pk_constraint(name)["constrained_columns"],
            sorted((str(i["name"]), i["column_names"]) for i in found.get_indexes(name)),
        )
        for name in sorted(names)
    }
    engine.dispose()
    return said


def migrations(shop: Shop) -> list[tuple[str, str]]:
    engine = create_engine(shop.url)
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT owner, name FROM loyalty_migration ORDER BY 1, 2"))
        found = [(owner, name) for owner, name in rows]
    engine.dispose()
    return found


THIRD = [
    {"item": "dune", "cents": 500, "shelf": "D"},
    {"item": "emma", "cents": 500, "shelf": "E"},
]


@pytest.mark.parametrize("path", [(3,), (2, 3), (1, 3), (1, 2, 3)])
def test_every_way_to_a_release_ends_in_the_same_tables_and_data(
    shop: Shop, path: tuple[int, ...]
) -> None:
    first = opened(shop, path[0])
    first.record(dune())
    first.record(dune("2", "emma", at=START + timedelta(days=1)))
    before = all_rows(shop, "item", "cents")
    assert before == [{"item": "dune", "cents": 500}, {"item": "emma", "cents": 500}]
    for release in path[1:]:
        latest = opened(shop, release)
    latest = opened(shop, 3)
    assert all_rows(shop, "item", "cents", "shelf") == THIRD
    assert [name for owner, name in migrations(shop) if owner == "lending"] == [
        step.name for step in STEPS
    ]
    latest.record(dune("2", "faust", version=2, at=START + timedelta(days=1)))
    items = latest.rows(LOAN, lambda loan: select(loan.c.item, loan.c.shelf).order_by(loan.c.item))
    assert items == [{"item": "dune", "shelf": "D"}, {"item": "faust", "shelf": "F"}]
    made = shape(shop)
    assert [name for name, *_ in made["loyalty_lending_loan"][0]] == list(LOAN.c.keys())
    assert list(made) == ["loyalty_lending_left", "loyalty_lending_loan"]


def test_the_plugin_taken_away_and_brought_back_in_a_later_release(shop: Shop) -> None:
    first = opened(shop, 1)
    ada = first.record(dune()).member_id or ""
    bob = first.record(dune("2", "emma", email=BOB)).member_id or ""
    without = shop.open()  # uninstalled: every upgrade of the core opens the database like this
    assert [plugin.manifest.id for plugin in without.plugins] == ["toy"]
    without.record(dune("3", "faust"))
    without.record(dune("1", "ulysses", version=2))
    without.merge(ada, bob, key="m")
    without.unmerge(bob, key="u")
    assert all_rows(shop, "item") == [{"item": "dune"}, {"item": "emma"}]
    again = opened(shop, 3)
    rows = again.rows(LOAN, lambda loan: select(loan.c.item, loan.c.member_id).order_by("item"))
    assert rows == [{"item": "dune", "member_id": ada}, {"item": "emma", "member_id": bob}]
    again.record(dune("4", "faust", at=START + timedelta(days=1)))
    again.record(dune("1", "ulysses", version=3))
    assert [row["item"] for row in all_rows(shop, "item")] == ["emma", "faust", "ulysses"]
    assert again.verify().problems == ()


def test_tables_dropped_by_hand_stop_nothing_and_other_plugins_cannot_take_their_names(
    shop: Shop,
) -> None:
    first = opened(shop, 3)
    ada = first.record(dune()).member_id or ""
    engine = create_engine(shop.url)
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE loyalty_lending_loan"))
    engine.dispose()
    without = shop.open()
    assert "lending_loan" not in without.export(ada)["data"]  # type: ignore[operator]
    without.erase(ada, reason="asked", actor="eve", key="e")
    with pytest.raises(PluginError, match="left no table 'loyalty_lending_loan'"):
        opened(shop, 3)


def test_a_table_of_a_plugin_that_is_gone_is_not_given_to_another(shop: Shop) -> None:
    table = own_table("loyalty_len_ding_row")
    makes = (Migration("0001", lambda connection: table.create(connection)),)
    shop.open(plugins={"len": {}}, toys=(Lending(id="len", tables=(table,), steps=makes),))
    taker = Lending(id="len_ding", tables=(table,), steps=(Migration("0001", lambda _: None),))
    with pytest.raises(PluginError) as raised:
        shop.open(plugins={"len_ding": {}}, toys=(taker,))
    assert raised.value.message == (
        "the table 'loyalty_len_ding_row' of the plugin 'len_ding' is in the database as one of "
        "'len'"
    )
    assert raised.value.remedy == "Switch it off: two plugins cannot have the same table."


def test_an_older_release_is_refused_and_changes_nothing(shop: Shop) -> None:
    opened(shop, 3).record(dune())
    before = shape(shop)
    with pytest.raises(PluginError) as raised:
        opened(shop, 2)
    error = raised.value
    assert (error.facts["plugin"], error.where) == ("lending", "migrations of lending")
    assert error.message == (
        "the tables of the plugin 'lending' are of a newer release: "
        "the database was migrated by a newer release: 0003_shelf"
    )
    assert error.remedy == "Install that release of the plugin, or switch it off: its rows stay."
    assert (shape(shop), all_rows(shop, "item")) == (before, [{"item": "dune"}])


# -- migrations that break --------------------------------------------------------------------


def _raises(connection: Connection) -> None:
    connection.execute(text("DELETE FROM loyalty_lending_loan"))
    connection.execute(text("CREATE TABLE loyalty_lending_half (id integer)"))
    raise RuntimeError("no")


def _fails_in_sql(connection: Connection) -> None:
    connection.execute(text("ALTER TABLE loyalty_lending_loan ADD COLUMN cents integer"))


def _forgets(connection: Connection) -> None:
    connection.execute(text("ALTER TABLE loyalty_lending_loan ADD COLUMN other integer"))


def _constrains(connection: Connection) -> None:
    connection.execute(text("CREATE UNIQUE INDEX one ON loyalty_lending_loan (item)"))


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (_raises, "raised RuntimeError: no"),
        (_fails_in_sql, "raised "),
        (lambda connection: None, "left 'loyalty_lending_loan' without the columns first, shelf"),
        (_forgets, "left 'loyalty_lending_loan' without the columns first, shelf"),
        (_constrains, "left 'loyalty_lending_loan' without the columns first, shelf"),
    ],
)
def test_a_broken_migration_refuses_to_start_and_leaves_all_as_it_was(
    shop: Shop, step: Callable[[Connection], None], said: str
) -> None:
    opened(shop, 1).record(dune())
    before, had = shape(shop), migrations(shop)
    lending = Lending(3, steps=(STEPS[0], Migration("0002_broken", step)))
    other_table = own_table("loyalty_another_row")
    another = Lending(
        id="another", tables=(other_table,), steps=(Migration("1", other_table.create),)
    )
    with pytest.raises(PluginError) as raised:
        shop.open(plugins={"another": {}, **ON}, toys=(another, shop.toy, lending), currency="EUR")
    error = raised.value
    assert (error.code, error.where) == ("plugin_refused", "migrations of lending")
    assert error.facts["plugin"] == "lending"
    assert error.message.startswith(f"a migration of the plugin 'lending' {said}")
    assert error.remedy == (
        "Nothing was changed. Install a release that mends it, or delete its section."
    )
    assert (shape(shop), migrations(shop)) == (before, had)
    assert all_rows(shop, "item") == [{"item": "dune"}]
    assert opened(shop, 3).config.version == 1
    assert all_rows(shop, "item", "shelf") == [{"item": "dune", "shelf": "D"}]


def test_what_a_database_would_refuse_one_row_for_is_found_when_it_opens(shop: Shop) -> None:
    steps = (*STEPS, Migration("0004_unique", _constrains))
    with pytest.raises(PluginError, match="with a constraint: one row would stop others"):
        shop.open(plugins=ON, toys=(shop.toy, Lending(3, steps=steps)))


@pytest.mark.parametrize(
    ("made", "declared", "told"),
    [
        (String(20), String(30), "VARCHAR(20)"),
        (String(20), Text(), "VARCHAR(20)"),
        (Integer(), BigInteger(), "INTEGER"),
    ],
    ids=str,
)
def test_a_column_that_cannot_hold_what_is_declared_is_found_when_it_opens(
    shop: Shop, made: Any, declared: Any, told: str
) -> None:
    def create(connection: Connection) -> None:
        _table("loyalty_lending_row", Column("x", made)).create(connection)

    table = _table("loyalty_lending_row", Column("x", declared))
    plugin = Lending(tables=(table,), steps=(Migration("0001", create),))
    if told != "INTEGER" and shop.url.startswith("sqlite"):
        shop.open(plugins=ON, toys=(shop.toy, plugin))
        return
    with pytest.raises(PluginError) as raised:
        shop.open(plugins=ON, toys=(shop.toy, plugin))
    assert raised.value.message == (
        f"a migration of the plugin 'lending' left loyalty_lending_row.x as {told}, "
        "which is too small for it"
    )


# -- what is no table of a plugin -------------------------------------------------------------


def _table(name: str = "loyalty_lending_row", *columns: Column[Any]) -> Table:
    return own_table(name, *columns)


def _indexed(column: Column[Any], *more: Any) -> Table:
    """A table with an index of the program (63 letters), this column and what else."""
    index = Index("loyalty_lending_row_x", "program", column, *more)
    return own_table("loyalty_lending_row", column, index)


REFUSED: list[tuple[Callable[[], Table], str]] = [
    (lambda: _table("loyalty_other_row"), "must be called loyalty_lending_<rows>"),
    (lambda: _table("loyalty_lending_"), "must be called loyalty_lending_<rows>"),
    (lambda: _table("loyalty_lending_" + "x" * 40), "has a name of more than 50 letters"),
    (lambda: Table("loyalty_lending_row", loans_then().metadata), "was not made by own_table"),
    (lambda: _table("loyalty_lending_row", Column("x", Integer)), "has the type"),
    (lambda: _table("loyalty_lending_row", Column("X", String)), "must be named in small letters"),
    (
        lambda: _table("loyalty_lending_row", Column("x" * 51, String)),
        "must be named in small letters, 50 at most",
    ),
    (lambda: _indexed(Column("x", String)), "is of texts that may have more than 600 letters"),
    (lambda: _indexed(Column("x", String(538))), "is of texts that may have more than 600"),
    (lambda: _indexed(Column("x", BigInteger), text("1 / x")), "must be of columns alone"),
    (lambda: _table("loyalty_lending_row", Column("x", String, default="")), "has a default"),
    (
        lambda: _table("loyalty_lending_row", Column("x", String, server_default="")),
        "has a default",
    ),
    (lambda: _table("loyalty_lending_row", Column("x", String, unique=True)), "has a constraint"),
    (lambda: _table("loyalty_lending_row", Column("x", String, index=True)), "must not be unique"),
    (lambda: _table("loyalty_lending_row", Column("x", BigInteger, primary_key=True)), "is a key"),
]


@pytest.mark.parametrize("number", range(len(REFUSED)))
def test_a_table_the_core_could_not_keep_is_refused_before_the_database(
    sqlite_shop: Shop, number: int
) -> None:
    make, said = REFUSED[number]
    with pytest.raises(PluginError) as raised:
        sqlite_shop.open(plugins={"lending": {}}, toys=(Lending(tables=(make(),), steps=()),))
    assert said in raised.value.message
    assert "the plugin 'lending' raised ValueError in loyalty_register_tables" in str(raised.value)


def test_two_plugins_with_the_same_table_are_both_named(sqlite_shop: Shop) -> None:
    table = own_table("loyalty_len_ding_row")
    makes = (Migration("0001", lambda connection: table.create(connection)),)
    both = [Lending(id=name, tables=(table,), steps=makes) for name in ("len", "len_ding")]
    with pytest.raises(PluginError) as raised:
        sqlite_shop.open(plugins={"len": {}, "len_ding": {}}, toys=tuple(both))
    assert raised.value.message == (
        "the table 'loyalty_len_ding_row' is registered by 'len' and 'len_ding'"
    )


def test_a_plugin_cannot_have_a_table_of_the_core(sqlite_shop: Shop) -> None:
    table = own_table("loyalty_score_moved")
    plugin = Lending(id="score", tables=(table,), steps=())
    with pytest.raises(PluginError, match="has a table 'loyalty_score_moved', as the core has"):
        sqlite_shop.open(plugins={"score": {}}, toys=(plugin,))


@pytest.mark.parametrize("name", ["core", "Lending", "a-b", "", "1st"])
def test_a_plugin_has_an_id_that_can_be_a_part_of_names(sqlite_shop: Shop, name: str) -> None:
    with pytest.raises(PluginError, match="a plugin cannot have the id"):
        sqlite_shop.open(plugins={}, toys=(Toy(name),))


def test_two_migrations_of_one_name_are_refused(sqlite_shop: Shop) -> None:
    twice = Lending(steps=(STEPS[0], STEPS[0]))
    with pytest.raises(PluginError, match="each of its migrations needs a name of its own"):
        sqlite_shop.open(plugins=ON, toys=(Toy(), twice))


def test_the_sum_of_rows_is_asked_of_the_database(shop: Shop) -> None:
    loyalty = opened(shop, 3)
    for number in range(3):
        loyalty.record(dune(str(number), "dune", at=START - timedelta(days=number)))
    total = loyalty.rows(LEFT, lambda rows: select(func.count().label("n")).select_from(rows))
    assert total == [{"n": 3}]
