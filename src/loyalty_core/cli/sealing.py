"""The answers of ``seal``, ``head``, ``proof`` and ``verify --rebuild``: JSON, and for reading."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from rich.console import Console
from rich.text import Text

from loyalty_core.cli.documents import Document, moment
from loyalty_core.cli.output import add, facts_table, table
from loyalty_core.domain.facts import Json
from loyalty_core.domain.receipts import RebuildReport, SealReport
from loyalty_core.domain.seal import Block

UNPUBLISHED = "Compare the head with one that the shop has published, or give it with --head."


def sealed_document(done: SealReport, head: Block | None) -> Document:
    """What was sealed now, and the head after it."""
    return {
        "blocks": done.blocks,
        "transactions": done.transactions,
        "head": head.head if head else None,
    }


def show_sealed(console: Console, done: SealReport, head: Block | None) -> None:
    """What was sealed now, and the head after it."""
    rows = [
        ("transactions sealed", f"{done.transactions:,}"),
        ("blocks", f"{done.blocks:,}"),
        ("head", head.head if head else "none: nothing was ever sealed"),
    ]
    console.print(facts_table(rows))


def head_document(head: Block | None) -> Document:
    """The head to publish, null before the first block."""
    if head is None:
        return {"head": None, "block": None, "sealed_at": None}
    return {"head": head.head, "block": head.number, "sealed_at": moment(head.sealed_at)}


def show_head(console: Console, head: Block | None) -> None:
    """The head to publish."""
    text = head.head if head else "nothing is sealed yet: run `loyalty seal`"
    console.print(Text(text))


def checked_document(proof: Mapping[str, Json], head: str) -> Document:
    """What a proof proves."""
    made, block = _object(proof, "transaction"), _object(proof, "block")
    return {
        "ok": True,
        "transaction": made["id"],
        "member_id": made["member_id"],
        "wallet": made["wallet"],
        "kind": made["kind"],
        "amount_units": made["amount"],
        "occurred_at": made["occurred_at"],
        "program": block["program"],
        "block": block["number"],
        "sealed_at": block["sealed_at"],
        "head": head,
    }


def show_checked(console: Console, checked: Document, published: bool) -> None:
    """What a proof proves, and to whom."""
    names = {name: name.replace("_", " ") for name in checked if name != "ok"}
    console.print(Text("The proof is right: this was sealed.", style="bold"))
    console.print(facts_table([(shown, str(checked[name])) for name, shown in names.items()]))
    if not published:
        console.print(Text(UNPUBLISHED))


def _object(document: Mapping[str, Json], name: str) -> Mapping[str, Json]:
    return cast(Mapping[str, Json], document[name])


def rebuilt_document(done: RebuildReport) -> Document:
    """The caches that were wrong."""
    return {
        "rebuilt": done.rebuilt,
        "differences": [
            {
                "where": one.where,
                "column": one.column,
                "stored": one.stored,
                "recomputed": one.recomputed,
            }
            for one in done.differences
        ],
    }


def show_rebuilt(console: Console, done: RebuildReport) -> None:
    """The caches that were wrong."""
    if not done.rebuilt:
        console.print(Text("Every cache is what the entries sum to: nothing was rebuilt."))
        return
    console.print(Text(f"{done.rebuilt:,} caches were wrong and are rebuilt:", style="bold"))
    listed = table("where", "column", "stored", "recomputed", right=("stored", "recomputed"))
    for one in done.differences:
        add(listed, one.where, one.column, f"{one.stored}", f"{one.recomputed}")
    console.print(listed)
    if done.rebuilt > len(done.differences):
        console.print(Text(f"and {done.rebuilt - len(done.differences):,} more"))
