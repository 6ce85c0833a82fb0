"""What the plugin registers, and that its README tells the truth of it."""

from __future__ import annotations

import re
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from loyalty_core import Loyalty
from loyalty_core.testing import FrozenClock
from loyalty_donation import Charities
from plugins.donation.tests.build import gift, order

HERE = Path(__file__).resolve().parents[1]
README = (HERE / "README.md").read_text(encoding="utf-8")


def test_the_readmes_program_does_what_it_says() -> None:
    (block,) = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
    clock = FrozenClock(datetime(2026, 12, 1, tzinfo=UTC))
    with Loyalty.open(tomllib.loads(block), "sqlite://", clock=clock) as loyalty:
        lines = [{"id": "a", "amount": "219.99"}]
        (suggested,) = loyalty.quote({"currency": "USD", "lines": lines}).suggested
        assert suggested.net == 1
        member = loyalty.record(order("1", "219.99", more=[gift("0.01")])).member_id or ""
        assert loyalty.statement(member).wallet("reef").balance == 221
        loyalty.adjust(member, "points", 1250, reason="a test", actor="sam", key="k")
        loyalty.redeem(member, reward="donation.shelter", key="gives")
        statement = loyalty.statement(member)
        assert statement.wallet("points").balance == 250
        assert statement.wallet("shelter").balance == 2000
        assert Charities(loyalty).account("reef").total == 221 + 110


def test_the_readmes_python_runs() -> None:
    blocks = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert len(blocks) == 2
    made: dict[str, Any] = {}
    for block in blocks:
        exec(compile(block, "README.md", "exec"), made)
    assert made["chosen"].data == {"charity": "shelter"}
    (settings,) = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
    clock = FrozenClock(datetime(2026, 12, 1, tzinfo=UTC))
    with Loyalty.open(tomllib.loads(settings), "sqlite://", clock=clock) as loyalty:
        loyalty.record(order("1", "200.00"))
        made["month_end"](loyalty)
        assert Charities(loyalty).account("reef").paid == 300
