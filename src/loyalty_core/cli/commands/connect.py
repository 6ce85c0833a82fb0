"""``connect NAME ...``: shops that the program is connected to."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from loyalty_core.cli import connecting
from loyalty_core.cli.options import (
    DEFAULT_CONFIG,
    ConfigOption,
    DatabaseOption,
    JsonOption,
    read_moment,
)
from loyalty_core.cli.output import REJECTED, answer, facts_table
from loyalty_core.cli.progress import Meter, meter
from loyalty_core.cli.session import opened, reading
from loyalty_core.domain.connections import MessageState
from loyalty_core.errors import FactTooLarge

LARGEST_BODY = 64 << 20

BodyArgument = Annotated[
    str, typer.Argument(metavar="FILE", help="The raw body; - for standard input.")
]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    connect = typer.Typer(
        help="Connect a shop: its history, what its webhooks lost, how it stands.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    connect.callback()(_named)
    for command in (
        backfill,
        reconcile,
        status,
        inbox,
        log,
        translate,
        verify,
        replay,
        skip,
        enable,
    ):
        connect.command(command.__name__)(command)
    app.add_typer(connect, name="connect")


def _named(
    context: typer.Context,
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="The connector: plugin and account, such as shopify.main, or the plugin alone.",
            show_default=False,
        ),
    ],
) -> None:
    """Connect a shop: its history, what its webhooks lost, how it stands."""
    context.obj = name


def backfill(
    context: typer.Context,
    again: Annotated[
        bool, typer.Option("--again", help="Go through the whole history once more.")
    ] = False,
    config: ConfigOption = DEFAULT_CONFIG,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Book everything that is in the shop.

    It may be stopped and goes on where it was. What is booked already is not booked twice.
    """
    with opened(config, database) as loyalty, _walking(quiet=as_json) as shown:
        report = loyalty.backfill(context.obj, again=again, wait=time.sleep, watch=shown)
    answer(connecting.walk(report), as_json, lambda c: connecting.show_walk(c, report))
    if report.refused:
        raise typer.Exit(REJECTED)


