"""``habits``: what a member usually does."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from loyalty_core.cli.documents import Document, moment
from loyalty_core.cli.options import (
    DEFAULT_CONFIG,
    ConfigOption,
    DatabaseOption,
    JsonOption,
    MemberArgument,
    SourceOption,
)
from loyalty_core.cli.output import add, answer, facts_table, table
from loyalty_core.cli.session import member_of, opened
from loyalty_core.cli.views import when
from loyalty_core.domain.facts import Json
from loyalty_core.domain.habits import Habits, Purchases
from loyalty_core.domain.programs import ProgramConfig


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("habits")(habits)


def habits(
    member: MemberArgument,
    days: Annotated[int, typer.Option("--days", help="How many days back, 1 to 3,660.")] = 365,
    source: SourceOption = "",
    config: ConfigOption = DEFAULT_CONFIG,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a member usually orders, where, how much and how often."""
    with opened(config, database) as loyalty:
        found = loyalty.habits(member_of(loyalty, member, source).id, days=days)
    answer(_document(found), as_json, lambda console: _show(console, found, loyalty.config))


def _document(found: Habits) -> Document:
    usual = found.usual_order
    items: list[Json] = [
        {"sku": one.sku, "quantity": one.quantity} for one in (usual.items if usual else ())
    ]
    return {
        "member_id": found.member_id,
        "since": moment(found.since),
        "lifetime": list(map(_purchases, found.lifetime)),
        "recent": list(map(_purchases, found.recent)),
        "usual_order": {"items": items, "orders": usual.orders, "last_at": moment(usual.last_at)}
        if usual
        else None,
        "usual_stores": [
            {"store": one.store, "orders": one.orders, "last_at": moment(one.last_at)}
            for one in found.usual_stores
        ],
        "days_between": found.days_between,
    }


def _purchases(one: Purchases) -> Json:
    return {"orders": one.orders, "total": str(one.total), "average": str(one.average)}


def _show(console: Console, found: Habits, config: ProgramConfig) -> None:
    usual = found.usual_order
    items = ", ".join(f"{one.quantity} {one.sku}" for one in usual.items) if usual else ""
    days = "" if found.days_between is None else str(found.days_between)
    rows = [
        ("since", when(found.since, config)),
        ("usual order", f"{items} ({usual.orders} times)" if usual else ""),
        ("usual stores", ", ".join(f"{one.store} ({one.orders})" for one in found.usual_stores)),
        ("days between orders", days),
    ]
    console.print(facts_table([(name, value) for name, value in rows if value]))
    sums = table("orders", "number", "total", "average", right=("number", "total", "average"))
    for name, purchases in (("recent", found.recent), ("ever", found.lifetime)):
        for one in purchases:
            add(sums, name, str(one.orders), str(one.total), str(one.average))
    console.print()
    console.print(sums)
