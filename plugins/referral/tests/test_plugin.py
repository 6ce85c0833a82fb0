"""What the plugin registers, and that its README tells the truth of it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from loyalty_core import Loyalty
from loyalty_core.testing import FrozenClock
from loyalty_referral import referrals_of
from loyalty_referral.config import CHECKS
from plugins.referral.tests.build import EVENTS, NOON, known, order

HERE = Path(__file__).resolve().parents[1]
README = (HERE / "README.md").read_text(encoding="utf-8")


def test_the_readme_names_every_check_and_event() -> None:
    shown = {*re.findall(r"`(?:referral\.)?(\w+)`", README)}
    assert sorted({*CHECKS, *EVENTS} - shown) == []


def program() -> Loyalty:
    """The README's program."""
    (settings,) = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
    return Loyalty.open(tomllib.loads(settings), "sqlite://", clock=FrozenClock(NOON))


def test_the_readmes_program_and_python_do_what_they_say() -> None:
    blocks = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert len(blocks) == 4
    made: dict[str, Any] = {}
    for block in blocks:
        exec(compile(block, "README.md", "exec"), made)
    with program() as loyalty:
        ada, bob = (loyalty.enrol(known(name)).id for name in ("ada", "bob"))
        link = made["share"](loyalty, ada)
        assert link.url == f"https://shop.example/?ref={link.code}"
        assert made["signs_up"](loyalty, bob, link.code) == ""
        assert referrals_of(loyalty, ada)["accepted"] == 1
        loyalty.record(order("1", "bob", "19.99", hours=0))
        loyalty.record(order("2", "bob", "20.00", hours=0))
        assert loyalty.statement(ada).wallet("points").balance == 0
        cal = loyalty.enrol(known("cal")).id
        made["buys_together"](loyalty, ada, link.code, [bob, cal])
        (group,) = made["referrals_of"](loyalty, ada)["groups"]
        assert (group["state"], group["have"]) == ("won", 3)
    assert made["clicked"].data == {"code": "ADA-10"}
