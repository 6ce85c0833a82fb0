"""What will go is told to whoever uses it: in Python, by commands, in editors and in GraphQL."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from loyalty_core import (
    Deprecation,
    Loyalty,
    LoyaltyDeprecationWarning,
    PluginManifest,
    Wallet,
    config_schema,
    hookimpl,
)
from loyalty_core.application.config import ConfigFile
from loyalty_core.application.deprecations import all_deprecated_settings, deprecated_settings
from loyalty_core.plugins import hookspecs
from tests.unit.cli.shop import run

GOING = Deprecation(since="0.3", last_day=date(2999, 6, 30), use="new")
WORDS = "Deprecated since 0.3, gone after 2999-06-30. Use new."


@dataclass(frozen=True, kw_only=True)
class Part:
    """One of many."""

    old: int = field(default=1, metadata={"doc": "The old way.", "deprecated": GOING})


@dataclass(frozen=True, kw_only=True)
class OldConfig:
    """Settings of which some go."""

    new: int = field(default=1, metadata={"doc": "The new way."})
    old: int = field(default=1, metadata={"doc": "The old way.", "deprecated": GOING})
    parts: tuple[Part, ...] = ()
    named: Mapping[str, Part] = field(default_factory=dict)
    single: Part | None = None


class OldPlugin:
    """A plugin with settings that go, and a hook that may."""

    manifest = PluginManifest(
        id="old", version="1", requires_plugin_api=">=1.4,<2", config=OldConfig
    )

    @hookimpl
    def loyalty_register_rewards(self) -> list[object]:
        return []


def program(**settings: object) -> dict[str, object]:
    return {"program": {"id": "shop"}, "wallets": {"points": {}}, "plugins": {"old": settings}}


def opened(**settings: object) -> Loyalty:
    config: Any = program(**settings)
    return Loyalty.open(config, "sqlite://", plugins=[OldPlugin()])


def test_who_has_a_setting_that_goes_is_told_where_and_what_to_use() -> None:
    with pytest.warns(LoyaltyDeprecationWarning) as told, opened(old=1, parts=[{}, {"old": 1}]):
        pass
    assert [str(one.message) for one in told] == [
        f"plugins.old.old: {WORDS}",
        f"plugins.old.parts[1].old: {WORDS}",
    ]
    assert {one.filename for one in told} == {__file__}


def test_who_has_none_is_told_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with opened(new=2, parts=[{}]) as loyalty:
            status = {one.id: one for one in loyalty.plugin_status()}["old"]
    assert status.deprecated == ()


def test_settings_are_found_wherever_they_stand() -> None:
    section = {"named": {"a": {"old": 2}}, "single": {"old": 3}, "parts": "no list", "more": 1}
    found = [one.what for one in deprecated_settings(OldConfig, section, "x")]
    assert found == ["x.named.a.old", "x.single.old"]
    every = [one.what for one in all_deprecated_settings(OldConfig)]
    assert every == ["the setting OldConfig.old", "the setting Part.old"]
    assert list(all_deprecated_settings(None)) == []


def test_editors_are_told(tmp_path: Path) -> None:
    schema = json.dumps(config_schema([OldPlugin()]))
    assert schema.count('"deprecated": true') == 2
    assert f"The old way.\\n\\n{WORDS}" in schema


def test_a_setting_of_the_core_is_told_by_the_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    going = {**Wallet.__dataclass_fields__["unit"].metadata, "deprecated": GOING}
    monkeypatch.setattr(Wallet.__dataclass_fields__["unit"], "metadata", going)
    path = tmp_path / "loyalty.toml"
    path.write_text('[program]\nid = "shop"\n[wallets.points]\nunit = "stars"\n', encoding="utf-8")
    with pytest.warns(LoyaltyDeprecationWarning, match=r"wallets\.points\.unit"):
        found = json.loads(run(["check", "--json", "--config", str(path)]).stdout)
    assert f"wallets.points.unit: {WORDS}" in found["notes"]
    assert [one.what for one in all_deprecated_settings(ConfigFile)] == ["the setting Wallet.unit"]


def test_a_hook_that_goes_is_told_of_each_plugin_that_has_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hook = "loyalty_register_rewards"
    monkeypatch.setattr(hookspecs, hook, GOING(getattr(hookspecs, hook)))
    with pytest.warns(LoyaltyDeprecationWarning, match=f"the hook {hook} of 'old': Depr"):
        loyalty = opened()
    with loyalty:
        status = {one.id: one for one in loyalty.plugin_status()}["old"]
    assert status.deprecated == (f"the hook {hook} of 'old': {WORDS}",)


def test_a_call_warns_where_it_is_made() -> None:
    @GOING
    def doubled(number: int) -> int:
        """Twice the number."""
        return 2 * number

    with pytest.warns(LoyaltyDeprecationWarning, match="Use new") as told:
        assert doubled(2) == 4
    assert told[0].filename == __file__
    assert doubled.__doc__ == "Twice the number."


def test_it_is_over_on_the_day_after_its_last() -> None:
    assert [GOING.is_over(date(2999, *day)) for day in ((6, 30), (7, 1))] == [False, True]
