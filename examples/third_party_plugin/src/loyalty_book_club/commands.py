"""The plugin's command: ``loyalty book_club most-read``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated

import typer
from loyalty_core import Command, Json, Loyalty

from loyalty_book_club.tables import most_read


def most_read_books(
    loyalty: Loyalty,
    first: Annotated[int, typer.Option(help="How many books.")] = 10,
    since: Annotated[
        datetime | None, typer.Option(help="Only what was read since then, in UTC.")
    ] = None,
) -> Mapping[str, Json]:
    """Show the books that most members have read."""
    if not 1 <= first <= 1000:
        raise typer.BadParameter("show 1 to 1,000 books", param_hint="--first")
    moment = since.replace(tzinfo=UTC) if since else None
    listed: list[Json] = [
        {"isbn": one.isbn, "readers": one.readers, "stars": one.stars, "rated": one.rated}
        for one in most_read(loyalty, first=first, since=moment)
    ]
    return {"books": listed}


COMMANDS = (Command(name="most-read", run=most_read_books),)
