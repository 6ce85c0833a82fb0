"""A good plugin as a folder, with a reward, a handler, state and an event; and changed copies."""

from __future__ import annotations

import importlib
import sys
from itertools import count
from pathlib import Path

from loyalty_core.testing.plugin import Subject
from loyalty_core.testing.quality.subject import subject_of

_NUMBERS = count(1)

FILES = {
    "pyproject.toml": """\
[project]
name = "loyalty-stamps"
version = "1.0"

[project.entry-points."loyalty.plugins"]
stamps = "PACKAGE:plugin"
""",
    "README.md": """\
# loyalty-stamps

```toml
[plugins.stamps]
skus = ["TEA", "CAKE"]
day_limit = 1
```

`skus` are stamped, at most `day_limit` a day, with stamps of `each` points. The event
`stamps.full` tells who came to the limit.

```python
print(1 + 1)  # 2
```
""",
    "quality.toml": """\
grade = "gold"

[history]
activities = [{ kind = "visit", data = { what = ["tea", "talk"] } }]
line = { sku = ["TEA", "CAKE"] }
""",
    "tests/test_conformance.py": """\
from loyalty_core.testing.plugin import PluginSuite
from PACKAGE import plugin


class TestConformance(PluginSuite):
    plugin = plugin
""",
    "src/PACKAGE/py.typed": "",
    "src/PACKAGE/__init__.py": "from PACKAGE.plugin import plugin\n",
    "src/PACKAGE/config.py": """\
from dataclasses import dataclass, field

from loyalty_core import doc


@dataclass(frozen=True, kw_only=True)
class StampsConfig:
    skus: tuple[str, ...] = field(default=(), metadata=doc("What is stamped."))
    day_limit: int = field(default=5, metadata=doc("How many a day at most."))
    each: int = field(default=1, metadata=doc("Points of a stamp."))
""",
    "src/PACKAGE/program.py": """\
from loyalty_core import Credit, Emit, KeepState, Money, Order, SpendOffer


class Stamps:
    seen = {}

    def __init__(self, config):
        self.config = config

    def decide(self, fact, member):
        if not isinstance(fact, Order):
            return []
        day = fact.occurred_at.date().isoformat()
        had = member.state.get("had", 0) if member.state.get("day") == day else 0
        lines = {line.id: 1 for line in fact.lines if line.sku in self.config.skus}
        lines = dict(list(lines.items())[: max(self.config.day_limit - had, 0)])
        points = {name: self.config.each for name in lines}
        effects = [Credit(wallet="points", amount=sum(points.values()), rule="stamp", lines=points)]
        state = {"day": day, "had": had + len(lines)}
        if state["had"] >= self.config.day_limit:
            effects.append(Emit(type="stamps.full", data={"day": day}))
        return [*effects, KeepState(state)]

    def merge_states(self, kept, other):
        if kept.get("day") != other.get("day"):
            return max((kept, other), key=lambda one: one.get("day", ""))
        return {**kept, "had": kept.get("had", 0) + other.get("had", 0)}

    def show(self, member, at):
        return {"stamps": member.state.get("had", 0)}


class Tea:
    id = "stamps.tea"
    summary = "A tea on the house."
    wallet = "points"

    def offer(self, request, member):
        points = 3 if request.available >= 3 else 0
        worth = Money(3 * points, "USD")
        refusal = "" if points else "Three are needed."
        return SpendOffer(wallet="points", points=points, worth=worth, refusal=refusal)
""",
    "src/PACKAGE/plugin.py": """\
from loyalty_core import (
    ConfigError,
    PersonalData,
    PluginManifest,
    Problem,
    Subscription,
    Wants,
    hookimpl,
)
from PACKAGE.config import StampsConfig
from PACKAGE.program import Stamps, Tea


def thank(event):
    return []


class StampsPlugin:
    manifest = PluginManifest(
        id="stamps",
        version="1.0",
        requires_plugin_api=">=1.2,<2",
        config=StampsConfig,
        summary="A stamp for each cup.",
        personal_data=(
            PersonalData(what="Stamps of the day.", where="state", why="There is a limit."),
            PersonalData(what="Who came to the limit.", where="events", why="To thank them."),
        ),
    )

    @hookimpl
    def loyalty_register_programs(self, config, program):
        if "points" not in program.wallets or config.day_limit < 1 or config.each < 1:
            raise ConfigError([Problem("plugins.stamps", "wrong", "Mend it.")])
        return [Stamps(config)]

    @hookimpl
    def loyalty_register_rewards(self, config, program):
        return [Tea()] if "points" in program.wallets else []

    @hookimpl
    def loyalty_register_handlers(self, config):
        return [Subscription(id="stamps.thank", event_type="stamps.full", handler=thank)]


plugin = StampsPlugin()
""",
}


Change = tuple[str, str, str]
"""A file, something it says, and what it says instead; or what a new file says."""


def planted(folder: Path, *changes: Change) -> Subject:
    """The plugin written into a folder with these changes, imported under a name of its own."""
    package = f"stamps_{next(_NUMBERS)}"
    files = dict(FILES)
    for name, old, new in changes:
        path = name if name in files or "/" in name or "." not in name else f"src/PACKAGE/{name}"
        said = files.get(path, "")
        assert old in said, f"{path} does not say {old!r}"
        files[path] = said.replace(old, new, 1) if old else said + new
    for name, text in files.items():
        path = folder / name.replace("PACKAGE", package)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("PACKAGE", package), encoding="utf-8")
    sys.path.insert(0, str(folder / "src"))
    try:
        plugin = importlib.import_module(package).plugin
    finally:
        sys.path.remove(str(folder / "src"))
    return subject_of(plugin, folder=folder)
