"""How plugins are found: what is installed, what is given, what is on, and what is refused."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

from loyalty_core import (
    PLUGIN_API_VERSION,
    ConfigError,
    Loyalty,
    PluginError,
    PluginManifest,
    PluginMissing,
)
from tests.toy import START, Toy, config_of, order

CONFIG = config_of()
Install = Callable[..., None]

PLUGIN = """
from loyalty_core import PluginManifest, hookimpl

class Plugin:
    manifest = PluginManifest(id={id!r}, version="1", requires_plugin_api=">=1.0,<2")

plugin = Plugin()
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Puts a distribution with one plugin where Python finds it, for the time of a test."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def put(name: str, source: str, *, value: str = "") -> None:
        module = f"an_installed_{name}"
        (tmp_path / f"{module}.py").write_text(source, encoding="utf-8")
        info = tmp_path / f"loyalty_{name}-1.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: loyalty-{name}\nVersion: 1\n")
        line = f"{name} = {value or f'{module}:plugin'}"
        (info / "entry_points.txt").write_text(f"[loyalty.plugins]\n{line}\n")
        monkeypatch.delitem(sys.modules, module, raising=False)

    return put


def opened(on: dict[str, Any], *plugins: object) -> Loyalty:
    return Loyalty.open(config_of(plugins=on), "sqlite://", plugins=plugins, clock=lambda: START)


def refused(on: dict[str, Any], *plugins: object) -> PluginError:
    with pytest.raises(PluginError) as raised:
        opened(on, *plugins)
    return raised.value


def test_a_missing_plugin_is_named_with_those_there_are() -> None:
    error = refused({"absent": {}}, Toy())
    installed = {point.name for point in entry_points(group="loyalty.plugins")}
    assert type(error) is PluginMissing
    assert (error.code, error.where) == ("plugin_missing", "plugins.absent")
    assert error.message == "the plugin 'absent' is switched on but not installed"
    assert error.remedy == (
        "Install loyalty-absent, or delete the section. "
        f"Installed: {', '.join(sorted({'toy', *installed}))}."
    )


def test_an_installed_plugin_is_found_by_its_entry_point(install: Install) -> None:
    install("stamps", PLUGIN.format(id="stamps"))
    with opened({"stamps": {}}) as loyalty:
        assert [plugin.manifest.id for plugin in loyalty.plugins] == ["stamps"]
        assert loyalty.status().plugins == ({"id": "stamps", "version": "1", "summary": ""},)


def test_what_is_installed_and_not_on_is_not_even_imported(install: Install) -> None:
    install("stamps", "raise SystemExit('imported')")
    with opened({"toy": {}}, Toy(), Toy("other")) as loyalty:
        receipt = loyalty.record(order())
        assert [plugin.manifest.id for plugin in loyalty.plugins] == ["toy"]
        assert receipt.changes == {"points": 60}
    assert "an_installed_stamps" not in sys.modules


def test_a_program_without_plugins_is_a_program() -> None:
    with opened({}) as loyalty:
        receipt = loyalty.record(order())
        assert (receipt.status.value, receipt.changes, loyalty.plugins) == ("booked", {}, ())


@pytest.mark.parametrize(
    ("source", "value", "message"),
    [
        ("import nowhere", "", "ModuleNotFoundError: No module named 'nowhere'"),
        ("raise OSError('broken')", "", "OSError: broken"),
        ("plugin = (", "", "SyntaxError: '(' was never closed"),
        ("", "", "AttributeError: module 'an_installed_stamps' has no attribute 'plugin'"),
    ],
)
def test_a_plugin_that_cannot_be_imported(
    install: Install, source: str, value: str, message: str
) -> None:
    install("stamps", source, value=value)
    error = refused({"stamps": {}})
    assert error.code == "plugin_refused"
    assert error.where == "an_installed_stamps:plugin"
    assert error.message.startswith(f"the plugin 'stamps' cannot be imported: {message}")
    assert error.remedy == "Reinstall or upgrade it, or delete its section."
    assert isinstance(error.__cause__, Exception)


def test_an_entry_point_under_another_name(install: Install) -> None:
    install("stamps", PLUGIN.format(id="cards"))
    error = refused({"stamps": {}})
    assert error.message == "the plugin 'stamps' calls itself 'cards'"
    assert error.remedy == "Its entry point must have the name of its manifest's id."


