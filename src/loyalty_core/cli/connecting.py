"""Connectors on the screen: how they stand, what walks found, what messages come to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import cast

from rich.console import Console
from rich.text import Text

from loyalty_core.application.forms import written
from loyalty_core.application.structure import converter
from loyalty_core.cli.documents import Document, moment
from loyalty_core.cli.output import add, facts_table, plain, table
from loyalty_core.cli.views import when
from loyalty_core.domain.connections import (
    ConnectorStatus,
    Failed,
    LoggedAction,
    LoggedMessage,
    Translation,
    WalkReport,
    WebhookCheck,
)
from loyalty_core.domain.connectors import CodeUsed, Health, Input, Unreadable
from loyalty_core.domain.facts import Activity, Json, Order, OrderRefund
from loyalty_core.domain.programs import ProgramConfig


def input_document(one: Input) -> Document:
    """An input for machines: a fact in its JSON form, or what else it is."""
    if isinstance(one, Mapping):
        return dict(one)
    if isinstance(one, Order | OrderRefund | Activity):
        return dict(written(one))
    if isinstance(one, Unreadable):
        return {"type": "unreadable", "what": one.what, "error": str(one.error)}
    kind = {
        "CodeUsed": "code_used",
        "ErasureAsked": "erasure",
        "ExportAsked": "export",
        "ShopErasureAsked": "shop_erasure",
        "Disconnected": "disconnected",
    }
    named = kind.get(type(one).__name__, "customer")
    if isinstance(one, CodeUsed):
        order = one.order if isinstance(one.order, Mapping) else written(one.order)
        return {"type": named, "code": one.code, "order": dict(order)}
    return {"type": named, **cast(Document, converter(0).unstructure(one))}


def translation(shown: Translation) -> Document:
    """What a message comes to."""
    inputs: list[Json] = [input_document(one) for one in shown.inputs]
    return {"connector": shown.connector, "topic": shown.topic, "inputs": inputs}


def walk(report: WalkReport) -> Document:
    """What a walk found."""
    document: Document = {
        item.name: getattr(report, item.name) for item in fields(report) if item.name != "drift"
    }
    return document | {"drift": [cast(Json, asdict(one)) for one in report.drift]}


def status(shown: ConnectorStatus, health: Health | None) -> Document:
    """How a connector stands."""
    document: Document = {}
    for item in fields(shown):
        value = getattr(shown, item.name)
        if isinstance(value, tuple):
            document[item.name] = [_failed(one) for one in value]
        elif isinstance(value, WalkReport):
            document[item.name] = walk(value)
        else:
            document[item.name] = moment(value) if isinstance(value, datetime) else value
    told: Json = None if health is None else {"ok": health.ok, "detail": health.detail}
    return document | {"health": told}


def _failed(one: Failed) -> Document:
    return {**asdict(one), "since": moment(one.since)}


def log(found: Sequence[LoggedAction]) -> Document:
    """What was done at a shop."""
    return {"actions": [_logged(one) for one in found]}


def inbox(found: Sequence[LoggedMessage]) -> Document:
    """What a shop sent."""
    return {"messages": [_logged(one) for one in found]}


def _logged(one: LoggedAction | LoggedMessage) -> Document:
    document: Document = {}
    for item in fields(one):
        value = getattr(one, item.name)
        document[item.name] = moment(value) if isinstance(value, datetime) else value
    return document


def check(found: WebhookCheck) -> Document:
    """Whether a webhook would be taken in."""
    return {**asdict(found), "hints": list(found.hints)}


# -- for people -----------------------------------------------------------------------------------


def show_translation(console: Console, shown: Translation) -> None:
    """What a message comes to, a field a line."""
    if not shown.inputs:
        console.print(Text(f"nothing: the topic {plain(shown.topic)} says nothing here"))
    for number, one in enumerate(shown.inputs):
        if number:
            console.print()
        rows = list(_flat("", input_document(one)))
        console.print(facts_table(rows))


def _flat(prefix: str, value: Json) -> Sequence[tuple[str, str]]:
    if isinstance(value, dict):
        below = [
            row
            for name, inner in value.items()
            for row in _flat(f"{prefix}.{name}" if prefix else name, inner)
        ]
        return below or [(prefix, "-")]
    if isinstance(value, list):
        return [
            row for place, inner in enumerate(value) for row in _flat(f"{prefix}[{place}]", inner)
        ] or [(prefix, "-")]
    return [(prefix, str(value))]


def show_walk(console: Console, report: WalkReport) -> None:
    """What a walk found."""
    rows = [
        ("connector", report.connector),
        ("walk", "the whole history" if report.whole else "what changed since the last one"),
        ("pages", f"{report.pages:,}"),
        ("looked at", f"{report.inputs:,}"),
        ("agreed", f"{report.agreed:,}"),
        ("booked, were missing", f"{report.missing:,}"),
        ("booked, were different", f"{report.different:,}"),
        ("refused", f"{report.refused:,}"),
    ]
    console.print(facts_table(rows))
    if report.whole and not report.pages:
        console.print(Text("\nThe history was booked before; --again goes through it once more."))
    if report.drift:
        listed = table("drift", "what", "why")
        for one in report.drift:
            add(listed, one.kind, one.what, one.detail)
        console.print()
        console.print(listed)


def show_status(
    console: Console, shown: ConnectorStatus, health: Health | None, config: ProgramConfig
) -> None:
    """How a connector stands."""
    rows = [("connector", shown.connector)]
    if health is not None:
        rows.append(("shop", f"{'answers' if health.ok else 'NOT WELL'} {health.detail}".rstrip()))
    if shown.disabled_at:
        rows.append(("switched off", f"{when(shown.disabled_at, config)}: {shown.disabled_for}"))
    if shown.receives:
        rows += [
            ("messages pending", f"{shown.pending:,}"),
            ("messages done", f"{shown.done:,}"),
            ("messages ignored", f"{shown.ignored:,}"),
            ("messages dead", f"{shown.dead:,}"),
            ("received last", when(shown.received_at, config)),
        ]
    if shown.walks:
        begun = "under way" if shown.walking else "not yet"
        done = when(shown.backfilled_at, config) if shown.backfilled_at else begun
        rows += [("backfilled", done), ("compared last", when(shown.walked_at, config))]
        if last := shown.last_walk:
            found = f"{last.missing:,} missing, {last.different:,} different"
            rows.append(("it found", f"{found}, {last.refused:,} refused"))
    if shown.acts:
        rows += [
            ("actions pending", f"{shown.actions_pending:,}"),
            ("actions done", f"{shown.actions_done:,}"),
            ("actions dead", f"{shown.actions_dead:,}"),
        ]
    console.print(facts_table(rows))
    failed = (*shown.failed_messages, *shown.failed_actions)
    if failed:
        listed = table("id", "about", "since", "tries", "code", "error", right=("tries",))
        for one in failed:
            since = when(one.since, config)
            add(listed, one.id, one.about, since, f"{one.attempts}", one.code, one.error)
        console.print()
        console.print(listed)


def show_log(console: Console, found: Sequence[LoggedAction], config: ProgramConfig) -> None:
    """What was done at a shop, and is to be."""
    listed = table("id", "about", "noted", "state", "tries", "next", "error", right=("tries",))
    for one in found:
        noted, later = when(one.noted_at, config), when(one.next_attempt_at, config)
        add(listed, one.id, one.about, noted, one.state, f"{one.attempts}", later, one.error)
    console.print(listed)


def show_inbox(console: Console, found: Sequence[LoggedMessage], config: ProgramConfig) -> None:
    """What a shop sent, and what became of it."""
    listed = table("id", "about", "received", "state", "tries", "next", "error", right=("tries",))
    for one in found:
        came, later = when(one.received_at, config), when(one.next_attempt_at, config)
        add(listed, one.id, one.topic, came, one.state, f"{one.attempts}", later, one.error)
    console.print(listed)


def show_check(console: Console, found: WebhookCheck) -> None:
    """Whether a webhook would be taken in, and why not."""
    if found.ok:
        rows = [("signature", "fits"), ("topic", found.topic), ("key", found.key)]
        console.print(facts_table(rows))
        return
    console.print(Text(f"The signature does not fit: {plain(found.reason)}"), soft_wrap=True)
    for hint in found.hints:
        console.print(Text(f"  {plain(hint)}"), soft_wrap=True)
