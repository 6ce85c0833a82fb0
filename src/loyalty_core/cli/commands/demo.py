"""``demo``: an example program built, shown and served."""

from __future__ import annotations

import signal
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from loyalty_core.cli.demo.program import DemoProgram, DemoResult, play
from loyalty_core.cli.demo.queries import check as check_queries
from loyalty_core.cli.demo.serving import Gateway, serving
from loyalty_core.cli.demo.show import (
    books_document,
    gateway_document,
    show_books,
    show_checks,
    show_gateway,
)
from loyalty_core.cli.options import DatabaseOption, JsonOption
from loyalty_core.cli.output import OK, REJECTED, print_json, stdout_console
from loyalty_core.domain.facts import Json
from loyalty_core.errors import PluginError
from loyalty_core.loyalty import Loyalty

DATA = Path("examples", "cdnow")


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("demo")(demo)


def demo(
    data: Annotated[
        Path, typer.Option("--data", metavar="DIR", help="With loyalty.toml and orders.csv.")
    ] = DATA,
    database: DatabaseOption = None,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Of the gateway; 0 is any free one.")
    ] = 0,
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="Ask the gateway the three queries, compare its answers, and end."
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Build, show and serve an example program.

    It imports 6,919 real orders, shows the books and starts the gateway over them. Without
    --database everything is in a temporary folder and gone at the end. The clock stands at the
    end of the data. Ends with Ctrl-C; with --check at once, 0 if every answer was right.
    """
    signal.signal(signal.SIGTERM, _interrupt)
    with tempfile.TemporaryDirectory(prefix="loyalty-demo-") as folder:
        program = DemoProgram.of(data, database, Path(folder))
        with program.opened() as loyalty:
            code = _run(loyalty, program, port, check, as_json)
    raise typer.Exit(code)


def _interrupt(*_: object) -> None:
    """Ends the demo like Ctrl-C does, so that its gateway and its folder are cleared away."""
    raise KeyboardInterrupt


def _run(loyalty: Loyalty, program: DemoProgram, port: int, check: bool, as_json: bool) -> int:
    result = play(loyalty, program, quiet=as_json)
    document = books_document(program, result, loyalty.config)
    if not as_json:
        show_books(stdout_console(), program, result, loyalty.config)
    good = not result.imported.rejected
    with serving(program, result.statement.member.id, port) as gateway:
        document["gateway"] = gateway_document(gateway)
        if not as_json:
            show_gateway(stdout_console(), gateway)
        if check:
            return OK if _check(loyalty, result, gateway, document, as_json) and good else REJECTED
        if as_json:
            print_json(document)
        else:
            stdout_console().print(Text("\nCtrl-C ends it."))
        _until_interrupted(gateway)
    return OK if good else REJECTED


def _check(
    loyalty: Loyalty,
    result: DemoResult,
    gateway: Gateway,
    document: dict[str, Json],
    as_json: bool,
) -> bool:
    checked = check_queries(gateway, loyalty, result)
    good = all(outcome["ok"] for outcome in checked)
    if as_json:
        print_json(document | {"ok": good, "checks": list(checked)})
    else:
        show_checks(stdout_console(), checked)
    return good


def _until_interrupted(gateway: Gateway) -> None:
    try:
        code = gateway.process.wait()
    except KeyboardInterrupt:
        return
    raise PluginError(f"the gateway ended by itself with code {code}", where="loyalty serve")
