"""``example list`` and ``example run``: programs with scenarios, to see them at work."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from loyalty_core.cli.options import JsonOption
from loyalty_core.cli.output import REJECTED, answer
from loyalty_core.cli.progress import meter
from loyalty_core.domain.facts import Json
from loyalty_core.testing.scenarios import Check, Player, StandingClock, opened, read_scenario

PROGRAMS = Path("examples") / "programs"

FolderOption = Annotated[
    Path,
    typer.Option("--folder", help="Where the programs are: a folder for each."),
]


@dataclass(frozen=True, slots=True)
class Played:
    """A scenario that was played: its checks, and whether its facts a second time did nothing."""

    name: str
    title: str
    checks: Sequence[Check]
    repeats: bool
    problems: int

    @property
    def passed(self) -> bool:
        """Whether everything came out as it should."""
        return all(check.passed for check in self.checks) and self.repeats and not self.problems


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    group = typer.Typer(help="Programs with scenarios, to see them at work.", no_args_is_help=True)
    group.command("list")(list_examples)
    group.command("run")(run)
    app.add_typer(group, name="example")


def list_examples(folder: FolderOption = PROGRAMS, as_json: JsonOption = False) -> None:
    """List the programs there are."""
    found = {name: str(read_scenario(_scenario(folder, name))["title"]) for name in _names(folder)}
    document: dict[str, Json] = {
        "examples": [{"name": name, "title": title} for name, title in found.items()]
    }
    answer(document, as_json, lambda console: _show_list(console, found))


def run(
    name: Annotated[str | None, typer.Argument(help="Which program to play.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Play all of them.")] = False,
    folder: FolderOption = PROGRAMS,
    database: Annotated[
        str,
        typer.Option("--database", help="Where to play: an empty database of its own each time."),
    ] = "sqlite://",
    as_json: JsonOption = False,
) -> None:
    """Play a program's scenario: every step, what it was to do, and what it did.

    Afterwards all its facts are sent a second time, which may change nothing, and the books are
    verified.
    """
    there = _names(folder)
    if every == (name is not None) or (name is not None and name not in there):
        raise typer.BadParameter(f"name one of these, or add --all: {', '.join(there)}")
    chosen, done = [name] if name is not None else there, []
    with meter("examples", "programs", len(chosen), quiet=as_json) as shown:
        for one in chosen:
            done.append(_play(folder, one, database))
            shown.update(len(done))
    document: dict[str, Json] = {"scenarios": [_document(one) for one in done]}
    answer(document, as_json, lambda console: _show(console, done))
    if not all(one.passed for one in done):
        raise typer.Exit(REJECTED)


def _names(folder: Path) -> list[str]:
    found = sorted(path.parent.name for path in folder.glob("*/scenario.toml"))
    if not found:
        raise typer.BadParameter(
            f"there are no scenarios in {folder}; name the folder of a checkout with --folder"
        )
    return found


def _scenario(folder: Path, name: str) -> Path:
    return folder / name / "scenario.toml"


def _play(folder: Path, name: str, database: str) -> Played:
    clock, scenario = StandingClock(), read_scenario(_scenario(folder, name))
    with opened(folder / name, database, clock) as programs:
        player = Player(programs, clock, scenario)
        checks = list(player.play())
        repeats = player.replay()
        problems = sum(len(one.verify().problems) for one in programs.values())
    return Played(name, str(scenario["title"]), checks, repeats, problems)


def _document(played: Played) -> dict[str, Json]:
    checks: list[Json] = [
        {
            "step": check.step,
            "at": check.at.isoformat(),
            "did": check.did,
            "why": check.why,
            "expected": _plain(check.expected),
            "found": _plain(check.found),
            "passed": check.passed,
        }
        for check in played.checks
    ]
    return {
        "name": played.name,
        "title": played.title,
        "passed": played.passed,
        "repeated_facts_change_nothing": played.repeats,
        "problems_in_the_books": played.problems,
        "checks": checks,
    }


def _plain(value: Any) -> Json:
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, bool | int):
        return value
    return value.isoformat() if isinstance(value, date) else str(value)


def _show_list(console: Console, found: Mapping[str, str]) -> None:
    table = Table("program", "what it shows", box=None, pad_edge=False)
    for name, title in found.items():
        table.add_row(Text(name, style="bold"), Text(title))
    console.print(table)


def _show(console: Console, done: Sequence[Played]) -> None:
    for played in done:
        console.print(Text(f"{played.name}: {played.title}", style="bold"))
        if len(done) == 1:
            table = Table("", "when", "step", "what came of it", box=None, pad_edge=False)
            for check in played.checks:
                told = Text("\n").join(Text(line) for line in _lines(check))
                mark = Text("ok", "green") if check.passed else Text("FAILED", "red")
                table.add_row(mark, f"{check.at:%Y-%m-%d %H:%M}", _step(check), told)
            console.print(table)
        passed = sum(check.passed for check in played.checks)
        again = "change nothing" if played.repeats else "CHANGE THE BOOKS"
        style = "green" if played.passed else "red"
        summary = f"{passed} of {len(played.checks)} steps as expected; facts sent again {again}"
        console.print(Text(f"{summary}; {played.problems} problems in the books", style))
    if len(done) > 1:
        right = sum(one.passed for one in done)
        console.print(Text(f"{right} of {len(done)} programs do what their scenarios say"))


def _step(check: Check) -> Text:
    return Text(f"{check.did}: {check.why}" if check.why else check.did)


def _lines(check: Check) -> Iterator[str]:
    for key in dict.fromkeys([*check.expected, *check.found]):
        found, expected = check.found.get(key), check.expected.get(key)
        wrong = "" if found == expected else f", not {_text(expected)}"
        yield f"{key} {_text(found)}{wrong}"


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_text(item)}" for name, item in value.items()) or "nothing"
    if isinstance(value, list | tuple):
        return ", ".join(map(_text, value)) or "none"
    return value.isoformat() if isinstance(value, date) else str(value)
