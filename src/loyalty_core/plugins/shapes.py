"""What each thing that plugins register must have, whatever type it is of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from loyalty_core.application.activities import ActivityKind, kind_faults
from loyalty_core.application.rules import is_short_text
from loyalty_core.domain.names import LONGEST_ID
from loyalty_core.domain.programs import ProgramConfig
from loyalty_core.ports.program import FollowsFacts, ScoresMembers, TierScheme
from loyalty_core.schema.own import OwnTables, shape_of

SHAPES: Mapping[str, tuple[str, ...]] = {
    "programs": (),
    "rewards": ("id", "summary", "wallet", "offer"),
    "benefits": ("id", "benefits"),
    "payments": ("id", "charge", "refund"),
    "handlers": ("id", "event_type", "handler"),
    "connectors": ("id", "secrets", "health"),
    "activities": ("kind", "data", "summary"),
    "commands": ("name", "run"),
    "tables": ("tables", "migrations"),
}
"""What is registered, in this order, and what each must have."""


def refuse_misshapen(item: object, kind: str, config: ProgramConfig) -> None:
    """Raises ``TypeError`` or ``ValueError`` saying why it is not what it is registered as."""
    lacking = [name for name in SHAPES[kind] if not hasattr(item, name)]
    if lacking:
        raise TypeError(f"{item!r} has no {' and no '.join(lacking)}")
    if kind == "programs" and not (hasattr(item, "decide") or isinstance(item, FollowsFacts)):
        raise TypeError(f"{item!r} has no decide")
    if isinstance(item, ActivityKind) and (faults := list(kind_faults(item))):
        raise TypeError(f"{item.kind!r} {', '.join(faults)}")
    name, wallet = getattr(item, "id", ""), getattr(item, "wallet", "")
    if not isinstance(name, str) or not name.isascii() or len(name) > LONGEST_ID:
        raise TypeError(f"{name!r} is no id: it is a text of up to {LONGEST_ID} ASCII letters")
    for other in _named(item, kind):
        if not is_short_text(other):
            raise TypeError(f"{other!r} is no name: it is a text of 1 to {LONGEST_ID} characters")
    if kind == "rewards" and wallet not in config.wallets:
        raise ValueError(f"{name!r} is paid from the wallet {wallet!r}, which is not configured")
    if kind == "rewards" and not config.wallets[wallet].spendable:
        raise ValueError(f"{name!r} is paid from the wallet {wallet!r}, which is not spendable")


def _named(item: Any, kind: str) -> Iterator[object]:
    """The names that it has besides an id: databases keep them with what comes of it."""
    if kind == "programs" and isinstance(item, ScoresMembers):
        yield from (board.board for board in item.boards)
    elif kind == "benefits" and isinstance(item, TierScheme):
        yield item.scheme
        yield from (tier.tier for tier in item.tiers)
    elif kind == "handlers":
        yield item.event_type
    elif kind == "activities":
        yield item.kind


def refuse_tables(item: object, plugin: str) -> None:
    """Raises ``TypeError`` or ``ValueError`` saying why these are no tables of a plugin."""
    if not isinstance(item, OwnTables):
        raise TypeError(f"{item!r} is not an OwnTables")
    for table in item.tables:
        shape_of(plugin, table)
    names = [step.name for step in item.migrations]
    if len(set(names)) != len(names) or not all(0 < len(name) <= 128 for name in names):
        raise ValueError("each of its migrations needs a name of its own, of up to 128 letters")
