"""``tick``, ``verify``, ``status``: what keeps an installation running."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from loyalty_core.cli import documents, sealing, views
from loyalty_core.cli.options import DEFAULT_CONFIG, ConfigOption, DatabaseOption, JsonOption
from loyalty_core.cli.output import REJECTED, answer, stderr_console
from loyalty_core.cli.progress import meter
from loyalty_core.cli.session import opened


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("tick")(tick)
    app.command("verify")(verify)
    app.command("status")(status)


def tick(
    config: ConfigOption = DEFAULT_CONFIG,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run the nightly jobs: activate, expire, retry, count segments, deliver, seal.

    It may run at any time, and several at once. Deliveries that fail are tried again by later
    runs and do not make this one fail.
    """
    with (
        opened(config, database) as loyalty,
        meter("nightly jobs", "rows", None, quiet=as_json) as shown,
    ):
        done = loyalty.tick(progress=shown.update)
    document = documents.tick(done, loyalty.config)
    answer(document, as_json, lambda console: views.tick(console, done, loyalty.config))


def verify(
    head: Annotated[
        str | None,
        typer.Option("--head", metavar="HEAD", help="A published head that must be in the books."),
    ] = None,
    rebuild: Annotated[
        bool,
        typer.Option("--rebuild", help="First write every cache anew that differs from the books."),
    ] = False,
    config: ConfigOption = DEFAULT_CONFIG,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check the books of the live database.

    It names every sealed row that was altered, removed or added.
    """
    with opened(config, database) as loyalty:
        if as_json:
            rebuilt = loyalty.rebuild() if rebuild else None
            found = loyalty.verify(head=head)
        else:
            with stderr_console().status("checking the books") as shown:

                def mended(caches: int) -> None:
                    shown.update(f"rebuilding caches: {caches:,} were wrong")

                def compared(transactions: int) -> None:
                    shown.update(f"checking the books: {transactions:,} sealed ones compared")

                rebuilt = loyalty.rebuild(progress=mended) if rebuild else None
                found = loyalty.verify(head=head, progress=compared)
    document = documents.verification(found)
    if rebuilt is not None:
        document |= sealing.rebuilt_document(rebuilt)

    def show(console: Console) -> None:
        if rebuilt is not None:
            sealing.show_rebuilt(console, rebuilt)
        views.verification(console, found)

    answer(document, as_json, show)
    if found.problems:
        raise typer.Exit(REJECTED)


def status(
    config: ConfigOption = DEFAULT_CONFIG,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show database, plugins, and what waits or failed."""
    with opened(config, database) as loyalty:
        state = loyalty.status()
    answer(documents.status(state), as_json, lambda console: views.status(console, state))
    dead = state.dead_deliveries + state.dead_messages + state.dead_actions
    if dead or state.disabled_connectors or state.quarantined_plugins:
        raise typer.Exit(REJECTED)
