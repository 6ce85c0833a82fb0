"""Plugins that keep a program from opening: who is named, and what to do."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from loyalty_core import (
    ActivityKind,
    Loyalty,
    PluginError,
    PluginManifest,
    Subscription,
    Tier,
    hookimpl,
)
from tests.platform.broken import ON, Broken, BrokenRanking, BrokenReward, BrokenScheme
from tests.stall import Stall
from tests.toy import Toy, ToyFailure, config_of


def refused(*plugins: object, on: Any = ON) -> PluginError:
    with pytest.raises(PluginError) as raised:
        Loyalty.open(config_of(plugins=on), "sqlite://", plugins=plugins)
    return raised.value


# -- before it starts: the program does not open, and says who and what to do -----------------


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Installs a distribution ``loyalty-broken`` whose module has this source."""

    def install(source: str) -> None:
        monkeypatch.syspath_prepend(str(tmp_path))
        (tmp_path / "a_broken_plugin.py").write_text(source, encoding="utf-8")
        info = tmp_path / "loyalty_broken-1.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: loyalty-broken\nVersion: 1\n")
        (info / "entry_points.txt").write_text("[loyalty.plugins]\nbroken = a_broken_plugin:it\n")
        monkeypatch.delitem(sys.modules, "a_broken_plugin", raising=False)

    return install


def test_one_that_raises_when_it_is_imported(installed: Callable[[str], None]) -> None:
    installed("raise RuntimeError('no')")
    error = refused(Toy())
    assert (error.code, error.facts["plugin"]) == ("plugin_refused", "broken")
    assert error.message == "the plugin 'broken' cannot be imported: RuntimeError: no"
    assert error.remedy == "Reinstall or upgrade it, or delete its section."


@pytest.mark.parametrize("needs", [">=2", "<1", "soon", None, 5])
def test_one_made_for_another_core(needs: Any) -> None:
    manifest = PluginManifest(id="broken", version="0.9", requires_plugin_api=needs)
    error = refused(Toy(), Broken(manifest=manifest))
    assert error.message.startswith(f"the plugin 'broken' 0.9 needs plugin API {needs}, this is ")
    assert error.remedy == "Install a release of the plugin made for this one."


@pytest.mark.parametrize(
    "kind",
    ["programs", "rewards", "benefits", "handlers", "connectors", "payments"],
)
@pytest.mark.parametrize(
    "answer", [ToyFailure("no"), 5, [None], ["x"], [object()]], ids=lambda one: repr(one)[:12]
)
def test_one_that_raises_in_a_hook_or_registers_rubbish(kind: str, answer: Any) -> None:
    error = refused(Toy(), Broken(hooks={kind: answer}))
    assert (error.where, error.facts["plugin"]) == ("plugins.broken", "broken")
    assert error.message.startswith("the plugin 'broken' raised ")
    assert f"in loyalty_register_{kind}" in error.message


@pytest.mark.parametrize("name", [None, 5, b"broken.money", "broken." + "x" * 128, "broken.\xe9"])
def test_a_reward_whose_id_is_no_id(name: Any) -> None:
    error = refused(Toy(), Broken(hooks={"rewards": [BrokenReward(Broken(), id=name)]}))
    assert "is no id" in error.message


def test_a_reward_of_a_wallet_that_is_not_there() -> None:
    error = refused(Toy(), Broken(hooks={"rewards": [BrokenReward(Broken(), wallet="gems")]}))
    assert "is paid from the wallet 'gems', which is not configured" in error.message


@pytest.mark.parametrize("version", [None, 5, "", "1.0 beta", "1." + "0" * 63])
def test_a_version_that_is_none(version: Any) -> None:
    manifest = PluginManifest(id="broken", version=version, requires_plugin_api=">=1.0,<2")
    error = refused(Toy(), Broken(manifest=manifest))
    assert error.message == f"the plugin 'broken' cannot have the version {version!r}"
    assert error.facts["plugin"] == "broken"


LONG = "x" * 129


@dataclass(frozen=True)
class _Data:
    """Nothing."""


@pytest.mark.parametrize(
    ("kind", "item"),
    [
        ("programs", BrokenRanking(Broken(), board=LONG)),
        ("benefits", BrokenScheme(Broken(), scheme=LONG)),
        ("benefits", BrokenScheme(Broken(), tiers=(Tier(tier=LONG, name="Gold", rank=0),))),
        ("handlers", Subscription(id="broken.all", event_type=LONG, handler=lambda event: None)),
        ("activities", ActivityKind("broken." + LONG, _Data, "It happened.")),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_a_name_that_no_database_would_keep(kind: str, item: Any) -> None:
    broken = Broken(hooks={kind: [item]})
    error = refused(Toy(), broken)
    assert f"{LONG}' is no name: it is a text of 1 to 128 characters" in error.message
    assert (error.where, error.facts["plugin"]) == ("plugins.broken", "broken")


# -- names that are taken ---------------------------------------------------------------------


def test_two_plugins_of_one_id() -> None:
    error = refused(Broken(), Broken())
    assert error.message == "two plugins with the id 'broken' were given"


def test_two_rewards_of_one_name() -> None:
    error = refused(Toy(), Broken(hooks={"rewards": [BrokenReward(Broken())] * 2}))
    assert error.message == "the reward 'broken.money' is registered by 'broken' and 'broken'"


def test_a_name_below_the_id_of_another_plugin() -> None:
    reward = BrokenReward(Broken(), id="toy.money")
    error = refused(Toy(), Broken(hooks={"rewards": [reward]}))
    assert error.message == "the plugin 'broken' registers the reward 'toy.money'"
    assert error.remedy == "Its id must start with 'broken.'."


class _Twice(Broken):
    @hookimpl(specname="loyalty_register_programs")
    def other(self) -> Any:
        return []


class _Unknown(Broken):
    @hookimpl
    def loyalty_register_dreams(self) -> Any:
        return []


def test_one_hook_twice_and_a_hook_that_nobody_knows() -> None:
    twice = refused(Toy(), _Twice())
    assert twice.message == (
        "the plugin 'broken' implements the hook 'loyalty_register_programs' twice"
    )
    unknown = refused(Toy(), _Unknown())
    assert unknown.message == (
        "the plugin 'broken' implements the unknown hook 'loyalty_register_dreams'"
    )


@dataclass(frozen=True)
class _Provider:
    id: str

    def charge(self, charge: Any) -> Any:
        raise ToyFailure("charge")

    def refund(self, repayment: Any) -> Any:
        raise ToyFailure("refund")


@pytest.mark.parametrize(
    ("kind", "item", "what"),
    [
        ("connectors", Stall(id="broken.shop"), "the connector 'broken.shop'"),
        ("payments", _Provider("broken.bank"), "the payment provider 'broken.bank'"),
        ("benefits", BrokenScheme(Broken()), "the source of benefits 'broken.ladder'"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_a_name_that_is_taken_twice(kind: str, item: Any, what: str) -> None:
    error = refused(Toy(), Broken(hooks={kind: [item, item]}))
    assert error.message == f"{what} is registered by 'broken' and 'broken'"
    assert error.remedy == "Switch one of them off."


def test_a_board_that_two_plugins_have() -> None:
    other = Broken(id="other", hooks={"rewards": [], "benefits": [], "handlers": []})
    broken = Broken(hooks={"programs": [BrokenRanking(other)]})
    other.hooks["programs"] = [BrokenRanking(other)]
    error = refused(Toy(), broken, other, on={**ON, "other": {}})
    assert error.message == "the board 'ranks' is registered by 'broken' and 'other'"
    assert error.remedy == "Give one of them another name."
