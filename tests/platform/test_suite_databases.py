"""The suite on PostgreSQL, in households, and where fees are paid."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

import loyalty_paid
from docs.generate.config import own_plugins
from loyalty_core.storage.engine import open_engine
from loyalty_core.testing.plugin import Verdict
from loyalty_core.testing.quality import plays
from loyalty_core.testing.quality.happening import NOW, known
from loyalty_core.testing.quality.playing import happening, record, stages
from loyalty_core.testing.quality.report import all_rules, checked
from loyalty_core.testing.quality.subject import subject_of
from tests.platform.bad import ADDED_TABLES, BAD, upgraded
from tests.platform.lending import Lending
from tests.platform.planted import planted
from tests.properties.engines import NIGHTLY

RULES = {one.code: one for one in all_rules()}
PLAYED = ("LQ204", "LQ205", "LQ206", "LQ207", "LQ209", "LQ210", "LQ211", "LQ307")


@pytest.fixture(autouse=True)
def _one_history(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plays, "SEEDS", 1)


@pytest.fixture
def databases(postgresql_url: str) -> Any:
    """What the databases of the server are called that the suite has made."""
    engine = open_engine(postgresql_url)
    names = text("SELECT datname FROM pg_database WHERE datname LIKE 'loyalty_quality_%'")

    def there() -> list[str]:
        with engine.connect() as connection:
            return list(connection.execute(names).scalars())

    yield there
    engine.dispose()


def test_a_good_plugin_is_good_on_postgresql_and_nothing_is_left_there(
    tmp_path: Path, postgresql_url: str, databases: Any
) -> None:
    subject = planted(tmp_path)
    subject.database_url = postgresql_url
    before = databases()
    found = {code: checked(subject, RULES[code]) for code in PLAYED}
    assert {code: one.faults for code, one in found.items() if one.faults} == {}
    assert {one.verdict for one in found.values()} == {Verdict.PASSED}
    assert databases() == before


@pytest.mark.parametrize("made", ['{"had": state["count"]}', '{"day": state["count"], "had": 3}'])
def test_states_of_older_releases_are_gone_on_with_in_any_database(
    tmp_path: Path, database_url: str, made: str
) -> None:
    subject = planted(tmp_path, *upgraded(made))
    subject.database_url = database_url
    found = checked(subject, RULES["LQ217"])
    failed = Verdict.FAILED if "day" in made else Verdict.PASSED
    assert (found.verdict, bool(found.faults)) == (failed, "day" in made), found.faults


@pytest.mark.skipif(not NIGHTLY, reason="at night: it plays for minutes")
@pytest.mark.parametrize(
    "name", ["donation", "gamification", "paid", "points", "referral", "tiers"]
)
def test_our_plugins_are_good_on_postgresql(name: str, postgresql_url: str) -> None:
    (plugin,) = (one for one in own_plugins() if one.manifest.id == name)
    subject = subject_of(plugin, database_url=postgresql_url)
    found = {code: checked(subject, RULES[code]) for code in PLAYED}
    assert {code: one.faults for code, one in found.items() if one.faults} == {}


def test_copies_are_of_the_books_with_their_members_and_apart(
    tmp_path: Path, postgresql_url: str, databases: Any
) -> None:
    subject = planted(tmp_path)
    subject.database_url = postgresql_url
    before = databases()
    with stages(subject) as each:
        stage = next(each)
        with stage.opened() as (one, _), stage.opened() as (other, _):
            ada = plays.member_of(one, "ada")
            assert plays.member_of(other, "ada") == ada
            one.adjust(ada, "points", 5, reason="a test", actor="operator", key="1")
            assert (one.balance(ada), other.balance(ada)) == (5, 0)
            assert len(databases()) == len(before) + 3
    assert databases() == before


def test_what_is_left_of_a_person_is_found_on_postgresql(
    tmp_path: Path, postgresql_url: str
) -> None:
    ((words, changes),) = BAD["LQ207"]
    subject = planted(tmp_path, *changes)
    subject.database_url = postgresql_url
    assert any(words in fault for fault in checked(subject, RULES["LQ207"]).faults)


def test_members_of_a_household_share_what_they_earn(tmp_path: Path) -> None:
    tens = "README.md", "day_limit = 1", "day_limit = 1\neach = 10"
    with stages(planted(tmp_path, tens)) as each:
        stage = next(each)
        with stage.opened(shared=True) as (loyalty, clock):
            home = plays._moved_in(loyalty, clock)
            record(loyalty, [happening(stage, 1).history(8)])
            assert clock() == NOW
            assert loyalty.household(home).wallets[0].balance > 0


@pytest.mark.parametrize("pays", [False, True])
def test_a_fee_is_paid_where_the_books_are_looked_at_and_waits_elsewhere(pays: bool) -> None:
    """Money that was moved stays moved, whatever comes late: so no two deliveries would agree."""
    asked = {
        "type": "activity",
        "source": "web",
        "id": "1",
        "kind": "paid.subscribe",
        "occurred_at": NOW.isoformat(),
        "identities": known("ada"),
        "data": {"plan": "friend"},
    }
    with stages(subject_of(loyalty_paid.plugin)) as each:
        stage = next(each)
        stage.plugin.pays = pays
        with stage.opened() as (loyalty, _):
            record(loyalty, [[asked]])
            loyalty.tick()
            shown: Any = loyalty.statement(plays.member_of(loyalty, "ada")).shown["paid"]
    assert shown["status"] == ("active" if pays else "unpaid")


def test_migrations_are_run_from_each_release_on_postgresql(
    postgresql_url: str, databases: Any
) -> None:
    """With rows in all kinds of columns that own tables have."""
    before = databases()
    found = checked(subject_of(Lending(), database_url=postgresql_url), RULES["LQ214"])
    assert (found.verdict, found.faults) == (Verdict.PASSED, ())
    assert databases() == before


def test_a_migration_that_fails_on_rows_of_one_database_is_found_there(
    tmp_path: Path, postgresql_url: str
) -> None:
    only_sqlite = "UPDATE loyalty_stamps_cup SET number = CAST(program AS INTEGER)"
    change = "plugin.py", "DELETE FROM loyalty_stamps_cup", only_sqlite
    subject = planted(tmp_path, *ADDED_TABLES, change)
    there = planted(tmp_path / "there", *ADDED_TABLES, change)
    there.database_url = postgresql_url
    assert checked(subject, RULES["LQ214"]).verdict is Verdict.PASSED
    (fault,) = checked(there, RULES["LQ214"]).faults
    assert fault.startswith("2 raises DataError")
