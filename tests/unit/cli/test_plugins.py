"""Plugins from the command line: how they stand, and asking one again."""

import json
from typing import Any

import pytest

import loyalty_donation as donation
import loyalty_points.program as points_program
from loyalty_core import PLUGIN_API_VERSION, hookimpl
from loyalty_core.application.quarantine import MOST_FAILURES
from loyalty_core.cli.output import CONFIG as CONFIGURATION
from loyalty_core.cli.output import REJECTED
from loyalty_points import plugin as points_plugin
from loyalty_tiers import plugin as tiers_plugin
from tests.unit.cli.shop import CONFIG, Shop, order

CLASS = next(
    one for one in vars(points_program).values() if isinstance(one, type) and hasattr(one, "decide")
)


@pytest.fixture
def held(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A shop whose plugin for points has failed on ten orders."""

    def fail(self: Any, fact: Any, member: Any) -> Any:
        raise RuntimeError("no")

    monkeypatch.setattr(CLASS, "decide", fail)
    shop.record(*(order(number) for number in range(MOST_FAILURES)))
    return shop


def test_plugins_are_shown_with_what_they_have(shop: Shop) -> None:
    found = {one["id"]: one for one in shop.json("plugins")["plugins"]}
    points = found["points"]
    assert (points["state"], points["deferred_facts"], points["tables"]) == ("on", 0, [])
    assert points["hooks"] == ["loyalty_register_programs", "loyalty_register_rewards"]
    assert points["quarantine"] is None
    assert (found["tiers"]["state"], found["tiers"]["hooks"]) == ("off", [])
    assert points["version"] == found["tiers"]["version"]
    assert points["personal_data"][0]["where"] == "state"
    assert points["personal_data"][0]["why"] == "So that limits hold."
    assert found["tiers"]["personal_data"] == []  # it is off, and not imported for it
    text = shop.run("plugins").stdout
    assert "register_programs, register_rewards" in text
    assert "So that limits hold." in text


def test_a_quarantine_is_shown_with_how_to_lift_it(
    held: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = held.run("plugins", "--json")
    assert said.exit_code == REJECTED
    shown = held.run("plugins")
    assert shown.exit_code == REJECTED
    assert "as it raised RuntimeError time after time. It is not called to decide." in shown.stdout
    assert "Mend it, then run: loyalty plugins lift points" in shown.stdout
    status = held.run("status")
    assert status.exit_code == REJECTED
    assert "in quarantine" in status.stdout
    still = held.run("plugins", "lift", "points")
    assert still.exit_code == REJECTED
    assert "10 facts still wait for it" in still.stdout
    monkeypatch.undo()
    done = held.json("plugins", "lift", "points")
    assert done == {
        "plugin": "points",
        "lifted": True,
        "retried_facts": MOST_FAILURES,
        "deferred_facts": 0,
        "deliveries": 0,
    }
    assert held.json("status")["quarantined_plugins"] == []
    assert held.run("plugins").exit_code == 0


def test_a_plugin_that_is_not_on_is_not_lifted(shop: Shop) -> None:
    refused = shop.run("plugins", "lift", "tiers")
    assert refused.exit_code == 3
    assert "the plugin 'tiers' is not on" in refused.stderr


def test_a_trace_shows_each_decision(shop: Shop) -> None:
    fact = json.dumps(order(1))
    traced = shop.run("record", "--trace", stdin=fact)
    assert traced.exit_code == 0
    assert "points, asked to decide order A1 of web, by rules of version 1" in traced.stdout
    assert '→ Credit wallet="points"  amount=4000  rule="purchases"' in traced.stdout
    assert "ada@example.org" not in traced.stdout
    cart = json.dumps({"currency": "EUR", "lines": [{"id": "1", "amount": "9.00"}]})
    shown = shop.run("quote", "--trace", stdin=cart)
    assert "points, asked to decide order quote, by rules of version 1" in shown.stdout
    document = shop.json("quote", "--trace", "--member", "email:ada@example.org", stdin=cart)
    (decision,) = document["decisions"]
    assert (decision["plugin"], decision["asked"], decision["failure"]) == ("points", "decide", "")
    assert decision["effects"][0]["amount"] == 900
    assert decision["member"]["history"]["orders"] == 1
    assert "decisions" not in shop.json("quote", stdin=cart)


OLD = """
from loyalty_core import PluginManifest

class Plugin:
    manifest = PluginManifest(id="old", version="0.3", requires_plugin_api=">=9")

plugin = Plugin()
"""
NEEDS = f"the plugin 'old' 0.3 needs plugin API >=9, this is {PLUGIN_API_VERSION}"


def configured(shop: Shop, plugins: str) -> None:
    """Other plugins than those that the shop has."""
    path = shop.folder / "loyalty.toml"
    path.write_text(CONFIG.partition("[[plugins")[0] + plugins, encoding="utf-8")


def test_one_that_is_refused_is_listed_with_why_among_the_others(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(shop.folder))
    (shop.folder / "a_plugin_of_old.py").write_text(OLD, encoding="utf-8")
    info = shop.folder / "loyalty_old-7.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: loyalty-old\nVersion: 7\n")
    (info / "entry_points.txt").write_text("[loyalty.plugins]\nold = a_plugin_of_old:plugin\n")
    configured(shop, "[plugins.points]\n[plugins.old]\n")
    said = shop.run("plugins", "--json")
    assert said.exit_code == CONFIGURATION
    document = json.loads(said.stdout)
    assert (document["error"]["code"], document["error"]["message"]) == ("plugin_refused", NEEDS)
    found = {one["id"]: one for one in document["plugins"]}
    assert [found[name]["state"] for name in ("old", "points", "tiers")] == ["refused", "on", "off"]
    assert (found["old"]["refused"], found["old"]["version"]) == (NEEDS, "7")
    assert (found["points"]["refused"], found["points"]["deferred_facts"]) == (None, None)
    assert found["points"]["hooks"] == ["loyalty_register_programs", "loyalty_register_rewards"]
    shown = shop.run("plugins")
    assert shown.exit_code == CONFIGURATION
    assert NEEDS in shown.stdout
    assert "points" in shown.stdout
    assert NEEDS in shown.stderr
    assert "Install a release of the plugin made for this one." in shown.stderr


def test_all_that_are_refused_are_listed(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(donation, "plugin", 5)
    others = "[plugins.points]\nearnn = 1\nearn = 2\n[plugins.tiers]\n"
    configured(shop, f"[plugins.donation]\n[plugins.absent]\n{others}")
    said = shop.run("plugins", "--json")
    assert said.exit_code == CONFIGURATION
    found = {
        one["id"]: (one["state"], one["refused"]) for one in json.loads(said.stdout)["plugins"]
    }
    assert found["absent"] == ("refused", "the plugin 'absent' is switched on but not installed")
    assert found["donation"] == ("refused", "5 has no manifest")
    assert found["points"] == (
        "refused",
        "earn: this number is not a list; earnn: unknown key",
    )
    assert found["paid"] == ("off", None)


def test_two_whose_hooks_do_not_fit_are_both_listed(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    @hookimpl
    def unknown(self: Any) -> Any:
        return []

    for plugin in (type(points_plugin), type(tiers_plugin)):
        monkeypatch.setattr(plugin, "loyalty_register_dreams", unknown, raising=False)
    configured(shop, "[plugins.points]\n[plugins.tiers]\n[plugins.donation]\n")
    said = shop.run("plugins", "--json")
    assert said.exit_code == CONFIGURATION
    listed = json.loads(said.stdout)["plugins"]
    why = "implements the unknown hook 'loyalty_register_dreams'"
    assert {one["id"]: one["refused"] for one in listed if one["state"] == "refused"} == {
        "points": f"the plugin 'points' {why}",
        "tiers": f"the plugin 'tiers' {why}",
    }


def test_a_configuration_that_is_wrong_elsewhere_is_told_as_ever(shop: Shop) -> None:
    (shop.folder / "loyalty.toml").write_text("[program]\nid = 5\n", encoding="utf-8")
    said = shop.run("plugins", "--json")
    assert said.exit_code == CONFIGURATION
    assert list(json.loads(said.stdout)) == ["error"]
