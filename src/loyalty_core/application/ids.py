"""New ids: time-ordered UUIDs (RFC 9562 version 7).

Made here, because ids are made by the thousand: ``uuid6`` gives each one a millisecond of its own,
so that those of an import run minutes ahead of the clock, and takes several times as long.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

MILLISECOND_NS = 1_000_000


def new_id() -> str:
    """A new id that sorts after those made before it, to a quarter of a microsecond.

    As far as clocks do: those of two machines differ, and one may step back. So nothing is right
    only because ids are in order; sealing looks a day back.
    """
    milliseconds, rest = divmod(time.time_ns(), MILLISECOND_NS)
    fraction = rest * 4096 // MILLISECOND_NS  # RFC 9562, section 6.2, method 3
    made, chance = f"{milliseconds:012x}", os.urandom(8).hex()
    variant = _VARIANTS[chance[0]]
    return f"{made[:8]}-{made[8:]}-7{fraction:03x}-{variant}{chance[1:4]}-{chance[4:]}"


_VARIANTS = {f"{digit:x}": f"{8 + digit % 4:x}" for digit in range(16)}
"""A digit of chance with RFC 9562's two bits before it."""

STAMP = 18
"""The first characters of an id, which say when it was made. The rest is chance."""


def new_stamp() -> str:
    """What the ids of many things that are made at once begin with."""
    return new_id()[:STAMP]


def stamped(stamp: str, of: str) -> str:
    """The id made at a stamp for what has an id already: a database can do this by itself.

    >>> stamped("0199d2a4-1f00-7abc", "0123d2a4-ffff-7abc-8def-0123456789ab")
    '0199d2a4-1f00-7abc-8def-0123456789ab'
    """
    return stamp + of[STAMP:]


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
    return hashlib.sha256(_text([command, values]).encode()).hexdigest()


_text = json.JSONEncoder(sort_keys=True, default=str, separators=(",", ":")).encode


def is_id(text: object) -> bool:
    """Whether this can be one of our ids at all: the text of a UUID in its canonical form."""
    return isinstance(text, str) and _ID.fullmatch(text) is not None


_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
