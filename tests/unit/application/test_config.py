"""A program's configuration: every fault at once, each with its path and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from loyalty_core import ConfigError, Loyalty, Problem
from loyalty_core.application.config import effective, fingerprint, load_config
from tests.toy import Toy, config_of

PROGRAM = {"id": "shop"}


def faults(config: Mapping[str, Any] | Path) -> list[tuple[str, str, str]]:
    with pytest.raises(ConfigError) as raised:
        load_config(config)
    return shown(raised.value)


def shown(error: ConfigError) -> list[tuple[str, str, str]]:
    assert error.code == "config_invalid"
    return [(problem.where, problem.message, problem.remedy) for problem in error.problems]


def of_wallet(**wallet: Any) -> dict[str, Any]:
    return {"program": PROGRAM, "wallets": {"points": wallet}}


IDS = "Use lower case letters, digits, - and _."
ISO = "Use an ISO 4217 code such as EUR."
IANA = "Use an IANA name such as Europe/Berlin."
DAY = 'Write month and day, such as "12-31"; 29 February is not in every year.'


@pytest.mark.parametrize(
    ("config", "where", "message", "remedy"),
    [
        ({}, "program", "missing", "Add it."),
        ({"program": {}}, "program.id", "missing", "Add it."),
        ({"program": {"id": 5}}, "program.id", "5 is not a text", ""),
        ({"program": {"id": ""}}, "program.id", "'' is not an id", IDS),
        ({"program": {"id": "Shop"}}, "program.id", "'Shop' is not an id", IDS),
        ({"program": {"id": "1shop"}}, "program.id", "'1shop' is not an id", IDS),
        ({"program": {"id": "shöp"}}, "program.id", "'shöp' is not an id", IDS),
        ({"program": {"id": "s" * 64}}, "program.id", f"{'s' * 64!r} is not an id", IDS),
        ({"program": "shop"}, "program", "this text is not a table of keys and values", ""),
        (
            {"program": PROGRAM, "walets": {}},
            "walets",
            "unknown key",
            "Did you mean wallets?",
        ),
        (
            {"program": PROGRAM | {"time_zon": "UTC"}},
            "program.time_zon",
            "unknown key",
            "Did you mean time_zone?",
        ),
        (
            {"program": PROGRAM | {"currency": "usd"}},
            "program.currency",
            "'usd' is not a currency",
            ISO,
        ),
        (
            {"program": PROGRAM | {"time_zone": "Mars/Olympus"}},
            "program.time_zone",
            "'Mars/Olympus' is not a time zone",
            IANA,
        ),
        (
            {"program": PROGRAM | {"time_zone": "Europe"}},  # a folder of zones
            "program.time_zone",
            "'Europe' is not a time zone",
            IANA,
        ),
        (
            {"program": PROGRAM | {"time_zone": "../../etc/passwd"}},
            "program.time_zone",
            "'../../etc/passwd' is not a time zone",
            IANA,
        ),
        (
            {"program": PROGRAM | {"in_force_from": "soon"}},
            "program.in_force_from",
            "'soon' is not a moment",
            "Write a day or a moment, such as 2027-01-01T00:00:00.",
        ),
        (
            {"program": PROGRAM | {"in_force_from": "0001-01-01", "time_zone": "Asia/Tokyo"}},
            "program.in_force_from",
            "0001-01-01 00:00:00 cannot be",
            "",
        ),
        (
            {"program": PROGRAM | {"join": "optin"}},
            "program.join",
            "'optin' is not one of: on_first_fact, opt_in",
            "",
        ),
        (
            {"program": PROGRAM | {"join_wait_days": -1}},
            "program.join_wait_days",
            "-1 is not from 0 to 36500",
            "",
        ),
        (
            {"program": PROGRAM | {"join_wait_days": 10**12}},
            "program.join_wait_days",
            "1000000000000 is not from 0 to 36500",
            "",
        ),
        (
            {"program": PROGRAM | {"default_country": "Germany"}},
            "program.default_country",
            "'Germany' is not a country code",
            "Use ISO 3166, such as DE.",
        ),
        (
            {"program": PROGRAM, "wallets": {"My Points": {}}},
            "wallets.My Points",
            "'My Points' is not an id",
            IDS,
        ),
        (of_wallet(scale=7), "wallets.points.scale", "7 is not from 0 to 6", ""),
        (of_wallet(scale=-1), "wallets.points.scale", "-1 is not from 0 to 6", ""),
        (of_wallet(scale=1.0), "wallets.points.scale", "1.0 is not a whole number", ""),
        (of_wallet(scale=True), "wallets.points.scale", "True is not a whole number", ""),
        (
            of_wallet(debt="forgive"),
            "wallets.points.debt",
            "'forgive' is not one of: negative, pending_first, clamp",
            "",
        ),
        (
            of_wallet(expiry={"after_day": 3}),
            "wallets.points.expiry.after_day",
            "unknown key",
            "Did you mean after_days?",
        ),
        *[
            (
                of_wallet(expiry={span: length}),
                f"wallets.points.expiry.{span}",
                f"{length} is not from 1 to {longest}",
                "",
            )
            for span, longest in (
                ("after_days", 36500),
                ("after_months", 1200),
                ("after_years", 100),
                ("inactivity_days", 36500),
            )
            for length in (-1, 0, longest + 1)
        ],
        (
            of_wallet(expiry={"at_end_of": "decade"}),
            "wallets.points.expiry.at_end_of",
            "'decade' is not one of: day, week, month, quarter, year",
            "",
        ),
        *[
            (
                of_wallet(expiry={"on_dates": ["12-31", day]}),
                "wallets.points.expiry.on_dates",
                f"{day!r} is not a day of each year",
                DAY,
            )
            for day in ("02-29", "13-01", "12-32", "1-1", "31.12.", "")
        ],
        (
            of_wallet(value={"points": 0, "amount": "1"}),
            "wallets.points.value.points",
            "0 is not positive",
            "",
        ),
        (
            of_wallet(value={"points": 100, "amount": "0.00"}),
            "wallets.points.value.amount",
            "'0.00' is not positive",
            "",
        ),
        (
            of_wallet(value={"points": 100, "amount": "1", "currency": "XXX"}),
            "wallets.points.value.currency",
            "'XXX' is not a currency",
            ISO,
        ),
        (
            of_wallet(value={"points": 100, "amount": "0.001"}),
            "wallets.points.value.amount",
            "0.001 has more than 2 decimal digits",
            "Round it to 2 digits first: the sender knows how, we do not.",
        ),
    ],
)
def test_each_fault_has_its_path_and_remedy(
    config: dict[str, Any], where: str, message: str, remedy: str
) -> None:
    assert faults(config) == [(where, message, remedy)]


@pytest.mark.parametrize(
    "span", [{"after_days": 36500}, {"after_months": 1200}, {"after_years": 100}]
)
def test_the_longest_expiry_can_be_written(span: dict[str, int]) -> None:
    config = load_config(of_wallet(expiry=span))
    today = datetime(2026, 6, 1, tzinfo=UTC)
    found = config.wallets["points"].expiry.expires_at(today, today, "UTC")
    assert found is not None
    assert found.year in (2125, 2126)


def test_every_fault_of_structure_meaning_and_plugins_is_told_at_once() -> None:
    """A section may have faults of two kinds, and neither hides the other."""
    config = {
        "program": {"id": 5, "time_zone": "Mars", "curency": "USD"},
        "wallets": {
            "points": {"scale": 9, "unit": 3, "value": {"points": 0}},
            "Stars": {"debt": "never"},
        },
        "plugins": {
            "toy": {"per_unt": 1},
            "other": {"per_unit": "two", "daily_cap": "3"},
            "absent": {},
        },
        "gatway": {},
    }
    with pytest.raises(ConfigError) as raised:
        Loyalty.open(config, "sqlite://", plugins=[Toy(), Toy("other")])  # type: ignore[arg-type]
    assert sorted(where for where, _, _ in shown(raised.value)) == [
        "gatway",
        "plugins.absent",
        "plugins.other.daily_cap",
        "plugins.other.per_unit",
        "plugins.toy.per_unt",
        "program.curency",
        "program.id",
        "program.time_zone",
        "wallets.Stars",
        "wallets.Stars.debt",
        "wallets.points.scale",
        "wallets.points.unit",
        "wallets.points.value.amount",
    ]
    assert raised.value.message.startswith("the configuration has 13 fault(s): ")


def test_a_file_that_lacks_its_program_still_tells_the_rest() -> None:
    found = faults({"wallets": {"points": {"scale": 9}}})
    assert [where for where, _, _ in found] == ["program", "wallets.points.scale"]


def test_a_refused_configuration_touches_no_database(tmp_path: Path) -> None:
    database = tmp_path / "shop.db"
    with pytest.raises(ConfigError):
        Loyalty.open(
            config_of(settings={"per_unit": "x"}), f"sqlite:///{database}", plugins=[Toy()]
        )
    assert not database.exists()


# -- files -----------------------------------------------------------------------------------------


def test_a_missing_file(tmp_path: Path) -> None:
    path = tmp_path / "loyalty.toml"
    assert faults(path) == [
        (str(path), "cannot be read: No such file or directory", "Run: loyalty init")
    ]


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    assert faults(tmp_path) == [
        (str(tmp_path), "cannot be read: Is a directory", "Run: loyalty init")
    ]


def test_broken_toml_is_told_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "loyalty.toml"
    path.write_text('[program]\nid = "shop\n', encoding="utf-8")
    ((where, message, remedy),) = faults(path)
    assert (where, remedy) == (str(path), "Mend the line.")
    assert message.startswith("is not TOML: ")
    assert "line 2" in message


@pytest.mark.parametrize("text", [b'[program]\nid = "caf\xe9"', "[program]".encode("utf-16")])
def test_a_file_that_is_not_utf_8(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "loyalty.toml"
    path.write_bytes(text)
    assert faults(path) == [(str(path), "is not UTF-8", "Save it as UTF-8.")]


def test_a_file_nested_too_deeply(tmp_path: Path) -> None:
    path = tmp_path / "loyalty.toml"
    path.write_text(f"[gateway]\nx = {'[' * 5000}{']' * 5000}", encoding="utf-8")
    assert faults(path) == [("", "the configuration is nested too deeply", "")]


def test_numbers_of_a_file_are_never_floats(tmp_path: Path) -> None:
    path = tmp_path / "loyalty.toml"
    path.write_text('[program]\nid = "shop"\n[gateway]\nrate = 0.1\nday = 2026-06-01\n')
    assert load_config(path).gateway == {"rate": "0.1", "day": "2026-06-01"}
    path.write_text('[program]\nid = "shop"\n[wallets.points]\nscale = 1.0\n')
    assert faults(path) == [("wallets.points.scale", "'1.0' is not a whole number", "")]


def test_the_files_database_is_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "loyalty.toml"
    path.write_text('[program]\nid = "shop"\n[wallets.points]\n', encoding="utf-8")
    with Loyalty.open(path) as loyalty:
        assert loyalty.config.program.id == "shop"
    assert (tmp_path / "shop.db").stat().st_size > 0


# -- what decides ----------------------------------------------------------------------------------


def test_writing_a_default_out_changes_no_fingerprint() -> None:
    short = load_config({"program": PROGRAM, "wallets": {"points": {}}})
    long = load_config(effective(short))
    assert long == short
    assert fingerprint(long) == fingerprint(short)


def test_a_start_is_not_among_the_settings_that_are_kept() -> None:
    read = load_config({"program": PROGRAM | {"in_force_from": "2027-01-01T00:00:00"}})
    assert effective(read) == effective(load_config({"program": PROGRAM}))


@pytest.mark.parametrize(
    ("changed", "same"),
    [
        ({"gateway": {"title": "x"}}, True),
        ({"program": {"id": "shop", "in_force_from": "2027-01-01"}}, True),
        ({"plugins": {"toy": {}}}, False),
        ({"wallets": {"points": {"debt": "clamp"}}}, False),
        ({"program": {"id": "shop", "time_zone": "Europe/Berlin"}}, False),
    ],
)
def test_what_decides_is_in_the_fingerprint(changed: dict[str, Any], same: bool) -> None:
    before = {"program": PROGRAM, "wallets": {"points": {}}}
    hashes = {fingerprint(load_config(config)) for config in (before, before | changed)}
    assert (len(hashes) == 1) is same


def test_a_problem_is_one_line() -> None:
    assert str(Problem("a.b", "unknown key", "Did you mean c?")) == (
        "a.b: unknown key. Did you mean c?"
    )
    assert str(Problem("", "it is broken")) == "$: it is broken."
