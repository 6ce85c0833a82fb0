"""What the command shows of the rules: their versions, and how they were at a time."""

from __future__ import annotations

import json
from collections.abc import Mapping

from rich.console import Console
from rich.text import Text

from loyalty_core.cli.documents import Document, moment
from loyalty_core.cli.output import add, plain, table
from loyalty_core.cli.views import heading, when
from loyalty_core.domain.facts import Json
from loyalty_core.domain.programs import ProgramConfig
from loyalty_core.domain.statements import Explanation
from loyalty_core.domain.versions import RulesChange, RulesState, RulesVersion, flat

ADDED, GONE = "not there", "gone"


def of_explanation(why: Explanation) -> Document:
    """The rules of then: since when they held, each rule that gave something, and the reward."""
    rules: list[Json] = [
        {"plugin": award.plugin, "rule": award.rule, "settings": dict(award.settings)}
        for award in why.awards
        if award.settings
    ]
    return {
        "in_force_from": moment(why.in_force_from),
        "rules_then": rules,
        "reward_then": dict(why.reward) or None,
    }


def print_explanation(console: Console, why: Explanation, config: ProgramConfig) -> None:
    """The rules as they were when the transaction's fact was decided."""
    shown = {f"{one.plugin}: {one.rule}": one.settings for one in why.awards if one.settings}
    if why.reward:
        shown[str(why.transaction.detail.get("reward"))] = why.reward
    since = when(why.in_force_from, config)
    for name, settings in shown.items():
        console.print()
        heading(console, f"{name}, in version {why.config_version} (in force from {since})")
        for path, value in flat("", dict(settings)):
            if value not in (None, "", [], {}):
                console.print(Text(f"{plain(path)} = {_written(value)}"), soft_wrap=True)


def of_versions(found: tuple[RulesVersion, ...]) -> Document:
    """All versions, the latest first."""
    return {"versions": [of_version(one) for one in found]}


def of_version(one: RulesVersion) -> Document:
    """One version; one that is still to start has no number."""
    changed: list[Json] = [
        {"path": each.path, "before": each.before, "after": each.after} for each in one.changes
    ]
    return {
        "version": one.version or None,
        "state": one.state.value,
        "in_force_from": moment(one.in_force_from),
        "changes": changed,
        "document": dict(one.document),
    }


def print_versions(
    console: Console, found: tuple[RulesVersion, ...], config: ProgramConfig
) -> None:
    """All versions, the latest first, each with what it changed."""
    for one in found:
        heading(console, f"{_named(one)} {when(one.in_force_from, config)}")
        if not one.changes:
            console.print(Text("the first one" if one is found[-1] else "nothing that is shown"))
        changed = table("setting", "was", "is")
        for each in one.changes:
            add(changed, *_told(each))
        if one.changes:
            console.print(changed)
        console.print()


def print_withdrawn(console: Console, found: RulesVersion | None, config: ProgramConfig) -> None:
    """What does not start any more."""
    if found is None:
        console.print(Text("Nothing is scheduled."))
        return
    since = when(found.in_force_from, config)
    console.print(Text(f"Withdrawn: what was to start at {since}."))


def _named(one: RulesVersion) -> str:
    if one.state is RulesState.SCHEDULED:
        return "scheduled: starts at"
    now = ", in force now" if one.state is RulesState.IN_FORCE else ""
    return f"version {one.version}{now}, from"


def _told(change: RulesChange) -> tuple[str, str, str]:
    before = ADDED if change.before is None else _written(change.before)
    after = GONE if change.after is None else _written(change.after)
    return change.path, before, after


def _written(value: Json | Mapping[str, Json]) -> str:
    return plain(json.dumps(value, ensure_ascii=False))
