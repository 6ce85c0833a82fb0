"""The options that commands share, each said once."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

DEFAULT_CONFIG = Path("loyalty.toml")

ConfigOption = Annotated[
    Path,
    typer.Option(
        "--config", "-c", envvar="LOYALTY_CONFIG", help="The program's configuration file."
    ),
]
DatabaseOption = Annotated[
    str | None,
    typer.Option(
        "--database",
        "-d",
        envvar="LOYALTY_DATABASE",
        metavar="URL",
        help="SQLAlchemy URL of the database; a SQLite file beside the configuration if left out.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document, for machines.")]
AtOption = Annotated[
    str | None,
    typer.Option(
        "--at",
        metavar="MOMENT",
        help="Answer as if it were this moment, such as 2026-11-21T10:00:00Z.",
    ),
]
AsOfOption = Annotated[
    str | None,
    typer.Option(
        "--at",
        metavar="MOMENT",
        help="What had happened by this moment, such as 2026-11-21T10:00:00Z.",
    ),
]
KnownAtOption = Annotated[
    str | None,
    typer.Option("--known-at", metavar="MOMENT", help="Only what was booked by this moment."),
]
SourceOption = Annotated[
    str, typer.Option("--source", help="The shop that customer_id identities belong to.")
]
KeyOption = Annotated[
    str,
    typer.Option(
        "--key",
        help="Idempotency key: the same command with the same key is carried out once.",
    ),
]
MemberArgument = Annotated[
    str,
    typer.Argument(
        metavar="MEMBER",
        help="A member's id, or an identity such as email:ada@example.org.",
        show_default=False,
    ),
]


def read_moment(text: str) -> datetime:
    """The moment in UTC that ISO 8601 ``text`` with an offset names; a usage error otherwise."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is not a moment; write ISO 8601, such as 2026-11-21T10:00:00Z"
        ) from None
    if moment.tzinfo is None:
        raise typer.BadParameter(f"{text!r} has no time zone; add Z or an offset such as +01:00")
    return moment.astimezone(UTC)
