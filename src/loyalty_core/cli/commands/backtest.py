"""``backtest``: what would have been under another configuration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, NamedTuple

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from loyalty_core.application.config import document_of, load_config
from loyalty_core.cli import documents
from loyalty_core.cli.options import (
    DEFAULT_CONFIG,
    ConfigOption,
    DatabaseOption,
    JsonOption,
    read_moment,
)
from loyalty_core.cli.output import PLUGIN, answer, plain, table
from loyalty_core.cli.picture import picture
from loyalty_core.cli.progress import meter
from loyalty_core.cli.session import opened
from loyalty_core.cli.views import amount, heading, when
from loyalty_core.domain.backtests import Backtest, Compared, Figures, GrantsCompared
from loyalty_core.domain.clock import start_of
from loyalty_core.domain.facts import Json
from loyalty_core.domain.programs import ProgramConfig
from loyalty_core.errors import FactError

FIGURES = ("earned", "spent", "expired", "moved", "owed")
MOST_SHOWN = 20


class Sides(NamedTuple):
    """What the wallets of each side are, and are worth."""

    was: ProgramConfig
    would: ProgramConfig


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("backtest")(backtest)


def backtest(
    new: Annotated[
        Path,
        typer.Argument(metavar="NEW", help="The other configuration, of the same program."),
    ],
    since: Annotated[
        str,
        typer.Option(
            "--since",
            metavar="DATE",
            help="From when on it holds: a day such as 2026-01-01, or a moment.",
        ),
    ],
    into: Annotated[
        str | None,
        typer.Option(
            "--into",
            metavar="URL",
            help="Keep the replayed books in this empty database; a temporary one if left out.",
        ),
    ] = None,
    svg: Annotated[
        Path | None, typer.Option("--svg", help="Write a picture of the months to this file.")
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what another configuration would have changed, month by month.

    What was recorded is decided and booked again, from the given day on by the other
    configuration, in a database of its own. The books are only read, and nobody is told anything.
    """
    with opened(config, database) as loyalty:
        moment = _since(since, loyalty.config)
        with meter("replaying", "steps", None, quiet=as_json) as bar:
            found = loyalty.backtest(
                new,
                since=moment,
                into=into,
                progress=lambda done, total: bar.update(done, total=total),
            )
        sides = _sides(loyalty.config, load_config(document_of(new)))
    if svg is not None:
        _write(svg, picture(found, sides.would))
    answer(_document(found, sides), as_json, lambda console: _show(console, found, sides.would))
    if found.failed:
        raise typer.Exit(PLUGIN)


def _sides(was: ProgramConfig, would: ProgramConfig) -> Sides:
    """Both configurations, each with the wallets that only the other one has."""
    return Sides(
        replace(was, wallets={**would.wallets, **was.wallets}),
        replace(would, wallets={**was.wallets, **would.wallets}),
    )


def _since(text: str, config: ProgramConfig) -> datetime:
    try:
        return start_of(date.fromisoformat(text), config.program.time_zone)
    except ValueError:
        return read_moment(text)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        message = f"the picture cannot be written: {error.strerror}"
        raise FactError(message, where=str(path), remedy="Check the folder.") from None


# -- for machines ---------------------------------------------------------------------------------


def _document(found: Backtest, sides: Sides) -> documents.Document:
    impossible: list[Json] = [
        {
            "what": one.what,
            "member_id": one.member_id,
            "wallet": one.wallet,
            "points": _points(one.points, one.wallet, sides.would),
            "at": documents.moment(one.at),
            "reason": one.reason,
        }
        for one in found.impossible
    ]
    return {
        "since": documents.moment(found.since),
        "until": documents.moment(found.until),
        "differs": found.differs,
        "members": {
            "total": found.members_total,
            "replayed": found.replayed,
            "gaining": found.gaining,
            "losing": found.losing,
            "erased": found.erased,
        },
        "months": _compared("month", found.months, sides),
        "segments": _compared("segment", found.segments, sides),
        "largest_changes": _compared("member_id", found.members, sides),
        "grants": _granted("month", found.grants),
        "segment_grants": _granted("segment", found.segment_grants),
        "largest_changes_of_grants": _granted("member_id", found.member_grants),
        "impossible_count": found.impossible_count,
        "impossible": impossible,
        "failed": dict(found.failed),
        "uncounted": list(found.uncounted),
    }


def _granted(name: str, rows: Sequence[GrantsCompared]) -> list[Json]:
    return [
        {name: one.about, "reward": one.reward, "was": one.was, "would": one.would} for one in rows
    ]


