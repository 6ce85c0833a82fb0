"""Secrets that stand in a configuration: refused in whatever shape, and never told."""

from __future__ import annotations

import copy
import json
import logging
import types
from collections import abc
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest

from loyalty_core import ConfigError, Loyalty, PluginManifest, doc, hookimpl, read_settings
from loyalty_core.plugins.loader import load
from tests.unit.cli.shop import run

SECRET = "shpss_SECR3T-in-the-file"
REFERENCE = "env:SOME_SECRET"
Place = tuple[str | int, ...]

SETTINGS = {
    name: manifest.config
    for name in sorted({point.name for point in entry_points(group="loyalty.plugins")})
    if (manifest := load(name).manifest).config is not None
}


def unwrapped(kind: Any) -> Any:
    """The type without ``| None``."""
    if get_origin(kind) in (Union, types.UnionType):
        return next(one for one in get_args(kind) if one is not type(None))
    return kind


def secrets_in(kind: Any, at: Place = ()) -> Iterator[Place]:
    """The places of all secrets in the settings of a plugin."""
    hints = get_type_hints(kind)
    for item in fields(kind):
        inner = unwrapped(hints[item.name])
        place: Place = (*at, item.name)
        if item.metadata.get("secret"):
            yield place
        elif get_origin(inner) is tuple and is_dataclass(get_args(inner)[0]):
            yield from secrets_in(get_args(inner)[0], (*place, 0))
        elif get_origin(inner) is abc.Mapping and is_dataclass(get_args(inner)[1]):
            yield from secrets_in(get_args(inner)[1], (*place, "x"))
        elif is_dataclass(inner):
            yield from secrets_in(inner, place)


def needed_by(kind: Any, also: Place = ()) -> dict[str, Any]:
    """A section with what is needed, and what leads to the place ``also``; all its texts are x."""
    hints = get_type_hints(kind)
    made: dict[str, Any] = {}
    for item in fields(kind):
        needed = item.default is MISSING and item.default_factory is MISSING
        rest = also[2:] if item.name in also[:1] else ()
        if not needed and item.name not in also[:1]:
            continue
        inner = unwrapped(hints[item.name])
        text = REFERENCE if item.metadata.get("secret") else "x"
        if get_origin(inner) is tuple:
            each = get_args(inner)[0]
            made[item.name] = [needed_by(each, rest) if is_dataclass(each) else text]
        elif get_origin(inner) is abc.Mapping:
            each = get_args(inner)[1]
            made[item.name] = {"x": needed_by(each, rest) if is_dataclass(each) else text}
        else:
            made[item.name] = needed_by(inner, also[1:]) if is_dataclass(inner) else text
    return made


def wrongs(section: dict[str, Any], at: Place) -> Iterator[tuple[str, Any]]:
    """The section with a secret where the reference is, in each shape, and in each table above."""
    for how, value in {
        "text": SECRET,
        "variable": f"env:{SECRET}",
        "list": [SECRET],
        "lists": [[SECRET]],
        "table": {"key": SECRET},
        "tables": [{"key": SECRET}],
        "number": int.from_bytes(SECRET[:6].encode()),
    }.items():
        yield how, placed(section, at, value)
    for depth in range(len(at)):
        above = at[:depth]
        for how, value in {
            "text for a table": SECRET,
            "list for a table": [SECRET],
            "table for a table": {"x": {at[-1]: SECRET}},
            "tables for a table": [{at[-1]: SECRET}],
            "one table too high": {at[-1]: SECRET},
        }.items():
            yield f"{how} at {above}", placed(section, above, value)


def placed(section: Any, at: Place, value: Any) -> Any:
    if not at:
        return value
    made = copy.copy(section)
    made[at[0]] = placed(section[at[0]], at[1:], value)
    return made


