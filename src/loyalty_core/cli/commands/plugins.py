"""``plugins``: how they stand, what waits for them, and asking those again that failed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from loyalty_core.application.config import document_of
from loyalty_core.cli.documents import Document, moment
from loyalty_core.cli.options import DEFAULT_CONFIG, ConfigOption, DatabaseOption, JsonOption
from loyalty_core.cli.output import (
    REJECTED,
    add,
    answer,
    error_document,
    exit_code,
    plain,
    print_json,
    stdout_console,
    table,
)
from loyalty_core.cli.session import opened
from loyalty_core.cli.views import when
from loyalty_core.domain.facts import Json
from loyalty_core.domain.plugin_states import LiftReceipt, PluginState, PluginStatus
from loyalty_core.domain.programs import ProgramConfig
from loyalty_core.errors import ConfigError, PluginError
from loyalty_core.plugins.describing import unopened

HOOK = "loyalty_"
REFUSED = "refused"


def register(app: typer.Typer) -> None:
    """Adds the group, which by itself shows the plugins."""
    group = typer.Typer(help="Plugins: show how they stand, or ask one again that failed.")
    group.callback(invoke_without_command=True)(show)
    group.command("lift")(lift)
    app.add_typer(group, name="plugins")


def show(
    context: typer.Context,
    config: ConfigOption = DEFAULT_CONFIG,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show every plugin: version, state, hooks, own tables, what waits for it, and what it keeps.

    What it keeps is the personal data of members: what, where and why.

    A plugin in quarantine is not called for what it failed at, or was slow at, ten times in a row:
    what it would have decided or done waits, and what it would have shown is left out. Then the
    exit code is that of a rejection.

    One that keeps the program from opening is listed as refused, with why; what waits for plugins
    is not known then.
    """
    if context.invoked_subcommand is not None:
        return
    try:
        with opened(config, database) as loyalty:
            found = loyalty.plugin_status()
    except (ConfigError, PluginError) as error:
        _show_refused(config, error, as_json)
        raise
    document: Document = {"plugins": [_document(one) for one in found]}
    answer(document, as_json, lambda console: _show(console, found, loyalty.config))
    if any(one.state is PluginState.QUARANTINED for one in found):
        raise typer.Exit(REJECTED)


def lift(
    plugin: Annotated[str, typer.Argument(help="The plugin's id.", show_default=False)],
    config: ConfigOption = DEFAULT_CONFIG,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """End a plugin's quarantine, and ask it again about every fact that waits for it.

    What waits for its handlers and connectors is done by the next `tick`, and its deliveries that
    were given up are tried again.
    """
    with opened(config, database) as loyalty:
        done = loyalty.lift(plugin)
    document: Document = {
        "plugin": done.plugin,
        "lifted": done.lifted,
        "retried_facts": done.retried_facts,
        "deferred_facts": done.deferred_facts,
        "deliveries": done.deliveries,
    }
    answer(document, as_json, lambda console: _show_lifted(console, done))
    if done.deferred_facts:
        raise typer.Exit(REJECTED)


def _show_refused(config: Path, error: ConfigError | PluginError, as_json: bool) -> None:
    """Lists the plugins of a program that does not open, if one of them is why.

    As JSON it is one document with the error, so the command ends here.
    """
    try:
        sections = document_of(config).get("plugins")
    except ConfigError:
        return
    found, reasons = unopened(sections if isinstance(sections, dict) else {}, error)
    if not reasons:
        return
    if as_json:
        listed: list[Json] = [_unopened(one, reasons.get(one.id)) for one in found]
        print_json({"plugins": listed, "error": error_document(error)})
        raise typer.Exit(exit_code(error))
    shown = table("plugin", "version", "state", "why")
    for one in found:
        why = reasons.get(one.id, "")
        add(shown, one.id, one.version, REFUSED if why else one.state.value, why)
    stdout_console().print(shown)


def _unopened(one: PluginStatus, why: str | None) -> Document:
    unknown = {"deferred_facts": None, "pending_deliveries": None, "dead_deliveries": None}
    state = {"state": REFUSED, "refused": why} if why else {}
    return {**_document(one), **unknown, **state}


def _document(one: PluginStatus) -> Document:
    held = one.state is PluginState.QUARANTINED
    return {
        "id": one.id,
        "version": one.version,
        "state": one.state.value,
        "summary": one.summary,
        "stability": one.stability,
        "hooks": list(one.hooks),
        "tables": list(one.tables),
        "personal_data": [
            {"what": kept.what, "where": kept.where, "why": kept.why, "erasure": kept.erasure}
            for kept in one.personal_data
        ],
        "deprecated": list(one.deprecated),
        "deferred_facts": one.deferred_facts,
        "pending_deliveries": one.pending_deliveries,
        "dead_deliveries": one.dead_deliveries,
        "refused": None,
        "quarantine": {
            "calls": list(one.held),
            "reason": one.reason,
            "since": moment(one.since),
            "remedy": _remedy(one),
        }
        if held
        else None,
    }


def _remedy(one: PluginStatus) -> str:
    return f"Mend it, then run: loyalty plugins lift {one.id}"


def _show(console: Console, found: tuple[PluginStatus, ...], config: ProgramConfig) -> None:
    shown = table("plugin", "version", "state", "facts", "pending", "dead", "hooks and tables")
    for one in found:
        hooks = [name.removeprefix(HOOK) for name in (*one.hooks, *one.tables)]
        counts = (one.deferred_facts, one.pending_deliveries, one.dead_deliveries)
        waits = [f"{count:,}" if one.state is not PluginState.OFF else "" for count in counts]
        add(shown, one.id, one.version, one.state.value, *waits, ", ".join(hooks))
    console.print(shown)
    console.print(Text("facts wait to be decided by the plugin, deliveries for its handlers"))
    if any(one.personal_data for one in found):
        kept = table("plugin", "keeps of members", "in", "why")
        for one in found:
            for part in one.personal_data:
                add(kept, one.id, part.what, part.where, " ".join((part.why, part.erasure)).strip())
        console.print(kept)
    for told in (told for one in found for told in one.deprecated):
        console.print(Text(f"note: {plain(told)}", style="yellow"), soft_wrap=True)
    for one in found:
        if one.since is not None:
            text = f"{one.id}: in quarantine since {when(one.since, config)}, as it {one.reason} "
            text += f"time after time. It is not called to {', '.join(one.held)}. {_remedy(one)}"
            console.print(Text(text, style="red"), soft_wrap=True)


def _show_lifted(console: Console, done: LiftReceipt) -> None:
    was = "is asked again" if done.lifted else "was not in quarantine"
    console.print(Text(f"{done.plugin} {was}"))
    console.print(Text(f"{done.retried_facts:,} facts decided again"))
    if done.deferred_facts:
        text = f"{done.deferred_facts:,} facts still wait for it: see the log for why it fails"
        console.print(Text(text, style="red"), soft_wrap=True)
    if done.deliveries:
        console.print(Text(f"{done.deliveries:,} deliveries are tried again by the next tick"))
