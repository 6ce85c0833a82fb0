"""The page about the rules of a good plugin: code, what, why, and how to mend it."""

from __future__ import annotations

from docs.generate.text import page as whole_page
from docs.generate.text import table
from loyalty_core.testing.plugin import Grade, Rule
from loyalty_core.testing.quality.report import all_rules
from loyalty_gateway.quality import RULES as GRAPHQL

INTRODUCTION = """
A good plugin keeps these rules. Each has a code, and is checked by code: in the plugin's tests by
`PluginSuite` of `loyalty_core.testing.plugin`, and from a terminal by `loyalty plugin check`.
[Test a plugin](../how-to/testing.md) shows how.

A plugin has a grade if it keeps all rules of it and of the grades below. A rule that is about
something the plugin does not have holds by itself. One that is not right for a plugin can be
exempt: its `quality.toml` says so, with a reason; but not of bronze, and only as long as it would
fail. Rules about GraphQL come with `loyalty-gateway`.
"""
MEANING = {
    Grade.BRONZE: "The plugin is what it says, fits the core, and opens.",
    Grade.SILVER: "With the plugin on, the books are right whatever happens.",
    Grade.GOLD: "It is described in full, says what is wrong, and stays small.",
}


def page() -> str:
    """The page about the rules."""
    every = {one.code: one for one in (*all_rules(), *GRAPHQL)}  # as installed, or only written
    rules = tuple(every[code] for code in sorted(every))
    parts = [_index(rules)]
    for grade in Grade:
        parts.append(f"## {grade.capitalize()}\n\n{MEANING[grade]}")
        parts += [_rule(one) for one in rules if one.grade is grade]
    return whole_page("Rules of a good plugin", INTRODUCTION, *parts)


def _index(rules: tuple[Rule, ...]) -> str:
    rows = [(f"[{one.code}](#{one.code.lower()}-{one.name})", one.grade, one.what) for one in rules]
    return table(("rule", "grade", "what it says"), rows)


def _rule(one: Rule) -> str:
    rows = [("why", one.why), ("how to mend it", one.mend)]
    return f"### {one.code} {one.name}\n\n{one.what}\n\n{table(('', ''), rows)}"
