"""New ids: time-ordered UUIDs (RFC 9562 version 7), made by ``uuid6``, kept and pure Python."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from uuid6 import uuid7


def new_id() -> str:
    """A new id that sorts after those made before it, to the millisecond."""
    return str(uuid7())


def input_hash(command: str, values: Mapping[str, Any]) -> str:
    """A hash of what a command was given: the same input always has the same hash."""
    text = json.dumps([command, values], sort_keys=True, default=str, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
