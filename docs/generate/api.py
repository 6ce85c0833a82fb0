"""The page about the public names of ``loyalty_core``."""

from __future__ import annotations

import inspect
from types import FunctionType

import loyalty_core
from docs.generate.text import attribute_docstrings, code, summary, table
from docs.generate.text import page as whole_page
from loyalty_core import AsyncLoyalty, Loyalty

INTRODUCTION = """
Everything public is imported from `loyalty_core`, and nothing else is public. Each name has a
docstring: `help(loyalty_core.Loyalty)` shows it in full.
"""
THEMES = {
    "loyalty": "The SDK",
    "aio": "The SDK",
    "domain.facts": "Facts",
    "domain.orders": "Facts",
    "domain.members": "Members",
    "domain.programs": "Configuration",
    "domain.names": "Configuration",
    "domain.settings": "Configuration",
    "application.activities": "Writing plugins",
    "application.structure": "Configuration",
    "application.files.facts": "Connectors",
    "application.files.lines": "Connectors",
    "domain.receipts": "Receipts",
    "domain.redemptions": "Receipts",
    "domain.partners": "Partners",
    "domain.adjustments": "Receipts",
    "domain.grants": "Rewards and grants",
    "domain.calendars": "Configuration",
    "domain.catalogue": "Rewards and grants",
    "domain.statements": "Questions and answers",
    "domain.backtests": "Questions and answers",
    "domain.versions": "Configuration",
    "domain.benefits": "Tiers and benefits",
    "domain.benefit_checks": "Tiers and benefits",
    "domain.plugin_states": "Questions and answers",
    "domain.pricing": "Tiers and benefits",
    "domain.tiers": "Tiers and benefits",
    "domain.segments": "Segments",
    "domain.boards": "Boards",
    "domain.habits": "Questions and answers",
    "domain.households": "Households",
    "domain.household_views": "Households",
    "domain.ledger": "The books",
    "domain.seal": "The books",
    "domain.amounts": "Amounts",
    "domain.currencies": "Amounts",
    "domain.clock": "Moments and days",
    "domain.decisions": "Writing plugins",
    "domain.deprecation": "Writing plugins",
    "domain.effects": "Writing plugins",
    "domain.limits": "Writing plugins",
    "domain.events": "Writing plugins",
    "domain.rewards": "Writing plugins",
    "ports.grants": "Writing plugins",
    "ports.payments": "Payments",
    "ports.program": "Writing plugins",
    "ports.connectors": "Connectors",
    "domain.connectors": "Connectors",
    "domain.connections": "Connectors",
    "domain.secrets": "Connectors",
    "domain.foreign": "Connectors",
    "domain.shops": "Connectors",
    "plugins.accounts": "Connectors",
    "plugins.asking": "Connectors",
    "plugins.walks": "Connectors",
    "plugins.hookspecs": "Writing plugins",
    "plugins.loader": "Writing plugins",
    "plugins.schema": "Configuration",
    "plugins.manifest": "Writing plugins",
    "schema.columns": "Writing plugins",
    "schema.own": "Writing plugins",
    "storage.engine": "The database",
    "errors": "Errors",
}
VALUES = {
    "Action": "domain.connectors",
    "Effect": "domain.effects",
    "Input": "domain.connectors",
    "Fact": "domain.facts",
    "Decidable": "domain.facts",
    "ExpiresAt": "domain.adjustments",
    "Json": "domain.facts",
    "JsonObject": "domain.facts",
    "Scalar": "domain.facts",
    "Name": "domain.names",
    "SHIPPING": "domain.facts",
    "Clock": "domain.clock",
    "Trace": "domain.decisions",
    "Period": "domain.clock",
    "Stacking": "domain.benefits",
    "PLUGIN_API_VERSION": "plugins.manifest",
    "hookimpl": "plugins.hookspecs",
    "__version__": "loyalty",
}
"""Where names are defined that do not know it themselves."""
WORDS = {
    "Effect": "What is decided: ``Credit``, ``Grant``, ``KeepState``, ``Measure``, ``Cause`` ...",
    "Json": "Any JSON value: a ``Scalar``, a list of them, or an object of them by text.",
    "MemberId": "A member's id, a time-ordered UUID as text.",
    "Period": "Spans of the calendar: day, week, month, quarter, year.",
    "Scalar": "A JSON value that is neither list nor object, floats left out.",
    "__version__": "The release of the SDK.",
    "hookimpl": "Marks a function as the implementation of the hook of its name.",
}
"""What names mean that cannot carry a docstring, and have none below them either."""


def page() -> str:
    """The page about the public names."""
    below = attribute_docstrings()
    themes: dict[str, list[tuple[str, str]]] = {theme: [] for theme in THEMES.values()}
    for name in loyalty_core.__all__:
        if name not in ("Loyalty", "AsyncLoyalty"):
            themes[theme_of(name)].append((code(name), meaning(name, below)))
    parts = [INTRODUCTION, "## Loyalty", summary(Loyalty.__doc__), _methods()]
    parts += ["## AsyncLoyalty", summary(AsyncLoyalty.__doc__)]
    for theme, rows in themes.items():
        parts += [f"## {theme}" if theme != "The SDK" else "## The release"]
        if theme == "Errors":
            parts.append("Each has a page: see [errors](errors/README.md).")
        parts.append(table(("name", "meaning"), sorted(rows)))
    return whole_page("Public names", *parts)


def theme_of(name: str) -> str:
    """The part of the page a public name stands in."""
    module = VALUES.get(name) or getattr(loyalty_core, name).__module__
    home = module.removeprefix("loyalty_core.")
    return THEMES["errors" if home.startswith("errors.") else home]


def meaning(name: str, below: dict[str, str]) -> str:
    """The first line of a name's docstring, or of the text below its assignment; "" for none."""
    thing = getattr(loyalty_core, name)
    documented = inspect.isclass(thing) or inspect.isfunction(inspect.unwrap(thing))
    own = thing.__doc__ if documented else None
    return summary(own or below.get(name) or WORDS.get(name))


def _methods() -> str:
    rows = []
    parts = [vars(base) for base in (Loyalty, *Loyalty.__bases__)]
    for name, member in (pair for part in parts for pair in part.items()):
        function = getattr(member, "__func__", member)
        if isinstance(member, property):
            rows.append((code(name), summary(member.__doc__)))
        elif not name.startswith("_") and inspect.isfunction(inspect.unwrap(function)):
            rows.append((code(f"{name}({_parameters(function)})"), summary(function.__doc__)))
    return table(("method", "guarantees"), rows)


def _parameters(function: FunctionType) -> str:
    """The names of a method's parameters; those that may be left out with their defaults."""
    shown: list[str] = []
    keyword_only = False
    for parameter in list(inspect.signature(function).parameters.values())[1:]:
        if parameter.kind is parameter.KEYWORD_ONLY and not keyword_only:
            keyword_only = True
            shown.append("*")
        default = parameter.default
        if default is parameter.empty:
            shown.append(parameter.name)
        else:
            value = default.__name__ if callable(default) else repr(default)
            shown.append(f"{parameter.name}={value}")
    return ", ".join(shown)
