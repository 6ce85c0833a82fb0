"""``tick``, ``verify``, ``status``: what keeps an installation running."""

from __future__ import annotations

import typer

from loyalty_core.cli import documents, views
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
    """Run the nightly jobs: activate, expire, retry, deliver.

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
    config: ConfigOption = DEFAULT_CONFIG,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check the books of the live database."""
    with opened(config, database) as loyalty:
        if as_json:
            found = loyalty.verify()
        else:
            with stderr_console().status("checking the books"):
                found = loyalty.verify()
    document = documents.verification(found)
    answer(document, as_json, lambda console: views.verification(console, found))
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
    if state.dead_deliveries:
        raise typer.Exit(REJECTED)
