"""Versions of the configuration: which rules were in force when, and what each one changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from loyalty_core.domain.facts import Json


class RulesChange(NamedTuple):
    """One setting that a version changed: its path, and its value before and after.

    None where it was not there. In lists, tables are named by their ``rule`` where they have one.
    """

    path: str
    before: Json
    after: Json


class RulesState(StrEnum):
    """Whether a version of the configuration decides what is decided now."""

    SCHEDULED = "scheduled"
    IN_FORCE = "in_force"
    PAST = "past"


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesVersion:
    """One version of the configuration: since when it was in force, and what it changed.

    ``document`` is all of it, defaults included, as JSON; secrets are in it by name alone.
    ``changes`` are those from the version before, none in the first. One that is ``scheduled`` has
    no number yet (0): it gets the next one when it starts, at ``in_force_from``.
    """

    version: int
    state: RulesState
    in_force_from: datetime
    document: Mapping[str, Json]
    changes: tuple[RulesChange, ...] = ()


def changes(before: Mapping[str, Json], after: Mapping[str, Json]) -> tuple[RulesChange, ...]:
    """Every setting in which two configurations differ, in the order of their paths."""
    old, new = dict(flat("", dict(before))), dict(flat("", dict(after)))
    return tuple(
        RulesChange(path, old.get(path), new.get(path))
        for path in sorted(old.keys() | new.keys())
        if old.get(path) != new.get(path)
    )


def rule_in(section: Json | Mapping[str, Json], rule: str) -> Mapping[str, Json]:
    """The settings of a rule in a plugin's section, wherever they are; empty if it names none."""
    if isinstance(section, list):
        inside = section
    elif isinstance(section, Mapping):
        named = section.get(rule)
        if section.get("rule") == rule:
            return section
        if isinstance(named, dict):
            return named
        inside = list(section.values())
    else:
        return {}
    return next((found for each in inside if (found := rule_in(each, rule))), {})


def settings_in(document: Mapping[str, Json], section: str, name: str) -> Mapping[str, Json]:
    """A table of a section, such as that of a plugin or a reward; empty if it is not there."""
    tables = document.get(section)
    found = tables.get(name) if isinstance(tables, dict) else None
    return found if isinstance(found, dict) else {}


def flat(path: str, value: Json) -> Iterator[tuple[str, Json]]:
    """The values below a path, each with its own."""
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from flat(f"{path}.{name}" if path else name, inner)
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for place, inner in enumerate(value):
            rule = inner.get("rule") if isinstance(inner, dict) else None
            yield from flat(f"{path}[{rule or place}]", inner)
    else:
        yield path, value
