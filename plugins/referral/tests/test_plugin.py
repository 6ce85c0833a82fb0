"""What the plugin registers, and that its settings and README are documented truthfully."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_type_hints

from loyalty_core import Loyalty
from loyalty_core.testing import FrozenClock
from loyalty_referral import plugin, referrals_of
from loyalty_referral.config import CHECKS, ReferralConfig
from plugins.referral.tests.build import EVENTS, NOON, known, order

HERE = Path(__file__).resolve().parents[1]
README = (HERE / "README.md").read_text(encoding="utf-8")


def dataclasses_of(kind: Any, found: set[type]) -> Iterator[type]:
    """The plugin's dataclasses that a settings class is made of, itself included."""
    if kind in found:
        return
    if is_dataclass(kind) and isinstance(kind, type) and kind.__module__.startswith("loyalty_ref"):
        found.add(kind)
        yield kind
        for hint in get_type_hints(kind).values():
            yield from dataclasses_of(hint, found)
    for argument in get_args(kind):
        yield from dataclasses_of(argument, found)


def test_the_manifest() -> None:
    manifest = plugin.manifest
    assert (manifest.id, manifest.config) == ("referral", ReferralConfig)
    assert manifest.requires_plugin_api == ">=1.1,<2"


def test_every_setting_is_documented() -> None:
    kinds = list(dataclasses_of(ReferralConfig, set()))
    assert len(kinds) == 5
    undocumented = [
        f"{kind.__name__}.{item.name}"
        for kind in kinds
        for item in fields(kind)
        if not str(item.metadata.get("doc", "")).endswith(".")
    ]
    assert undocumented == []


def test_the_readme_names_every_setting_check_and_event() -> None:
    names = {item.name for kind in dataclasses_of(ReferralConfig, set()) for item in fields(kind)}
    names |= {*CHECKS, *EVENTS}
    shown = {*re.findall(r"`(?:referral\.)?(\w+)`", README)}
    shown |= {*re.findall(r"plugins\.referral\.(\w+)", README)}
    assert sorted(names - shown) == []


def program() -> Loyalty:
    """The README's program."""
    (settings,) = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
    return Loyalty.open(tomllib.loads(settings), "sqlite://", clock=FrozenClock(NOON))


def test_the_readmes_program_and_python_do_what_they_say() -> None:
    blocks = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert len(blocks) == 3
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


def test_the_quality_rules_are_answered() -> None:
    rules = tomllib.loads((HERE / "quality.toml").read_text(encoding="utf-8"))
    for rule, answer in rules.items():
        assert answer == "done" or (set(answer) == {"exempt"} and answer["exempt"]), rule
