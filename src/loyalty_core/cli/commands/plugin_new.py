"""``plugin new``: the folder of a new plugin."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from loyalty_core.cli.options import JsonOption
from loyalty_core.cli.output import answer
from loyalty_core.cli.scaffold import folder, start
from loyalty_core.domain.clock import utc_now
from loyalty_core.domain.facts import Json
from loyalty_core.errors import FactError
from loyalty_core.plugins.loader import installed

OURS = ("core", "gateway")
"""What stands behind ``loyalty-`` in the names of the SDK's own distributions."""


def new(
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(help="What it is called, such as book-club.", show_default=False)
    ],
    into: Annotated[Path, typer.Option("--into", help="Where its folder is made.")] = Path(),
    summary: Annotated[str, typer.Option("--summary", help="What it does, in a sentence.")] = "",
    author: Annotated[str, typer.Option("--author", help="Whose it is, for the licence.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Write the folder of a new plugin: a rule, its settings, tests, packaging and documentation.

    It is called loyalty-NAME. It passes its own tests, type checks, lint and the conformance suite
    as it is.
    """
    wanted = start(name, summary=summary, author=author, year=utc_now().year)
    _refuse_taken(wanted.id, context)
    target = into / wanted.distribution
    made = folder(wanted)
    try:
        target.mkdir(parents=True)
        for path, text in made.items():
            (target / path).parent.mkdir(parents=True, exist_ok=True)
            (target / path).write_text(text, encoding="utf-8", newline="\n")
    except FileExistsError:
        raise FactError(
            "the folder is there already, and was left alone",
            where=str(target),
            remedy="Choose another name, or another place with --into.",
        ) from None
    except OSError as error:
        raise FactError(
            f"the folder cannot be written: {error.strerror}",
            where=str(target),
            remedy="Check the place and its permissions.",
        ) from None
    document: dict[str, Json] = {"written": str(target), "id": wanted.id, "files": [*made]}
    answer(document, as_json, lambda console: _show(console, target))


def _refuse_taken(name: str, context: typer.Context) -> None:
    """Raises ``FactError`` for a name that something else has: one of the two would be hidden."""
    root = context.find_root()
    commands: Any = root.command
    taken = {
        **dict.fromkeys(commands.list_commands(root), "a command of `loyalty`"),
        **dict.fromkeys(installed(), "a plugin that is installed"),
        **dict.fromkeys(OURS, "a distribution of the SDK"),
    }
    if name in taken:
        raise FactError(
            f"{name!r} is the name of {taken[name]}", where="NAME", remedy="Choose another name."
        )


def _show(console: Console, target: Path) -> None:
    console.print(Text(f"wrote {target}"), soft_wrap=True)
    console.print(Text("next:"))
    for line in (
        f"cd {shlex.quote(str(target))}",
        "python -m venv .venv",
        '.venv/bin/pip install -e ".[dev]"',
        ".venv/bin/pytest",
    ):
        console.print(Text(f"  {line}"), soft_wrap=True)