def test_an_installed_plugin_without_a_manifest(install: Install) -> None:
    install("stamps", "plugin = 5")
    error = refused({"stamps": {}})
    assert (error.message, error.where) == ("5 has no manifest", "an_installed_stamps:plugin")


@pytest.mark.parametrize("plugin", [object(), type("Plugin", (), {"manifest": {"id": "toy"}})()])
def test_a_given_plugin_without_a_manifest(plugin: object) -> None:
    error = refused({}, plugin)
    assert error.message == f"{plugin!r} has no manifest"
    assert error.where == "given to Loyalty.open"


def made_for(version: str) -> Any:
    manifest = PluginManifest(id="old", version="0.3", requires_plugin_api=version)
    return type("Plugin", (), {"manifest": manifest})()


@pytest.mark.parametrize("version", [">=2", "<1", "==1.9", ">=1.9", "one", "1.0"])
def test_a_plugin_made_for_another_core(version: str) -> None:
    error = refused({"old": {}}, made_for(version))
    assert (
        error.message
        == f"the plugin 'old' 0.3 needs plugin API {version}, this is {PLUGIN_API_VERSION}"
    )
    assert (error.where, error.facts) == ("plugins.old", {"plugin": "old"})


@pytest.mark.parametrize("version", [">=1.0,<2", "~=1.0", "==1.*", ""])
def test_a_plugin_made_for_this_core(version: str) -> None:
    with opened({"old": {}}, made_for(version)) as loyalty:
        assert len(loyalty.plugins) == 1


def test_a_plugin_for_another_core_is_no_matter_while_it_is_off() -> None:
    with opened({"toy": {}}, Toy(), made_for(">=2")) as loyalty:
        assert loyalty.record(order()).changes == {"points": 60}


SEVERAL = {
    "absent": {},
    "toy": {"per_unit": "x", "dail_cap": 1},
    "old": {},
    "gone": {"a": 1},
    "stamps": {},
}
FAULTS = [
    ("plugins.absent", "plugin_missing"),
    ("plugins.old", "plugin_refused"),
    ("plugins.gone", "plugin_missing"),
    ("an_installed_stamps:plugin", "plugin_refused"),
    ("plugins.toy.per_unit", "fact_malformed"),
    ("plugins.toy.dail_cap", "fact_malformed"),
]


@pytest.mark.parametrize("wrong", [{}, {"wallets": {"points": {"scale": "2"}}}])
def test_the_faults_of_all_plugins_are_told_at_once(
    wrong: dict[str, Any], install: Install
) -> None:
    install("stamps", "raise OSError('broken')")
    config = config_of(plugins=SEVERAL) | wrong
    with pytest.raises(ConfigError) as raised:
        Loyalty.open(config, "sqlite://", plugins=[Toy(), made_for(">=2")])
    found = [(one.where, one.code) for one in raised.value.problems]
    assert found == [("wallets.points.scale", "fact_malformed")] * len(wrong) + FAULTS
    assert raised.value.problems[-6].remedy.startswith("Install loyalty-absent, or delete")


def test_a_missing_plugin_does_not_hide_the_settings_of_another() -> None:
    with pytest.raises(ConfigError) as raised:
        opened({"absent": {}, "toy": {"per_unit": "x"}}, Toy())
    assert [one.where for one in raised.value.problems] == [
        "plugins.absent",
        "plugins.toy.per_unit",
    ]


def test_one_id_given_twice() -> None:
    error = refused({"toy": {}}, Toy(), Toy())
    assert error.message == "two plugins with the id 'toy' were given"
    same = Toy()
    with opened({"toy": {}}, same, same) as loyalty:
        assert loyalty.plugins == (same,)


def test_a_given_plugin_comes_before_an_installed_one(install: Install) -> None:
    install("stamps", "raise SystemExit('imported')")
    given = Toy("stamps")
    with opened({"stamps": {}}, given) as loyalty:
        assert loyalty.plugins == (given,)


def test_a_refused_plugin_touches_no_database(tmp_path: Path) -> None:
    database = tmp_path / "shop.db"
    with pytest.raises(PluginError):
        Loyalty.open(CONFIG, f"sqlite:///{database}", plugins=[made_for(">=2"), 5])
    assert not database.exists()
