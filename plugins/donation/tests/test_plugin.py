"""What the plugin registers, and that its settings and README are documented truthfully."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args, get_type_hints

from loyalty_core import Loyalty
from loyalty_core.testing import FrozenClock
from loyalty_donation import Charities, plugin
from loyalty_donation.config import DonationConfig
from plugins.donation.tests.build import gift, order

HERE = Path(__file__).resolve().parents[1]
README = (HERE / "README.md").read_text(encoding="utf-8")


def dataclasses_of(kind: Any, found: set[type]) -> Iterator[type]:
    """The plugin's dataclasses that a settings class is made of, itself included."""
    if kind in found:
        return
    if is_dataclass(kind) and isinstance(kind, type) and kind.__module__.startswith("loyalty_do"):
        found.add(kind)
        yield kind
        for hint in get_type_hints(kind).values():
            yield from dataclasses_of(hint, found)
    for argument in get_args(kind):
        yield from dataclasses_of(argument, found)


def test_the_manifest() -> None:
    manifest = plugin.manifest
    assert (manifest.id, manifest.config) == ("donation", DonationConfig)
    assert manifest.requires_plugin_api == ">=1.3,<2"


def test_every_setting_is_documented() -> None:
    kinds = list(dataclasses_of(DonationConfig, set()))
    assert len(kinds) == 7
    undocumented = [
        f"{kind.__name__}.{item.name}"
        for kind in kinds
        for item in fields(kind)
        if not str(item.metadata.get("doc", "")).endswith(".")
    ]
    assert undocumented == []


def test_the_readme_names_every_setting() -> None:
    names = {item.name for kind in dataclasses_of(DonationConfig, set()) for item in fields(kind)}
    shown = {*re.findall(r"`(\w+)`", README), *re.findall(r"plugins\.donation\.(\w+)", README)}
    assert sorted(names - shown) == []


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


def test_the_quality_rules_are_answered() -> None:
    rules = tomllib.loads((HERE / "quality.toml").read_text(encoding="utf-8"))
    for rule, answer in rules.items():
        assert answer == "done" or (set(answer) == {"exempt"} and answer["exempt"]), rule