def reconcile(
    context: typer.Context,
    config: ConfigOption = DEFAULT_CONFIG,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare what changed in the shop with the books, and book the difference.

    It finds what lost webhooks missed, and lists it as drift.
    """
    with opened(config, database) as loyalty, _walking(quiet=as_json) as shown:
        report = loyalty.reconcile(context.obj, wait=time.sleep, watch=shown)
    answer(connecting.walk(report), as_json, lambda c: connecting.show_walk(c, report))
    if report.refused:
        raise typer.Exit(REJECTED)


class _walking:  # noqa: N801 - used like a function
    """A meter that learns during the walk how far it is to go."""

    def __init__(self, *, quiet: bool) -> None:
        self._meter = meter("walking", "inputs", None, quiet=quiet)
        self._shown: Meter | None = None

    def __enter__(self) -> _walking:
        self._shown = self._meter.__enter__()
        return self

    def __exit__(self, *ended: object) -> None:
        self._meter.__exit__(None, None, None)

    def __call__(self, done: int, total: int | None) -> None:
        assert self._shown is not None
        self._shown.update(done, total=total)


def status(
    context: typer.Context,
    ask: Annotated[bool, typer.Option("--ask/--no-ask", help="Ask the shop how it is.")] = True,
    config: ConfigOption = DEFAULT_CONFIG,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show how the connector stands, and what needs a look."""
    with opened(config, database) as loyalty:
        found = loyalty.connector_status(context.obj)
        health = loyalty.connector_health(context.obj) if ask else None
        program = loyalty.config
    document = connecting.status(found, health)
    answer(document, as_json, lambda c: connecting.show_status(c, found, health, program))
    if found.dead or found.actions_dead or found.disabled_at or (health and not health.ok):
        raise typer.Exit(REJECTED)


def inbox(
    context: typer.Context,
    state: Annotated[
        MessageState | None, typer.Option("--state", help="Only those that stand so.")
    ] = None,
    first: Annotated[int, typer.Option("--first", min=1, max=1000, help="How many.")] = 50,
    after: Annotated[
        str | None, typer.Option("--after", metavar="ID", help="Those that came before this one.")
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """List what the shop sent and what became of it, the latest first."""
    with opened(config, database) as loyalty:
        found = loyalty.connector_inbox(context.obj, state=state, first=first, after=after)
        program = loyalty.config
    document = connecting.inbox(found)
    answer(document, as_json, lambda c: connecting.show_inbox(c, found, program))


def log(
    context: typer.Context,
    first: Annotated[int, typer.Option("--first", min=1, max=1000, help="How many.")] = 50,
    config: ConfigOption = DEFAULT_CONFIG,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """List what was done at the shop, and is to be, the latest first."""
    with opened(config, database) as loyalty:
        found, program = loyalty.connector_log(context.obj, first=first), loyalty.config
    document = connecting.log(found)
    answer(document, as_json, lambda c: connecting.show_log(c, found, program))


def translate(
    context: typer.Context,
    file: BodyArgument,
    topic: Annotated[str, typer.Option("--topic", help="What the message is about.")],
    config: ConfigOption = DEFAULT_CONFIG,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a message would be booked as; nothing is."""
    body = _body(file)
    with opened(config, database) as loyalty:
        found = loyalty.translate(context.obj, topic=topic, body=body)
    document = connecting.translation(found)
    answer(document, as_json, lambda c: connecting.show_translation(c, found))


def verify(
    context: typer.Context,
    file: BodyArgument,
    headers: Annotated[
        list[str] | None,
        typer.Option("--header", "-H", metavar="NAME: VALUE", help="A header; once for each."),
    ] = None,
    url: Annotated[str, typer.Option("--url", help="The URL it was sent to.")] = "",
    at: Annotated[
        str | None, typer.Option("--at", metavar="MOMENT", help="When it came; now if left out.")
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell why the signature of a webhook fails; nothing is kept."""
    pairs = [_header(one) for one in headers or ()]
    body = _body(file)
    with opened(config, database, at) as loyalty:
        found = loyalty.check_webhook(context.obj, body=body, headers=pairs, url=url)
    answer(connecting.check(found), as_json, lambda c: connecting.show_check(c, found))
    if not found.ok:
        raise typer.Exit(REJECTED)


def replay(
    context: typer.Context,
    ids: Annotated[
        list[str] | None,
        typer.Option("--id", metavar="ID", help="Only this one, as `status` shows it."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="MOMENT", help="Also events told from then on, again."),
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Try again what is dead, with the next tick: messages and actions."""
    moment = read_moment(since) if since else None
    with opened(config, database) as loyalty:
        again = loyalty.replay(context.obj, ids=ids or None, since=moment)
    rows = [("tried again", f"{again:,}")]
    answer({"replayed": again}, as_json, lambda c: c.print(facts_table(rows)))


def skip(
    context: typer.Context,
    ids: Annotated[
        list[str], typer.Option("--id", metavar="ID", help="A message, as `inbox` shows it.")
    ],
    config: ConfigOption = DEFAULT_CONFIG,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let dead messages go: they are not tried again and need no look any more."""
    with opened(config, database) as loyalty:
        skipped = loyalty.skip(context.obj, ids=ids)
    rows = [("let go", f"{skipped:,}")]
    answer({"skipped": skipped}, as_json, lambda c: c.print(facts_table(rows)))


def enable(
    context: typer.Context,
    config: ConfigOption = DEFAULT_CONFIG,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Switch a connector on again that was switched off; what waited is done next."""
    with opened(config, database) as loyalty:
        found, program = loyalty.enable_connector(context.obj), loyalty.config
    document = connecting.status(found, None)
    answer(document, as_json, lambda c: connecting.show_status(c, found, None, program))


def _body(file: str) -> bytes:
    with reading(file) as stream:
        body = stream.read(LARGEST_BODY + 1)
    if len(body) > LARGEST_BODY:
        raise FactTooLarge(f"the body has more than {LARGEST_BODY:,} bytes", where=file)
    return body


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        raise typer.BadParameter(f"{text!r} is not a header; write NAME: VALUE")
    return name.strip(), value.strip()
