"""The options of commands that read a file, each said once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfoNotFoundError

import typer

from loyalty_core.domain.clock import zone

FileArgument = Annotated[str, typer.Argument(metavar="FILE", help="The file; - is standard input.")]
MapOption = Annotated[
    list[str] | None,
    typer.Option("--map", metavar="FIELD=COLUMN", help="Which CSV column a field is in; repeat."),
]
FormatOption = Annotated[
    Literal["csv", "jsonl"] | None,
    typer.Option("--format", help="If the file's name does not say."),
]
FileSourceOption = Annotated[
    str,
    typer.Option("--source", help="The shop the facts are from. A fact is known by source and id."),
]
TimeZoneOption = Annotated[
    str,
    typer.Option(
        "--time-zone",
        help="Of dates that state none, as an IANA name; for CSV the program's if left out.",
    ),
]
DateFormatOption = Annotated[
    str, typer.Option("--date-format", help="If dates are not ISO 8601, such as %d.%m.%Y.")
]
DelimiterOption = Annotated[
    str, typer.Option("--delimiter", help="Between CSV columns; a comma if left out.")
]
RejectsOption = Annotated[
    Path | None,
    typer.Option("--rejects", help="Where rejected rows go; FILE.rejects.jsonl if left out."),
]


def read_maps(maps: list[str] | None) -> dict[str, str]:
    """Columns by field, as ``--map`` names them; a usage error otherwise."""
    read = {}
    for text in maps or ():
        name, equals, column = text.partition("=")
        if not (name and equals and column):
            raise typer.BadParameter(f"{text!r} is not FIELD=COLUMN", param_hint="--map")
        read[name.strip()] = column.strip()
    return read


def read_delimiter(text: str) -> str:
    """The character that ``--delimiter`` names; a usage error otherwise."""
    delimiter = {"tab": "\t", "\\t": "\t"}.get(text, text)
    if len(delimiter) > 1 or delimiter in ('"', "\n", "\r"):
        raise typer.BadParameter(f"{text!r} is not one character", param_hint="--delimiter")
    return delimiter


def read_time_zone(name: str) -> str:
    """The IANA name of a time zone, empty if none is given; a usage error otherwise."""
    try:
        return zone(name).key if name else ""
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise typer.BadParameter(
            f"{name!r} is not a time zone; write an IANA name such as Europe/Berlin",
            param_hint="--time-zone",
        ) from None
