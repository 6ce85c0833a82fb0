"""The JSON Schema of a configuration, and that it and the reading of one agree."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from loyalty_core import ConfigError, PluginManifest, config_schema, read_settings
from loyalty_core.application.campaigns import dated
from loyalty_core.application.config import ConfigFile, document_of
from loyalty_core.plugins.loader import load
from loyalty_gateway.settings import GatewaySettings
from tests.architecture.tree import ROOT
from tests.toy import Toy
from tests.unit.cli.shop import run

EXAMPLES = sorted(ROOT.glob("examples/**/loyalty.toml"))
DOCUMENTS = {str(path.relative_to(ROOT)): document_of(path) for path in EXAMPLES}
SCHEMA = config_schema()
VALIDATOR = Draft202012Validator(SCHEMA)
Place = tuple[Any, ...]


def faults(document: Any) -> list[str]:
    """Where the schema refuses a document."""
    return [".".join(map(str, one.absolute_path)) for one in VALIDATOR.iter_errors(document)]


def read(document: Mapping[str, Any]) -> list[str]:
    """Where the reading of a document refuses it; what depends on other settings left out."""
    problems: list[Any] = []
    made = dated(document, problems)
    kinds: list[tuple[type | None, Any, str]] = [(ConfigFile, made, "")]
    sections = made.get("plugins")
    for name, section in sections.items() if isinstance(sections, dict) else ():
        kinds.append((load(name).manifest.config, section, f"plugins.{name}"))
    kinds.append((GatewaySettings, made.get("gateway", {}), "gateway"))
    for kind, section, where in kinds:
        try:
            if kind is not None:
                read_settings(kind, section, where=where)
        except ConfigError as error:
            problems += error.problems
    return [one.where for one in problems]


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA
    used = set(re.findall(r'"\$ref": "#/\$defs/([^"]+)"', json.dumps(SCHEMA)))
    assert used == SCHEMA["$defs"].keys()  # type: ignore[union-attr]
    assert [one for one in tables_of(SCHEMA) if "$ref" in one and len(one) > 1] == []


def tables_of(value: Any) -> Iterator[dict[str, Any]]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if isinstance(value, dict):
        yield value
    for one in inner:
        yield from tables_of(one)


def test_what_refers_to_a_secret_says_so() -> None:
    """Who writes `env:NAME` into the documentation of a setting means a secret."""
    told = [
        (place, setting)
        for place, table in SCHEMA["$defs"].items()  # type: ignore[union-attr]
        for setting in table.get("properties", {}).values()  # type: ignore[union-attr]
        if "`env:NAME`" in str(setting.get("description"))
    ]
    assert told
    assert [place for place, setting in told if "^" not in json.dumps(setting)] == []


def test_a_choice_says_what_it_may_be() -> None:
    found: Any = SCHEMA["$defs"]
    debt = found["Wallet"]["properties"]["debt"]
    assert debt["enum"] == ["negative", "pending_first", "clamp"]
    assert debt["default"] == "negative"
    assert "``" not in debt["description"]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_example_fits(name: str) -> None:
    assert faults(DOCUMENTS[name]) == []
    assert read(DOCUMENTS[name]) == []


# -- generated mistakes: the schema and the reading refuse the same ones ---------------------------


def places(value: Any, at: Place = ()) -> Iterator[Place]:
    """Every place in a document, the deepest ones too."""
    yield at
    items = value.items() if isinstance(value, dict) else ()
    listed = enumerate(value) if isinstance(value, list) else items
    for key, inner in listed:
        yield from places(inner, (*at, key))


def inside(document: Any, at: Place) -> Any:
    for key in at:
        document = document[key]
    return document


VALUES: list[Any] = ["", "nonsense", "1.5", "2026-02-30x", 7, -1, 10**15, True, [], ["x"], [7], {}]
VALUES += [{"unknown": 1}, [{}]]


@st.composite
def mistakes(draw: st.DrawFn) -> tuple[dict[str, Any], Place]:
    """An example with one thing changed: another value, a key that is not known, or one less."""
    document = copy.deepcopy(dict(DOCUMENTS[draw(st.sampled_from(sorted(DOCUMENTS)))]))
    every = [at for at in places(document) if at]
    at = draw(st.sampled_from(every))
    holder = inside(document, at[:-1])
    how = draw(st.sampled_from(["value", "value", "value", "unknown", "missing"]))
    if how == "missing" and isinstance(holder, dict):
        del holder[at[-1]]
    elif how == "unknown" and isinstance(inside(document, at), dict):
        inside(document, at)["not_a_key"] = 1
    else:
        holder[at[-1]] = draw(st.sampled_from(VALUES))
    return document, at


@settings(max_examples=400, deadline=None)
@given(mistakes())
def test_it_agrees_with_the_reading(made: tuple[dict[str, Any], Place]) -> None:
    document, at = made
    # a campaign's days are put in before its table is read
    assume(at[-1] not in ("during", "starts_on", "ends_on") and at[0] != "campaigns")
    # which plugins there are is looked at later
    assume(not (at[0] == "plugins" and len(at) <= 2))
    assert bool(faults(document)) == bool(read(document)), (at, faults(document), read(document))


# -- by hand ---------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Inner:
    """One of several.

    It is in a list.
    """

    days: int = field(default=3, metadata={"doc": "How ``many``\nthere are."})


@dataclass(frozen=True, kw_only=True)
class Given:
    """Settings of a plugin that is given."""

    key: str = field(metadata={"doc": "As `env:NAME`.", "secret": True})
    other: str = field(default="", metadata={"secret": True})
    many: tuple[Inner, ...] = ()
    named: Mapping[str, Inner] = field(default_factory=dict)


class Plugin(Toy):
    """A plugin with a secret."""

    @property
    def manifest(self) -> PluginManifest:
        return PluginManifest(id="toy", version="1", requires_plugin_api=">=1.0,<2", config=Given)


def test_what_it_says_of_a_plugin_that_is_given() -> None:
    schema: Any = config_schema([Plugin()])
    (name,) = [one for one, made in schema["$defs"].items() if made.get("required") == ["key"]]
    assert schema["properties"]["plugins"]["properties"]["toy"] == {"$ref": f"#/$defs/{name}"}
    table = schema["$defs"][name]
    assert table["description"] == "Settings of a plugin that is given."
    assert table["properties"]["key"] == {
        "type": "string",
        "pattern": "^env:[A-Za-z_][A-Za-z0-9_]*$",
        "description": "As `env:NAME`.",
    }
    assert table["properties"]["other"]["pattern"] == "^(env:[A-Za-z_][A-Za-z0-9_]*)?$"
    (inner,) = [one for one in schema["$defs"] if one.endswith("Inner")]
    assert table["properties"]["many"] == {
        "type": "array",
        "items": {"$ref": f"#/$defs/{inner}"},
        "default": [],
    }
    assert schema["$defs"][inner] == {
        "description": "One of several.\n\nIt is in a list.",
        "type": "object",
        "properties": {
            "days": {
                "type": "integer",
                "minimum": 1 - 10**15,
                "maximum": 10**15 - 1,
                "description": "How `many` there are.",
                "default": 3,
            }
        },
        "additionalProperties": False,
    }


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ({"program": {}}, "program"),
        ({}, ""),
        ({"program": {"id": "a", "curency": "USD"}}, "program"),
        ({"program": {"id": "a", "join": "never"}}, "program.join"),
        ({"program": {"id": "a"}, "wallets": {"points": {"scale": "2"}}}, "wallets.points.scale"),
        ({"program": {"id": "a"}, "plugins": {"pionts": {}}}, "plugins"),
        (
            {"program": {"id": "a"}, "plugins": {"points": {"earn": [{"rule": "a", "rat": {}}]}}},
            "plugins.points.earn.0",
        ),
        ({"program": {"id": "a"}, "gateway": {"jwt": {"secret": "abc"}}}, "gateway.jwt.secret"),
        ({"program": {"id": "a"}, "rewards": {"r": {"during": 1}}}, "rewards.r"),
    ],
)
def test_what_is_wrong_is_refused(wrong: dict[str, Any], where: str) -> None:
    assert where in {place[: len(where)] for place in faults(wrong)}


def test_a_campaign_stands_for_days() -> None:
    cheap = {"kind": "gift_card", "amount": "1.00", "points": 1, "during": "spring"}
    document = {"program": {"id": "a"}, "wallets": {"points": {}}, "rewards": {"cheap": cheap}}
    assert faults(document) == []
    assert faults({"program": {"id": "a", "during": "spring"}}) == ["program"]


# -- the command -----------------------------------------------------------------------------------


def test_the_command_prints_and_writes_it(tmp_path: Path) -> None:
    printed = run(["schema"])
    assert json.loads(printed.stdout) == SCHEMA
    path = tmp_path / "loyalty.schema.json"
    assert run(["schema", "--write", str(path)]).stdout == f"wrote {path}\n"
    assert json.loads(path.read_text(encoding="utf-8")) == SCHEMA
    refused = run(["schema", "--write", str(tmp_path / "no" / "file.json"), "--json"])
    assert refused.exit_code == 1


def test_init_writes_it_beside_the_configuration(tmp_path: Path) -> None:
    path = tmp_path / "loyalty.toml"
    assert run(["init", "--config", str(path)]).exit_code == 0
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert first == "#:schema ./loyalty.schema.json"
    beside = tmp_path / first.removeprefix("#:schema ./")
    assert json.loads(beside.read_text(encoding="utf-8")) == SCHEMA
    assert faults(document_of(path)) == []
