"""The page about what will go: found where it is written, in names, hooks, settings and GraphQL."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

import loyalty_core
from docs.generate.config import ROOT, own_plugins
from docs.generate.text import page as whole_page
from docs.generate.text import table
from loyalty_core.application.config import ConfigFile
from loyalty_core.application.deprecations import all_deprecated_settings
from loyalty_core.domain.deprecation import deprecation_of
from loyalty_core.plugins.deprecating import deprecated_hooks
from loyalty_gateway.settings import GatewaySettings

INTRODUCTION = """
What is deprecated goes on working until its last day, and then a release may be without it. Who
uses it is told:

- a call of a function, a setting in a `loyalty.toml` and a hook of a plugin give a
  `LoyaltyDeprecationWarning`, which Python shows unless it is told not to;
- `loyalty check` notes settings, `loyalty plugins` what each plugin uses, and editors strike out
  the settings by the JSON Schema;
- in the GraphQL schemas it is `@deprecated`, with the reason;
- a [rule](quality.md#lq311-nothing-that-goes) keeps plugins off it.

How to deprecate something, also of a plugin, [Deprecation](hooks.md#deprecation) says. A last day
is half a year away at least, and a test fails on the day after.
"""
_FIELD = re.compile(r"^ +(\w+).*@deprecated\(reason: \"(.*?)\"\)", re.MULTILINE)
_TYPE = re.compile(r"^(?:extend )?(?:type|enum|input|interface) (\w+)", re.MULTILINE)
_DAY = re.compile(r"gone after ([0-9-]{10})\.")
Found = tuple[str, date, str]
"""What is deprecated, its last day, and the sentences that are told."""


def found() -> list[Found]:
    """All that is deprecated in this repository, what goes first above."""
    every = {(what, one.last_day, one.reason) for what, one in _in_code()}
    for path in sorted(ROOT.glob("**/*.graphql")):
        if ".venv" not in path.parts:
            every |= set(in_schema(path.read_text(encoding="utf-8")))
    return sorted(every, key=lambda one: (one[1], one[0]))


def _in_code() -> Iterator[tuple[str, loyalty_core.Deprecation]]:
    for name in loyalty_core.__all__:
        thing = getattr(loyalty_core, name)
        members = vars(thing).items() if isinstance(thing, type) else ()
        named = {name: thing, **{f"{name}.{inner}": member for inner, member in members}}
        for what, one in named.items():
            if (deprecation := deprecation_of(one)) is not None:
                yield f"`{what}`", deprecation
    for hook, deprecation in deprecated_hooks():
        yield f"the hook `{hook}`", deprecation
    kinds = [ConfigFile, GatewaySettings, *(one.manifest.config for one in own_plugins())]
    for kind in kinds:
        for setting in all_deprecated_settings(kind):
            yield setting.what, setting.deprecation


def in_schema(text: str) -> Iterator[Found]:
    """What a schema says is deprecated; raises ``ValueError`` where it does not say until when."""
    types = [(one.start(), one[1]) for one in _TYPE.finditer(text)]
    for field in _FIELD.finditer(text):
        day = _DAY.search(field[2])
        owner = [name for at, name in types if at < field.start()][-1]
        if day is None:
            raise ValueError(f"{owner}.{field[1]} does not say until when: {field[2]}")
        yield f"`{owner}.{field[1]}` of GraphQL", date.fromisoformat(day[1]), field[2]


def page() -> str:
    """The page about deprecations."""
    rows = [(what, str(day), told) for what, day, told in found()]
    told = table(("what", "last day", "told"), rows) if rows else "Nothing is deprecated now."
    return whole_page("Deprecations", INTRODUCTION, told)
