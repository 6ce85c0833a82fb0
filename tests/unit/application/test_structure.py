"""Settings read strictly into dataclasses: every kind of field, its faults and their paths."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal

import pytest

from loyalty_core import ConfigError, Json, Minor, Name, Scalar, read_settings

NO_SCALAR = "is not a text, whole number, true, false or null"
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, kw_only=True)
class Step:
    at: int
    factor: Decimal = Decimal(1)


@dataclass(frozen=True, kw_only=True)
class Settings:
    text: str = ""
    number: int = 0
    yes: bool = False
    rate: Decimal = Decimal(0)
    day: date | None = None
    moment: datetime | None = None
    clock: time | None = None
    colour: Colour = Colour.RED
    how: Literal["fast", "slow"] = "fast"
    level: Literal[1, 2] = 1
    steps: tuple[Step, ...] = ()
    names: tuple[str, ...] = ()
    by_name: Mapping[str, Step] = field(default_factory=dict)
    tables: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    scalar: Scalar = None
    anything: Json = None
    money: Minor | None = None
    name: Name = "x"
    called: tuple[Name, ...] = ()
    maybe: Name | None = None


def read(**section: Any) -> Settings:
    return read_settings(Settings, section, where="plugins.x")


def faults(**section: Any) -> list[tuple[str, str]]:
    with pytest.raises(ConfigError) as raised:
        read(**section)
    return [(problem.where, problem.message) for problem in raised.value.problems]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("text", "a\nb", "a\nb"),
        ("number", -3, -3),
        ("yes", True, True),
        ("rate", "0.10", Decimal("0.10")),
        ("rate", 3, Decimal(3)),
        ("rate", Decimal("1.5"), Decimal("1.5")),
        ("day", "2026-11-21", date(2026, 11, 21)),
        ("day", date(2026, 11, 21), date(2026, 11, 21)),
        ("moment", "2026-11-21T10:00:00+02:00", datetime(2026, 11, 21, 8, tzinfo=UTC)),
        ("clock", "09:30", time(9, 30)),
        ("colour", "blue", Colour.BLUE),
        ("how", "slow", "slow"),
        ("level", 2, 2),
        ("steps", [{"at": 5, "factor": "2"}], (Step(at=5, factor=Decimal(2)),)),
        ("names", ["a", "b"], ("a", "b")),
        ("by_name", {"x": {"at": 5}}, {"x": Step(at=5)}),
        ("tables", {"x": {"y": 1}}, {"x": {"y": 1}}),
        ("scalar", True, True),
        ("anything", {"a": [1, {"b": None}]}, {"a": [1, {"b": None}]}),
        ("day", None, None),
        ("money", "12", 12),
        ("name", "x" * 50, "x" * 50),
        ("called", ["Größe 1", "a.b"], ("Größe 1", "a.b")),
        ("maybe", "y", "y"),
    ],
)
def test_each_kind_of_field_is_read(name: str, value: object, expected: object) -> None:
    found = getattr(read(**{name: value}), name)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("name", "value", "where", "message"),
    [
        ("text", 5, "", "5 is not a text"),
        ("name", "", "", "'' is not a name"),
        ("name", 5, "", "5 is not a name"),
        ("name", "x" * 51, "", f"{'x' * 51!r} is not a name"),
        ("name", "a\x00", "", "'a\\x00' is not a name"),
        ("called", ["a", "b "], "[1]", "'b ' is not a name"),
        ("maybe", "a\n", "", "'a\\n' is not a name"),
        ("text", None, "", "None is not a text"),
        ("text", "a\x00", "", "'a\\x00' is not a text that can be stored"),
        ("number", "5", "", "'5' is not a whole number"),
        ("number", 5.0, "", "5.0 is not a whole number"),
        ("number", True, "", "True is not a whole number"),
        ("number", 10**15, "", "1000000000000000 is too large to be meant"),
        ("yes", 1, "", "1 is not true or false"),
        ("yes", "true", "", "'true' is not true or false"),
        ("rate", 0.1, "", "0.1 is not a decimal number"),
        ("rate", True, "", "True is not a decimal number"),
        ("rate", "1" * 40, "", f"{'1' * 40!r} is not a decimal number"),
        ("rate", "1e3", "", "'1e3' is not a decimal amount"),
        ("rate", "NaN", "", "'NaN' is not a decimal amount"),
        ("day", "2026-02-29", "", "'2026-02-29' is not a date"),
        ("day", 20261121, "", "20261121 is not a date"),
        ("day", NOON, "", f"{repr(NOON)[:57]}... is a moment, not a date"),
        ("moment", "2026-11-21T10:00:00", "", "'2026-11-21T10:00:00' has no time zone"),
        ("moment", 0, "", "0 is not a moment"),
        ("clock", "25:00", "", "'25:00' is not a time of day"),
        ("clock", 12, "", "12 is not a time of day"),
        ("colour", "green", "", "'green' is not one of: red, blue"),
        ("colour", ["red"], "", "this list is not one of: red, blue"),
        ("how", "quick", "", "'quick' is not one of: fast, slow"),
        ("level", True, "", "True is not one of: 1, 2"),
        ("level", "1", "", "'1' is not one of: 1, 2"),
        ("names", "ab", "", "this text is not a list"),
        ("names", {"a": 1}, "", "this table is not a list"),
        ("names", ["a", 5], "[1]", "5 is not a text"),
        (
            "steps",
            [{"at": 5}, {"at": 6, "factor": 0.5}],
            "[1].factor",
            "0.5 is not a decimal number",
        ),
        ("steps", [5], "[0]", "this number is not a table of keys and values"),
        ("steps", [{}], "[0].at", "missing"),
        ("by_name", [], "", "this list is not a table of keys and values"),
        ("by_name", {"x": {"at": "5"}}, ".x.at", "'5' is not a whole number"),
        ("tables", {"x": {"y": "1"}}, ".x.y", "'1' is not a whole number"),
        ("tables", {5: {}}, "[5]", "5 is not a text"),
        ("scalar", 1.5, "", f"1.5 {NO_SCALAR}"),
        ("scalar", [], "", f"this list {NO_SCALAR}"),
        ("scalar", 10**15, "", "1000000000000000 is too large"),
    ],
)
def test_each_fault_has_its_path(name: str, value: object, where: str, message: str) -> None:
    assert faults(**{name: value}) == [(f"plugins.x.{name}{where}", message)]


def test_all_faults_are_told_at_once_and_in_order() -> None:
    found = faults(
        text=1, steps=[{"at": "a", "fctor": 1}], by_name={"x": {}}, tables={"y": {"z": None}}, nme=1
    )
    assert found == [
        ("plugins.x.text", "1 is not a text"),
        ("plugins.x.steps[0].at", "'a' is not a whole number"),
        ("plugins.x.steps[0].fctor", "unknown key"),
        ("plugins.x.by_name.x.at", "missing"),
        ("plugins.x.tables.y.z", "None is not a whole number"),
        ("plugins.x.nme", "unknown key"),
    ]


def test_a_long_value_is_shown_by_its_beginning() -> None:
    ((_, message),) = faults(number="x" * 10_000)
    assert message == f"'{'x' * 56}... is not a whole number"


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ([], "this list is not a table of keys and values"),
        ("x", "this text is not a table of keys and values"),
    ],
)
def test_a_section_is_a_table(section: Any, message: str) -> None:
    with pytest.raises(ConfigError) as raised:
        read_settings(Settings, section, where="plugins.x")
    assert [(p.where, p.message) for p in raised.value.problems] == [("plugins.x", message)]


def test_what_is_read_does_not_change_with_what_was_given() -> None:
    given: dict[str, Any] = {"names": ["a"], "by_name": {"x": {"at": 1}}}
    made = read(**given)
    given["names"].append("b")
    given["by_name"]["y"] = {}
    assert (made.names, made.by_name) == (("a",), {"x": Step(at=1)})
