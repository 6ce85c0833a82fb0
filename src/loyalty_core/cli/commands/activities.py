"""``activities``: the kinds of activity that plugins declare."""

from __future__ import annotations

import typer
from rich.console import Console
from rich.text import Text

from loyalty_core.application.activities import ActivityKind
from loyalty_core.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption
from loyalty_core.cli.output import add, answer, plain, table
from loyalty_core.domain.facts import Json
from loyalty_core.loyalty import Loyalty


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("activities")(activities)


def activities(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """List the kinds of activity that plugins declare, and what their data holds.

    Others may be recorded too, with any plain values. With --json each has the JSON Schema of its
    data. No database is opened.
    """
    with Loyalty.open(config, "sqlite://") as loyalty:
        kinds = loyalty.activities
    listed: list[Json] = [
        {"kind": kind.kind, "summary": kind.summary, "data": kind.schema()} for kind in kinds
    ]
    answer({"activities": listed}, as_json, lambda console: _show(console, kinds))


def _show(console: Console, kinds: tuple[ActivityKind[object], ...]) -> None:
    if not kinds:
        console.print(Text("no plugin that is on declares a kind of activity"))
    for kind in kinds:
        console.print(Text(f"{kind.kind}: {plain(kind.summary)}", style="bold"))
        listed = table("data", "is", "", "what it says")
        for field in kind.fields():
            add(listed, field.name, field.type, "needed" if field.needed else "", field.doc)
        console.print(listed)
