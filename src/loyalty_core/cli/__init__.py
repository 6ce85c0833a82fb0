"""The ``loyalty`` command: everything the SDK does, for a terminal and for scripts."""

from __future__ import annotations

import io
import sys
from typing import Annotated

import typer

from loyalty_core import __version__
from loyalty_core.cli.commands import (
    activities,
    adjusting,
    answers,
    backtest,
    boards,
    connect,
    demo,
    examples,
    habits,
    households,
    loading,
    members,
    operations,
    partners,
    people,
    plugin,
    plugins,
    proofs,
    rewards,
    segments,
    setup,
    spending,
)
from loyalty_core.cli.group import LoyaltyGroup
from loyalty_core.cli.output import EXIT_CODES

HELP = """Runs a loyalty program: members, facts, points, statements and the nightly jobs.

A member is named by id, or by an identity such as email:ada@example.org or, with --source,
customer_id:00004. Points are written as decimals of whole points.

With --json a command prints exactly one JSON document, also when it fails: then its key "error"
holds code, message, where, remedy and problems. Points are {"units": 1250, "decimal": "12.50"},
units being the wallet's smallest; money is {"amount": "12.50", "currency": "EUR"}; moments are
in UTC.
"""


def build_app() -> typer.Typer:
    """The whole command line, made anew at each call; other distributions' commands included."""
    app = typer.Typer(
        name="loyalty",
        cls=LoyaltyGroup,
        help=HELP,
        epilog=_epilog(),
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
    app.callback()(_root)
    for module in (
        *(setup, loading, members, answers, boards, spending, rewards, adjusting, people),
        *(activities, backtest, habits, segments, operations, proofs, households, partners),
        *(connect, plugin, plugins, examples, demo),
    ):
        module.register(app)
    return app


def main() -> None:
    """Runs the command line on the process's arguments and ends the process with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal that lacks a letter gets its escape
            stream.reconfigure(errors="backslashreplace")
    build_app()(prog_name="loyalty")


def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            is_eager=True,
            callback=lambda wanted: _print_version(wanted),
            help="Show the version and exit.",
        ),
    ] = False,
) -> None:
    """Runs a loyalty program: members, facts, points, statements and the nightly jobs."""


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"loyalty {__version__}")
        raise typer.Exit


def _epilog() -> str:
    lines = [f"  {code:>3}  {meaning}" for code, meaning in EXIT_CODES.items()]
    return "\b\nExit codes:\n" + "\n".join(lines)
