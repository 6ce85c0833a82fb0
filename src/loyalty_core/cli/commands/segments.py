"""``segments``: who is in which, and counting them anew."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from loyalty_core.cli.documents import member as member_document
from loyalty_core.cli.documents import moment
from loyalty_core.cli.options import DEFAULT_CONFIG, ConfigOption, DatabaseOption, JsonOption
from loyalty_core.cli.output import add, answer, facts_table, table
from loyalty_core.cli.progress import meter
from loyalty_core.cli.session import opened
from loyalty_core.cli.views import when, who
from loyalty_core.domain.facts import Json
from loyalty_core.domain.programs import ProgramConfig
from loyalty_core.domain.segments import RecountReport, SegmentPage, SegmentReport

SegmentArgument = Annotated[str, typer.Argument(help="The segment, as the configuration names it.")]


def register(app: typer.Typer) -> None:
    """Adds the group, which by itself shows the segments."""
    group = typer.Typer(help="Segments: show them, or what is in them.")
    group.callback(invoke_without_command=True)(show)
    group.command("recount")(recount)
    group.command("members")(members)
    app.add_typer(group, name="segments")


def show(
    context: typer.Context,
    config: ConfigOption = DEFAULT_CONFIG,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show every segment with its members and its share, as of the last count."""
    if context.invoked_subcommand is not None:
        return
    with opened(config, database) as loyalty:
        found = loyalty.segments()
    answer(_report(found), as_json, lambda c: _show_report(c, found, loyalty.config))


def recount(
    config: ConfigOption = DEFAULT_CONFIG,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Count all segments now; `tick` does it once a day."""
    with (
        opened(config, database) as loyalty,
        meter("segments", "changes", None, quiet=as_json) as shown,
    ):
        done = loyalty.recount_segments(progress=shown.update)
    document: Json = {"entered": dict(done.entered), "left": dict(done.left)}
    answer(document, as_json, lambda console: _show_recount(console, done, loyalty.config))


def members(
    segment: SegmentArgument,
    first: Annotated[int, typer.Option("--first", help="How many.")] = 20,
    after: Annotated[
        str | None, typer.Option("--after", help="The id of the last member had.")
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the members of a segment, in the order of their ids."""
    with opened(config, database) as loyalty:
        page = loyalty.segment_members(segment, first=first, after=after)
    document: Json = {
        "members": [
            {**member_document(one), "since": moment(one.segments.get(segment))}
            for one in page.members
        ],
        "more": page.more,
    }
    answer(document, as_json, lambda c: _show_members(c, page, segment, loyalty.config))


def _report(found: SegmentReport) -> dict[str, Json]:
    return {
        "counted_at": moment(found.counted_at),
        "segments": [
            {
                "segment": one.segment,
                "name": one.name,
                "visible": one.visible,
                "members": one.members,
                "of": one.of,
            }
            for one in found.segments
        ],
    }


def _show_report(console: Console, found: SegmentReport, config: ProgramConfig) -> None:
    listed = table("segment", "name", "members", "share", "shown", right=("members", "share"))
    for one in found.segments:
        shown = "to members" if one.visible else "to nobody"
        add(listed, one.segment, one.name, f"{one.members:,}", _share(one.members, one.of), shown)
    console.print(listed)
    counted = found.counted_at
    console.print(Text(f"counted {when(counted, config)}" if counted else "not counted yet"))


def _share(members: int, of: int) -> str:
    """A part of the members in percent, with one digit, rounded half up."""
    tenths = (members * 2000 + of) // (2 * of) if of else 0
    return f"{tenths // 10}.{tenths % 10} %"


def _show_recount(console: Console, done: RecountReport, config: ProgramConfig) -> None:
    rows = [
        (name, f"{done.entered.get(name, 0):,} entered, {done.left.get(name, 0):,} left")
        for name in dict.fromkeys((*config.segments, *done.left))
    ]
    console.print(facts_table(rows))


def _show_members(console: Console, page: SegmentPage, segment: str, config: ProgramConfig) -> None:
    listed = table("member", "who", "since")
    for one in page.members:
        add(listed, one.id, who(one), when(one.segments.get(segment), config))
    console.print(listed)
    if page.more:
        console.print(Text(f"more: --after {page.members[-1].id}"))
