"""What the plugin registers, and that its settings and README are documented truthfully."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args, get_type_hints

from loyalty_core import read_settings
from loyalty_points import plugin
from loyalty_points.config import PointsConfig
from loyalty_points.program import PointsProgram
from loyalty_points.rewards import PointsDiscount
from plugins.points.tests.build import BASE, amounts, member, order, points, settings, shop

HERE = Path(__file__).resolve().parents[1]


def dataclasses_of(kind: Any, found: set[type]) -> Iterator[type]:
    """The plugin's dataclasses that a settings class is made of, itself included."""
    if kind in found:
        return
    if is_dataclass(kind) and isinstance(kind, type) and kind.__module__.startswith("loyalty_po"):
        found.add(kind)
        yield kind
        for hint in get_type_hints(kind).values():
            yield from dataclasses_of(hint, found)
    for argument in get_args(kind):
        yield from dataclasses_of(argument, found)


def test_the_manifest() -> None:
    manifest = plugin.manifest
    assert (manifest.id, manifest.config) == ("points", PointsConfig)
    assert manifest.requires_plugin_api == ">=1.1,<2"


def test_a_program_is_always_registered_and_the_reward_where_it_is_set() -> None:
    (program,) = plugin.loyalty_register_programs(settings(BASE), shop())
    assert isinstance(program, PointsProgram)
    assert list(plugin.loyalty_register_rewards(settings(BASE), shop())) == []
    (reward,) = plugin.loyalty_register_rewards(settings("[redeem]"), shop())
    assert isinstance(reward, PointsDiscount)


def test_a_program_without_rules_earns_nothing() -> None:
    assert points("").decide(order(1000), member()) == []


def test_every_setting_is_documented() -> None:
    kinds = list(dataclasses_of(PointsConfig, set()))
    assert len(kinds) == 13
    undocumented = [
        f"{kind.__name__}.{item.name}"
        for kind in kinds
        for item in fields(kind)
        if not str(item.metadata.get("doc", "")).endswith(".")
    ]
    assert undocumented == []


def test_the_readme_names_every_setting() -> None:
    text = (HERE / "README.md").read_text()
    names = {item.name for kind in dataclasses_of(PointsConfig, set()) for item in fields(kind)}
    assert sorted(name for name in names if f"`{name}`" not in text) == []


def test_the_examples_of_the_readme_can_be_used() -> None:
    blocks = re.findall(r"```toml\n(.*?)```", (HERE / "README.md").read_text(), re.DOTALL)
    assert blocks
    for block in blocks:
        section = tomllib.loads(block, parse_float=Decimal)["plugins"]["points"]
        config = read_settings(PointsConfig, section, where="plugins.points")
        assert plugin.loyalty_register_programs(config, shop())


def test_the_full_example_earns_what_the_readme_says() -> None:
    blocks = re.findall(r"```toml\n(.*?)```", (HERE / "README.md").read_text(), re.DOTALL)
    section = tomllib.loads(blocks[0], parse_float=Decimal)["plugins"]["points"]
    config = read_settings(PointsConfig, section, where="plugins.points")
    program = PointsProgram(config, shop())
    assert amounts(program.decide(order(10099), member())) == {"base": 100, "welcome": 200}


def test_the_quality_rules_are_answered() -> None:
    rules = tomllib.loads((HERE / "quality.toml").read_text())
    for rule, answer in rules.items():
        assert answer == "done" or (set(answer) == {"exempt"} and answer["exempt"]), rule
