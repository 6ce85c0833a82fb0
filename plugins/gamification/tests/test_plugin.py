"""What the plugin registers, and that its settings and README are documented truthfully."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

from loyalty_core import FollowsFacts, ShowsMembers, UnitesStates, read_settings
from loyalty_gamification import plugin
from loyalty_gamification.checks import check
from loyalty_gamification.config import GamificationConfig
from loyalty_gamification.program import GamificationProgram
from plugins.gamification.tests.build import settings, shop

README = (Path(__file__).resolve().parents[1] / "README.md").read_text(encoding="utf-8")
CONFIG = tomllib.loads(
    "\n".join(re.findall(r"```toml\n(.*?)```", README, re.DOTALL)), parse_float=Decimal
)


def dataclasses_of(kind: Any, found: set[type]) -> Iterator[type]:
    """The plugin's dataclasses that a settings class is made of, itself included."""
    if kind in found:
        return
    if is_dataclass(kind) and isinstance(kind, type) and kind.__module__.startswith("loyalty_ga"):
        found.add(kind)
        yield kind
        for hint in get_type_hints(kind).values():
            yield from dataclasses_of(hint, found)
    for argument in get_args(kind):
        yield from dataclasses_of(argument, found)


def test_the_manifest() -> None:
    manifest = plugin.manifest
    assert (manifest.id, manifest.config) == ("gamification", GamificationConfig)


def test_one_program_is_registered_that_does_it_all() -> None:
    (program,) = plugin.loyalty_register_programs(settings(""), shop())
    assert isinstance(program, GamificationProgram)
    for part in (FollowsFacts, ShowsMembers, UnitesStates):
        assert isinstance(program, part)


def test_every_setting_is_documented_and_in_the_readme() -> None:
    kinds = list(dataclasses_of(GamificationConfig, set()))
    assert len(kinds) == 16
    for kind in kinds:
        for item in fields(kind):
            assert str(item.metadata.get("doc", "")).endswith("."), f"{kind.__name__}.{item.name}"
            written = f"`{item.name}`" in README or f"gamification.{item.name}]" in README
            assert written, f"{kind.__name__}.{item.name} is not in the README"


def test_the_readmes_example_can_be_used() -> None:
    section = CONFIG["plugins"]["gamification"]
    made = read_settings(GamificationConfig, section, where="plugins.gamification")
    check(made, shop())
    assert {item.name for item in fields(GamificationConfig)} == section.keys()


def test_the_readmes_code_comes_to_what_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    for block in re.findall(r"```python\n(.*?)```", README, re.DOTALL):
        exec(block, {})
        assert capsys.readouterr().out == block.rstrip().rpartition("# ")[2] + "\n"
