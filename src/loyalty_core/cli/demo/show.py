"""What the demo prints."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from loyalty_core.cli import documents, views
from loyalty_core.cli.demo.program import DemoProgram, DemoResult
from loyalty_core.cli.demo.queries import QUERIES
from loyalty_core.cli.demo.serving import Gateway
from loyalty_core.cli.documents import Document
from loyalty_core.cli.importing import outcome_document, show_outcome
from loyalty_core.domain.facts import Json
from loyalty_core.domain.programs import ProgramConfig


def books_document(
    program: DemoProgram, result: DemoResult, config: ProgramConfig
) -> dict[str, Json]:
    """The books of the demo, for machines."""
    return {
        "config": str(program.config),
        "database": program.database,
        "at": documents.moment(program.at),
        "imported": outcome_document(str(program.orders), result.imported),
        "tick": documents.tick(result.ticked, config),
        "report": documents.report(result.report),
        "statement": documents.statement(result.statement),
    }


def show_books(
    console: Console, program: DemoProgram, result: DemoResult, config: ProgramConfig
) -> None:
    """The books of the demo, for reading."""
    _chapter(console, f"The program: {program.config}")
    console.print(
        Text(
            f"{config.program.name}, time zone {config.program.time_zone}; the clock stands at "
            f"{documents.moment(program.at)}, the end of the data"
        )
    )
    console.print(Text(f"database {program.database}"), soft_wrap=True)
    _chapter(console, f"Imported: {program.orders}")
    show_outcome(console, result.imported)
    _chapter(console, "The nightly jobs")
    views.tick(console, result.ticked, config)
    _chapter(console, "The merchant's report")
    views.report(console, result.report, config)
    _chapter(console, "A member's statement")
    views.statement(console, result.statement, config)


def gateway_document(gateway: Gateway) -> Document:
    """Where the gateway is, and the queries to try, for machines."""
    return {
        "url": gateway.url,
        "storefront": gateway.storefront,
        "admin": gateway.admin,
        "admin_key": gateway.admin_key,
        "token": gateway.token,
        "member_id": gateway.member_id,
        "queries": [{"title": query.title, "curl": query.curl(gateway)} for query in QUERIES],
    }


def show_gateway(console: Console, gateway: Gateway) -> None:
    """Where the gateway is, and the queries to try, for reading."""
    _chapter(console, f"The gateway: {gateway.url}")
    console.print(Text(f"for front-ends   {gateway.storefront}"), soft_wrap=True)
    console.print(Text(f"for operators    {gateway.admin}"), soft_wrap=True)
    page = f"{gateway.storefront}#token={gateway.token}"
    console.print(Text(f"in a browser     {page}"), soft_wrap=True)
    for number, query in enumerate(QUERIES, 1):
        console.print()
        console.print(Text(f"{number}. {query.title}:", style="bold"))
        console.print(Text(query.curl(gateway)), soft_wrap=True)


def show_checks(console: Console, checked: Sequence[Document]) -> None:
    """What became of the queries."""
    _chapter(console, "Asked over HTTP, compared with the SDK's own answers")
    for outcome in checked:
        console.print(Text(f"{'equal' if outcome['ok'] else 'DIFFERENT'}: {outcome['query']}"))
        for name in ("message", "expected", "answer"):
            if name in outcome:
                console.print(Text(f"  {name}: {outcome[name]}"), soft_wrap=True)


def _chapter(console: Console, title: str) -> None:
    console.print()
    console.print(Text(title, style="bold"))
    console.print()
