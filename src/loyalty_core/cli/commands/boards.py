"""``board``: who is where on a board."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from loyalty_core.cli.documents import Document, moment
from loyalty_core.cli.options import (
    DEFAULT_CONFIG,
    ConfigOption,
    DatabaseOption,
    JsonOption,
    SourceOption,
)
from loyalty_core.cli.output import add, answer, table
from loyalty_core.cli.session import member_of, opened
from loyalty_core.cli.views import when
from loyalty_core.domain.amounts import format_scaled
from loyalty_core.domain.boards import BoardPage, Place
from loyalty_core.domain.facts import Json
from loyalty_core.domain.programs import ProgramConfig
from loyalty_core.errors import FactError


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("board")(board)


def board(
    name: Annotated[str, typer.Argument(help="The board.")],
    member: Annotated[
        str, typer.Option("--member", help="Only this member with the neighbours: id or identity.")
    ] = "",
    neighbours: Annotated[
        int, typer.Option("--neighbours", help="How many above and below the member.")
    ] = 5,
    day: Annotated[
        str | None, typer.Option("--day", help="A day of the period meant, as 2026-11-21; today.")
    ] = None,
    first: Annotated[int, typer.Option("--first", help="How many places, up to 1,000.")] = 20,
    after: Annotated[
        str | None, typer.Option("--after", help="The cursor of the last place of a page.")
    ] = None,
    source: SourceOption = "",
    config: ConfigOption = DEFAULT_CONFIG,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show who is where on a board, from the first place or around a member."""
    on = _day(day)
    with opened(config, database) as loyalty:
        if member:
            whose = member_of(loyalty, member, source).id
            around = loyalty.board_around(name, whose, day=on, neighbours=neighbours)
            own = (around.place,) if around.place else ()
            page, places = around.page, (*around.above, *own, *around.below)
        else:
            page = loyalty.board(name, day=on, first=first, after=after)
            places = page.places
    document = _document(page, places)
    answer(document, as_json, lambda console: _show(console, page, places, loyalty.config))


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        remedy = "Write a day such as 2026-11-21."
        raise FactError(f"{text!r} is not a day", where="--day", remedy=remedy) from None


def _document(page: BoardPage, places: tuple[Place, ...]) -> Document:
    listed: list[Json] = [
        {
            "rank": one.rank,
            "member_id": one.member_id,
            "name": one.name or None,
            "alias": one.alias,
            "amount": {"units": one.amount, "decimal": format_scaled(one.amount, page.board.scale)},
            "reached_at": moment(one.reached_at),
            "cursor": one.cursor,
        }
        for one in places
    ]
    return {
        "board": page.board.board,
        "name": page.board.name,
        "unit": page.board.unit,
        "period": page.period or None,
        "ends_at": moment(page.ends_at),
        "closes_at": moment(page.closes_at),
        "closed": page.closed,
        "ranked": page.ranked,
        "places": listed,
        "more": page.more,
    }


def _show(
    console: Console, page: BoardPage, places: tuple[Place, ...], config: ProgramConfig
) -> None:
    closes = f", closes {when(page.closes_at, config)}" if page.closes_at else ""
    state = ", closed" if page.closed else closes
    since = f" since {page.period}" if page.period else ""
    text = f"{page.board.name}{since}: {page.ranked:,} ranked{state}"
    console.print(Text(text, style="bold"))
    listed = table("rank", page.board.unit or "amount", "since", "shown as", "member")
    for one in places:
        have = format_scaled(one.amount, page.board.scale)
        reached = when(one.reached_at, config)
        add(listed, f"{one.rank:,}", have, reached, one.shown_as, one.member_id)
    console.print(listed)
