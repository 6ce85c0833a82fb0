"""``plugin``: for those who write plugins. Each command is in its own module."""

from __future__ import annotations

import typer

from loyalty_core.cli.commands import plugin_check, plugin_new


def register(app: typer.Typer) -> None:
    """Adds the group."""
    group = typer.Typer(help="For writing plugins: start one, check one.", no_args_is_help=True)
    group.command("new")(plugin_new.new)
    group.command("check")(plugin_check.check)
    app.add_typer(group, name="plugin")
