"""What the plugin registers, and that its README tells the truth of it."""

import re
import tomllib
from decimal import Decimal
from pathlib import Path

from loyalty_core import FollowsFacts, ShowsMembers, UnitesStates, read_settings
from loyalty_paid import plugin
from loyalty_paid.checks import check
from loyalty_paid.config import PaidConfig
from loyalty_paid.program import PaidProgram
from plugins.paid.tests.build import program, settings

README = (Path(__file__).resolve().parents[1] / "README.md").read_text(encoding="utf-8")
CONFIG = tomllib.loads(
    "\n".join(re.findall(r"```toml\n(.*?)```", README, re.DOTALL)), parse_float=Decimal
)


def test_one_program_is_registered_that_does_it_all() -> None:
    (made,) = plugin.loyalty_register_programs(settings(""), program())
    assert isinstance(made, PaidProgram)
    for part in (FollowsFacts, ShowsMembers, UnitesStates):
        assert isinstance(made, part)


def test_the_readmes_example_can_be_used() -> None:
    section = CONFIG["plugins"]["paid"]
    made = read_settings(PaidConfig, section, where="plugins.paid")
    check(made, program())
    assert len(made.plan) == 3
