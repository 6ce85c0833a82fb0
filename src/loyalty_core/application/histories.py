"""A member's history as it is stored: with every member, and with every fact that was decided.

Written out by hand, because every fact reads one and writes two.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import cast

from loyalty_core.application.structure import iso
from loyalty_core.domain.facts import Json
from loyalty_core.domain.members import History


def dump_history(history: History) -> dict[str, Json]:
    """The history as JSON, without what is not there."""
    stored: dict[str, Json] = {}
    if history.orders:
        stored["orders"] = history.orders
    if history.first_order_at is not None:
        stored["first_order_at"] = iso(history.first_order_at)
    if history.last_order_at is not None:
        stored["last_order_at"] = iso(history.last_order_at)
    if history.spend:
        stored["spend"] = dict(history.spend)
    return stored


def load_history(stored: Mapping[str, Json]) -> History:
    """The history that ``dump_history`` wrote."""
    return History(
        orders=cast(int, stored.get("orders", 0)),
        first_order_at=_moment(stored.get("first_order_at")),
        last_order_at=_moment(stored.get("last_order_at")),
        spend=cast(Mapping[str, int], stored.get("spend", {})),
    )


def _moment(stored: Json) -> datetime | None:
    return datetime.fromisoformat(stored) if isinstance(stored, str) else None
