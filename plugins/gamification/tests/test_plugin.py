"""What the plugin registers, and that its README tells the truth of it."""

import re
import tomllib
from dataclasses import fields
from decimal import Decimal
from pathlib import Path

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


def test_one_program_is_registered_that_does_it_all() -> None:
    (program,) = plugin.loyalty_register_programs(settings(""), shop())
    assert isinstance(program, GamificationProgram)
    for part in (FollowsFacts, ShowsMembers, UnitesStates):
        assert isinstance(program, part)


def test_the_readmes_example_can_be_used() -> None:
    section = CONFIG["plugins"]["gamification"]
    made = read_settings(GamificationConfig, section, where="plugins.gamification")
    check(made, shop())
    assert {item.name for item in fields(GamificationConfig)} == section.keys()
