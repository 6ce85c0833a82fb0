"""Decisions as they are printed with ``--trace``: for a person, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Annotated, cast

import typer
from rich.console import Console
from rich.text import Text

from loyalty_core.cli.documents import Document
from loyalty_core.cli.output import plain
from loyalty_core.domain.decisions import Decision
from loyalty_core.domain.facts import Json

TraceOption = Annotated[
    bool,
    typer.Option(
        "--trace",
        help="Show each decision too: what a plugin was asked, and its effects. Nothing in it "
        "says who it is about.",
    ),
]


def documents_of(decisions: Sequence[Decision]) -> Document:
    """The decisions as a part of a command's document."""
    return {"decisions": [cast(Json, asdict(one)) for one in decisions]}


def show(console: Console, decisions: Sequence[Decision]) -> None:
    """Prints each decision: who was asked what, on what, and what came of it."""
    for one in decisions:
        source = one.fact.get("source")  # a cart need not say which shop it is in
        fact = f"{one.fact['type']} {one.fact['id']}" + (f" of {source}" if source else "")
        rules = f"rules of version {one.config_version}" if one.config_version else "these rules"
        head = f"{one.plugin}, asked to {one.asked} {fact}, by {rules}"
        console.print(Text(plain(head), style="bold"), soft_wrap=True)
        for name, part in (("fact", one.fact), ("member", one.member), ("outcome", one.outcome)):
            _show_part(console, name, part)
        for effect in one.effects:
            rest = {name: value for name, value in effect.items() if name != "effect"}
            _show_line(console, f"→ {effect['effect']}", rest, "green")
        if one.failure:
            console.print(Text(f"  ✗ {plain(one.failure)}", style="red"), soft_wrap=True)
        elif not one.effects:
            console.print(Text("  → nothing"))
    if decisions:
        console.print()


def _show_part(console: Console, name: str, part: Mapping[str, Json]) -> None:
    if part:
        _show_line(console, name, part, "")


def _show_line(console: Console, name: str, part: Mapping[str, Json], style: str) -> None:
    said = "  ".join(
        f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in part.items()
    )
    console.print(Text(f"  {name:<8} {plain(said)}", style=style), soft_wrap=True)
