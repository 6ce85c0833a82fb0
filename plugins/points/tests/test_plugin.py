"""What the plugin registers, and that its README tells the truth of it."""

import re
import tomllib
from decimal import Decimal
from pathlib import Path

from loyalty_core import read_settings
from loyalty_points import plugin
from loyalty_points.config import PointsConfig
from loyalty_points.program import PointsProgram
from loyalty_points.rewards import PointsDiscount
from plugins.points.tests.build import BASE, amounts, member, order, points, settings, shop

HERE = Path(__file__).resolve().parents[1]


def test_a_program_is_always_registered_and_the_reward_where_it_is_set() -> None:
    (program,) = plugin.loyalty_register_programs(settings(BASE), shop())
    assert isinstance(program, PointsProgram)
    assert list(plugin.loyalty_register_rewards(settings(BASE), shop())) == []
    (reward,) = plugin.loyalty_register_rewards(settings("[redeem]"), shop())
    assert isinstance(reward, PointsDiscount)


def test_a_program_without_rules_earns_nothing() -> None:
    assert points("").decide(order(1000), member()) == []


def test_the_full_example_earns_what_the_readme_says() -> None:
    blocks = re.findall(r"```toml\n(.*?)```", (HERE / "README.md").read_text(), re.DOTALL)
    section = tomllib.loads(blocks[0], parse_float=Decimal)["plugins"]["points"]
    config = read_settings(PointsConfig, section, where="plugins.points")
    program = PointsProgram(config, shop())
    assert amounts(program.decide(order(10099), member())) == {"base": 100, "welcome": 200}
