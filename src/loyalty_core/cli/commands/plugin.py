"""``plugin``: what authors of plugins need."""

from __future__ import annotations

import typer

from loyalty_core.cli.commands import plugin_new


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    group = typer.Typer(help="Writing plugins.", no_args_is_help=True)
    plugin_new.register(group)
    app.add_typer(group, name="plugin")
