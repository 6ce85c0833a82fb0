"""``plugin check``: the grade that a plugin has reached, and what is missing to the next one."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from loyalty_core.cli.options import JsonOption
from loyalty_core.cli.output import REJECTED, add, answer, plain, table
from loyalty_core.domain.facts import Json
from loyalty_core.errors import PluginError, PluginMissing
from loyalty_core.plugins.loader import GROUP, Plugin, installed, load
from loyalty_core.testing.quality.report import Finding, QualityReport, Verdict, report
from loyalty_core.testing.quality.subject import Subject, entries, subject_of

_SHOWN = {
    Verdict.PASSED: "holds",
    Verdict.FAILED: "FAILS",
    Verdict.EXEMPT: "exempt",
    Verdict.IDLE: "does not apply",
    Verdict.UNCHECKED: "not checked",
}


def check(
    plugin: Annotated[
        str | None,
        typer.Argument(
            metavar="[ID|PATH]",
            help="An installed plugin, or the folder of one; every installed one if left out.",
            show_default=False,
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Check the rules of a good plugin, and show the grade: bronze, silver or gold.

    Each rule is described in the page of quality. It runs the plugin's code, and that of its
    README; nobody outside is asked. The exit code is 1 if a plugin is not as good as its
    quality.toml claims.
    """
    reports = [report(one) for one in _subjects(plugin)]
    document: Json = {"plugins": [_document(one) for one in reports]}
    answer(document, as_json, lambda console: _show_all(console, reports))
    if not all(one.is_kept for one in reports):
        raise typer.Exit(REJECTED)


def _subjects(named: str | None) -> Iterator[Subject]:
    if named is None:
        for name in sorted(installed()):
            yield subject_of(load(name))
    elif (Path(named) / "pyproject.toml").is_file():
        yield from _of_folder(Path(named).resolve())
    elif "/" in named or "\\" in named or named == ".":
        raise PluginMissing(
            "the folder has no pyproject.toml", where=named, remedy="Name a plugin's folder."
        )
    else:
        yield subject_of(load(named))


def _of_folder(folder: Path) -> Iterator[Subject]:
    """The plugins of a folder, imported from its source, whether they are installed or not."""
    named = entries(folder / "pyproject.toml")
    if not named:
        raise PluginMissing(
            "its pyproject.toml names no plugin",
            where=str(folder),
            remedy=f'Add [project.entry-points."{GROUP}"].',
        )
    source = str(folder / "src" if (folder / "src").is_dir() else folder)
    sys.path.insert(0, source)
    try:
        for name, value in named.items():
            yield subject_of(_imported(name, value), folder=folder)
    finally:
        sys.path.remove(source)


def _imported(name: str, value: str) -> Plugin:
    module, _, attribute = value.partition(":")
    try:
        made: object = importlib.import_module(module)
        for part in attribute.split(".") if attribute else ():
            made = getattr(made, part)
    except Exception as error:
        raise PluginError(
            f"the plugin {name!r} cannot be imported: {type(error).__name__}: {error}",
            where=value,
            remedy="Install what it needs, and the plugin itself: pip install -e, with its folder.",
            plugin=name,
        ) from error
    return load(name, [made])


def _document(found: QualityReport) -> dict[str, Json]:
    return {
        "plugin": found.plugin,
        "version": found.version,
        "grade": found.grade,
        "claims": found.wanted,
        "rules": [
            {
                "code": one.rule.code,
                "name": one.rule.name,
                "grade": one.rule.grade,
                "verdict": one.verdict,
                "faults": list(one.faults),
                "reason": one.reason,
                "mend": one.rule.mend if one.faults else "",
            }
            for one in found.findings
        ],
    }


def _show_all(console: Console, reports: list[QualityReport]) -> None:
    for place, found in enumerate(reports):
        if place:
            console.print()
        _show(console, found)


def _show(console: Console, found: QualityReport) -> None:
    listed = table("code", "grade", "rule", "")
    for one in found.findings:
        add(listed, one.rule.code, one.rule.grade, one.rule.name, _word(one))
    console.print(listed)
    for one in found.findings:
        if one.verdict is Verdict.FAILED:
            _show_faults(console, one)
    claimed = "" if found.grade == found.wanted else f" It claims {found.wanted}."
    grade = found.grade or "no grade"
    console.print(Text(f"{found.plugin} {found.version}: {grade}.{claimed}", style="bold"))


def _word(one: Finding) -> str:
    return f"{_SHOWN[one.verdict]}: {one.reason}" if one.reason else _SHOWN[one.verdict]


def _show_faults(console: Console, one: Finding) -> None:
    console.print(Text(f"{one.rule.code} {one.rule.what}", style="bold"), soft_wrap=True)
    for fault in one.faults:
        console.print(Text(f"  - {plain(fault)}"), soft_wrap=True)
    console.print(Text(f"  remedy: {one.rule.mend}"), soft_wrap=True)
