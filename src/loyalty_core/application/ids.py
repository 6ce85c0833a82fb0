"""New ids: time-ordered UUIDs (RFC 9562 version 7), made by ``uuid6``, kept and pure Python."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from uuid6 import uuid7


def new_id() -> str:
    """A new id that sorts after those made before it, to the millisecond."""
    return str(uuid7())


def earlier(than: str, by: timedelta) -> str:
    """The lowest id of those made ``by`` so much before another one.

    >>> earlier("0199d2a4-1f00-7abc-8def-0123456789ab", timedelta(seconds=1))
    '0199d2a4-1b18-0000-0000-000000000000'
    """
    digits = than.replace("-", "")[:12]
    made = f"{max(int(digits, 16) - by // timedelta(milliseconds=1), 0):012x}"
    return f"{made[:8]}-{made[8:]}-0000-0000-000000000000"


def input_hash(command: str, values: Mapping[str, Any]) -> str:
    """A hash of what a command was given: the same input always has the same hash."""
    text = json.dumps([command, values], sort_keys=True, default=str, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
