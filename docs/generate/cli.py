"""The page about the command line: the help of every command, as it prints it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any
from unittest import mock

from typer.main import get_command

from docs.generate.text import page as whole_page
from docs.generate.text import table
from loyalty_core.cli import build_app
from loyalty_core.cli.output import EXIT_CODES

INTRODUCTION = """
`loyalty` does from a terminal what the SDK does from Python. With `--json` every command prints
one JSON document on standard output; messages and progress go to standard error.
"""
COLUMNS = 100


def page() -> str:
    """The page about the command line."""
    root: Any = get_command(build_app())
    codes = [(str(number), meaning) for number, meaning in EXIT_CODES.items()]
    with mock.patch.dict(os.environ, {"COLUMNS": str(COLUMNS), "LINES": "40"}):
        shown = list(_commands(root, None, "loyalty"))
    return whole_page(
        "Command line",
        INTRODUCTION,
        "## Exit codes",
        table(("code", "meaning"), codes),
        *shown,
    )


def _commands(command: Any, parent: Any, name: str) -> Iterator[str]:
    """The help of a command and of those below it."""
    widths = {"max_content_width": COLUMNS, "terminal_width": COLUMNS}
    context = command.make_context(name, [], parent, resilient_parsing=True, **widths)
    text = command.get_help(context).split("\nExit codes:")[0].rstrip()
    lines = "\n".join(line.rstrip() for line in text.splitlines())
    yield f"## `{context.command_path}`\n\n```text\n{lines}\n```"
    if hasattr(command, "list_commands"):
        for inner in command.list_commands(context):
            yield from _commands(command.get_command(context, inner), context, inner)
