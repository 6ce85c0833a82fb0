"""What the plugin registers, and that its settings and README are documented truthfully."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

from loyalty_core import ConfigError, TierScheme, read_settings
from loyalty_tiers import plugin
from loyalty_tiers.config import TiersConfig
from loyalty_tiers.program import TiersProgram
from plugins.tiers.tests.build import ladder, settings, shop

HERE = Path(__file__).resolve().parents[1]
README = (HERE / "README.md").read_text()


def dataclasses_of(kind: Any, found: set[type]) -> Iterator[type]:
    """The plugin's dataclasses that a settings class is made of, itself included."""
    if kind in found:
        return
    if is_dataclass(kind) and isinstance(kind, type) and kind.__module__.startswith("loyalty_ti"):
        found.add(kind)
        yield kind
        for hint in get_type_hints(kind).values():
            yield from dataclasses_of(hint, found)
    for argument in get_args(kind):
        yield from dataclasses_of(argument, found)


def test_the_manifest() -> None:
    manifest = plugin.manifest
    assert (manifest.id, manifest.config) == ("tiers", TiersConfig)
    assert manifest.requires_plugin_api == ">=1.3,<2"


def test_what_is_registered() -> None:
    (program,) = plugin.loyalty_register_programs(settings(ladder()), shop())
    assert isinstance(program, TiersProgram)
    (scheme,) = plugin.loyalty_register_benefits(settings(ladder()), shop())
    assert isinstance(scheme, TierScheme)
    assert [(tier.tier, tier.rank) for tier in scheme.tiers] == [
        ("bronze", 0),
        ("silver", 1),
        ("gold", 2),
    ]


def test_every_setting_is_documented() -> None:
    kinds = list(dataclasses_of(TiersConfig, set()))
    assert len(kinds) == 6
    undocumented = [
        f"{kind.__name__}.{item.name}"
        for kind in kinds
        for item in fields(kind)
        if not str(item.metadata.get("doc", "")).endswith(".")
    ]
    assert undocumented == []


def test_the_readme_names_every_setting() -> None:
    names = {item.name for kind in dataclasses_of(TiersConfig, set()) for item in fields(kind)}
    assert sorted(name for name in names if f"`{name}`" not in README) == []


def test_the_example_of_the_readme_can_be_used() -> None:
    (block,) = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
    section = tomllib.loads(block, parse_float=Decimal)["plugins"]["tiers"]
    config = read_settings(TiersConfig, section, where="plugins.tiers")
    assert plugin.loyalty_register_programs(config, shop())


def test_the_quality_rules_are_answered() -> None:
    ours = tomllib.loads((HERE / "quality.toml").read_text())
    points = tomllib.loads((HERE.parent / "points" / "quality.toml").read_text())
    assert ours.keys() == points.keys()
    for rule, answer in ours.items():
        assert answer == "done" or (set(answer) == {"exempt"} and answer["exempt"]), rule


FIRST = 'any_of = [{ metric = "spend", at_least = "100.00" }]'
TWICE = '{ benefit = "a", kind = "gift" }'
WRONG = {
    "tier[1].any_of[0].metric": ('"spend", at_least = "100.00"', '"speed", at_least = "100.00"'),
    "tier[1].any_of[0]: it has": (
        'at_least = "100.00"',
        'at_least = "100.00", more_than = "100.00"',
    ),
    "tier[1].any_of[0]: 1.001": ('"100.00"', '"1.001"'),
    "tier[1]: a tier above": (FIRST, ""),
    "tier[1].tier": ('tier = "silver"', 'tier = "gold"'),
    "tier[1].entry.wallet": (FIRST, f'{FIRST}\nentry = {{ points = 5, wallet = "moons" }}'),
    "tier[1].every_order.points": (FIRST, f'{FIRST}\nevery_order = {{ points = "0.5" }}'),
    "months": ('scheme = "status"', 'scheme = "status"\nmonths = 0'),
    "grace_days": ('scheme = "status"', 'scheme = "status"\ngrace_days = 400'),
    "tier[1].benefits[0].percent: a percent_off needs it": (
        FIRST,
        f'{FIRST}\nbenefits = [{{ benefit = "a", kind = "percent_off" }}]',
    ),
    "tier[1].benefits[0].percent: 101": (
        FIRST,
        f'{FIRST}\nbenefits = [{{ benefit = "a", kind = "percent_off", percent = 101 }}]',
    ),
    "tier[1].benefits[0].count: only a quota": (
        FIRST,
        f'{FIRST}\nbenefits = [{{ benefit = "a", kind = "gift", count = 1 }}]',
    ),
    "tier[1].benefits[0].per": (
        FIRST,
        f'{FIRST}\nbenefits = [{{ benefit = "a", kind = "gift", per = "paid_period" }}]',
    ),
    "tier[1].benefits[1].benefit": (
        FIRST,
        f"{FIRST}\nbenefits = [{TWICE}, {TWICE}]",
    ),
}


@pytest.mark.parametrize("where", WRONG)
def test_a_fault_is_refused_with_its_place(where: str) -> None:
    right, wrong = WRONG[where]
    assert right in ladder()
    with pytest.raises(ConfigError) as refused:
        plugin.loyalty_register_programs(settings(ladder().replace(right, wrong, 1)), shop())
    assert any(f"plugins.tiers.scheme[0].{where}" in str(one) for one in refused.value.problems)