def toml(value: Any) -> str:
    """A value as TOML writes it in one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(k)} = {toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value)


CASES = [(name, at) for name, kind in SETTINGS.items() for at in secrets_in(kind)]


def test_the_plugins_have_secrets() -> None:
    assert {name for name, _ in CASES} >= {
        "saleor",
        "shopify",
        "square",
        "stripe",
        "webhooks",
        "woocommerce",
    }


@pytest.mark.parametrize(("name", "at"), CASES, ids=lambda one: str(one))
def test_a_secret_in_the_file_is_refused_and_never_told(
    name: str, at: Place, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    section = needed_by(SETTINGS[name], at)
    read_settings(SETTINGS[name], placed(section, at, shape(section, at)), where="plugins.x")
    path = tmp_path / "loyalty.toml"
    for how, wrong in wrongs(section, at):
        text = f'[program]\nid = "shop"\n[wallets.points]\n[plugins]\n{name} = {toml(wrong)}\n'
        path.write_text(text, encoding="utf-8")
        with pytest.raises(ConfigError) as raised:
            Loyalty.open(path)
        told = [str(raised.value), repr(raised.value), caplog.text]
        for command in (["check"], ["plugins", "--json"]):
            done = run([*command, "--config", str(path)])
            assert done.exit_code == 3, (how, command)
            told += [done.stdout, done.stderr]
        value = str(int.from_bytes(SECRET[:6].encode()))
        assert [one for one in told if "SECR3T" in one or value in one] == [], how
    assert [one.name for one in tmp_path.iterdir()] == ["loyalty.toml"]


def shape(section: Any, at: Place) -> Any:
    """What stands at a place."""
    for key in at:
        section = section[key]
    return section


# -- plugins of others -----------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Inner:
    token: str | None = field(default=None, metadata=doc("As `env:NAME`.", secret=True))


@dataclass(frozen=True, kw_only=True)
class Given:
    key: str = field(default="env:K", metadata=doc("As `env:NAME`.", secret=True))
    other: str = field(default="", metadata=doc("As `env:NAME`.", secret=True))
    many: tuple[str, ...] = field(default=(), metadata=doc("As `env:NAME`.", secret=True))
    named: Mapping[str, str] = field(
        default_factory=dict, metadata=doc("As `env:NAME`.", secret=True)
    )
    inner: tuple[Inner, ...] = ()


class Plugin:
    """A plugin that relies on the mark of its secrets, and looks at none of them itself."""

    manifest = PluginManifest(id="vault", version="1", requires_plugin_api=">=1.0,<2", config=Given)

    @hookimpl
    def loyalty_register_programs(self) -> Any:
        return []


IN_FILE = "a secret stands in the file"
NO_NAME = "what is after env: is no variable's name"


@pytest.mark.parametrize(
    ("section", "faults"),
    [
        ({"key": SECRET}, [("key", IN_FILE)]),
        ({"key": ""}, [("key", IN_FILE)]),
        ({"key": f"env:{SECRET}"}, [("key", NO_NAME)]),
        ({"key": f"env:K\n{SECRET}"}, [("key", NO_NAME)]),
        ({"key": 5}, [("key", IN_FILE)]),
        ({"key": [SECRET]}, [("key[0]", IN_FILE)]),
        ({"key": {"a": {"b": SECRET}}}, [("key.a.b", IN_FILE)]),
        ({"key": ["env:A"]}, [("key", "this list is not a text")]),
        ({"key": None}, [("key", "None is not a text")]),
        ({"other": SECRET}, [("other", IN_FILE)]),
        ({"many": SECRET}, [("many", IN_FILE)]),
        ({"many": "env:A"}, [("many", "this text is not a list")]),
        ({"many": ["env:A", SECRET, "env:"]}, [("many[1]", IN_FILE), ("many[2]", NO_NAME)]),
        ({"named": {"a": "env:A", "b": SECRET}}, [("named.b", IN_FILE)]),
        ({"inner": [{"token": SECRET}]}, [("inner[0].token", IN_FILE)]),
        ({"inner": SECRET}, [("inner", "this text is not a list")]),
        ({"inner": {"token": SECRET}}, [("inner", "this table is not a list")]),
        ({"inner": [SECRET]}, [("inner[0]", "this text is not a table of keys and values")]),
    ],
)
def test_what_is_marked_as_a_secret_is_a_reference(
    section: Any, faults: list[tuple[str, str]]
) -> None:
    config = {"program": {"id": "shop"}, "plugins": {"vault": section}}
    with pytest.raises(ConfigError) as raised:
        Loyalty.open(config, "sqlite://", plugins=[Plugin()])
    found = [(one.where, one.message) for one in raised.value.problems]
    assert found == [(f"plugins.vault.{where}", message) for where, message in faults]
    assert "SECR3T" not in str(raised.value)


def test_references_are_read_as_they_are() -> None:
    section: Any = {
        "key": "env:_a1",
        "other": "",
        "many": ["env:A", "env:B"],
        "named": {"a": "env:A"},
        "inner": [{"token": None}, {"token": "env:T"}],
    }
    assert read_settings(Given, section, where="x") == Given(
        key="env:_a1",
        many=("env:A", "env:B"),
        named={"a": "env:A"},
        inner=(Inner(), Inner(token="env:T")),
    )