def _compared(name: str, rows: Sequence[Compared], sides: Sides) -> list[Json]:
    return [
        {
            name: one.about,
            "wallet": one.wallet,
            "was": _figures(one.was, one.wallet, sides.was),
            "would": _figures(one.would, one.wallet, sides.would),
        }
        for one in rows
    ]


def _figures(figures: Figures, wallet: str, config: ProgramConfig) -> documents.Document:
    document: documents.Document = {
        name: _points(getattr(figures, name), wallet, config) for name in FIGURES
    }
    worth = config.worth(wallet, figures.owed) if wallet in config.wallets else None
    return {**document, "owed_worth": documents.money(worth)}


def _points(units: int, wallet: str, config: ProgramConfig) -> documents.Document:
    return documents.points(units, documents.scale_of(config, wallet))


# -- for reading ----------------------------------------------------------------------------------


def _show(console: Console, found: Backtest, config: ProgramConfig) -> None:
    since, until = when(found.since, config), when(found.until, config)
    heading(console, f"{config.program.id}: from {since} to {until}, as it would have been")
    console.print(Text(_told(found)), soft_wrap=True)
    for wallet in dict.fromkeys(one.wallet for one in found.months):
        months = [one for one in found.months if one.wallet == wallet]
        _tabulate(console, f"{wallet} by month", "month", months, config)
    _tabulate(console, "by segment", "segment", found.segments, config)
    _tabulate(console, "largest changes", "member", found.members[:MOST_SHOWN], config)
    _grants(console, "grants by month", "month", found.grants)
    _grants(console, "grants by segment", "segment", found.segment_grants)
    _grants(console, "largest changes of grants", "member", found.member_grants[:MOST_SHOWN])
    _show_impossible(console, found, config)


def _grants(console: Console, title: str, name: str, rows: Sequence[GrantsCompared]) -> None:
    if not rows:
        return
    console.print()
    heading(console, title)
    made = table(name, "reward", "was", "would", right=("was", "would"))
    for one in rows:
        changed = "bold" if one.was != one.would else ""
        cells = (plain(one.about), plain(one.reward), f"{one.was:,}", f"{one.would:,}")
        made.add_row(*(Text(cell, style=changed) for cell in cells))
    console.print(made)


def _told(found: Backtest) -> str:
    """In a few sentences what was replayed, and what was not."""
    if not found.differs:
        text = f"No difference for any of {found.members_total:,} members."
    else:
        text = (
            f"{found.replayed:,} of {found.members_total:,} members replayed: "
            f"{found.gaining:,} earn more, {found.losing:,} less."
        )
    if found.erased:
        text += f" {found.erased:,} erased people are as they were."
    if found.uncounted:
        named = ", ".join(found.uncounted)
        text += f" Counted as of today, and not for the past: {named}. Rules that ask for these"
        text += " segments went by whom the books had in them then: of new ones, nobody."
    for plugin, facts in found.failed.items():
        text += f" The plugin {plugin!r} failed on {facts:,} facts."
    return text


def _tabulate(
    console: Console, title: str, about: str, rows: Sequence[Compared], config: ProgramConfig
) -> None:
    """A table in which each figure says what it was, and by how much it would be another."""
    if not rows:
        return
    console.print()
    heading(console, title)
    several = len({one.wallet for one in rows}) > 1
    shown = [name for name in FIGURES if name == "owed" or any(_moves(one, name) for one in rows)]
    made = table(about, *(["wallet"] if several else []), *shown, right=shown)
    for one in rows:
        cells = [Text(plain(one.about)), *([Text(one.wallet)] if several else [])]
        made.add_row(*cells, *(_cell(one, name, config) for name in shown))
    console.print(made)


def _moves(one: Compared, name: str) -> bool:
    return bool(getattr(one.was, name) or getattr(one.would, name))


def _cell(one: Compared, name: str, config: ProgramConfig) -> Text:
    was, would = getattr(one.was, name), getattr(one.would, name)
    scale = documents.scale_of(config, one.wallet)
    text = Text(amount(would, scale))
    if was != would:
        sign, style = ("+", "green") if would > was else ("", "red")
        text.append(f" ({sign}{amount(would - was, scale)})", style=style)
    return text


def _show_impossible(console: Console, found: Backtest, config: ProgramConfig) -> None:
    if not found.impossible_count:
        return
    console.print()
    heading(console, f"{found.impossible_count:,} things that were done and could not have been")
    made: Table = table("when", "what", "points", "why", "member", right=("points",))
    for one in found.impossible[:MOST_SHOWN]:
        points = amount(one.points, documents.scale_of(config, one.wallet))
        cells = (when(one.at, config), one.what, points, plain(one.reason), one.member_id)
        made.add_row(*map(Text, cells))
    console.print(made)
